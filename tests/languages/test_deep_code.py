"""Long sums, chains and deep nesting in every language: whatever reads a syntax tree must not recurse."""

from functools import cache

import pytest

from themis_rm.benchmark.audit.features import extract_code_features
from themis_rm.curation.inject.engine import inject
from themis_rm.curation.inject.operators import list_operators
from themis_rm.curation.inject.tree import CodeTree
from themis_rm.curation.ngram_overlap import WordHashes
from themis_rm.evaluation.adversarial.registry import EDITS, apply_edit
from themis_rm.languages import LANGUAGES
from themis_rm.languages.syntax import code_tokens, find_functions, parse, strip_comments, tree_depth

DEPTH = 1_100  # above Python's limit of recursion

FUNCTIONS = {
    "C": "int f(int *x, int a) {{\n  int s = {};\n  return s;\n}}\n",
    "C#": "int F(int[] x, int a) {{\n  int s = {};\n  return s;\n}}\n",
    "C++": "int f(int *x, int a) {{\n  int s = {};\n  return s;\n}}\n",
    "Go": "func f(x []int, a int) int {{\n\ts := {}\n\treturn s\n}}\n",
    "Java": "int f(int[] x, int a) {{\n  int s = {};\n  return s;\n}}\n",
    "JavaScript": "function f(x, a) {{\n  const s = {};\n  return s;\n}}\n",
    "Python": "def f(x, a):\n    s = {}\n    return s\n",
    "Ruby": "def f(x, a)\n  s = {}\n  s\nend\n",
    "Rust": "fn f(x: &[i32], a: i32) -> i32 {{\n    let s = {};\n    s\n}}\n",
    "TypeScript": "function f(x: number[], a: number): number {{\n  const s = {};\n  return s;\n}}\n",
}

EXPRESSIONS = {
    "sum": " + ".join(f"x[{index}]" for index in range(DEPTH)),
    "differences": " - ".join(f"a * {index}" for index in range(DEPTH)),
    "parentheses": "(" * DEPTH + "a" + ")" * DEPTH,
    "calls": "g(" * DEPTH + "a" + ")" * DEPTH,
    "chain": "a" + ".b(1)" * DEPTH,
    "negations": "- " * DEPTH + "a",
}


CASES = [(language, "sum") for language in FUNCTIONS] + [("C", kind) for kind in EXPRESSIONS if kind != "sum"]


@cache
def deep(language, kind):
    return FUNCTIONS[language].format(EXPRESSIONS[kind])


def test_every_language_has_a_function():
    assert {row.name for row in LANGUAGES} <= FUNCTIONS.keys()


@pytest.mark.parametrize(("language", "kind"), CASES)
def test_deep_code_is_read(language, kind):
    code = deep(language, kind)
    tokens = code_tokens(code, language)
    assert tree_depth(code, language) >= DEPTH
    assert code_tokens(strip_comments(code, language), language) == tokens
    assert len(extract_code_features(code, language, WordHashes()).tokens) == len(tokens)
    assert len(find_functions(parse(code, language), code.encode(), language)) <= 1


@pytest.mark.parametrize(("language", "kind"), CASES)
def test_every_bug_operator_handles_deep_code(language, kind):
    tree = CodeTree(deep(language, kind), language)
    assert all(list(operator.propose(tree)) is not None for operator in list_operators())


@pytest.mark.parametrize("language", ["C", "Python"])
def test_a_bug_is_injected_into_a_sum_of_thousands_of_terms(language):
    code = FUNCTIONS[language].format(" + ".join(f"x[{index}]" for index in range(5_000)))
    assert inject(code, language, seed="1", operators=["arithmetic-swap", "number-change", "off-by-one"])


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_every_adversarial_edit_handles_deep_code(edit):
    edited = apply_edit(edit, deep("C", "sum"), "C", "id")
    assert edited is None or len(edited) >= len(EXPRESSIONS["sum"])
