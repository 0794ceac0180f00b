"""The parts of the plugin are found by their entry points and pass the contract checks of themis_rm.testing."""

import json

import pytest

from themis_rm.benchmark.sources.source import SOURCES
from themis_rm.curation.filters import FILTERS
from themis_rm.evaluation.adversarial.registry import EDITS
from themis_rm.models.family import FAMILIES
from themis_rm.models.judges.interface import JUDGES
from themis_rm.models.remote.dialect import DIALECTS
from themis_rm.testing.edits import check_edit
from themis_rm.testing.filters import check_filter
from themis_rm.testing.losses import check_loss
from themis_rm.testing.sources import check_source
from themis_rm.training.losses import LOSSES


@pytest.mark.parametrize(
    ("registry", "name"),
    [
        (FAMILIES, "example-biased-head"),
        (SOURCES, "example_pairs"),
        (FILTERS, "long_line"),
        (EDITS, "blank-lines"),
        (LOSSES, "exponential"),
        (JUDGES, "score-tag"),
        (DIALECTS, "example-rewards"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_entry_point_is_found(registry, name):
    assert name in registry


def test_source(tmp_path):
    rows = [
        {
            "id": "1",
            "prompt": "Add two numbers.",
            "good": "def add(a, b):\n    return a + b\n",
            "bad": "def add(a, b):\n    return a - b\n",
        },
        {"id": "2", "prompt": "Negate a number.", "good": "def negate(a):\n    return -a\n", "bad": ""},
    ]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert len(check_source(SOURCES.get("example_pairs"), tmp_path)) == 2


def test_filter():
    short, long = "x = 1\n", "x = " + "1 + " * 400 + "1\n"
    pairs = [{"chosen": short, "rejected": short}, {"chosen": short, "rejected": long}]
    check_filter(FILTERS.get("long_line"), {"commit-pairs": pairs})


def test_edit():
    check_edit(EDITS.get("blank-lines"), {"Python": "a = 1\n\nb = 2\n", "Go": "package a\n\nvar b = 1\n"})


def test_loss():
    check_loss(LOSSES.get("exponential"))


@pytest.mark.parametrize(
    ("text", "score"), [("Fine. <score>4</score>", 4.0), ("<score>1</score> <score> 5 </score>", 5.0)]
)
def test_the_judge_reads_the_last_tag(text, score):
    assert JUDGES.get("score-tag").parse(text).value == score


def test_the_judge_reports_a_missing_score():
    assert JUDGES.get("score-tag").parse("I like it: 9/10").value is None
