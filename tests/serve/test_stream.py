"""Scoring of streams into files: every input is scored or counted, and interrupted runs resume."""

import json

import pyarrow.parquet as pq
import pytest

from themis_rm.errors import InputError, SettingError
from themis_rm.messages import conversation
from themis_rm.models.settings import ModelSettings
from themis_rm.serve.requests import ScoreSettings, read_jsonl_requests
from themis_rm.serve.scorer import Scorer
from themis_rm.serve.stream import ScoredResponse, ScoreSummary, errors_path, score_to_file


def run(scorer, rows, out, resume=False, **values):
    settings = ScoreSettings(**values)
    return score_to_file(scorer, read_jsonl_requests(rows, settings), out, settings, resume)


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_criterion_has_an_output_row(tiny, tmp_path, jsonl, request_row):
    summary = run(tiny, jsonl(request_row(1), request_row(2)), tmp_path / "o.jsonl", criteria=("FC", "SH"))
    assert [(row["id"], row["line"], row["criterion"]) for row in rows_of(tmp_path / "o.jsonl")] == [
        ("r1", 1, "FC"),
        ("r1", 1, "SH"),
        ("r2", 2, "FC"),
        ("r2", 2, "SH"),
    ]
    assert (summary.read, summary.scored, summary.complete) == (2, 4, True)


def test_without_criteria_each_line_names_its_own(tiny, tmp_path, jsonl, request_row):
    with_system = {"messages": conversation("Judge.", "Sum it.", "return 1")}
    rows = [request_row(1, criterion="Security Hardness"), request_row(2), request_row(3, system="Judge."), with_system]
    run(tiny, jsonl(*rows), tmp_path / "o.jsonl")
    assert [(row["id"], row["criterion"]) for row in rows_of(tmp_path / "o.jsonl")] == [
        ("r1", "SH"),
        ("r2", "none"),
        ("r3", "given"),
        ("4", "given"),
    ]


def test_scores_do_not_depend_on_the_chunk_size(tiny, tmp_path, jsonl, request_row):
    rows = jsonl(*(request_row(number) for number in range(9)))
    for size in (1, 4, 100):
        run(tiny, rows, tmp_path / f"{size}.jsonl", criteria=("all",), chunk_size=size)
    expected = [row["score"] for row in rows_of(tmp_path / "1.jsonl")]
    for size in (4, 100):
        assert [row["score"] for row in rows_of(tmp_path / f"{size}.jsonl")] == pytest.approx(expected, abs=1e-5)


def test_parquet_and_jsonl_have_the_same_rows(length, tmp_path, jsonl, request_row):
    rows = jsonl(request_row(1), "{", request_row(2))
    run(length, rows, tmp_path / "o.jsonl")
    run(length, rows, tmp_path / "o.parquet")
    assert pq.read_table(tmp_path / "o.parquet").to_pylist() == rows_of(tmp_path / "o.jsonl")
    assert rows_of(errors_path(tmp_path / "o.parquet")) == rows_of(errors_path(tmp_path / "o.jsonl"))


INVALID = [
    ("{", "not-json"),
    ("[1, 2]", "not-a-request"),
    ('{"prompt": "a"}', "not-a-request"),
    ('{"prompt": "a", "response": 3}', "not-a-request"),
    ('{"messages": []}', "not-a-request"),
    ('{"messages": [{"role": "user", "content": "a"}]}', "not-a-request"),
    ('{"messages": [{"role": "robot", "content": "a"}]}', "not-a-request"),
    ('{"prompt": "a", "response": "b", "criterion": "beauty"}', "not-a-request"),
    ('{"prompt": "a", "response": "b", "system": 3}', "not-a-request"),
    ('{"prompt": "a", "response": "\\ud800"}', "not-a-request"),
    ('{"prompt": "a", "response": "b", "id": "\\ud800"}', "not-a-request"),
]


@pytest.mark.parametrize(("line", "reason"), INVALID)
def test_an_invalid_line_is_counted_and_kept_with_its_number(length, tmp_path, jsonl, request_row, line, reason):
    summary = run(length, jsonl(request_row(1), line, request_row(3)), tmp_path / "o.jsonl")
    assert (summary.read, summary.scored, summary.invalid, summary.complete) == (3, 2, {reason: 1}, False)
    assert summary.examples[0].startswith("line 2: ")
    kept = rows_of(errors_path(tmp_path / "o.jsonl"))
    assert [(row["line"], row["reason"], row["text"]) for row in kept] == [(2, reason, line)]


def test_bytes_that_are_not_utf_8_are_counted(length, tmp_path):
    assert run(length, [b'{"prompt": "\xff"}\n'], tmp_path / "o.jsonl").invalid == {"not-utf-8": 1}


def test_a_line_beyond_the_limit_is_counted(length, tmp_path, jsonl, request_row):
    summary = run(length, jsonl(request_row(1), request_row(200)), tmp_path / "o.jsonl", max_bytes=200)
    assert (summary.scored, summary.invalid) == (1, {"too-large": 1})


