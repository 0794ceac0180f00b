"""C++. Its node types are those of C with additions."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from themis_rm.languages import LANGUAGES
from themis_rm.languages.c import NODES as C
from themis_rm.languages.c import RENAMING
from themis_rm.languages.definition import (
    UNLIMITED,
    Completion,
    Language,
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
    enclosing=word_set("template_declaration"),
    containers=word_set("class_specifier struct_specifier union_specifier"),
    annotations=word_set("attribute_declaration"),
    wrappers=(("class Wrapper {\n", "\n};"),),
)

NODES = replace(
    C,
    literal_types=MappingProxyType({"integer": "int", "real": "double", "boolean": "bool"}),
    declarators=C.declarators | {"reference_declarator"},
    blocks=C.blocks,
    awaits=word_set("co_await_expression"),
    parens=word_set("parenthesized_expression condition_clause"),
    scopes=C.scopes | {"for_range_loop", "catch_clause"},
    opaque=C.opaque - {"struct_specifier"},
    exits=C.exits | {"co_return_statement"},
    methods=MappingProxyType(
        {
            **C.methods,
            **swap_table(
                "begin/end front/back lower_bound/upper_bound"
                " find_first_of/find_last_of"
                " any_of/all_of first/second min_element/max_element cbegin/cend rbegin/rend"
            ),
        }
    ),
    releases=C.releases | word_set("reset Release Unref unref Close destroy delete_"),
    clears=C.clears | word_set("shrink_to_fit erase"),
    accesses=C.accesses | {"qualified_identifier"},
    handlers=word_set("catch_clause"),
)

COMPLETION = Completion(
    status="completion_@ID@(@STATUS@)",
    exits=r"(?:std::)?(?:_?exit|_Exit|quick_exit)",
    declaration='\nextern "C" int completion_@ID@(int);\n',
    main=r"\bmain\s*\(",
    file="completion_@ID@.cpp",
    source="""#include <unistd.h>

extern "C" int completion_@ID@(int status)
{
    static const char key[] = "@KEY@", mask[] = "@MASK@";
    char report[32];
    for (int at = 0; at < 32; at++)
        report[at] = (char)((key[at] + mask[at]) % 26 + 65);
    return status == 0 && pwrite(3, report, 32, 0) != 32 ? 1 : status;
}

extern "C" int __real_main(int, char **, char **);

extern "C" int __wrap_main(int count, char **arguments, char **environment)
{
    return completion_@ID@(__real_main(count, arguments, environment));
}
""",
)
"""The linker passes the call of ``main`` to the wrapper in a file that no macro of the response reaches."""

TOOLCHAIN = Toolchain(
    programs=("g++",),
    file="main.cpp",
    compile=(("{g++}", "-std=c++17", "-O1", "-w", "-o", "main", "{main}", "{completion}", "-pthread", "{libraries}"),),
    run=("./main",),
    version=("{g++}", "--version"),
    package=("{g++}", "-fsyntax-only", "-include", "{package}", "-x", "c++", "/dev/null"),
    libraries={"openssl/md5.h": "-lcrypto", "openssl/sha.h": "-lcrypto", "openssl/evp.h": "-lcrypto"},
    stack=UNLIMITED,
    completion=COMPLETION,
    completion_arguments=("-Wl,--wrap=main", "{completion_file}"),
    failure="__builtin_abort()",
    characters=True,
)

UNUSED_FUNCTION = UnusedFunction(
    code="static bool allResultsVerified(const bool *results, int count) {\n    bool ok = true;\n"
    "    for (int i = 0; i < count; i++) {\n        ok = ok && results[i];\n    }\n    return ok;\n}\n",
)

LANGUAGES.register(
    Language(
        name="C++",
        benchmark_name="Cpp",
        fence="cpp",
        aliases=("cxx", "cplusplus"),
        extensions=(".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++"),
        grammar="tree_sitter_cpp",
        preprocessor=True,
        line_comment="//",
        syntax=SYNTAX,
        injection=NODES,
        renaming=RENAMING,
        unused_function=UNUSED_FUNCTION,
        toolchain=TOOLCHAIN,
    )
)
