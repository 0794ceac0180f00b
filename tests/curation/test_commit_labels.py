"""The commits that were labeled by reading them."""

import csv
from pathlib import Path

import pytest

from themis_rm.criteria import CRITERIA
from themis_rm.languages import is_language

FILE = Path(__file__).parents[2] / "data" / "commit_labels.csv"


@pytest.fixture(scope="module")
def rows():
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_are_complete_and_known(rows):
    shorts = {row.short for row in CRITERIA}
    for row in rows:
        assert len(row["commit"]) == 40
        assert set(row["criteria"].split()) <= shorts
        assert is_language(row["language"])
        assert row["repository"].count("/") == 1
        assert row["reader"]


def test_a_reader_labels_a_commit_once(rows):
    assert len({(row["commit"], row["file_path"], row["reader"]) for row in rows}) == len(rows)


def test_the_fourth_set_has_two_readers_and_weights(rows):
    readers = [row["reader"] for row in rows if row["set"] == "fourth"]
    assert readers.count("reader-2") == readers.count("reader-3") >= 400
    assert all((float(row["weight"]) >= 1) == (row["set"] == "fourth") for row in rows if row["weight"])


def test_every_criterion_is_labeled(rows):
    main = [row["criteria"].split()[0] for row in rows if row["criteria"]]
    assert min(main.count(row.short) for row in CRITERIA) >= 10
