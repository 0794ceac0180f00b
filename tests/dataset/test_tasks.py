"""Tasks of a dataset: selection of pairs by task, and the repair form of pairs."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.dataset.test_assemble import ONE, pairs_of, rows_of, write

from themis_rm.answers.blocks import fenced_blocks
from themis_rm.criteria import CRITERIA
from themis_rm.dataset.assemble import assemble
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.dataset.tasks import ASKS, repair_request
from themis_rm.errors import SettingError
from themis_rm.records import CodePair
from themis_rm.storage.parquet import read_rows

BOTH = {"tasks": ["change", "tests", "repair"], "time_cutoff": None}
TESTS = [{"path": "tests/test_a.py", "contents": "assert True\n"}]


def assembled(folder: Path, pairs: list[CodePair], **settings):
    report = assemble(write(folder / "pairs", pairs), folder / "out", AssembleSettings.build(settings), ONE)
    return report, rows_of(folder / "out")


def test_every_criterion_has_wordings():
    assert set(ASKS) == {row.short for row in CRITERIA}


@given(st.text(alphabet="`ab \n", max_size=60).filter(str.strip), st.sampled_from(sorted(ASKS)))
def test_a_repair_request_has_the_code_in_one_block(code, short):
    request = repair_request("Write it in Python.", code, "Python", short, "1")
    (block,) = fenced_blocks(request)
    assert (block.code.rstrip(), block.closed) == (code.rstrip(), True)


def test_each_row_gets_a_repair_form_on_request(tmp_path):
    pairs = pairs_of(60)
    report, rows = assembled(tmp_path, pairs, **BOTH, test=0, validation=0)
    of = {task: {(r["chosen"], r["aspect"]): r for r in rows if r["task"] == task} for task in ("change", "repair")}
    assert of["change"].keys() == of["repair"].keys()
    assert report.details["task"] == {task: sum(len(p.criteria) for p in pairs) for task in ("change", "repair")}
    for key, row in of["repair"].items():
        plain = of["change"][key]
        assert row["rejected"] == plain["rejected"]
        assert row["input"].startswith(plain["input"] + "\n\n")
        assert row["rejected"].rstrip() in row["input"]
        assert row["chosen"] not in row["input"]
        assert row["idx"] != plain["idx"]


def test_without_the_repair_form_rows_keep_their_id(tmp_path):
    _, plain = assembled(tmp_path / "a", pairs_of(40))
    _, both = assembled(tmp_path / "b", pairs_of(40), tasks=["change", "repair"])
    assert {row["idx"] for row in plain} == {row["idx"] for row in both if row["task"] == "change"}


@pytest.mark.parametrize("repos", ["owner/repo", ""], ids=["repository", "none"])
def test_both_forms_of_a_pair_are_in_one_split(tmp_path, repos):
    pairs = [dataclasses.replace(pair, repos=repos and f"{repos}{n % 9}") for n, pair in enumerate(pairs_of(90))]
    assembled(tmp_path, pairs, **BOTH, test=0.3, validation=0.3)
    splits: dict[str, set[str]] = {}
    for split in ("train", "validation", "test"):
        for row in rows_of(tmp_path / "out", split):
            splits.setdefault(row["chosen"], set()).add(split)
    assert all(len(found) == 1 for found in splits.values())
    assert len(set.union(*splits.values())) == 3


@pytest.mark.parametrize(("tasks", "kept"), [(["change"], {1}), (["tests"], {2}), (["change", "tests"], {1, 2})])
def test_pairs_are_selected_by_task(tmp_path, tasks, kept):
    pairs = [
        dataclasses.replace(pair, criteria=["FC"], task=task)
        for pair, task in zip(pairs_of(2), ("change", "tests"), strict=True)
    ]
    report, rows = assembled(tmp_path, pairs, tasks=tasks, test=0, validation=0)
    assert {1 if row["task"] == "change" else 2 for row in rows} == kept
    assert report.dropped.get("other-task", 0) == 2 - len(kept)
    assert report.kept + sum(report.dropped.values()) == (
        report.details["rows_expanded"] + report.details["pairs_without_rows"]
    )


def test_repair_forms_alone_drop_no_pair(tmp_path):
    report, rows = assembled(tmp_path, pairs_of(20), tasks=["repair"], test=0, validation=0)
    assert {row["task"] for row in rows} == {"repair"}
    assert report.dropped == {}


def test_a_share_of_the_pairs_gets_a_repair_form(tmp_path):
    report, rows = assembled(tmp_path, pairs_of(120), **BOTH, repair_share=0.25)
    repaired = {row["chosen"] for row in rows if row["task"] == "repair"}
    assert 15 <= len(repaired) <= 45
    assert "other-task" not in report.dropped


def test_long_repair_forms_are_dropped_and_written_out(tmp_path):
    long = dataclasses.replace(pairs_of(1)[0], criteria=["FC"], rejected="x = 1\n" * 400)
    report, rows = assembled(tmp_path, [long], **BOTH, repair_max_tokens=1500)
    assert [row["task"] for row in rows] == ["change"]
    assert report.dropped == {"too-many-tokens": 1}
    (row,) = read_rows(tmp_path / "out" / "dropped" / "too-many-tokens")
    assert row["task"] == "repair"


def test_code_in_a_repair_request_is_compared_with_benchmarks(tmp_path):
    words = " ".join(f"word{n}" for n in range(20))
    (tmp_path / "benchmark.jsonl").write_text(f'{{"prompt": "{words}", "chosen": "a", "rejected": "b"}}\n')
    pair = dataclasses.replace(pairs_of(1)[0], criteria=["FC"], rejected=f"# {words}\n")
    report, rows = assembled(tmp_path, [pair], **BOTH, decontaminate=[str(tmp_path / "benchmark.jsonl")])
    assert [row["task"] for row in rows] == ["change"]
    assert report.dropped == {"contaminated": 1}


def test_tests_of_a_change_are_in_each_of_its_rows(tmp_path):
    pairs = [dataclasses.replace(pairs_of(1)[0], criteria=["FC", "R&M"], tests=TESTS)]
    report, rows = assembled(tmp_path, pairs, **BOTH)
    assert [row["tests"] for row in rows] == [TESTS] * 4
    assert report.details["rows_with_tests"] == 4


def test_the_card_counts_tasks_and_warns_of_the_repair_form(tmp_path):
    assembled(tmp_path, pairs_of(10), **BOTH)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| repair |" in card
    assert "Report accuracies on them separately." in card


def test_an_unknown_task_is_rejected():
    with pytest.raises(SettingError, match="tasks"):
        AssembleSettings.build({"tasks": ["summarize"]})
