"""Negative controls, without executing anything."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.execute.negative_controls import NegativeControls, build_controls
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
        ("CSharp", "class M { static int Main() { if (F() != 3L) { return 1; } return 0; } }", r"F\(\) != \d\d+L"),
    ],
)  # fmt: skip
def test_expected_values_are_changed_and_nothing_else(language, tests, pattern):
    changed = controls(tests, language).changed
    assert re.search(pattern, changed), changed
    assert len(changed) - len(tests) < 10


@pytest.mark.parametrize(
    ("language", "tests"),
    [
        ("Python", "assert f(1) == 3 or f(1)"),
        ("Python", "assert f(1) != 3"),
        ("Python", "if f(1) == 3:\n    print(1)"),
        ("C", "int main() { assert(ok); }"),
        ("Go", "func main() { if err != nil { panic(err) } }"),
        ("Java", "class M { void t() { if (a.equals(b())) throw new E(); } }"),
    ],
)
def test_no_value_is_changed_where_a_correct_response_might_pass_then(language, tests):
    assert controls(tests, language).changed is None


@pytest.mark.parametrize(
    ("language", "tests", "failing"),
    [
        ("Python", "assert f(1), 'x'", "assert (f(1)) and (1 == 2), 'x'"),
        ("Ruby", "raise 'x' if f(1)", "raise 'x' if (f(1)) || (1 == 1)"),
        ("C", "int main() { if (!f()) abort(); }", "int main() { if (((!f())) || (1 == 1)) abort(); }"),
        ("JavaScript", "assert.equal(a, b);", "process.exit(9);"),
        ("Java", "class M { void t() { assertFalse(f()); } }", "class M { void t() { assertFalse((f()) || (1 == 1)); } }"),
    ],
)  # fmt: skip
def test_assertions_are_made_to_fail(language, tests, failing):
    assert controls(tests, language).failing == failing


@pytest.mark.parametrize(
    ("passing", "accepted"),
    [
        (set(), True),  # fails with other values, as it should
        ({"changed"}, False),  # the assertions are executed and accept any value
        ({"changed", "reached"}, True),  # these assertions are not executed, but others are
        ({"changed", "reached", "failing"}, False),  # no assertion is executed, or none has an effect
    ],
)
def test_what_a_response_passes_decides(passing, accepted):
    assert NegativeControls("changed", "reached", "failing").accept(passing.__contains__) is accepted


def test_without_any_assertion_a_response_is_accepted():
    assert controls("print(f(1))", "Python") == NegativeControls(None, None, None)
    assert NegativeControls(None, None, None).accept(lambda _: pytest.fail("there is nothing to run"))


@given(
    st.sampled_from([row.benchmark_name for row in benchmark_languages()]), st.text(alphabet="assert(f) =!&|'\"1\n{}")
)
def test_any_text_can_be_parsed(language, tests):
    built = controls(tests, language)
    assert built.changed is None or built.changed != tests


def test_deeply_nested_tests_are_parsed():
    assert controls("assert " + " and ".join(["f(1) == 1"] * 2000), "Python").failing
