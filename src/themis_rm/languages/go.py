"""Go."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from themis_rm.languages import LANGUAGES
from themis_rm.languages.definition import (
    AND_OR,
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
from themis_rm.storage.user_cache import user_cache

SYNTAX = Syntax(
    comments=word_set("comment"),
    literals=word_set("interpreted_string_literal raw_string_literal rune_literal"),
    functions=word_set("function_declaration method_declaration"),
)

NODES = GrammarNodes(
    binary=word_set("binary_expression"),
    logical=AND_OR,
    unary=word_set("unary_expression"),
    conditionals=word_set("if_statement"),
    loops=word_set("for_statement"),
    counted=word_set("for_clause"),
    iterating=word_set("range_clause"),
    switches=word_set("expression_switch_statement type_switch_statement select_statement"),
    cases=word_set("expression_case type_case default_case communication_case"),
    blocks=word_set("statement_list"),
    braces=word_set("block statement_list"),
    exits=word_set("return_statement break_statement continue_statement goto_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throwing_calls=word_set("panic Fatal Fatalf Exit"),
    calls=word_set("call_expression"),
    numbers=word_set("int_literal float_literal"),
    booleans=TRUE_FALSE,
    strings=word_set("interpreted_string_literal raw_string_literal rune_literal"),
    nulls=word_set("nil"),
    subscripts=word_set("index_expression"),
    slices=word_set("slice_expression"),
    assignments=word_set("assignment_statement"),
    updates=word_set("inc_statement dec_statement"),
    declares={
        "parameter_declaration": ("name",),
        "short_var_declaration": ("left",),
        "var_spec": ("name",),
        "range_clause": ("left",),
    },
    patterns=word_set("expression_list"),
    functions=word_set("function_declaration method_declaration func_literal"),
    scopes=word_set("block if_statement for_statement expression_case default_case communication_case type_case"),
    opaque=word_set(
        "import_declaration package_clause type_declaration type_arguments type_parameter_list slice_type map_type"
        " pointer_type function_type array_type type_conversion_expression"
    ),
    typed=True,
    compile_errors=word_set("unused missing-return"),
    literal_types={"integer": "int", "real": "float64", "text": "string", "boolean": "bool"},
    shadowing=("=", ":="),
    methods=swap_table(
        "strings.HasPrefix/strings.HasSuffix strings.TrimLeft/strings.TrimRight strings.TrimPrefix/strings.TrimSuffix"
        " strings.Index/strings.LastIndex strings.ToLower/strings.ToUpper strings.IndexByte/strings.LastIndexByte"
        " strings.Contains/strings.ContainsAny bytes.HasPrefix/bytes.HasSuffix bytes.TrimPrefix/bytes.TrimSuffix"
        " bytes.Index/bytes.LastIndex bytes.ToLower/bytes.ToUpper bytes.IndexByte/bytes.LastIndexByte"
        " math.Floor/math.Ceil math.Min/math.Max unicode.IsUpper/unicode.IsLower unicode.IsDigit/unicode.IsLetter"
        " min/max Before/After PushBack/PushFront"
    ),
    conversions=word_set("Abs Floor ToLower TrimSpace"),
    releases=word_set("Close Stop cancel Unref Release Free Put"),
    accesses=word_set("selector_expression"),
    unordered_arguments=word_set("block"),
)

RENAMING = Renaming(
    declarations=frozenset({("short_var_declaration", "left")}),
    lists=word_set("expression_list"),
    members={"selector_expression": "operand"},
    never=word_set("keyed_element literal_element labeled_statement"),
)

_EXPORT = "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}"


def _build_import_table(paths: Mapping[str, str], version: str) -> Path:
    """Write a table of the compiled standard library, which replaces ``go build`` and its writable cache.

    A cache shared by untrusted programs would let one of them add code to the next, and with a cache per program each
    would compile the standard library.

    Raises:
        OSError: ``go`` cannot be run, or fails.
    """
    directory = user_cache() / re.sub(r"\W+", "-", version)
    table = directory / "importcfg"
    if not table.exists():
        directory.mkdir(parents=True, exist_ok=True)
        environment = {
            "GOCACHE": str(directory / "cache"),
            "GOFLAGS": "",
            "GO111MODULE": "off",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            "HOME": str(directory),
            "PATH": os.environ.get("PATH", os.defpath),
        }
        argv = [paths["go"], "list", "-export", "-f", _EXPORT, "std"]
        done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            errors = done.stderr.strip().splitlines()
            raise OSError(done.returncode, errors[-1] if errors else "failed")
        # Several processes may get here at once, so the temporary file needs a name that no other process uses.
        with tempfile.NamedTemporaryFile("w", dir=directory, delete=False) as partial:
            partial.write(done.stdout)
        Path(partial.name).chmod(0o644)
        Path(partial.name).replace(table)
    return directory


COMPLETION = Completion(
    status="completion@ID@(@STATUS@)",
    exits=r"os\.Exit",
    main=r"(?m)^func[ \t]+main\(\s*\)",
    renamed="func main@ID@()",
    file="completion_@ID@.go",
    source="""package main

import "syscall"

func completion@ID@(status int) int {
	if status == 0 {
		key, mask := "@KEY@", "@MASK@"
		report := []byte(key)
		for at := 0; at < 32; at++ {
			report[at] = (key[at]+mask[at])%26 + 65
		}
		syscall.Pwrite(3, report, 0)
	}
	return status
}

func main() {
	main@ID@()
	completion@ID@(0)
}
""",
)

TOOLCHAIN = Toolchain(
    programs=("go",),
    file="main.go",
    extensions=(".go",),
    compile=(
        (
            "{go}",
            "tool",
            "compile",
            "-o",
            "main.a",
            "-p",
            "main",
            "-complete",
            "-importcfg",
            "{cache}/importcfg",
            "{sources}",
        ),
        ("{go}", "tool", "link", "-o", "main", "-importcfg", "{cache}/importcfg", "main.a"),
    ),
    run=("./main",),
    version=("{go}", "version"),
    environment={"GOMAXPROCS": "2", "GO111MODULE": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"},
    prepare=_build_import_table,
    completion=COMPLETION,
    failure='panic("")',
    characters=True,
)

UNUSED_FUNCTION = UnusedFunction(
    code="func allResultsVerified(results []bool) bool {\n\tok := true\n\tfor _, result := range results {\n"
    "\t\tok = ok && result\n\t}\n\treturn ok\n}\n",
)

LANGUAGES.register(
    Language(
        name="Go",
        benchmark_name="Go",
        fence="go",
        aliases=("golang",),
        extensions=(".go",),
        grammar="tree_sitter_go",
        line_comment="//",
        syntax=SYNTAX,
        injection=NODES,
        renaming=RENAMING,
        unused_function=UNUSED_FUNCTION,
        toolchain=TOOLCHAIN,
    )
)
