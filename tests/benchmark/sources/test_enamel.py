"""ENAMEL and COFFE: solutions of different speeds."""

import csv
import json
from collections import Counter

import pytest

from themis_rm.benchmark.sources.source import SOURCES, SourcePair, UnusableRecord
from themis_rm.errors import InputError
from themis_rm.execute.runner import NO_TOOLCHAIN, PASSED, run_check

PROMPT = 'def total(n):\n    """Sum up to n."""\n'
PLUS = PROMPT + "    pass#assert n > 0 # $_CONTRACT_$\n    return sum(range(n + 1))\n"


def _write(directory, generator="def generate_input(size, lid, cid):\n    return random.randint(1, size),\n"):
    with (directory / "enamel.csv").open("w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(("task_id", "prompt", "input_generator", "input_levels", "checker", "entry_point"))
        checker = "def __check(input, answer, output):\n    return answer == output\n"
        table.writerow(("HumanEval/0", PROMPT, generator, "10 100", checker, "total"))
    bodies = {
        "enamel-references": PROMPT + "    return n * (n + 1) // 2\n",
        "humaneval-canonical": PROMPT + "    return sum(i for i in range(n + 1))\n",
        "humanevalplus-canonical": PLUS,
    }
    for name, code in bodies.items():
        (directory / f"{name}.json").write_text(json.dumps([[code]]))


def test_the_experts_solution_is_paired_with_a_measurably_slower_one(tmp_path):
    _write(tmp_path)
    pair, other = SOURCES.get("enamel").read(tmp_path)
    assert (pair.key, pair.group, pair.name) == ("HumanEval/0:humaneval-canonical", "HumanEval/0", "total")
    assert "n * (n + 1) // 2" in pair.chosen
    assert "for i in" in pair.rejected
    assert other == UnusableRecord("HumanEval/0:humanevalplus-canonical", "no-measured-gap")


def test_its_check_passes_correct_answers_and_fails_wrong_ones(tmp_path):
    _write(tmp_path)
    pair = next(iter(SOURCES.get("enamel").read(tmp_path)))
    assert "CONTRACT" not in pair.check.after
    states = [run_check(pair.check, code).state for code in (pair.chosen, pair.rejected, PROMPT + "    return n\n")]
    if NO_TOOLCHAIN in states:
        pytest.skip("no sandbox can be created here")
    assert states[:2] == [PASSED, PASSED]
    assert states[2] != PASSED


def test_a_generator_that_calls_upstreams_package_allows_no_check(tmp_path):
    _write(tmp_path, "def generate_input(size, lid, cid):\n    return rand_primality(size, lid, cid),\n")
    assert next(iter(SOURCES.get("enamel").read(tmp_path))).check is None


def test_solutions_for_other_problems_are_an_error(tmp_path):
    _write(tmp_path)
    (tmp_path / "humaneval-canonical.json").write_text("[]")
    with pytest.raises(InputError, match="1 problems"):
        list(SOURCES.get("enamel").read(tmp_path))


def test_enamel_reference_data_yields_the_known_counts(shared):
    items = list(SOURCES.get("enamel").read(shared / "sources" / "enamel"))
    pairs = [item for item in items if isinstance(item, SourcePair)]
    assert Counter(item.reason for item in items if isinstance(item, UnusableRecord)) == {"no-measured-gap": 151}
    assert (len(pairs), sum(pair.check is not None for pair in pairs)) == (177, 153)
    assert len({item.key for item in items}) == 328
    assert not any("CONTRACT" in pair.chosen + pair.rejected for pair in pairs)


def test_coffe_yields_reasons_and_no_pairs(tmp_path):
    for part in ("deepmind_code_contests", "mbpp", "openai_humaneval"):
        (tmp_path / part).mkdir()
        solutions = {"ask one": [["a", True], ["b", True]], "ask two": [["c", True]]}
        (tmp_path / part / "solutions.json").write_text(json.dumps({"prompt2groundtruth": solutions}))
        best = {"ask one": ["b", True], "ask two": ["c", True]}
        (tmp_path / part / "best_solutions.json").write_text(json.dumps(best))
    items = list(SOURCES.get("coffe").read(tmp_path))
    assert Counter(item.reason for item in items) == {"no-measured-gap": 3, "one-side-only": 3}
    assert len({item.key for item in items}) == 6


def test_coffe_reference_data_yields_the_known_counts(shared):
    items = list(SOURCES.get("coffe").read(shared / "sources" / "coffe"))
    assert Counter(item.reason for item in items) == {"one-side-only": 402, "no-measured-gap": 54}
