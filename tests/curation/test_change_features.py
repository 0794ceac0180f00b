"""Features of changes, in every language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.change_features import FEATURES, change_features, changed_spans
from themis_rm.languages import benchmark_languages

C = "int f(char *p, int n) {\n  int i;\n  /* copy */\n  for (i = 0; i < n; i++) {\n    use(p[i], size(p));\n  }\n  return i;\n}\n"
PYTHON = (
    'def f(items):\n    """Sum up."""\n    total = 0\n    for item in items:\n        total += item\n    return total\n'
)


def features(language: str, code: str, old: str, new: str) -> frozenset[str]:
    assert old in code
    return change_features(code, code.replace(old, new), language)


@pytest.mark.parametrize(
    ("language", "code", "old", "new", "feature"),
    [
        ("C", C, "  int i;\n", "  int i;\n  if (p == NULL) return 0;\n", "added-check"),
        ("C", C, "    use(", "    if (i >= limit) break;\n    use(", "added-bounds-check"),
        ("C", C, "  int i;\n", "  int i;\n  int k = size(p);\n", "only-adds"),
        ("C", C, "use(p[i], size(p))", "use(p[i], k)", "fewer-calls-in-loops"),
        ("C", C, "  return i;", "  free(p);\n  return i;", "added-release"),
        ("C", C, "use(p[i], size(p))", "strncpy(p, q, n)", "bounded-write"),
        ("C", C, "  for (i = 0; i < n; i++) {\n    use(p[i], size(p));\n  }\n", "  use_all(p, n);\n", "removed-loop"),
        ("C", C, "use(", "apply(", "only-renames"),
        ("C", C, "/* copy */", "/* use each */", "only-comments"),
        ("C", C, "  int i;", "    int i;", "only-layout"),
        ("C", C, "int f(", "#ifdef X\n#endif\nint f(", "preprocessor"),
        ("Python", PYTHON, "Sum up.", "Return the sum.", "only-comments"),
        ("Python", PYTHON, "total += item", "total += item.copy()", "added-allocation"),
        ("Python", PYTHON.replace("+= item", "+= item.copy()"), "item.copy()", "item", "removed-copy"),
        ("Python", PYTHON, "def f", "import os\ndef f", "only-imports"),
        ("Python", PYTHON, "    total = 0\n", "    with lock:\n        total = 0\n", "added-lock"),
        ("Python", PYTHON, "total += item", "total += escape(item)", "added-escape"),
        ("Python", PYTHON, "        total += item", "        try:\n            total += item\n        except E:\n            pass", "added-handler"),
        ("Python", PYTHON, "total = 0", "total = cached[0]", "added-cache"),
        ("Python", 'q = "select a from b where c = " + d\nrun(q)\n', ' = " + d\nrun(q)', ' = ?"\nrun(q, d)', "bound-parameter"),
        ("Java", "class A {\n  void f() {\n    B b = new B();\n    g(b);\n  }\n}\n", "new B()", "B.ONE", "removed-allocation"),
        ("Ruby", "def f(a)\n  a\nend\n", "def f", "# frozen_string_literal: true\ndef f", "only-adds"),
        ("Go", "package a\n\nfunc f(s []int) int {\n\treturn s[0]\n}\n", "\treturn", "\tif len(s) == 0 {\n\t\treturn 0\n\t}\n\treturn", "added-check"),
        ("JavaScript", "function f(a) {\n  return a.b;\n}\n", "return a.b", "if (a === undefined) return;\n  return a.b", "added-check"),
        ("C#", "class A\n{\n    int F() { return list.ToList().Count; }\n}\n", ".ToList()", "", "removed-copy"),
        ("C++", "int f(int a) { return g(a); }\n", "return", "if (a < 0) return 0; return", "added-bounds-check"),
    ],
)  # fmt: skip
def test_features_are_found(language, code, old, new, feature):
    assert feature in features(language, code, old, new)


@pytest.mark.parametrize(
    ("old", "new", "feature"),
    [
        ("total += item", "total += items", "only-renames"),  # the new name is another variable
        ("total = 0\n", "total = 0\n    # The sum\n", "added-check"),
        ("total += item", "total -= item", "only-comments"),
        ("return total", "return total or 0", "only-removes"),
    ],
)
def test_features_are_not_found(old, new, feature):
    assert feature not in features("Python", PYTHON, old, new)


def test_moved_statements_change_more_than_comments():
    old = "def f():\n    a()\n    b()\n    c()\n"
    new = "def f():\n    b()\n    c()\n    a()\n"
    assert "only-comments" not in change_features(old, new, "Python")
    assert "only-moves" in change_features(old, new, "Python")


def test_a_function_that_takes_over_code_is_recognized():
    lines = "".join(f"    use(x{number}, y)\n" for number in range(6))
    old = f"def f(y):\n    start()\n{lines}    end()\n"
    new = f"def f(y):\n    start()\n    use_all(y)\n    end()\n\n\ndef use_all(y):\n{lines}"
    assert "extracted-function" in change_features(old, new, "Python")
    assert "extracted-function" not in change_features(new, old, "Python")


def test_equal_versions_have_no_features():
    assert change_features(C, C, "C") == frozenset()


def test_only_changed_lines_are_compared():
    old, new = "a\nb\nc\nd\ne\n", "a\nB\nc\nd\ne\nf\n"
    assert changed_spans(old, new) == ([(2, 4), (10, 10)], [(2, 4), (10, 12)])


TEXTS = st.text("abc(){};=\n 'if", max_size=120)


@given(TEXTS, TEXTS, st.sampled_from([language.name for language in benchmark_languages()]))
def test_any_change_has_known_features(old, new, language):
    assert change_features(old, new, language) <= FEATURES.keys() | {"only-layout", "only-comments"}
