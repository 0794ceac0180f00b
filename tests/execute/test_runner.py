"""Checks of responses, in every language whose toolchain is installed."""

import dataclasses
import sys

import pytest

from themis_rm.errors import InputError, SettingError
from themis_rm.execute.check import Check
from themis_rm.execute.runner import run_check, validate_check
from themis_rm.execute.sandbox import isolation
from themis_rm.execute.toolchains import (
    InstalledToolchain,
    _find_toolchain,
    find_toolchain,
    find_toolchains,
    has_package,
)
from themis_rm.languages import benchmark_languages, get_language

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="code is executed on Linux only")


DOUBLE = {
    "C": '#include <stdio.h>\n#include <math.h>\nint main(void) { int n; scanf("%d", &n); printf("%d\\n", 2 * n); return sqrt(0.0); }',
    "CSharp": "using System;\nusing System.Linq;\nclass P { static void Main() { Console.WriteLine(2 * int.Parse(Console.ReadLine())); } }",
    "Cpp": "#include <bits/stdc++.h>\nint main() { int n; std::cin >> n; std::cout << 2 * n << '\\n'; }",
    "Go": 'package main\nimport "fmt"\nfunc main() { var n int; fmt.Scan(&n); fmt.Println(2 * n) }',
    "Java": "public class Main { public static void main(String[] a) { System.out.println(2 * new java.util.Scanner(System.in).nextInt()); } }",
    "JavaScript": "console.log(2 * Number(require('fs').readFileSync('/dev/stdin', 'utf8')))",
    "Python": "print(2 * int(input()))",
    "Ruby": "puts 2 * gets.to_i",
}
COMPILED = ("C", "CSharp", "Cpp", "Go", "Java")
CASES = {"inputs": ["2\n", "5"], "outputs": ["4", "10"]}


@pytest.fixture(scope="session")
def isolated():
    """Return whether sandboxes have namespaces here; these tests must pass with and without."""
    return isolation().complete


@pytest.fixture
def outcome_of(isolated):
    def run(response, language="Python", program="", **values):
        if not isinstance(find_toolchain(language, isolated), InstalledToolchain):
            pytest.skip(str(find_toolchain(language, isolated)))
        factor = values.pop("factor", 1.0)
        check = Check(id="p", language=language, **values)
        return run_check(check, response, program, factor=factor, isolated=isolated)

    return run


def test_every_benchmark_language_has_a_toolchain():
    assert all(language.toolchain for language in benchmark_languages())


def test_python_is_always_found(isolated):
    assert find_toolchains(isolated)["Python"].version.startswith("Python 3")


@pytest.mark.parametrize("language", DOUBLE)
def test_a_correct_program_passes(outcome_of, language):
    outcome = outcome_of(DOUBLE[language], language, **CASES)
    assert (outcome.state, outcome.case) == ("passed", None), outcome.note


@pytest.mark.parametrize("language", DOUBLE)
def test_a_wrong_program_fails_with_its_first_wrong_case(outcome_of, language):
    wrong = DOUBLE[language].replace("2 * ", "2 + ").replace("bits/stdc++.h", "iostream")  # which compiles sooner
    outcome = outcome_of(wrong, language, **CASES)
    assert (outcome.state, outcome.case) == ("failed", 1)
    assert outcome.note == "line 1: expected '10', printed '7'"


@pytest.mark.parametrize("language", COMPILED)
def test_a_compile_error_is_a_separate_state(outcome_of, language):
    outcome = outcome_of("{{{", language, **CASES)
    assert outcome.state == "compile-error"
    assert outcome.note


def test_without_cases_the_tests_decide(outcome_of):
    assert outcome_of("", after="\nassert True").state == "passed"
    failed = outcome_of("", after="\nassert False, 'the reason'")
    assert failed.state == "failed"
    assert failed.case is None
    assert "the reason" in failed.note


