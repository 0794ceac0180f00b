"""Decontamination: pairs that share text with a benchmark are dropped and counted."""

import dataclasses
import json
from pathlib import Path

import pytest
from tests.dataset.test_assemble import ONE, pairs_of, write

from themis_rm.dataset.assemble import assemble
from themis_rm.dataset.decontamination import (
    COMMON,
    COPIED,
    REASON,
    ContaminationFilter,
    read_benchmarks,
    requests_of,
    responses_of,
)
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.errors import InputError
from themis_rm.storage.digests import file_sha256
from themis_rm.storage.parquet import read_rows

WORDS = [f"w{n}" for n in range(40)]
PROMPT = " ".join(WORDS)


def benchmark(file: Path, *prompts: str) -> str:
    rows = [{"prompt": prompt, "chosen": "good", "rejected": "bad"} for prompt in prompts]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


def is_kept(benchmarks, instruction: str) -> bool:
    return ContaminationFilter(benchmarks, None, Path(), None).check({"instruction": instruction}) is True


@pytest.mark.parametrize(
    ("request_text", "kept"),
    [
        (PROMPT, False),
        ("Please: " + " ".join(WORDS[5:18]).upper() + "!", False),
        (" ".join(WORDS[5:17]), True),
        (" ".join(reversed(WORDS)), True),
        ("Add two, numbers", False),
        ("Add two numbers of the list", True),
        ("", True),
    ],
)
def test_thirteen_words_in_a_row_or_an_equal_short_prompt(tmp_path, request_text, kept):
    read = read_benchmarks([benchmark(tmp_path / "b.jsonl", PROMPT, "add two numbers")])
    assert is_kept(read, request_text) is kept


def test_phrases_of_many_prompts_do_not_count(tmp_path):
    prompts = [f"{PROMPT} x{n} " + " ".join(f"own{n}w{k}" for k in range(14)) for n in range(COMMON + 1)]
    read = read_benchmarks([benchmark(tmp_path / "b.jsonl", *prompts)])
    assert is_kept(read, PROMPT)
    assert not is_kept(read, " ".join(f"own3w{k}" for k in range(14)))


def test_all_turns_of_the_user_are_compared():
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    assert requests_of({"messages": messages, "instruction": "c"}) == ["a", "b"]
    assert requests_of({"messages": None, "instruction": "c"}) == ["c"]
    assert requests_of({"instruction": None}) == []


def test_the_authored_benchmark_is_the_default():
    assert AssembleSettings().decontaminate == ["authored"]
    read = read_benchmarks(["authored"])
    assert read[0].prompts > 100
    assert not is_kept(read, next(read_rows(read[0].files[0]))["prompt"])


def test_dropped_pairs_are_counted_written_and_on_the_card(tmp_path):
    rows = pairs_of(60)
    rows[7] = dataclasses.replace(rows[7], instruction=f"{PROMPT} and more")
    name = benchmark(tmp_path / "bench.jsonl", PROMPT)
    settings = AssembleSettings(decontaminate=[name], time_cutoff=None)
    report = assemble(write(tmp_path / "pairs", rows), tmp_path / "out", settings, ONE)
    assert report.dropped[REASON] == 1
    assert report.kept + sum(report.dropped.values()) == (
        report.details["rows_expanded"] + report.details["pairs_without_rows"]
    )
    facts = report.details["decontamination"][0]
    digest = file_sha256(name)
    assert facts | {"ngrams": 0} == {
        "benchmark": name,
        "files": [{"file": "bench.jsonl", "sha256": digest}],
        "prompts": 1,
        "responses": 2,
        "ngrams": 0,
        "pairs_dropped": 1,
        "copies_dropped": 0,
    }
    assert [row["id"] for row in read_rows(tmp_path / "out" / "dropped" / REASON)] == [rows[7].id]
    card = (tmp_path / "out" / "README.md").read_text()
    assert digest in card
    assert f"| {REASON} | 1 |" in card
    assert all(row["input"] != rows[7].instruction for row in read_rows(tmp_path / "out" / "data"))


def test_the_card_shows_that_repositories_and_dates_are_disjoint(tmp_path):
    report = assemble(write(tmp_path / "pairs", pairs_of(400)), tmp_path / "out", AssembleSettings(), ONE)
    assert report.details["repositories_in_several_splits"] == 0
    times = report.details["times"]
    assert times["train"][1] < report.details["time_cutoff"] <= min(times["validation"][0], times["test"][0])
    assert "counted over the rows: 0." in (tmp_path / "out" / "README.md").read_text()


