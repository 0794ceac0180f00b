"""Java."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from themis_rm.languages import LANGUAGES
from themis_rm.languages.definition import (
    AND_OR,
    MEBIBYTE,
    TRUE_FALSE,
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
    comments=word_set("line_comment block_comment"),
    literals=word_set("string_literal character_literal"),
    functions=word_set("method_declaration constructor_declaration"),
    containers=word_set("class_declaration interface_declaration enum_declaration record_declaration"),
    annotations=word_set("annotation marker_annotation"),
    wrappers=(("class Wrapper {\n", "\n}"),),
)

NODES = GrammarNodes(
    typed_copies=(
        (r"(ArrayList|LinkedList|ArrayDeque|(?:Linked)?HashSet|TreeSet)<.*>", r"new \1<>({})"),
        (r"(List|Set)<.*>", r"\1.copyOf({})"),
    ),
    binary=word_set("binary_expression"),
    logical=AND_OR,
    unary=word_set("unary_expression"),
    conditionals=word_set("if_statement"),
    ternary=word_set("ternary_expression"),
    loops=word_set("for_statement enhanced_for_statement while_statement do_statement"),
    counted=word_set("for_statement"),
    iterating=word_set("enhanced_for_statement"),
    switches=word_set("switch_expression"),
    cases=word_set("switch_block_statement_group"),
    falls_through=True,
    blocks=word_set("block constructor_body switch_block_statement_group"),
    braces=word_set("block constructor_body"),
    exits=word_set("return_statement break_statement continue_statement yield_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throws=word_set("throw_statement"),
    calls=word_set("method_invocation object_creation_expression"),
    numbers=word_set("decimal_integer_literal decimal_floating_point_literal hex_integer_literal"),
    booleans=TRUE_FALSE,
    strings=word_set("string_literal character_literal"),
    nulls=word_set("null_literal"),
    subscripts=word_set("array_access"),
    assignments=word_set("assignment_expression"),
    updates=word_set("update_expression"),
    declares={
        "formal_parameter": ("name",),
        "variable_declarator": ("name",),
        "enhanced_for_statement": ("name",),
        "catch_formal_parameter": ("name",),
        "resource": ("name",),
    },
    functions=word_set("method_declaration constructor_declaration lambda_expression"),
    scopes=word_set(
        "block for_statement enhanced_for_statement catch_clause constructor_body try_with_resources_statement"
    ),
    opaque=word_set(
        "modifiers import_declaration package_declaration type_arguments type_parameters generic_type throws annotation"
        " marker_annotation superclass super_interfaces array_type class_literal integral_type instanceof_expression"
        " assert_statement"
    ),
    typed=True,
    compile_errors=word_set("missing-return unreachable unassigned unbound"),
    literal_types={"integer": "int", "real": "double", "text": "String", "boolean": "boolean"},
    methods=swap_table(
        "indexOf/lastIndexOf startsWith/endsWith toLowerCase/toUpperCase min/max anyMatch/allMatch addFirst/addLast"
        " getFirst/getLast floor/ceil first/last peek/poll"
        " containsKey/containsValue isBefore/isAfter addAll/removeAll headMap/tailMap"
        " isUpperCase/isLowerCase isDigit/isLetter pollFirst/pollLast removeFirst/removeLast plus/minus"
    ),
    conversions=word_set("abs floor trim toLowerCase strip"),
    releases=word_set("close dispose release shutdown disconnect recycle destroy unregister closeQuietly shutdownNow"),
    clears=word_set("clear evict invalidate purge removeEldestEntry invalidateAll trimToSize expungeStaleEntries"),
    accesses=word_set("field_access"),
    handlers=word_set("catch_clause"),
    unordered_arguments=word_set("block"),
)

RENAMING = Renaming(
    declarations=frozenset({("variable_declarator", "name")}),
    members={"field_access": "object", "method_invocation": "object"},
    never=word_set("labeled_statement"),
)

_JVM_FLAGS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:ActiveProcessorCount=2")
"""Start faster, with no compilation beyond the first tier."""


_TYPE = re.compile(
    r"(?P<public>\bpublic\s+)?(?:\b(?:abstract|final|sealed|static|strictfp)\s+)*"
    r"\b(?:class|interface|record|enum)\s+(?P<name>\w+)[^{};]*\{"
)
_NO_CODE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", re.DOTALL)
"""Comments and literals."""

_MAIN = re.compile(r"\bstatic\s+(?:final\s+)?void\s+main\s*\(")


def _top_level_types(source: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield the types that are in no other type, each with its code."""
    source = _NO_CODE.sub('""', source)
    starts: list[re.Match[str]] = []
    for match in _TYPE.finditer(source):
        above = source[starts[-1].start() : match.start()] if starts else ""
        if above.count("{") <= above.count("}"):
            starts.append(match)
    ends = [match.start() for match in starts[1:]]
    for match, stop in zip(starts, [*ends, len(source)], strict=False):
        yield match, source[match.start() : stop]


