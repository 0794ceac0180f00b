"""Negative controls, without executing anything."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.execute.negative_controls import ChangedAssertion, NegativeControls, build_controls
from themis_rm.languages import benchmark_languages, get_language


def controls(tests, language):
    return build_controls(tests, language, get_language(language).toolchain)


@pytest.mark.parametrize(
    ("language", "tests", "pattern"),
    [
        ("Python", "assert f(1) == 3", r"assert f\(1\) == (?!3\b)\d+"),
        ("Python", "assert 'ab' == f('ab')", r"assert '\w{3}ab' == f\('ab'\)"),
        ("Python", "assert f(1) is True", r"assert f\(1\) is False"),
        ("Python", "assert f(1) == g", r"assert f\(1\) == object\(\)"),
        ("Python", "assert abs(f(1) - 0.5) < 1e-6", r"assert abs\(f\(1\) - \d\d+\.5\) < 1e-6"),
        ("Python", "assert not (f(1) != 3)", r"assert not \(f\(1\) != (?!3\b)\d+\)"),
        ("Python", "self.assertEqual(f(1), [1, 2])", r"self.assertEqual\(f\(1\), \[\d\d+, 2\]\)"),
        ("JavaScript", "assert.strictEqual(f(1), 'a');", r"assert.strictEqual\(f\(1\), '\w{3}a'\);"),
        ("JavaScript", "if (f(1) !== 3) throw new Error('3');", r"if \(f\(1\) !== (?!3\b)\d+\) throw new Error\('3'\);"),
        ("C", "int main() { assert(f(1) == 0x1f); }", r"assert\(f\(1\) == 0x11f\)"),
        ("C", 'int main() { assert(strcmp(f(), "a") == 0); }', r'strcmp\(f\(\), "\w{3}a"\) == 0'),
        ("C", "int main() { return f() == 'a' ? 0 : 1; }", r"f\(\) == 'q' \? 0 : 1"),
        ("Cpp", "int main() { assert(f() == std::vector<int>({1})); }", r"std::vector<int>\(\{\d\d+\}\)"),
        ("Go", 'func main() { if v := f(); v != 3 || w() != "a" { panic("x") } }', r'v != \d\d+ \|\| w\(\) != "\w{3}a"'),
        ("Ruby", "abort 'no' unless f(1) == 3", r"abort 'no' unless f\(1\) == \d\d+"),
        ("Ruby", "assert_equal 3, f(1)", r"assert_equal \d\d+, f\(1\)"),
        ("Java", 'class M { void t() { if (!f().equals("a")) throw new E("a"); } }', r'f\(\).equals\("\w{3}a"\)\) throw new E\("a"\)'),
        ("Ruby", "expected = 3\nabort unless f(1) == expected", r"expected = \d\d+\nabort unless f\(1\) == expected"),
        ("Cpp", "int main() { const bool ok = f() == 3; assert(ok); }", r"ok = f\(\) == \d\d+; assert\(ok\)"),
        ("Python", "same = f(1) == 3\nassert same", r"same = f\(1\) == \d\d+\nassert same"),
        ("CSharp", "class M { static int Main() { if (F() != 3L) { return 1; } return 0; } }", r"F\(\) != \d\d+L"),
    ],
)  # fmt: skip
def test_expected_values_are_changed_and_nothing_else(language, tests, pattern):
    (control,) = controls(tests, language).assertions
    changed = control.changed
    assert re.search(pattern, changed), changed
    assert len(changed) - len(tests) < 10


@pytest.mark.parametrize(
    ("language", "tests"),
    [
        ("Python", "assert f(1) == 3 or f(1)"),
        ("Python", "assert f(1) != 3"),
        ("Python", "def expect_same(label, text):\n    pass\nexpect_same('a', f(1))"),
        ("Java", 'class M { void t() { expectClosed(cipher, "p2", data()); } }'),
        ("Go", "func main() { n := 3; if f(n) != n { panic(n) } }"),
        ("Python", "if f(1) == 3:\n    print(1)"),
        ("C", "int main() { assert(ok); }"),
        ("Go", "func main() { if err != nil { panic(err) } }"),
        ("Java", "class M { void t() { if (a.equals(b())) throw new E(); } }"),
    ],
)
def test_no_value_is_changed_where_a_correct_response_might_pass_then(language, tests):
    assert controls(tests, language).assertions == ()


@pytest.mark.parametrize(
    ("language", "tests", "failing"),
    [
        ("Python", "assert f(1), 'x'", "assert (f(1)) and (1 == 2), 'x'"),
        ("Ruby", "raise 'x' if f(1)", "raise 'x' if (f(1)) || (1 == 1)"),
        ("C", "int main() { if (!f()) abort(); }", "int main() { if (((!f())) || (1 == 1)) abort(); }"),
        ("JavaScript", "assert.equal(a, b);", "process.kill(process.pid, 9);"),
        ("Java", "class M { void t() { assertFalse(f()); } }", "class M { void t() { assertFalse((f()) || (1 == 1)); } }"),
    ],
)  # fmt: skip
def test_assertions_are_made_to_fail(language, tests, failing):
    assert controls(tests, language).failing == failing


@pytest.mark.parametrize(
    ("passing", "accepted"),
    [
        ("", True),  # fails with other values, as it should
        ("changed-1", False),  # the assertion is executed and accepts any value
        ("changed-2", False),
        ("changed-1 stopped-1", True),  # one assertion is not executed, but the other one is
        ("changed-1 stopped-1 changed-2 stopped-2", True),  # neither is, but further assertions are
        ("changed-1 stopped-1 changed-2 stopped-2 failing", False),  # no assertion is executed
    ],
)
def test_what_a_response_passes_decides(passing, accepted):
    built = NegativeControls(tuple(ChangedAssertion(f"changed-{n}", f"stopped-{n}") for n in (1, 2)), "failing")
    assert built.accept(passing.split().__contains__) is accepted


def test_the_program_is_stopped_at_the_changed_assertion():
    (control,) = controls("assert f(1) == 3, 'x'\nassert f(2)", "Python").assertions
    assert control.stopped == '__import__("os")._exit(9)\nassert f(2)'


def test_assertions_of_different_forms_are_changed():
    tests = "assert.equal(f(1), 1);\n" * 20 + "if (f(2) !== 2) throw new Error();\n"
    changed = [row.changed for row in controls(tests, "JavaScript").assertions]
    assert len(changed) == 2
    assert sum("if (f(2) !== 2)" in text for text in changed) == 1


def test_without_any_assertion_a_response_is_accepted():
    assert controls("print(f(1))", "Python") == NegativeControls((), None)
    assert NegativeControls((), None).accept(lambda _: pytest.fail("there is nothing to run"))


@given(
    st.sampled_from([row.benchmark_name for row in benchmark_languages()]), st.text(alphabet="assert(f) =!&|'\"1\n{}")
)
def test_any_text_can_be_parsed(language, tests):
    assert all(tests not in (row.changed, row.stopped) for row in controls(tests, language).assertions)


def test_deeply_nested_tests_are_parsed():
    assert controls("assert " + " and ".join(["f(1) == 1"] * 2000), "Python").failing
