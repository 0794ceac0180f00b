"""Answers against their checks, in every language whose toolchain is there."""

import dataclasses
import sys

import pytest

from themis_rm.errors import InputError, SettingError
from themis_rm.execute.check import Check
from themis_rm.execute.runner import normalize_output, run_check, validate_check
from themis_rm.execute.sandbox import isolation
from themis_rm.execute.toolchains import (
    TOOLCHAINS,
    InstalledToolchain,
    find_toolchain,
    find_toolchains,
    get_toolchain,
    has_package,
)
from themis_rm.languages import benchmark_languages

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="code is executed on Linux alone")


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
def here():
    """Return whether boxes have namespaces here: what these tests show holds with and without."""
    return isolation().complete


@pytest.fixture
def judged(here):
    def judge(answer, language="Python", program="", **values):
        if not isinstance(find_toolchain(language, here), InstalledToolchain):
            pytest.skip(str(find_toolchain(language, here)))
        factor = values.pop("factor", 1.0)
        check = Check(id="p", language=language, **values)
        return run_check(check, answer, program, factor=factor, isolated=here)

    return judge


def test_every_language_has_one_toolchain():
    assert [row.language for row in TOOLCHAINS] == [row.benchmark_name for row in benchmark_languages()]


def test_python_is_always_found(here):
    assert find_toolchains(here)["Python"].version.startswith("Python 3")


@pytest.mark.parametrize("language", DOUBLE)
def test_a_right_program_passes(judged, language):
    verdict = judged(DOUBLE[language], language, **CASES)
    assert (verdict.state, verdict.case) == ("passed", None), verdict.note


@pytest.mark.parametrize("language", DOUBLE)
def test_a_wrong_program_fails_with_its_first_wrong_case(judged, language):
    wrong = DOUBLE[language].replace("2 * ", "2 + ").replace("bits/stdc++.h", "iostream")  # which compiles sooner
    verdict = judged(wrong, language, **CASES)
    assert (verdict.state, verdict.case) == ("failed", 1)
    assert verdict.note == "line 1: wanted '10', printed '7'"


@pytest.mark.parametrize("language", COMPILED)
def test_a_program_that_does_not_compile_is_told_apart(judged, language):
    verdict = judged("{{{", language, **CASES)
    assert verdict.state == "compile-error"
    assert verdict.note


def test_without_cases_the_exit_status_decides(judged):
    assert judged("", after="\nassert True").state == "passed"
    failed = judged("", after="\nassert False, 'the reason'")
    assert failed.state == "failed"
    assert failed.case is None
    assert "the reason" in failed.note


def test_the_answer_stands_between_before_and_after(judged):
    assert judged("    return 4\n", before="def f():\n", after="assert f() == 4").state == "passed"


def test_a_whole_program_takes_the_place_of_all_three(judged):
    assert judged("{{{", before="{{{", after="{{{", program="print()").state == "passed"


def test_another_file_may_be_run(judged):
    other = {"file": "solution.py", "names": ["check.py", "data/n.txt"], "contents": ["", "4"], "run": "check.py"}
    other["contents"][0] = "import solution\nassert solution.N == int(open('data/n.txt').read())"
    assert judged("N = 4", **other).state == "passed"
    assert judged("N = 5", **other).state == "failed"


def test_a_java_class_in_a_package_is_found(judged):
    answer = "package a.b;\npublic class Main { public static void main(String[] x) {} }"
    assert judged(answer, "Java").state == "passed"


def test_java_asserts(judged):
    answer = "public class Main { public static void main(String[] x) { assert false; } }"
    assert judged(answer, "Java").state == "failed"


def test_a_cpp_check_includes_the_answer(judged):
    check = {"file": "solution.cpp", "names": ["check.cpp"], "run": "check.cpp"}
    contents = ['#include "solution.cpp"\nint main() { return f() == 4 ? 0 : 1; }']
    assert judged("int f() { return 4; }", "Cpp", contents=contents, **check).state == "passed"
    assert judged("int f() { return 5; }", "Cpp", contents=contents, **check).state == "failed"


def test_go_files_are_compiled_together(judged):
    contents = ['package main\nimport "os"\nfunc main() { if f() != 4 { os.Exit(1) } }']
    check = {"file": "solution.go", "names": ["check.go"], "run": "check.go", "contents": contents}
    assert judged("package main\nfunc f() int { return 4 }", "Go", **check).state == "passed"
    assert judged("package main\nfunc f() int { return 5 }", "Go", **check).state == "failed"


def test_deep_recursion_is_no_fault_of_a_small_stack(judged):
    answer = "int f(int n) { volatile char held[4000]; held[0] = 1; return n ? f(n - 1) + held[0] : 0; }"
    assert judged(answer, "C", after="\nint main(void) { return f(10000) != 10000; }").state == "passed"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("while True: pass", "timeout"),
        ("while True: print('x' * 65536)", "output-limit"),
        ("open('f', 'wb').write(bytes(256 << 20))", "disk-limit"),
        ("import os; os.abort()", "failed"),
    ],
)
def test_a_limit_is_a_state_of_its_own(judged, answer, state):
    assert judged(answer, seconds=1.0 if state == "timeout" else 20.0).state == state


def test_the_factor_lengthens_the_limit(judged):
    slow = "import time; time.sleep(1)"
    assert judged(slow, seconds=0.4).state == "timeout"
    assert judged(slow, seconds=0.4, factor=50.0).state == "passed"


@pytest.mark.parametrize("language", [row.language for row in TOOLCHAINS])
def test_an_absent_package_is_no_failure(judged, language):
    verdict = judged(DOUBLE[language], language, packages=["themis_absent"])
    assert verdict.state == "no-toolchain"
    assert "themis_absent" in verdict.note


def test_a_package_is_found(here):
    assert has_package("Python", "numpy", here)


def test_a_package_name_is_no_code(here):
    assert not has_package("JavaScript", "'); process.exit(0); ('", here)


def test_a_toolchain_that_is_not_there_says_what_is_missing(monkeypatch, tmp_path, here):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_toolchain.__wrapped__("Ruby", here) == "ruby is not installed"


def test_a_toolchain_that_does_not_work_says_so(monkeypatch, tmp_path, here):
    broken = tmp_path / "bin" / "ruby"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent))
    assert "ruby does not run in a box" in find_toolchain.__wrapped__("Ruby", here)


def test_an_unknown_language_is_refused():
    with pytest.raises(SettingError, match="Fortran"):
        get_toolchain("Fortran")


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"names": ["a"]}, "1 names for 0 contents"),
        ({"inputs": ["a"]}, "1 inputs for 0 outputs"),
        ({"run": "check.py"}, "none of its files"),
        ({"seconds": 0.0}, "limit of 0.0"),
        ({"seconds": float("inf")}, "limit of inf"),
        ({"names": ["../a"], "contents": [""]}, "inside the work folder"),
        ({"file": "/a"}, "inside the work folder"),
        ({"language": "Fortran"}, "Fortran"),
    ],
)
def test_a_check_of_the_wrong_form_is_refused(values, match):
    check = dataclasses.replace(Check(id="p", language="Python"), **values)
    with pytest.raises((InputError, SettingError), match=match):
        validate_check(check)


def test_white_space_at_the_ends_does_not_count():
    assert normalize_output("a \r\nb\n\n") == normalize_output("a\nb")
    assert normalize_output(" a") != normalize_output("a")
    assert normalize_output("a\n\nb") != normalize_output("a\nb")