def test_a_failure_of_the_model_is_an_output_row(tiny_checkpoint, tmp_path, jsonl, request_row):
    scorer = Scorer.load(tiny_checkpoint("qwen3"), settings=ModelSettings(max_length=60))
    rows = jsonl(request_row(1), {"prompt": "word " * 80, "response": "x"}, request_row(40))
    summary = run(scorer, rows, tmp_path / "o.jsonl")
    assert (summary.scored, summary.failed, summary.truncated) == (2, {"prompt-too-long": 1}, 1)
    assert [(row["failure"], row["truncated"]) for row in rows_of(tmp_path / "o.jsonl")] == [
        ("", False),
        ("prompt-too-long", False),
        ("", True),
    ]


@pytest.mark.parametrize("cut", [0, 1, 40, 200, 333, 600])
def test_a_truncated_output_resumes_to_the_same_file(length, tmp_path, jsonl, request_row, cut):
    rows = jsonl(request_row(1), "{", request_row(3), request_row(4), "7", request_row(6), "{")
    complete, out = tmp_path / "complete.jsonl", tmp_path / "o.jsonl"
    for path in (complete, out):
        run(length, rows, path, criteria=("FC", "SH"), chunk_size=2)
    out.write_bytes(out.read_bytes()[:cut])
    for _ in range(2):
        run(length, rows, out, resume=True, criteria=("FC", "SH"), chunk_size=2)
        assert out.read_bytes() == complete.read_bytes()
        assert errors_path(out).read_bytes() == errors_path(complete).read_bytes()


def test_a_resumed_run_reads_only_the_remaining_lines(length, tmp_path, jsonl, request_row):
    rows = jsonl(*(request_row(number) for number in range(10)))
    out = tmp_path / "o.jsonl"
    run(length, rows, out, chunk_size=4)
    out.write_bytes(b"".join(out.read_bytes().splitlines(keepends=True)[:7]))
    summary = run(length, rows, out, resume=True, chunk_size=4)
    assert (summary.skipped, summary.read) == (4, 6)


def test_parquet_cannot_be_resumed(length, tmp_path):
    with pytest.raises(SettingError, match="cannot be resumed"):
        run(length, [], tmp_path / "o.parquet", resume=True)


@pytest.mark.parametrize(
    "text",
    [
        "not ours\n",
        "[1]\n",
        '{"line": 1}\n',
        "[" * 100_000 + "\n",
        '{"line": "1", "reason": "", "detail": "", "text": ""}\n',
        '{"line": true, "reason": "", "detail": "", "text": ""}\n',
        '{"line": 0, "reason": "", "detail": "", "text": ""}\n',
        '{"line": 2, "reason": "", "detail": "", "text": ""}\n{"line": 1, "reason": "", "detail": "", "text": ""}\n',
        "\n\n",
        "\xff\n",
    ],
    ids=["text", "list", "columns", "deep", "number", "bool", "zero", "order", "blank", "latin"],
)
@pytest.mark.parametrize("name", ["o.jsonl", "o.jsonl.errors.jsonl"])
def test_a_file_of_something_else_is_not_resumed_and_stays(name, text, length, tmp_path, jsonl, request_row):
    (tmp_path / name).write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"not written by an earlier run of this command \(line [12]\)"):
        run(length, jsonl(request_row(1)), tmp_path / "o.jsonl", resume=True)
    assert (tmp_path / name).read_text(encoding="latin-1") == text


def test_a_deeply_nested_line_is_one_invalid_request(length, tmp_path, jsonl, request_row):
    summary = run(length, jsonl(request_row(1), "[" * 100_000, request_row(2)), tmp_path / "o.jsonl")
    assert (summary.scored, dict(summary.invalid)) == (2, {"not-json": 1})


def test_texts_with_lone_surrogates_are_written(length, tmp_path):
    row = json.dumps({"id": "a\udcff", "prompt": "p", "response": "r"}).encode()
    run(length, [row], tmp_path / "o.jsonl")
    assert "udcff" in (tmp_path / "o.jsonl.errors.jsonl").read_text(encoding="utf-8")


def test_the_summary_keeps_what_was_said_about_the_first_failed_row():
    summary = ScoreSummary()
    for note in ("", "alternate the roles", "another"):
        row = {"id": "a", "line": 1, "criterion": "none", "score": None, "tokens": 0, "truncated": False}
        summary.count(ScoredResponse(**row, failure="endpoint-error", note=note))
    assert summary.failed == {"endpoint-error": 3}
    assert summary.details == {"endpoint-error": "alternate the roles"}


def test_resume_with_another_model_is_refused(tiny, length, tmp_path, jsonl, request_row):
    out = tmp_path / "o.jsonl"
    run(tiny, jsonl(request_row(1)), out)
    before = out.read_bytes()
    with pytest.raises(InputError, match="written with another model"):
        run(length, jsonl(request_row(1), request_row(2)), out, resume=True)
    assert out.read_bytes() == before
    run(length, jsonl(request_row(1)), out)  # without resume, the file is replaced
    run(length, jsonl(request_row(1), request_row(2)), out, resume=True)
    assert len(rows_of(out)) == 2


@pytest.mark.parametrize("changed", [{"criteria": ("SH",)}, {"chunk_size": 3}, {"prompt": "Sort."}])
def test_resume_with_other_settings_is_refused(length, tmp_path, jsonl, request_row, changed):
    out = tmp_path / "o.jsonl"
    run(length, jsonl(request_row(1)), out)
    with pytest.raises(InputError, match=next(iter(changed)).replace("_", " ")):
        run(length, jsonl(request_row(1)), out, resume=True, **changed)