def test_a_benchmark_that_cannot_be_read_is_named_before_anything_is_written(tmp_path):
    folder = write(tmp_path / "pairs", pairs_of(5))
    with pytest.raises(InputError, match=r"missing\.jsonl"):
        assemble(folder, tmp_path / "out", AssembleSettings(decontaminate=[str(tmp_path / "missing.jsonl")]), ONE)
    assert not (tmp_path / "out").exists()


def test_another_benchmark_under_the_same_name_runs_again(tmp_path):
    rows = pairs_of(60)
    rows[7] = dataclasses.replace(rows[7], instruction=PROMPT)
    folder, file = write(tmp_path / "pairs", rows), tmp_path / "b.jsonl"
    settings = AssembleSettings(decontaminate=[benchmark(file, "another prompt")], time_cutoff=None)
    assert REASON not in assemble(folder, tmp_path / "out", settings, ONE).dropped
    benchmark(file, PROMPT)
    assert assemble(folder, tmp_path / "out", settings, ONE).dropped[REASON] == 1


def test_no_benchmark_drops_nothing(tmp_path):
    report = assemble(
        write(tmp_path / "pairs", pairs_of(30)), tmp_path / "out", AssembleSettings(decontaminate=[]), ONE
    )
    assert report.details["decontamination"] == []
    assert "compared with no benchmark" in (tmp_path / "out" / "README.md").read_text()


CODE = "def order(values):\n" + "".join(f"    part{n} = values[{n}] + offset{n}\n" for n in range(12))


def code_benchmark(file: Path) -> str:
    row = {"prompt": "Write a sort", "chosen": CODE, "rejected": CODE.replace("+", "-")}
    file.write_text(json.dumps(row) + "\n")
    return str(file)


@pytest.mark.parametrize("column", ["chosen", "rejected", "instruction"])
def test_a_pair_with_a_response_of_a_benchmark_is_dropped_under_its_reason(tmp_path, column):
    rows = pairs_of(60)
    text = f"import os\n\n{CODE}\nprint(os)\n"
    rows[7] = dataclasses.replace(rows[7], **{column: text})
    name = code_benchmark(tmp_path / "bench.jsonl")
    settings = AssembleSettings(decontaminate=[name], time_cutoff=None)
    report = assemble(write(tmp_path / "pairs", rows), tmp_path / "out", settings, ONE)
    assert report.dropped[COPIED] == report.details["decontamination"][0]["copies_dropped"] == 1
    assert [row["id"] for row in read_rows(tmp_path / "out" / "dropped" / COPIED)] == [rows[7].id]
    assert f"| {COPIED} | 1 |" in (tmp_path / "out" / "README.md").read_text()


def test_code_in_a_prompt_of_a_benchmark_is_found_in_responses(tmp_path):
    file = tmp_path / "bench.jsonl"
    file.write_text(json.dumps({"prompt": f"Repair this:\n{CODE}", "chosen": "good", "rejected": "bad"}) + "\n")
    rows = pairs_of(60)
    rows[7] = dataclasses.replace(rows[7], chosen=CODE)
    settings = AssembleSettings(decontaminate=[str(file)], time_cutoff=None)
    assert assemble(write(tmp_path / "pairs", rows), tmp_path / "out", settings, ONE).dropped[COPIED] == 1


def test_responses_are_not_compared_without_an_overlap(tmp_path):
    rows = pairs_of(60)
    rows[7] = dataclasses.replace(rows[7], chosen=CODE)
    name = code_benchmark(tmp_path / "bench.jsonl")
    settings = AssembleSettings(decontaminate=[name], response_overlap=None, time_cutoff=None)
    report = assemble(write(tmp_path / "pairs", rows), tmp_path / "out", settings, ONE)
    assert COPIED not in report.dropped
    assert "Responses were not compared" in (tmp_path / "out" / "README.md").read_text()


def test_all_turns_of_the_assistant_are_compared():
    turns = [{"role": role, "content": text} for role, text in (("assistant", "a"), ("tool", "t"), ("assistant", "b"))]
    assert responses_of({"chosen_messages": turns, "chosen": "b", "rejected": "c"}) == ["a", "b", "c"]
    assert responses_of({"chosen": None, "rejected": "c"}) == ["c"]
