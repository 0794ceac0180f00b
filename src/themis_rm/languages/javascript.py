"""JavaScript."""

from __future__ import annotations

import re

from themis_rm.languages import LANGUAGES
from themis_rm.languages.definition import (
    AND_OR,
    MEBIBYTE,
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
    comments=word_set("comment html_comment"),
    literals=word_set("string template_string regex jsx_text"),
    functions=word_set("function_declaration generator_function_declaration method_definition"),
    function_values=word_set("arrow_function function_expression generator_function"),
    enclosing=word_set(
        "variable_declarator lexical_declaration variable_declaration assignment_expression expression_statement"
        " export_statement"
    ),
    containers=word_set("class_declaration class"),
    annotations=word_set("decorator"),
    signature_with_enclosing=True,
    wrappers=(("class Wrapper {\n", "\n}"), ("const wrapper = {\n", "\n}")),
)

NODES = GrammarNodes(
    copies="[...{}]",
    copied_receiver=".slice()",
    binary=word_set("binary_expression"),
    logical=AND_OR,
    unary=word_set("unary_expression"),
    conditionals=word_set("if_statement"),
    ternary=word_set("ternary_expression"),
    else_clauses=word_set("else_clause"),
    loops=word_set("for_statement for_in_statement while_statement do_statement"),
    counted=word_set("for_statement"),
    iterating=word_set("for_in_statement"),
    switches=word_set("switch_statement"),
    cases=word_set("switch_case"),
    falls_through=True,
    blocks=word_set("statement_block switch_case"),
    braces=word_set("statement_block"),
    exits=word_set("return_statement break_statement continue_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throws=word_set("throw_statement"),
    calls=word_set("call_expression new_expression"),
    arguments=word_set("arguments"),
    awaits=word_set("await_expression"),
    numbers=word_set("number"),
    booleans=TRUE_FALSE,
    strings=word_set("string template_string"),
    lists=word_set("array"),
    nulls=word_set("null undefined"),
    subscripts=word_set("subscript_expression"),
    assignments=word_set("assignment_expression augmented_assignment_expression"),
    updates=word_set("update_expression"),
    declares={
        "formal_parameters": ("",),
        "variable_declarator": ("name",),
        "for_in_statement": ("left",),
        "arrow_function": ("parameter",),
        "assignment_pattern": ("left",),
    },
    patterns=word_set("array_pattern"),
    functions=word_set(
        "function_declaration function_expression arrow_function method_definition generator_function"
        " generator_function_declaration"
    ),
    scopes=word_set("statement_block for_statement for_in_statement"),
    opaque=word_set(
        "import_statement decorator regex jsx_opening_element jsx_closing_element jsx_self_closing_element"
    ),
    may_end_without_return=True,
    methods=swap_table(
        "push/unshift pop/shift indexOf/lastIndexOf startsWith/endsWith toLowerCase/toUpperCase some/every"
        " trimStart/trimEnd min/max floor/ceil find/filter keys/values padStart/padEnd slice/splice"
        " reduce/reduceRight getFullYear/getYear getDate/getDay call/apply parseInt/parseFloat"
        " getMonth/getDate match/test setTimeout/setInterval findIndex/find entries/keys"
    ),
    conversions=word_set("Number parseInt String floor abs trim toLowerCase Boolean round"),
    releases=word_set(
        "close destroy removeEventListener removeListener clearTimeout clearInterval unsubscribe disconnect dispose"
        " unobserve cancelAnimationFrame release revokeObjectURL closeSync unref terminate off unpipe"
    ),
    shadowing=("", "const "),
    accesses=word_set("member_expression"),
    handlers=word_set("catch_clause"),
    unordered_arguments=word_set("spread_element pair"),
    unconvertible_arguments=word_set("spread_element pair"),
)

RENAMING = Renaming(
    declarations=frozenset({("variable_declarator", "name")}),
    members={"member_expression": "object"},
    never=word_set("pair labeled_statement"),
)

_MODULE = re.compile(r"^(?:import\s*[\w{*'\"]|export\s)", re.MULTILINE)


def _file_name(source: str) -> str:
    return "main.mjs" if _MODULE.search(source) and "require(" not in source else ""


COMPLETION = Completion(
    status='((status) => { if (!status) { (globalThis.process.getBuiltinModule ?? require)("fs").writeSync(3,'
    ' Array.from("@KEY@", (code, at) => String.fromCharCode((code.charCodeAt(0) + "@MASK@".charCodeAt(at)) % 26 + 65))'
    '.join(""), 0); } return status; })(@STATUS@)',
    exits=r"process\.exit",
    tail='\n;globalThis.process.once("beforeExit", () => @REPORT@);\n',
)
"""The event occurs when nothing is left to do, and not after ``process.exit``."""

TOOLCHAIN = Toolchain(
    programs=("node",),
    file="main.js",
    run=("{node}", "--max-old-space-size=512", "--stack-size=786432", "{main}"),
    version=("{node}", "--version"),
    package=("{node}", "-e", "require.resolve('{package}')"),
    memory=2048 * MEBIBYTE,
    stack=UNLIMITED,
    file_name=_file_name,
    completion=COMPLETION,
    failure="process.kill(process.pid, 9)",
    unequal="Symbol()",
)

UNUSED_FUNCTION = UnusedFunction(
    code="function allResultsVerified(results) {\n  return results.every((result) => result === true);\n}\n",
)

LANGUAGES.register(
    Language(
        name="JavaScript",
        benchmark_name="JavaScript",
        fence="javascript",
        aliases=("js", "jsx", "node", "nodejs"),
        extensions=(".js", ".mjs", ".cjs", ".jsx"),
        grammar="tree_sitter_javascript",
        line_comment="//",
        generated_files=("*.min.js", "*.bundle.js"),
        syntax=SYNTAX,
        injection=NODES,
        renaming=RENAMING,
        unused_function=UNUSED_FUNCTION,
        toolchain=TOOLCHAIN,
    )
)
