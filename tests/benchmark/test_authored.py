"""The authored benchmark: complete, balanced in length, and right where it can be run."""

import subprocess
import sys
from collections import Counter

import pytest

from themis_rm.benchmark.authored import load, pairs
from themis_rm.criteria import CRITERIA, criterion
from themis_rm.languages import LANGUAGES, language
from themis_rm.languages.syntax import code_tokens, has_errors, parse

ALL = list(pairs())
PYTHON_CHECKS = [p for p in ALL if p.row.language == "Python" and p.row.aspect == "Functional_Correctness"]
LEAKS = ("fixed", "buggy", "bug:", "vulnerab", "insecure", "optimi", "inefficien", "naive", "unsafe", "slow", "leaky")


def by_id(pair):
    return pair.row.id


def test_every_cell_holds_six_pairs():
    cells = Counter((p.row.aspect, p.row.language) for p in ALL)
    wanted = {(c.benchmark_aspect, row.benchmark_name) for c in CRITERIA for row in LANGUAGES}
    assert set(cells) == wanted
    assert min(cells.values()) >= 6


def test_ids_are_unique():
    assert len({p.row.id for p in ALL}) == len(ALL) == len(load())


def test_the_longer_answer_is_the_better_one_about_half_the_time():
    longer = sum(
        (len(p.row.chosen) > len(p.row.rejected)) + (len(p.row.chosen) == len(p.row.rejected)) / 2 for p in ALL
    )
    assert 0.4 <= longer / len(ALL) <= 0.6


@pytest.mark.parametrize("spoken", [row.benchmark_name for row in LANGUAGES])
@pytest.mark.parametrize("short", [c.short for c in CRITERIA])
def test_no_cell_is_told_by_length(short, spoken):
    aspect = criterion(short).benchmark_aspect
    rows = [p.row for p in ALL if p.row.aspect == aspect and p.row.language == spoken]
    assert sum(len(r.chosen) > len(r.rejected) for r in rows) == len(rows) / 2


@pytest.mark.parametrize("side", ["chosen", "rejected"])
@pytest.mark.parametrize("pair", ALL, ids=by_id)
def test_an_answer_is_of_a_realistic_size_and_parses(pair, side):
    code = getattr(pair.row, side)
    name = language(pair.row.language).name
    assert 15 <= len(code.splitlines()) <= 60
    assert not has_errors(parse(code, name))


@pytest.mark.parametrize("pair", ALL, ids=by_id)
def test_the_two_answers_differ_in_code(pair):
    name = language(pair.row.language).name
    assert code_tokens(pair.row.chosen, name) != code_tokens(pair.row.rejected, name)


@pytest.mark.parametrize("pair", ALL, ids=by_id)
def test_no_word_gives_the_label_away(pair):
    # A word that both answers hold is their subject ("slow queries"), not a hint.
    chosen, rejected = (side.casefold().replace("std::fixed", "") for side in (pair.row.chosen, pair.row.rejected))
    assert not [word for word in LEAKS if (word in chosen) != (word in rejected)]


@pytest.mark.parametrize("pair", ALL, ids=by_id)
def test_the_prompt_is_a_request_and_there_is_a_note(pair):
    assert len(pair.row.prompt.split()) >= 8
    assert pair.note


def run_check(pair, side, folder):
    (folder / "solution.py").write_text(getattr(pair.row, side), encoding="utf-8")
    (folder / "check.py").write_text(pair.check().read_text(encoding="utf-8"), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "check.py"], cwd=folder, capture_output=True, timeout=30, check=False
    ).returncode


@pytest.mark.parametrize("pair", PYTHON_CHECKS, ids=by_id)
def test_the_chosen_python_answer_passes_its_check(pair, tmp_path):
    assert run_check(pair, "chosen", tmp_path) == 0


@pytest.mark.parametrize("pair", PYTHON_CHECKS, ids=by_id)
def test_the_rejected_python_answer_fails_its_check(pair, tmp_path):
    assert run_check(pair, "rejected", tmp_path) != 0