def test_the_response_is_inserted_between_before_and_after(outcome_of):
    assert outcome_of("    return 4\n", before="def f():\n", after="assert f() == 4").state == "passed"


def test_a_complete_program_replaces_all_three_parts(outcome_of):
    assert outcome_of("{{{", before="{{{", after="{{{", program="print()").state == "passed"


def test_another_file_may_be_run(outcome_of):
    other = {"file": "solution.py", "names": ["check.py", "data/n.txt"], "contents": ["", "4"], "run": "check.py"}
    other["contents"][0] = "import solution\nassert solution.N == int(open('data/n.txt').read())"
    assert outcome_of("N = 4", **other).state == "passed"
    assert outcome_of("N = 5", **other).state == "failed"


def test_a_java_class_in_a_package_is_found(outcome_of):
    response = "package a.b;\npublic class Main { public static void main(String[] x) {} }"
    assert outcome_of(response, "Java").state == "passed"


@pytest.mark.parametrize(
    ("source", "file", "main"),
    [
        ("public class A { static void main(String[] a) { } }", "A.java", "A"),
        ("class N { }\npublic final class A { public static class I { } static void main(String[] a) { } }", "A.java", "A"),
        ("class A { public static void main(String[] a) { } }", "", "A"),
        ("// public class N {\npublic record A(int n) { public static void main(String... a) { } }", "A.java", "A"),
        ('class S { String s = "}"; }\nclass Main { public static void main(String[] a) { } }', "", "Main"),
        ("package x.y;\nclass A { public static void main(String[] a) { } }", "", "x.y.A"),
        ("class A { }", "", "Main"),
    ],
)  # fmt: skip
def test_a_java_file_has_the_name_of_its_public_class(source, file, main):
    toolchain = get_language("Java").toolchain
    assert toolchain.file_name(source) == file
    assert toolchain.main_class(source, "", "Main.java") == main


def test_a_java_program_may_have_any_public_class(outcome_of):
    response = "public class Answer { public static void main(String[] a) { System.out.println(1); } }"
    assert outcome_of(response, "Java", inputs=[""], outputs=["1"]).state == "passed"


def test_javascript_may_be_a_module(outcome_of):
    assert outcome_of("import fs from 'node:fs';\nconsole.log(typeof fs);", "JavaScript").state == "passed"


def test_an_integer_may_have_many_digits(outcome_of):
    assert outcome_of("print(10 ** 5000)", inputs=[""], outputs=["1" + "0" * 5000]).state == "passed"


def test_a_check_may_tolerate_a_difference(outcome_of):
    values = {"inputs": [""], "outputs": ["0.3333"]}
    assert outcome_of("print(1 / 3)", **values).state == "failed"
    assert outcome_of("print(1 / 3)", tolerance=1e-3, **values).state == "passed"


def test_third_party_packages_are_visible_only_to_checks_that_need_them(outcome_of):
    program = "import importlib.util as u, sys; sys.exit(u.find_spec('numpy') is None)"
    assert outcome_of(program).state == "failed"
    assert outcome_of(program, packages=["numpy"]).state == "passed"


def test_java_asserts(outcome_of):
    response = "public class Main { public static void main(String[] x) { assert false; } }"
    assert outcome_of(response, "Java").state == "failed"


def test_a_cpp_check_includes_the_answer(outcome_of):
    check = {"file": "solution.cpp", "names": ["check.cpp"], "run": "check.cpp"}
    contents = ['#include "solution.cpp"\nint main() { return f() == 4 ? 0 : 1; }']
    assert outcome_of("int f() { return 4; }", "Cpp", contents=contents, **check).state == "passed"
    assert outcome_of("int f() { return 5; }", "Cpp", contents=contents, **check).state == "failed"


