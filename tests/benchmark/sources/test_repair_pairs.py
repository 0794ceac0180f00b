"""Sources of bug repair pairs: mapping of their native formats, and the reference data."""

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from themis_rm.benchmark.pair_validation import find_label_leaks
from themis_rm.benchmark.sources.source import SOURCES, SourcePair, SourceRecord, UnusableRecord
from themis_rm.errors import InputError
from themis_rm.execute.runner import run_check, validate_check
from themis_rm.execute.toolchains import find_toolchain


def write_jsonl(path: Path, *records: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def read(name: str, directory: Path) -> list[SourceRecord]:
    return list(SOURCES.get(name).read(directory))


def run_both_sides(pair: SourcePair) -> tuple[str, bool]:
    """Return the state of the chosen side and whether the rejected one passes; skip without a toolchain."""
    toolchain = find_toolchain(pair.check.language)
    if isinstance(toolchain, str):
        pytest.skip(toolchain)
    return (
        run_check(pair.check, pair.chosen, pair.check.chosen_program, factor=4).state,
        run_check(pair.check, pair.rejected, pair.check.rejected_program, factor=4).state == "passed",
    )


# HumanEvalPack


def packed(directory: Path, name: str, record: dict) -> list[SourceRecord]:
    for language in ("cpp", "go", "java", "js", "python", "rust"):
        write_jsonl(directory / language / "humanevalpack.jsonl", *([record] if language == name else []))
    return read("humanevalpack", directory)


PACKED = {
    "task_id": "Python/7",
    "prompt": "",
    "declaration": "def twice(n):\n",
    "canonical_solution": "    return n * 2\n",
    "buggy_solution": "    return n + 2\n",
    "bug_type": "operator misuse",
    "instruction": "Write a Python function `twice(n)` that doubles.",
    "entry_point": "twice",
    "signature": "twice(n)",
    "test": "assert twice(2) == 4\nassert twice(5) == 10\n",
}


def test_humanevalpack_puts_bodies_below_their_declaration(tmp_path):
    (pair,) = packed(tmp_path, "python", PACKED)
    assert pair.chosen == "def twice(n):\n    return n * 2\n"
    assert pair.rejected == "def twice(n):\n    return n + 2\n"
    assert (pair.key, pair.group) == ("Python/7", "HumanEval/7")
    assert pair.prompt == PACKED["instruction"]


def test_humanevalpack_omits_other_languages(tmp_path):
    assert packed(tmp_path, "rust", {**PACKED, "task_id": "Rust/7"}) == [UnusableRecord("Rust/7", "language")]


def test_a_failed_console_assert_fails_the_answer(tmp_path):
    record = {
        **PACKED,
        "task_id": "JavaScript/7",
        "declaration": "const twice = (n) => {\n",
        "canonical_solution": "  return n * 2\n}\n",
        "buggy_solution": "  return n + 2\n}\n",
        "test": "console.assert(twice(2) === 4)\nconsole.assert(twice(5) === 10)\n",
    }
    (pair,) = packed(tmp_path, "js", record)
    assert run_both_sides(pair) == ("passed", False)


GO = {
    **PACKED,
    "task_id": "Go/7",
    "prompt": "func Half(n int) int {\n    return n / 2\n}\n\n// Doubles.\nfunc Twice(n int) int {\n",
    "import": 'import (\n    "time"\n)\n',
    "declaration": "\nfunc Twice(n int) int {\n",
    "canonical_solution": "    return Half(n) * 4 + int(math.Abs(0))\n}\n",
    "buggy_solution": "    return Half(n) * 2 + int(math.Abs(0))\n}\n",
    "test": "func TestTwice(t *testing.T) {\n    assert := assert.New(t)\n    assert.Equal(8, Twice(4))\n}\n",
}


def test_go_responses_contain_the_functions_that_the_prompt_provides(tmp_path):
    (pair,) = packed(tmp_path, "go", GO)
    assert "func Half(n int)" in pair.chosen
    assert "func Half(n int)" in pair.rejected


def test_go_responses_import_exactly_what_they_use(tmp_path):
    (pair,) = packed(tmp_path, "go", GO)
    assert re.findall(r'"(\w+)"', pair.chosen) == ["math"]


def test_testify_is_replaced(tmp_path):
    (pair,) = packed(tmp_path, "go", GO)
    assert run_both_sides(pair) == ("passed", False)


# MDEval

MDEVAL = {
    "question_id": "Python/1",
    "category": "Logic",
    "subtype": "operation_error",
    "docstring": "Doubles a number.",
    "example": "twice(2) gives 4",
    "canonical_solution": "def twice(n):\n\n    # add it to itself\n    return n * 2\n",
    "buggy_code": "def twice(n):\n    return n + 2\n",
    "test": "assert twice(5) == 10\n",
}
MDEVAL_FILES = ("C", "C#", "CPP", "Go", "Java", "JavaScript", "Python", "Ruby")


def mdeval(directory: Path, name: str, *records: dict) -> list[SourceRecord]:
    for language in MDEVAL_FILES:
        write_jsonl(directory / "raw" / f"{language}.jsonl", *(records if language == name else []))
    return read("mdeval", directory)


def test_mdeval_removes_comments_and_blank_lines_that_one_side_lost(tmp_path):
    (pair,) = mdeval(tmp_path, "Python", MDEVAL)
    assert pair.chosen == "def twice(n):\n    return n * 2\n"


def test_mdeval_keeps_comments_on_both_sides(tmp_path):
    buggy = MDEVAL["canonical_solution"].replace("*", "+")
    (pair,) = mdeval(tmp_path, "Python", {**MDEVAL, "buggy_code": buggy})
    assert "# add it to itself" in pair.chosen
    assert "# add it to itself" in pair.rejected


def test_mdeval_omits_syntax_errors(tmp_path):
    broken = "def twice(n):\n    return (n * 2\n"
    assert mdeval(tmp_path, "Python", {**MDEVAL, "buggy_code": broken}) == [UnusableRecord("Python/1", "syntax-error")]


def test_mdeval_records_of_one_task_share_a_group(tmp_path):
    first, second = mdeval(tmp_path, "Python", MDEVAL, {**MDEVAL, "question_id": "Python/2"})
    assert first.group == second.group == "Python/1"


def test_mdeval_examples_may_be_missing(tmp_path):
    (pair,) = mdeval(tmp_path, "Python", {**MDEVAL, "example": float("nan")})
    assert pair.prompt == "Write this in Python.\n\nDoubles a number.\n"


def test_mdeval_closes_the_class_and_runs_the_tests_that_continue_it(tmp_path):
    record = {
        **MDEVAL,
        "question_id": "C#/1",
        "canonical_solution": "using System.Diagnostics;\nclass P\n{\n    static int Twice(int n) { return n * 2; }\n",
        "buggy_code": "using System.Diagnostics;\nclass P\n{\n    static int Twice(int n) { return n + 2; }\n",
        "test": "static void Main() { Debug.Assert(Twice(5) == 10); }\n}\n",
    }
    (pair,) = mdeval(tmp_path, "C#", record)
    assert pair.chosen.endswith("return n * 2; }\n}\n")
    assert run_both_sides(pair) == ("passed", False)


def test_mdeval_removes_test_libraries_from_go_responses(tmp_path):
    head = 'package main\n\nimport (\n\t"testing"\n\n\t"github.com/stretchr/testify/assert"\n)\n\n'
    record = {
        **MDEVAL,
        "question_id": "Go/1",
        "canonical_solution": head + "func twice(n int) int {\n\treturn n * 2\n}\n",
        "buggy_code": head + "func twice(n int) int {\n\treturn n + 2\n}\n",
        "test": "func TestTwice(t *testing.T) {\n\tassert.Equal(t, 10, twice(5))\n}\n",
    }
    (pair,) = mdeval(tmp_path, "Go", record)
    assert "import" not in pair.chosen
    assert run_both_sides(pair) == ("passed", False)


# MBPP+Fix and ILF


MBPP = {
    "task_id": 5,
    "prompt": "Write a function that doubles.",
    "signature": "twice(n)",
    "entry_point": "twice",
    "canonical_solution": "\ndef twice(n):\n    return n * 2\n",
    "code": (
        'import math\n\ndef twice(n):\n    """Doubles.\n\n    Exactly."""\n    # square\n    return n ** 2\n\n'
        "# try it\nassert twice(2) == 4\nprint(twice(2))\n"
    ),
    "test": "assert twice(3) == 6",
}


def test_mbppplusfix_responses_contain_no_trials(tmp_path):
    write_jsonl(tmp_path / "MBPP+Fix_hard_test.jsonl", MBPP)
    (pair,) = read("mbppplusfix_hard", tmp_path)
    assert pair.rejected == "import math\ndef twice(n):\n    return n ** 2\n"


def test_mbppplusfix_numbers_the_responses_of_a_task(tmp_path):
    write_jsonl(tmp_path / "MBPP+Fix_hard_test.jsonl", MBPP, MBPP)
    first, second = read("mbppplusfix_hard", tmp_path)
    assert [first.key, second.key] == ["5/1", "5/2"]
    assert first.group == second.group == "MBPP/5"


ILF_ASKED = '"""\nWrite a function that doubles.\n\n>>> Example: twice(2) = 4\n"""\n\ndef twice(n):\n'
ILF = {
    "task_id": 5,
    "prompt": ILF_ASKED,
    "test": "def check(candidate):\n\tassert candidate(5) == 10\n",
    "passed": True,
    "completion": "    return n * 2",
    "unedited_annotator_completion": ILF_ASKED + "    return n * 2",
    "original_model_completion": ILF_ASKED + "    return n + 2\n\n\n",
    "Feedback": "It should multiply.",
}


def test_ilf_responses_contain_only_code(tmp_path):
    write_jsonl(tmp_path / "surge_annotations.jsonl", ILF)
    (pair,) = read("ilf_surge_mbpp", tmp_path)
    assert (pair.chosen, pair.rejected) == ("def twice(n):\n    return n * 2\n", "def twice(n):\n    return n + 2\n")
    assert run_both_sides(pair) == ("passed", False)


def test_ilf_prompt_is_the_task_without_the_feedback(tmp_path):
    write_jsonl(tmp_path / "surge_annotations.jsonl", ILF)
    (pair,) = read("ilf_surge_mbpp", tmp_path)
    assert pair.prompt.startswith("Write a function that doubles.")
    assert "multiply" not in pair.prompt


@pytest.mark.parametrize(
    ("change", "reason"), [({"passed": False}, "fails-tests"), ({"prompt": "def twice(n):\n"}, "no-request")]
)
def test_ilf_counts_unusable_records_by_reason(tmp_path, change, reason):
    write_jsonl(tmp_path / "surge_annotations.jsonl", {**ILF, **change})
    assert read("ilf_surge_mbpp", tmp_path) == [UnusableRecord("5/1", reason)]


# DebugBench

DEBUGBENCH = {
    "slug": "double-it",
    "description": "Double a number.",
    "examples": ["Input: n = 2\nOutput: 4"],
    "constraints": "1 <= n",
    "oracle_code": "class Solution:\n    def twice(self, n):\n        # once more\n        return n * 2",
    "buggy_code": "\nclass Solution:\n    def twice(self, n):\n        return n + 2\n",
    "explanations": "adds in the place of multiplying",
    "content": "how to solve it",
}


def debugbench(directory: Path, record: dict, shard: str = "python3_operation error.json") -> list[SourceRecord]:
    (directory / shard).write_text(json.dumps([record]), encoding="utf-8")
    return read("debugbench", directory)


def test_debugbench_prompt_is_the_problem_without_explanations(tmp_path):
    (pair,) = debugbench(tmp_path, DEBUGBENCH)
    assert pair.prompt == (
        "Solve this problem in Python.\n\nDouble a number.\n\nExample 1:\nInput: n = 2\nOutput: 4\n\n"
        "Constraints:\n1 <= n\n"
    )


def test_debugbench_removes_comments_that_differ(tmp_path):
    (pair,) = debugbench(tmp_path, DEBUGBENCH)
    assert "#" not in pair.chosen + pair.rejected


def test_debugbench_omits_syntax_errors(tmp_path):
    broken = {**DEBUGBENCH, "buggy_code": "class Solution:\n    def twice(self, n)\n        return n * 2"}
    assert debugbench(tmp_path, broken) == [UnusableRecord("python3_operation error/0", "syntax-error")]


def test_debugbench_rule_lists_several_bugs(tmp_path):
    (pair,) = debugbench(tmp_path, {**DEBUGBENCH, "type": ["operation error", "other error"]})
    assert pair.rule == "operation error; other error"


def test_debugbench_rejects_a_file_that_is_not_an_array(tmp_path):
    (tmp_path / "cpp_double.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="not a JSON array"):
        read("debugbench", tmp_path)


# ITSP

ITSP_TEST = 'Verdict:{}, Visibility:{}, Input:"{}", ExpOutput:"{}\n", Output:"{}"\n'


def itsp_file(passed: int, code: str, outputs: tuple[str, str]) -> str:
    verdicts = ["ACCEPTED" if got == want else "WRONG_ANSWER" for got, want in zip(outputs, ("4", "10"), strict=True)]
    tests = ITSP_TEST.format(verdicts[0], 1, "2", "4", outputs[0]) + ITSP_TEST.format(
        verdicts[1], 0, "5", "10", outputs[1]
    )
    return f"/*numPass={passed}, numTotal=2\n{tests}*/\n{code}"


TWICE_C = '#include <stdio.h>\nint main() {\n  int n;\n  scanf("%d", &n);\n  printf("%d", n * 2);\n}\n'


def itsp(directory: Path, passed: tuple[int, int] = (2, 1)) -> list[SourceRecord]:
    task = directory / "Lab-3" / "2810"
    task.mkdir(parents=True)
    (task / "7_correct.c").write_text(itsp_file(passed[0], TWICE_C, ("4", "10")))
    (task / "7_buggy.c").write_text(itsp_file(passed[1], TWICE_C.replace("n * 2", "n + 2"), ("4", "7")))
    return read("itsp_c", directory)


def test_itsp_removes_the_header_with_the_verdict(tmp_path):
    (pair,) = itsp(tmp_path)
    assert (pair.chosen, pair.rejected) == (TWICE_C, TWICE_C.replace("n * 2", "n + 2"))


def test_itsp_prompt_shows_the_visible_tests(tmp_path):
    (pair,) = itsp(tmp_path)
    assert pair.prompt.endswith("Input:\n2\nOutput:\n4\n")
    assert pair.prompt_source == "derived"


def test_itsp_check_includes_the_hidden_tests(tmp_path):
    (pair,) = itsp(tmp_path)
    assert (pair.check.inputs, pair.check.outputs) == (["2", "5"], ["4\n", "10\n"])
    assert run_both_sides(pair) == ("passed", False)


@pytest.mark.parametrize(
    ("passed", "reason"), [((1, 0), "correct-version-fails"), ((2, 2), "buggy-version-passes")], ids=str
)
def test_itsp_omits_pairs_that_contradict_the_recorded_verdicts(tmp_path, passed, reason):
    assert itsp(tmp_path, passed) == [UnusableRecord("Lab-3/2810/7", reason)]


# ConDefects


def condefects(directory: Path, task: str, files: dict[str, str]) -> list[SourceRecord]:
    for name, text in files.items():
        path = directory / task / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read("condefects_sample", directory)


def test_condefects_prompt_names_the_task(tmp_path):
    files = {"Python/12/correctVersion.py": "print(2)\n", "Python/12/faultyVersion.py": "print(3)\n"}
    (pair,) = condefects(tmp_path, "abc224_a", files)
    assert (pair.key, pair.group, pair.chosen) == ("abc224_a/Python/12", "abc224_a", "print(2)\n")
    assert pair.prompt.startswith(
        "Write a Python program that solves task A of AtCoder Beginner Contest 224 (abc224_a)."
    )


def test_condefects_has_no_prompt_for_an_unknown_contest(tmp_path):
    files = {"Java/12/correctVersion.java": "class Main {}\n", "Java/12/faultyVersion.java": "class Main { int x; }\n"}
    (pair,) = condefects(tmp_path, "joi2006_a", files)
    assert pair.prompt == ""


def test_condefects_counts_missing_versions(tmp_path):
    got = condefects(tmp_path, "abc224_a", {"Python/12/faultyVersion.py": "print(3)\n"})
    assert got == [UnusableRecord("abc224_a/Python/12", "no-correct-version")]


# RunBugRun

BUG = {
    "id": 3,
    "problem_id": "p00001",
    "user_id": "u1",
    "buggy_submission_id": 11,
    "fixed_submission_id": 12,
    "buggy_code": "print(int(input()) + 2)\n",
    "fixed_code": "print(int(input()) * 2)\n",
    "labels": ["expression.operation"],
    "change_count": 1,
    "line_hunks": 1,
}


def write_gz(path: Path, *records: dict) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as handle:
        handle.writelines(json.dumps(record) + "\n" for record in records)


def test_runbugrun_reads_the_test_split_of_a_release(tmp_path):
    write_gz(tmp_path / "python_test0.jsonl.gz", BUG)
    write_gz(tmp_path / "python_train0.jsonl.gz", {**BUG, "buggy_submission_id": 99})
    write_gz(tmp_path / "php_test0.jsonl.gz", {**BUG, "buggy_submission_id": 13})
    test = {"id": 1, "problem_id": "p00001", "input": "5\n", "output": "10\n"}
    write_gz(tmp_path / "tests_all.jsonl.gz", test, {**test, "problem_id": "p00002"})
    dropped, pair = read("runbugrun", tmp_path)
    assert dropped == UnusableRecord("13-12", "language")
    assert (pair.key, pair.group, pair.language) == ("11-12", "p00001", "Python")
    assert (pair.check.inputs, pair.check.outputs) == (["5\n"], ["10\n"])
    assert run_both_sides(pair) == ("passed", False)


def test_runbugrun_prompt_is_the_problem_statement(tmp_path):
    pages = tmp_path / "codenet_problem_descriptions" / "problem_descriptions"
    pages.mkdir(parents=True)
    (pages / "p00001.html").write_text("<h1>Twice</h1><p>Print twice the number given.</p>")
    (tmp_path / "runbugrun").mkdir()
    write_gz(tmp_path / "runbugrun" / "python_test0.jsonl.gz", BUG)
    (pair,) = read("runbugrun", tmp_path / "runbugrun")
    assert "Print twice the number given." in pair.prompt
    assert pair.check is None


def test_runbugrun_reads_parquet_exports(tmp_path):
    columns = {name: [value] for name, value in BUG.items() if name not in ("id", "user_id")}
    pq.write_table(pa.table({**columns, "language": ["ruby"]}), tmp_path / "test-00000-of-00001.parquet")
    (pair,) = read("runbugrun", tmp_path)
    assert (pair.key, pair.language, pair.rule) == ("11-12", "Ruby", "expression.operation")


def test_runbugrun_names_java_files_after_the_class(tmp_path):
    java = {**BUG, "buggy_main_class": "Twice", "fixed_main_class": "Twice"}
    write_gz(tmp_path / "java_test0.jsonl.gz", java, {**java, "buggy_main_class": "Other", "fixed_submission_id": 14})
    write_gz(tmp_path / "tests_all.jsonl.gz", {"problem_id": "p00001", "input": "5", "output": "10"})
    one, two = read("runbugrun", tmp_path)
    assert one.check.file == "Twice.java"
    assert two.check is None


def test_runbugrun_names_a_missing_column(tmp_path):
    write_gz(tmp_path / "c_test0.jsonl.gz", {name: value for name, value in BUG.items() if name != "fixed_code"})
    with pytest.raises(InputError, match=r"c_test0.jsonl.gz:1 lacks fixed_code"):
        read("runbugrun", tmp_path)


def test_runbugrun_rejects_a_truncated_file(tmp_path):
    write_gz(tmp_path / "c_test0.jsonl.gz", BUG)
    path = tmp_path / "c_test0.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match="Cannot read"):
        read("runbugrun", tmp_path)


def test_runbugrun_refuses_a_folder_without_bugs(tmp_path):
    with pytest.raises(InputError, match="test split"):
        read("runbugrun", tmp_path)


# DebugEval

EVALUATED = {
    "question_id": "abc331_a",
    "question_content": "Double the number.",
    "language": "python",
    "platform": "atcoder",
    "correct_code": "print(int(input()) * 2)\n",
    "buggy_code": "print(int(input()) + 2)\n",
    "major_error_type": "logic error",
    "task4": "True",
}


def test_debugeval_reads_the_records_that_compare_two_versions(tmp_path):
    path = tmp_path / "eval" / "debugevalsuite_task124.jsonl"
    write_jsonl(path, EVALUATED, {**EVALUATED, "task4": ""}, {**EVALUATED, "language": "rust"})
    pair, *dropped = read("debugeval", tmp_path)
    assert (pair.chosen, pair.rejected) == (EVALUATED["correct_code"], EVALUATED["buggy_code"])
    assert (pair.group, pair.rule) == ("abc331_a", "logic error")
    assert dropped == [UnusableRecord("abc331_a/2", "not-for-comparison"), UnusableRecord("abc331_a/3", "language")]


def test_debugeval_names_a_missing_column(tmp_path):
    path = tmp_path / "debugevalsuite_task124.jsonl"
    write_jsonl(path, {name: value for name, value in EVALUATED.items() if name != "correct_code"})
    with pytest.raises(InputError, match="lacks correct_code"):
        read("debugeval", tmp_path)


def test_debugeval_refuses_a_folder_without_its_file(tmp_path):
    with pytest.raises(InputError, match="debugevalsuite_task124"):
        read("debugeval", tmp_path)


# The reference data

FROZEN = {
    "humanevalpack": (820, {"language": 164}, 0),
    "mdeval": (393, {"syntax-error": 155}, 2),
    "mbppplusfix_hard": (170, {}, 0),
    "ilf_surge_mbpp": (195, {}, 0),
    "itsp_c": (661, {}, 0),
    "condefects_sample": (800, {}, 0),
    "debugbench": (2170, {"syntax-error": 2083}, 143),
}
"""Source -> pairs, unusable records by reason, and pairs with a revealing word (which the compiler drops)."""


@pytest.mark.parametrize(
    "name", [name if name != "debugbench" else pytest.param(name, marks=pytest.mark.slow) for name in FROZEN]
)
def test_reference_data_yields_the_known_counts(shared, name):
    directory = SOURCES.get(name).directory_in(shared / "sources")
    records = read(name, directory)
    pairs = [item for item in records if isinstance(item, SourcePair)]
    reasons = Counter(item.reason for item in records if isinstance(item, UnusableRecord))
    count, unusable, revealing = FROZEN[name]
    assert (len(pairs), dict(reasons)) == (count, unusable)
    assert len({item.key for item in records}) == len(records)
    assert {pair.language for pair in pairs} == set(SOURCES.get(name).languages)
    assert all(pair.prompt.strip() and pair.group for pair in pairs)
    assert sum(bool(find_label_leaks(pair.chosen, pair.rejected, pair.language)) for pair in pairs) == revealing
    assert not re.search(r"numPass=|Verdict:|testify", "".join(pair.chosen + pair.rejected for pair in pairs))
    for pair in pairs:
        if pair.check is not None:
            validate_check(pair.check)
    assert any(pair.check for pair in pairs) == SOURCES.get(name).tests
