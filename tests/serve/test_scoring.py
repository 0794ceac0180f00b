"""Scoring for use: one call, files, streams; every input comes out as scores or as a counted reason."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError, SettingError
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import built_in, conversation
from themis_rm.serve.scoring import (
    BadRequest,
    Request,
    Scorer,
    ScoreSettings,
    errors_of,
    labels,
    read_code,
    read_lines,
    score_stream_to,
)

FIVE = [row.short for row in CRITERIA]


def lines(*rows):
    return [(row if isinstance(row, str) else json.dumps(row)).encode() + b"\n" for row in rows]


def request(number, **more):
    return {"id": f"r{number}", "prompt": "Sum it.", "response": f"return {number}" + " + 0" * number, **more}


def run(scorer, rows, out, resume=False, **settings):
    made = ScoreSettings(**settings)
    return score_stream_to(scorer, read_lines(rows, made), out, made, resume)


def written(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def tiny(tiny_checkpoint):
    return Scorer.load(tiny_checkpoint("qwen3"))


@pytest.fixture
def length():
    return Scorer.load("length")


def test_the_first_call_gives_the_five_criteria(tiny):
    found = tiny.score("Sum it.", "return a + b")
    assert list(found) == FIVE
    assert len(set(found.values())) == 5


def test_a_score_is_that_of_the_rendered_conversation(tiny, tiny_checkpoint):
    found = tiny.score("Sum it.", "return a + b", ["memory efficiency", "all", "none"])
    assert list(found) == ["ME", "FC", "EE", "R&M", "SH", "all", "none"]
    prompts, model = built_in(), load_model(tiny_checkpoint("qwen3"))
    for label, system in [("none", None), ("all", prompts.render(CRITERIA)), ("ME", prompts.render([CRITERIA[2]]))]:
        expected = model.score([conversation(system, "Sum it.", "return a + b")])[0].reward
        assert found[label] == pytest.approx(expected, abs=1e-5)


def test_an_answer_that_cannot_be_scored_is_an_error(tiny_checkpoint):
    scorer = Scorer.load(tiny_checkpoint("qwen3"), settings=ModelSettings(max_length=20))
    with pytest.raises(InputError, match="prompt-too-long"):
        scorer.score("word " * 50, "x", ["FC"])


def test_an_unknown_criterion_is_an_error(length):
    with pytest.raises(SettingError, match="Unknown criterion 'beauty'"):
        length.score("a", "b", ["beauty"])


def test_labels_repeat_nothing():
    assert labels(["SH", "all", "security hardness"]) == ("SH", "FC", "EE", "ME", "R&M", "all")


def test_each_criterion_gives_a_row(tiny, tmp_path):
    summary = run(tiny, lines(request(1), request(2)), tmp_path / "o.jsonl", criteria=("FC", "SH"))
    rows = written(tmp_path / "o.jsonl")
    assert [(row["id"], row["line"], row["criterion"]) for row in rows] == [
        ("r1", 1, "FC"),
        ("r1", 1, "SH"),
        ("r2", 2, "FC"),
        ("r2", 2, "SH"),
    ]
    assert (summary.read, summary.scored, summary.clean) == (2, 4, True)


def test_a_line_asks_by_itself_where_nothing_was_asked(tiny, tmp_path):
    given_system = {"messages": conversation("Judge.", "Sum it.", "return 1")}
    rows = lines(request(1, criterion="Security Hardness"), request(2), request(3, system="Judge."), given_system)
    run(tiny, rows, tmp_path / "o.jsonl")
    assert [(row["id"], row["criterion"]) for row in written(tmp_path / "o.jsonl")] == [
        ("r1", "SH"),
        ("r2", "none"),
        ("r3", "given"),
        ("4", "given"),
    ]


def test_chunks_do_not_change_scores(tiny, tmp_path):
    rows = lines(*(request(number) for number in range(9)))
    for chunk in (1, 4, 100):
        run(tiny, rows, tmp_path / f"{chunk}.jsonl", criteria=("all",), chunk=chunk)
    first = [row["score"] for row in written(tmp_path / "1.jsonl")]
    for chunk in (4, 100):
        assert [row["score"] for row in written(tmp_path / f"{chunk}.jsonl")] == pytest.approx(first, abs=1e-5)


def test_parquet_holds_the_same_rows(length, tmp_path):
    rows = lines(request(1), "{", request(2))
    run(length, rows, tmp_path / "o.jsonl")
    run(length, rows, tmp_path / "o.parquet")
    assert pq.read_table(tmp_path / "o.parquet").to_pylist() == written(tmp_path / "o.jsonl")
    assert written(errors_of(tmp_path / "o.parquet")) == written(errors_of(tmp_path / "o.jsonl"))


BAD = [
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


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_a_bad_line_is_counted_and_kept_with_its_number(length, tmp_path, line, reason):
    summary = run(length, lines(request(1), line, request(3)), tmp_path / "o.jsonl")
    assert (summary.read, summary.scored, summary.bad, summary.clean) == (3, 2, {reason: 1}, False)
    assert summary.first_bad[0].startswith("line 2: ")
    kept = written(errors_of(tmp_path / "o.jsonl"))
    assert [(row["line"], row["reason"], row["text"]) for row in kept] == [(2, reason, line)]


def test_bytes_that_are_no_text_are_counted(length, tmp_path):
    summary = run(length, [b'{"prompt": "\xff"}\n'], tmp_path / "o.jsonl")
    assert summary.bad == {"not-utf-8": 1}


def test_a_line_beyond_the_limit_is_counted(length, tmp_path):
    summary = run(length, lines(request(1), request(200)), tmp_path / "o.jsonl", max_bytes=200)
    assert (summary.scored, summary.bad) == (1, {"too-large": 1})


def test_a_failure_of_the_model_is_a_row(tiny_checkpoint, tmp_path):
    scorer = Scorer.load(tiny_checkpoint("qwen3"), settings=ModelSettings(max_length=60))
    rows = lines(request(1), {"prompt": "word " * 80, "response": "x"}, request(40))
    summary = run(scorer, rows, tmp_path / "o.jsonl")
    assert (summary.scored, summary.failed, summary.truncated) == (2, {"prompt-too-long": 1}, 1)
    found = written(tmp_path / "o.jsonl")
    assert [(row["failure"], row["truncated"]) for row in found] == [
        ("", False),
        ("prompt-too-long", False),
        ("", True),
    ]


@pytest.mark.parametrize("cut", [0, 1, 40, 200, 333, 600])
def test_a_cut_off_output_is_resumed_to_the_same_file(length, tmp_path, cut):
    rows = lines(request(1), "{", request(3), request(4), "7", request(6), "{")
    whole, out = tmp_path / "whole.jsonl", tmp_path / "o.jsonl"
    for path in (whole, out):
        run(length, rows, path, criteria=("FC", "SH"), chunk=2)
    out.write_bytes(out.read_bytes()[:cut])
    for _ in range(2):
        run(length, rows, out, resume=True, criteria=("FC", "SH"), chunk=2)
        assert out.read_bytes() == whole.read_bytes()
        assert errors_of(out).read_bytes() == errors_of(whole).read_bytes()


def test_a_resumed_run_does_only_what_is_left(length, tmp_path):
    rows = lines(*(request(number) for number in range(10)))
    run(length, rows, tmp_path / "o.jsonl", chunk=4)
    out = tmp_path / "o.jsonl"
    out.write_bytes(b"".join(out.read_bytes().splitlines(keepends=True)[:7]))
    summary = run(length, rows, out, resume=True, chunk=4)
    assert (summary.skipped, summary.read) == (4, 6)


def test_parquet_cannot_be_resumed(length, tmp_path):
    with pytest.raises(SettingError, match="cannot be resumed"):
        run(length, [], tmp_path / "o.parquet", resume=True)


def test_code_files_answer_a_request_that_names_them(tmp_path):
    good, empty, binary = tmp_path / "sort.go", tmp_path / "empty.py", tmp_path / "b.c"
    good.write_text("package sort\n", encoding="utf-8")
    empty.write_text("\n", encoding="utf-8")
    binary.write_bytes(b"\xff\xfe\x00")
    found = list(read_code([good, empty, binary, tmp_path / "absent.rb"], ScoreSettings(criteria=("ME",))))
    assert found[0] == Request(str(good), 1, conversation(None, "Write sort.go in Go.", "package sort\n"), ("ME",))
    assert [item.reason for item in found[1:] if isinstance(item, BadRequest)] == ["empty", "not-utf-8", "not-readable"]


def test_a_given_request_goes_with_every_file(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    found = list(read_code([tmp_path / "a.py"], ScoreSettings(prompt="Set x.")))
    assert found[0].messages[0] == {"role": "user", "content": "Set x."}


def test_a_stream_is_read_as_it_is_scored(length):
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield from lines(request(1))

    scored = length.score_requests(read_lines(endless(), ScoreSettings()), chunk=8)
    for _ in range(20):
        next(scored)
    assert read <= 3 * 8 + 1  # three chunks and the line that ends the third


@given(texts=st.lists(st.text(max_size=30), max_size=8))
def test_no_line_is_lost(texts):
    raw = [text.replace("\n", " ").encode("utf-8", "replace") + b"\n" for text in texts]
    found = list(read_lines(raw, ScoreSettings()))
    assert len(found) == sum(1 for line in raw if line.strip())


def test_the_default_request_names_what_it_knows():
    from themis_rm.serve.scoring import default_prompt

    assert default_prompt(Path("a/b.rb")) == "Write b.rb in Ruby."
    assert default_prompt(Path("Makefile")) == "Write Makefile."
