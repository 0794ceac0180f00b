"""Python."""

from __future__ import annotations

from themis_rm.languages import LANGUAGES
from themis_rm.languages.definition import (
    UNLIMITED,
    Completion,
    Documentation,
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
    literals=word_set("string"),
    functions=word_set("function_definition"),
    enclosing=word_set("decorated_definition"),
    containers=word_set("class_definition"),
    annotations=word_set("decorator"),
    blocks=word_set("block"),
)

NODES = GrammarNodes(
    copies="list({})",
    binary=word_set("binary_operator boolean_operator comparison_operator"),
    logical=swap_table("and/or"),
    unary=word_set("not_operator unary_operator"),
    negation="not ",
    conditionals=word_set("if_statement elif_clause"),
    chained=word_set("elif_clause"),
    chain_words=("elif", "if"),
    ternary=word_set("conditional_expression"),
    else_clauses=word_set("else_clause"),
    loops=word_set("for_statement while_statement"),
    iterating=word_set("for_statement for_in_clause"),
    switches=word_set("match_statement"),
    cases=word_set("case_clause"),
    blocks=word_set("block"),
    braces=word_set("block"),
    exits=word_set("return_statement break_statement continue_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throws=word_set("raise_statement assert_statement"),
    calls=word_set("call"),
    awaits=word_set("await"),
    numbers=word_set("integer float"),
    booleans=swap_table("True/False"),
    strings=word_set("string concatenated_string"),
    lists=word_set("list list_comprehension tuple dictionary set"),
    nulls=word_set("none"),
    subscripts=word_set("subscript"),
    slices=word_set("slice"),
    assignments=word_set("assignment augmented_assignment"),
    declares={
        "parameters": ("",),
        "default_parameter": ("name",),
        "typed_parameter": (),
        "typed_default_parameter": ("name",),
        "assignment": ("left",),
        "for_statement": ("left",),
        "for_in_clause": ("left",),
        "as_pattern_target": (),
        "lambda_parameters": ("",),
    },
    patterns=word_set("pattern_list tuple_pattern"),
    functions=word_set("function_definition lambda"),
    scopes=word_set("list_comprehension generator_expression set_comprehension dictionary_comprehension"),
    opaque=word_set(
        "type decorator import_statement import_from_statement future_import_statement global_statement"
        " nonlocal_statement type_parameter case_pattern"
    ),
    may_end_without_return=True,
    methods=swap_table(
        "append/extend lstrip/rstrip startswith/endswith find/rfind min/max any/all upper/lower"
        " floor/ceil keys/values pop/popleft partition/rpartition add/discard index/rindex"
        " islower/isupper isdigit/isalpha ljust/rjust first/last removeprefix/removesuffix"
        " appendleft/append union/intersection difference/symmetric_difference items/keys dirname/basename"
        " insort_left/insort_right bisect_left/bisect_right strip/lstrip isalnum/isalpha match/search"
        " search/match isfile/isdir is_file/is_dir deepcopy/copy"
    ),
    conversions=word_set("abs int sorted list str set reversed tuple round float strip lower upper rstrip"),
    releases=word_set("close release shutdown terminate cleanup disconnect unlink aclose wait_closed dispose detach"),
    accesses=word_set("attribute"),
    handlers=word_set("except_clause"),
    constant_contexts=word_set("keyword_pattern case_pattern"),
    unordered_arguments=word_set(
        "keyword_argument list_splat dictionary_splat pair lambda block parenthesized_list_splat keyword_separator"
    ),
    unconvertible_arguments=word_set("list_splat generator_expression keyword_argument pair"),
)

RENAMING = Renaming(
    declarations=frozenset({("assignment", "left")}),
    members={"attribute": "object", "call": ""},
    never=word_set("global_statement nonlocal_statement keyword_argument pair parameters"),
)

_STATUS = (
    '(lambda status: (__import__("os").pwrite(3, __import__("builtins").bytes([(b"@KEY@"[at] + b"@MASK@"[at])'
    ' % 26 + 65 for at in __import__("builtins").range(32)]), 0) if status in (None, 0) else 0, status)[1])(@STATUS@)'
)

COMPLETION = Completion(
    status=_STATUS,
    exits=r"(?:sys\.exit|os\._exit|exit|quit|SystemExit)",
    whole={
        "unittest.main": '__import__("sys").exit({})'.format(
            _STATUS.replace("@STATUS@", "0 if unittest.main(@ARGUMENTS@exit=False).result.wasSuccessful() else 1")
        )
    },
    tail="\n@REPORT@\n",
)
TOOLCHAIN = Toolchain(
    programs=("python",),
    file="main.py",
    run=("{python}", "-B", "{main}"),
    version=("{python}", "--version"),
    package=("{python}", "-c", "import importlib, sys; importlib.import_module(sys.argv[1])", "{package}"),
    environment={
        "PYTHONHASHSEED": "0",
        "PYTHONINTMAXSTRDIGITS": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    },
    stack=UNLIMITED,
    completion=COMPLETION,
    failure='__import__("os")._exit(9)',
    unequal="object()",
)

UNUSED_FUNCTION = UnusedFunction(
    code="def all_results_verified(results):\n    return all(result is True for result in results)\n",
)

LANGUAGES.register(
    Language(
        name="Python",
        benchmark_name="Python",
        fence="python",
        aliases=("py", "python3", "py3"),
        extensions=(".py",),
        grammar="tree_sitter_python",
        line_comment="#",
        generated_files=("*_pb2.py", "*_pb2_grpc.py"),
        documentation=Documentation(docstring_quotes='"""'),
        syntax=SYNTAX,
        injection=NODES,
        renaming=RENAMING,
        unused_function=UNUSED_FUNCTION,
        toolchain=TOOLCHAIN,
    )
)