def test_go_files_are_compiled_together(outcome_of):
    contents = ['package main\nimport "os"\nfunc main() { if f() != 4 { os.Exit(1) } }']
    check = {"file": "solution.go", "names": ["check.go"], "run": "check.go", "contents": contents}
    assert outcome_of("package main\nfunc f() int { return 4 }", "Go", **check).state == "passed"
    assert outcome_of("package main\nfunc f() int { return 5 }", "Go", **check).state == "failed"


DEEP = {
    "C": '#include <stdio.h>\nint f(int n) { volatile char d[200]; d[0] = 1; return n ? f(n - 1) + d[0] : 0; }\nint main(void) { printf("%d", f(1000000)); }',
    "JavaScript": "const f = (n) => (n ? f(n - 1) + 1 : 0);\nconsole.log(f(1000000));",
    "Python": "import sys\nsys.setrecursionlimit(2000000)\ndef f(n): return f(n - 1) + 1 if n else 0\nprint(f(1000000))",
    "Ruby": "def f(n) n > 0 ? f(n - 1) + 1 : 0 end\nputs f(1000000)",
}


@pytest.mark.parametrize("language", DEEP)
def test_deep_recursion_does_not_exceed_the_stack(outcome_of, language):
    outcome = outcome_of(DEEP[language], language, inputs=[""], outputs=["1000000"])
    assert outcome.state == "passed", outcome.note


@pytest.mark.parametrize(
    ("response", "state"),
    [
        ("while True: pass", "timeout"),
        ("while True: print('x' * 65536)", "output-limit"),
        ("open('f', 'wb').write(bytes(256 << 20))", "disk-limit"),
        ("import os; os.abort()", "failed"),
    ],
)
def test_every_limit_is_a_separate_state(outcome_of, response, state):
    assert outcome_of(response, seconds=1.0 if state == "timeout" else 20.0).state == state


def test_the_factor_lengthens_the_limit(outcome_of):
    slow = "import time; time.sleep(1)"
    assert outcome_of(slow, seconds=0.4).state == "timeout"
    assert outcome_of(slow, seconds=0.4, factor=50.0).state == "passed"


@pytest.mark.parametrize("language", [row.benchmark_name for row in benchmark_languages()])
def test_a_missing_package_is_not_a_failure(outcome_of, language):
    outcome = outcome_of(DOUBLE[language], language, packages=["themis_absent"])
    assert outcome.state == "no-toolchain"
    assert "themis_absent" in outcome.note


def test_a_package_is_found(isolated):
    assert has_package("Python", "numpy", isolated)


def test_a_package_name_is_not_executed(isolated):
    assert not has_package("JavaScript", "'); process.exit(0); ('", isolated)


def test_a_missing_toolchain_is_reported(monkeypatch, tmp_path, isolated):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _find_toolchain.__wrapped__("Ruby", isolated) == "ruby is not installed"


def test_a_broken_toolchain_is_reported(monkeypatch, tmp_path, isolated):
    broken = tmp_path / "bin" / "ruby"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent))
    assert "ruby does not run in a sandbox" in _find_toolchain.__wrapped__("Ruby", isolated)


def test_an_unknown_language_is_an_error():
    with pytest.raises(SettingError, match="Fortran"):
        find_toolchain("Fortran")


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"names": ["a"]}, "1 names for 0 contents"),
        ({"inputs": ["a"]}, "1 inputs for 0 outputs"),
        ({"run": "check.py"}, "not among its files"),
        ({"seconds": 0.0}, "limit of 0.0"),
        ({"seconds": float("inf")}, "limit of inf"),
        ({"tolerance": -1.0}, "tolerance of -1.0"),
        ({"tolerance": float("nan")}, "tolerance of nan"),
        ({"names": ["../a"], "contents": [""]}, "inside the work directory"),
        ({"file": "/a"}, "inside the work directory"),
        ({"language": "Fortran"}, "Fortran"),
    ],
)
def test_an_invalid_check_is_an_error(values, match):
    check = dataclasses.replace(Check(id="p", language="Python"), **values)
    with pytest.raises((InputError, SettingError), match=match):
        validate_check(check)
