"""Rules that select pairs by measurements: efficiency gaps of 5 times, and results that fit the criterion."""

import json

import pytest
from tests.dataset.test_assemble import ONE, rows_of

from themis_rm.dataset.adapters import PreferencePair
from themis_rm.dataset.adapters.pair import Results
from themis_rm.dataset.assemble import assemble
from themis_rm.dataset.convert import convert
from themis_rm.dataset.preferences import DataSettings, PairFilter, PreferenceSettings
from themis_rm.dataset.selection import contradiction, small_gap
from themis_rm.dataset.settings import AssembleSettings


def pair(aspect: str = "Runtime Efficiency", **values) -> PreferencePair:
    return PreferencePair(prompt=[], chosen=[], rejected=[], aspect=aspect, **values)


@pytest.mark.parametrize(("gain", "small"), [(None, False), (4.99, True), (5.0, False), (80.0, False), (0.5, True)])
def test_a_measured_gap_is_at_least_five_times(gain, small):
    assert small_gap(pair(gain=gain), 5) is small


@pytest.mark.parametrize(
    ("aspect", "expected"),
    [
        ("Functional Correctness", ["", "same-result", "same-result", "", "rejected-passes"]),
        ("Memory Efficiency", ["", "", "failing-responses", "different-results", "different-results"]),
        ("Security Hardness", [""] * 5),
        ("", [""] * 5),
    ],
)
def test_results_contradict_correctness_and_efficiency_in_opposite_ways(aspect, expected):
    order = (Results.UNKNOWN, Results.EQUAL, Results.FAIL, Results.DIFFER, Results.WORSE)
    assert [contradiction(pair(aspect, results=results)) for results in order] == expected


def test_readers_of_benchmarks_and_of_training_data_use_all_pairs():
    wanted = PairFilter.of(DataSettings())
    assert wanted.reason(pair(gain=1.1, results=Results.DIFFER)) == ""
    assert PairFilter.of(PreferenceSettings()).reason(pair(gain=1.1)) == "small-efficiency-gap"


def test_pairs_of_measured_solutions_become_rows_of_a_dataset(tmp_path):
    def problem(number: int, slow: float) -> dict:
        return {
            "prompt": f"Sort list {number}",
            "language": "Python",
            "solutions": [
                {"code": f"fast{number}", "runtime": 1.0, "memory": 5.0, "passed": True},
                {"code": f"slow{number}", "runtime": slow, "memory": 5.5, "passed": True},
            ],
        }

    file = tmp_path / "solutions.jsonl"
    file.write_text("".join(json.dumps(problem(n, 4.0 if n % 4 == 0 else 9.0)) + "\n" for n in range(20)))
    settings = AssembleSettings(decontaminate=[], source_name="contest", validation=0, test=0.2)
    report = assemble(file, tmp_path / "out", settings, ONE)
    rows = rows_of(tmp_path / "out")
    assert (len(rows), report.dropped["small-efficiency-gap"]) == (15, 25)
    assert {(row["source"], row["aspect"]) for row in rows} == {("contest", "Runtime Efficiency")}
    wider = AssembleSettings(decontaminate=[], min_efficiency_ratio=1, validation=0, test=0.2)
    assert assemble(file, tmp_path / "all", wider, ONE).kept == 40


def test_convert_selects_by_the_same_rules(tmp_path):
    rows = [
        {
            "prompt": "p",
            "chosen": f"a{n}",
            "rejected": f"b{n}",
            "chosen_runtime": 1,
            "rejected_runtime": time,
            "chosen_passed": True,
            "rejected_passed": passed,
        }
        for n, (time, passed) in enumerate([(9, True), (3, True), (9, False)])
    ]
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = convert(file, tmp_path / "out", PreferenceSettings(source_name="contest"))
    assert report.dropped == {"small-efficiency-gap": 1, "different-results": 1}
    assert report.kept == 1