def _file_name(source: str) -> str:
    names = (match["name"] for match, _ in _top_level_types(source) if match["public"])
    return next((f"{name}.java" for name in names), "")


def _main_class(source: str, tests: str, file: str) -> str:
    code = tests if _MAIN.search(tests) and _TYPE.search(tests) else source
    names = [match["name"] for match, text in _top_level_types(code) if _MAIN.search(text)]
    stem = PurePosixPath(file).stem
    name = stem if stem in names or not names else names[0]
    package = re.search(r"^\s*package\s+([\w.]+)\s*;", source, re.MULTILINE)
    return f"{package[1]}.{name}" if package else name


COMPLETION = Completion(
    status="Completion@ID@.status(@STATUS@)",
    exits=r"System\.exit|Runtime\.getRuntime\(\)\.(?:exit|halt)",
    main=r"\bstatic\s+(?:final\s+)?void\s+main\s*\(",
    file="Completion@ID@.java",
    main_class="Completion@ID@",
    source="""final class Completion@ID@ {
    static int status(int status) {
        if (status == 0) {
            java.lang.String key = "@KEY@", mask = "@MASK@";
            byte[] report = new byte[32];
            for (int at = 0; at < 32; at++) {
                report[at] = (byte) ((key.charAt(at) + mask.charAt(at)) % 26 + 65);
            }
            try (java.io.RandomAccessFile file = new java.io.RandomAccessFile("/proc/self/fd/3", "rw")) {
                file.write(report);
            } catch (java.io.IOException error) {
                return 1;
            }
        }
        return status;
    }

    public static void main(java.lang.String[] arguments) throws java.lang.Throwable {
        java.lang.reflect.Method tests =
            java.lang.Class.forName("@MAIN@").getDeclaredMethod("main", java.lang.String[].class);
        tests.setAccessible(true);
        try {
            tests.invoke(null, (java.lang.Object) arguments);
        } catch (java.lang.reflect.InvocationTargetException error) {
            throw error.getCause();
        }
        status(0);
    }
}
""",
)

TOOLCHAIN = Toolchain(
    programs=("javac", "java"),
    file="Main.java",
    extensions=(".java",),
    compile=(
        (
            "{javac}",
            *(f"-J{flag}" for flag in _JVM_FLAGS),
            "-nowarn",
            "-proc:none",
            "-encoding",
            "UTF-8",
            "-d",
            ".",
            "{sources}",
        ),
    ),
    run=("{java}", *_JVM_FLAGS, "-Xmx512m", "-Xss64m", "-ea", "-cp", ".", "{class}"),
    version=("{java}", "-version"),
    reads=("/etc/java*",),
    memory=2048 * MEBIBYTE,
    file_name=_file_name,
    main_class=_main_class,
    completion=COMPLETION,
    failure="java.lang.System.exit(9)",
    characters=True,
)

UNUSED_FUNCTION = UnusedFunction(
    code="\n    private static boolean allResultsVerified(boolean[] results) {\n        boolean ok = true;\n"
    "        for (boolean result : results) {\n            ok = ok && result;\n        }\n"
    "        return ok;\n    }\n",
    container="class_declaration",
)

LANGUAGES.register(
    Language(
        name="Java",
        benchmark_name="Java",
        fence="java",
        extensions=(".java",),
        grammar="tree_sitter_java",
        line_comment="//",
        test_files=("*Test.java", "*Tests.java"),
        syntax=SYNTAX,
        injection=NODES,
        renaming=RENAMING,
        unused_function=UNUSED_FUNCTION,
        toolchain=TOOLCHAIN,
    )
)
