"""Requests written from what both versions share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.leaks import leaking_words
from themis_rm.curation.requests import (
    MAX_FUNCTIONS,
    commit_request,
    fixed_words,
    shared_functions,
    write_request,
    write_tests_request,
)
from themis_rm.storage.digests import stable_id

PYTHON_OLD = '''class Cache:
    """Keeps the results of slow calls."""

    def get(self, key):
        """Return the result of a call, computed once."""
        return self.store.setdefault(key, self.compute(key, "slow"))

    def gone(self):
        return 1
'''
PYTHON_NEW = PYTHON_OLD.replace(
    'setdefault(key, self.compute(key, "slow"))', 'fetch(key) or self.compute(key, "slow")'
).replace("gone", "came")
CASES = {
    "Python": (PYTHON_OLD, PYTHON_NEW),
    "C": (
        "/* Adds two numbers of a pair. */\nint add(int a, int b) {\n    return plus(a, b, 1);\n}\n",
        "/* Adds two numbers of a pair. */\nint add(int a, int b) {\n    check(a);\n    return plus(a, b, 2);\n}\n",
    ),
    "C++": (
        "class Box {\n  int size(int n) { return grow(n); }\n};\n",
        "class Box {\n  int size(int n) { if (n) shrink(); return grow(n); }\n};\n",
    ),
    "C#": (
        "class Box\n{\n    int Size(int n) { return Grow(n); }\n}\n",
        "class Box\n{\n    int Size(int n) { Check(n); return Grow(n); }\n}\n",
    ),
    "Java": (
        "class Box {\n    int size(int n) { return grow(n); }\n}\n",
        "class Box {\n    int size(int n) { check(n); return grow(n); }\n}\n",
    ),
    "JavaScript": (
        "function size(n) {\n  return grow(n);\n}\n",
        "function size(n) {\n  check(n);\n  return grow(n);\n}\n",
    ),
    "Go": (
        "package box\n\nfunc size(n int) int {\n\treturn grow(n)\n}\n",
        "package box\n\nfunc size(n int) int {\n\tcheck(n)\n\treturn grow(n)\n}\n",
    ),
    "Ruby": (
        "class Box\n  def size(n)\n    grow(n)\n  end\nend\n",
        "class Box\n  def size(n)\n    check(n)\n    grow(n)\n  end\nend\n",
    ),
}


def request(language: str, identity: str = "0", path: str = "src/util/box.x") -> str:
    old, new = CASES[language]
    return write_request(new, old, language, path, identity)


@pytest.mark.parametrize("language", CASES)
def test_a_request_names_what_both_versions_have(language):
    old, new = CASES[language]
    (function,) = shared_functions(new, old, language)
    text = request(language)
    assert function.signature in text
    assert language in text
    assert "util" in text


@pytest.mark.parametrize("language", CASES)
def test_a_request_has_no_word_of_one_version(language):
    old, new = CASES[language]
    assert leaking_words(request(language), new, old, fixed_words("src/util/box.x", language)) == []


@pytest.mark.parametrize("language", CASES)
def test_a_request_does_not_depend_on_which_version_is_better(language):
    old, new = CASES[language]
    assert write_request(new, old, language, "a.x", "1") == write_request(old, new, language, "a.x", "1")


def test_documentation_of_functions_and_classes_is_used():
    text = request("Python")
    assert "Return the result of a call, computed once." in text
    assert "Keeps the results of slow calls." in text


def test_documentation_that_the_change_edits_is_not_used():
    old, new = PYTHON_OLD, PYTHON_NEW.replace("computed once", "computed once and safely")
    text = write_request(new, old, "Python", "a.py", "0")
    assert "computed" not in text
    assert "`compute`" in text
    assert '"slow"' in text


def test_a_function_whose_signature_changes_is_not_named():
    new = PYTHON_NEW.replace("def get(self, key)", "def get(self, key, limit)")
    assert write_request(new, PYTHON_OLD, "Python", "a.py", "0") == ""


def test_versions_without_shared_functions_have_no_request():
    assert write_request("X = 1\n", "X = 2\n", "Python", "a.py", "0") == ""


def test_the_wording_depends_on_the_pair_alone():
    texts = {request("C", stable_id(str(number))) for number in range(30)}
    assert len(texts) >= 4
    assert request("C", "7") == request("C", "7")


def test_of_many_functions_those_around_the_change_are_listed():
    lines = [f"def f{number}(x):\n    return {number}\n" for number in range(60)]
    new = list(lines)
    new[40] = "def f40(x):\n    return -40\n"
    text = write_request("\n".join(new), "\n".join(lines), "Python", "a.py", "0")
    assert text.count("\n- ") == MAX_FUNCTIONS
    assert "`def f40(x)`" in text
    assert "`def f0(x)`" not in text


def test_documentation_in_other_languages_is_left_out():
    old, new = (
        text.replace("Return the result of a call", "Liefert das Ergebnis von einem der Aufrufe")
        for text in CASES["Python"]
    )
    assert "Liefert" not in write_request(new, old, "Python", "a.py", "0")


@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from(sorted(CASES)))
def test_any_texts_give_a_request_or_none(old, new, language):
    write_request(new, old, language, "a", "0")


JASMINE = """describe('sum', () => {
  it('adds numbers', () => { expect(sum(1, 2)).toBe(3); });
  it(`keeps ${x}`, () => { expect(sum()).toBe(0); });
  it(name, () => {});
});
"""
TEST_FILES = {
    "JavaScript": (JASMINE, JASMINE.replace("toBe(0)", "toEqual(0)")),
    "Ruby": (
        "RSpec.describe Sum do\n  it 'adds numbers' do\n    expect(sum(1, 2)).to eq(3)\n  end\nend\n",
        "RSpec.describe Sum do\n  it 'adds numbers' do\n    expect(sum(1, 2)).to be(3)\n  end\nend\n",
    ),
    "Go": (
        'package sum\n\nfunc TestSum(t *testing.T) {\n\tt.Run("adds numbers", func(t *testing.T) { check(t, 3) })\n}\n',
        'package sum\n\nfunc TestSum(t *testing.T) {\n\tt.Run("adds numbers", func(t *testing.T) { check(t, 4) })\n}\n',
    ),
    "C++": (
        'TEST_CASE("adds numbers") { CHECK(sum(1, 2) == 3); }\n',
        'TEST_CASE("adds numbers") { REQUIRE(sum(1, 2) == 3); }\n',
    ),
}


@pytest.mark.parametrize("language", TEST_FILES)
def test_a_request_for_tests_lists_the_cases_of_both_versions(language):
    old, new = TEST_FILES[language]
    text = write_tests_request(new, old, language, "tests/sum.x", "0")
    assert "tests" in text.split("\n")[0]
    assert "- adds numbers" in text.split("\n")
    assert leaking_words(text, new, old, fixed_words("tests/sum.x", language)) == []


def test_a_case_of_one_version_is_not_in_the_request():
    new = JASMINE.replace("adds numbers", "adds two numbers")
    assert "adds" not in write_tests_request(new, JASMINE, "JavaScript", "sum.test.js", "0")


def test_functions_of_a_test_file_are_listed():
    old = "def test_sum():\n    assert sum_of([1]) == 1\n"
    text = write_tests_request(old.replace("== 1", "== 2"), old, "Python", "tests/test_sum.py", "0")
    assert "- `def test_sum()`: It calls `sum_of`." in text.split("\n")


def test_test_files_without_shared_tests_have_no_request():
    assert write_tests_request("X = 1\n", "X = 2\n", "Python", "tests/test_x.py", "0") == ""


@pytest.mark.parametrize(("path", "of_tests"), [("tests/test_add.py", True), ("src/add.py", False)])
def test_the_path_decides_whether_a_commit_is_asked_for_tests(path, of_tests):
    old = "def check_add(x):\n    assert add(x) == 1\n"
    row = {"repos": "r", "commit": "c", "file_path": path, "language": "Python", "old_contents": old}
    text = commit_request(row | {"new_contents": old.replace("1", "2")})
    assert ("tests" in text.split("\n")[0].replace("`tests`", "")) == of_tests


def test_a_comment_in_front_of_a_signature_is_not_part_of_it():
    old = "class A {\n  @Test // slow\n  /* for now */ public int f(int n /* size */) { return 1; }\n}\n"
    (function,) = shared_functions(old, old.replace("1", "2"), "Java")
    assert function.signature == "public int f(int n)"


@pytest.mark.parametrize("language", ["Python", "JavaScript"])
def test_a_request_is_the_same_with_the_versions_exchanged(language):
    if language == "Python":
        old = "def f(x):\n    a(x)\n    b(x)\n\n\ndef g(x):\n    return x\n"
        new = "def g(x):\n    return x\n\n\ndef f(x):\n    b(x)\n    a(x)\n"
    else:
        old = "function f(x) { a(x); b(x); }\nfunction g(x) { return x; }\n"
        new = "function g(x) { return x; }\nfunction f(x) { b(x); a(x); }\n"
    assert write_request(old, new, language, "src/f", "0") == write_request(new, old, language, "src/f", "0")
