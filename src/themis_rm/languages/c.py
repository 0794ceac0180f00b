"""C."""

from __future__ import annotations

from themis_rm.languages import LANGUAGES
from themis_rm.languages.definition import (
    AND_OR,
    TRUE_FALSE,
    UNLIMITED,
    Completion,
    GrammarNodes,
    Language,
    Renaming,
    Syntax,
    Toolchain,
    UnusedFunction,
    swap_table,
    word_set,
)

SYNTAX = Syntax(
    comments=word_set("comment"),
    literals=word_set("string_literal char_literal raw_string_literal system_lib_string"),
    functions=word_set("function_definition"),
    annotations=word_set("attribute_declaration"),
)

NODES = GrammarNodes(
    binary=word_set("binary_expression"),
    logical=AND_OR,
    unary=word_set("unary_expression"),
    conditionals=word_set("if_statement"),
    ternary=word_set("conditional_expression"),
    else_clauses=word_set("else_clause"),
    loops=word_set("for_statement while_statement do_statement for_range_loop"),
    counted=word_set("for_statement"),
    iterating=word_set("for_range_loop"),
    switches=word_set("switch_statement"),
    cases=word_set("case_statement"),
    falls_through=True,
    blocks=word_set("compound_statement case_statement"),
    braces=word_set("compound_statement"),
    exits=word_set("return_statement break_statement continue_statement goto_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throws=word_set("throw_statement"),
    throwing_calls=word_set("abort exit panic"),
    calls=word_set("call_expression new_expression"),
    numbers=word_set("number_literal"),
    booleans=TRUE_FALSE,
    strings=word_set("string_literal char_literal raw_string_literal concatenated_string"),
    nulls=word_set("null"),
    subscripts=word_set("subscript_expression"),
    assignments=word_set("assignment_expression"),
    updates=word_set("update_expression"),
    declares={
        "parameter_declaration": ("declarator",),
        "optional_parameter_declaration": ("declarator",),
        "init_declarator": ("declarator",),
        "declaration": ("declarator",),
        "for_range_loop": ("declarator",),
    },
    declarators=word_set("pointer_declarator array_declarator"),
    functions=word_set("function_definition lambda_expression"),
    scopes=word_set("compound_statement for_statement for_range_loop if_statement while_statement"),
    opaque=word_set(
        "preproc_include preproc_def preproc_function_def preproc_call preproc_directive"
        " type_descriptor sizeof_expression template_argument_list template_parameter_list alignas_qualifier"
        " enum_specifier attribute_specifier attribute_declaration struct_specifier gnu_asm_expression"
        " static_assert_declaration"
        " noexcept trailing_return_type decltype requires_clause friend_declaration using_declaration"
        " offsetof_expression"
    ),
    typed=True,
    methods=swap_table(
        "strcpy/strcat strncpy/strncat strchr/strrchr min/max MIN/MAX floor/ceil isupper/islower toupper/tolower"
        " isdigit/isalpha isalnum/isalpha fmin/fmax htons/ntohs htonl/ntohl strcmp/strcasecmp"
    ),
    conversions=word_set("abs fabs labs floor ceil round"),
    releases=word_set(
        "free fclose close closedir munmap sdsfree zfree kfree g_free freeaddrinfo dlclose pclose regfree"
        " va_end listRelease decrRefCount dictRelease Py_DECREF Py_XDECREF raxFree"
    ),
    accesses=word_set("field_expression attribute"),
    constant_contexts=word_set("enumerator bitfield_clause array_declarator"),
)

RENAMING = Renaming(
    declarations=frozenset({("init_declarator", "declarator")}),
    members={"field_expression": "argument", "attribute": "object"},
    never=word_set("labeled_statement function_declarator"),
)

_LIBRARIES = ("-lm", "-pthread", "{libraries}")

COMPLETION = Completion(
    status="completion_@ID@(@STATUS@)",
    exits=r"(?:std::)?(?:_?exit|_Exit|quick_exit)",
    declaration="\nint completion_@ID@(int);\n",
    main=r"\bmain\s*\(",
    file="completion_@ID@.c",
    source="""#include <unistd.h>

int completion_@ID@(int status)
{
    static const char key[] = "@KEY@", mask[] = "@MASK@";
    char report[32];
    for (int at = 0; at < 32; at++)
        report[at] = (char)((key[at] + mask[at]) % 26 + 65);
    return status == 0 && pwrite(3, report, 32, 0) != 32 ? 1 : status;
}

int __real_main(int, char **, char **);

int __wrap_main(int count, char **arguments, char **environment)
{
    return completion_@ID@(__real_main(count, arguments, environment));
}
""",
)
"""The linker passes the call of ``main`` to the wrapper in a file that no macro of the response reaches."""

TOOLCHAIN = Toolchain(
    programs=("gcc",),
    file="main.c",
    compile=(
        ("{gcc}", "-std=gnu17", "-O1", "-w", "-o", "main", "{main}", "{completion}", "-lm", "-pthread", "{libraries}"),
    ),
    run=("./main",),
    version=("{gcc}", "--version"),
    package=("{gcc}", "-fsyntax-only", "-include", "{package}", "-x", "c", "/dev/null"),
    libraries={"openssl/md5.h": "-lcrypto", "openssl/sha.h": "-lcrypto", "openssl/evp.h": "-lcrypto"},
    stack=UNLIMITED,
    completion=COMPLETION,
    completion_arguments=("-Wl,--wrap=main", "{completion_file}"),
    failure="__builtin_abort()",
    characters=True,
)

UNUSED_FUNCTION = UnusedFunction(
    code="static int all_results_verified(const int *results, int count) {\n    int ok = 1;\n"
    "    for (int i = 0; i < count; i++) {\n        ok = ok && results[i];\n    }\n    return ok;\n}\n",
)

LANGUAGES.register(
    Language(
        name="C",
        benchmark_name="C",
        fence="c",
        extensions=(".c", ".h"),
        shared_extensions={".h": "C++"},
        grammar="tree_sitter_c",
        preprocessor=True,
        line_comment="//",
        syntax=SYNTAX,
        injection=NODES,
        renaming=RENAMING,
        unused_function=UNUSED_FUNCTION,
        toolchain=TOOLCHAIN,
    )
)
