"""The authored benchmark: complete, balanced in length, equal to its source files, and correct where it can be run."""

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from themis_rm.benchmark.authored import AuthoredPair, load_authored_checks, load_authored_pairs
from themis_rm.criteria import CRITERIA, criterion
from themis_rm.execute.check import DISTINGUISHES
from themis_rm.execute.runner import validate_check
from themis_rm.languages import benchmark_languages, get_language
from themis_rm.languages.syntax import code_tokens, has_errors, parse
from themis_rm.storage.parquet import write_rows

ALL = load_authored_pairs()
CHECKS = load_authored_checks()
PYTHON_CHECKS = [pair for pair in ALL if pair.language == "Python" and pair.aspect == "Functional_Correctness"]
LEAKS = ("fixed", "buggy", "bug:", "vulnerab", "insecure", "optimi", "inefficien", "naive", "unsafe", "slow", "leaky")
BUILD = Path(__file__).resolve().parents[2] / "data" / "build_authored.py"


def by_id(item):
    return item.id


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build_authored", BUILD)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_parquet_file_equals_the_source_directories(build):
    assert list(build.read_directories()) == ALL, "data/authored has changed: run 'make authored' and commit the result"


def test_building_twice_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_rows(tmp_path / name, ALL, AuthoredPair.schema())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_cell_holds_six_pairs():
    cells = Counter((pair.aspect, pair.language) for pair in ALL)
    expected = {(c.benchmark_aspect, row.benchmark_name) for c in CRITERIA for row in benchmark_languages()}
    assert set(cells) == expected
    assert min(cells.values()) >= 6


def test_ids_are_unique():
    assert len({pair.id for pair in ALL}) == len(ALL)


def test_the_chosen_response_is_the_longer_one_in_about_half_of_the_pairs():
    longer = sum((len(pair.chosen) > len(pair.rejected)) + (len(pair.chosen) == len(pair.rejected)) / 2 for pair in ALL)
    assert 0.4 <= longer / len(ALL) <= 0.6


@pytest.mark.parametrize("lang", [row.benchmark_name for row in benchmark_languages()])
@pytest.mark.parametrize("short", [c.short for c in CRITERIA])
def test_each_cell_is_balanced_in_length(short, lang):
    aspect = criterion(short).benchmark_aspect
    pairs = [pair for pair in ALL if pair.aspect == aspect and pair.language == lang]
    assert sum(len(pair.chosen) > len(pair.rejected) for pair in pairs) == len(pairs) / 2


@pytest.mark.parametrize("side", ["chosen", "rejected"])
@pytest.mark.parametrize("pair", ALL, ids=by_id)
def test_a_response_has_a_realistic_size_and_parses(pair, side):
    code = getattr(pair, side)
    name = get_language(pair.language).name
    assert 15 <= len(code.splitlines()) <= 60
    assert not has_errors(parse(code, name))


@pytest.mark.parametrize("pair", ALL, ids=by_id)
def test_the_two_responses_differ_in_code(pair):
    name = get_language(pair.language).name
    assert code_tokens(pair.chosen, name) != code_tokens(pair.rejected, name)


@pytest.mark.parametrize("pair", ALL, ids=by_id)
def test_no_word_reveals_the_label(pair):
    # A word in both responses is their subject ("slow queries"), not a hint.
    chosen, rejected = (side.casefold().replace("std::fixed", "") for side in (pair.chosen, pair.rejected))
    assert not [word for word in LEAKS if (word in chosen) != (word in rejected)]


@pytest.mark.parametrize("pair", ALL, ids=by_id)
def test_the_prompt_is_a_request_and_there_is_a_note(pair):
    assert len(pair.prompt.split()) >= 8
    assert pair.note


def test_every_pair_with_a_check_program_has_a_check():
    assert [check.id for check in CHECKS] == [pair.id for pair in ALL if pair.check_program]


@pytest.mark.parametrize("check", CHECKS, ids=by_id)
def test_a_check_is_well_formed_and_expects_a_difference(check):
    validate_check(check)
    assert check.expects == DISTINGUISHES


@pytest.mark.parametrize("check", [c for c in CHECKS if c.language in {"C", "Cpp"}], ids=by_id)
def test_a_check_program_includes_the_response_by_its_file_name(check):
    assert f'"{check.file}"' in check.contents[0]


def run_check(pair, side, directory):
    (directory / "solution.py").write_text(getattr(pair, side), encoding="utf-8")
    (directory / "check.py").write_text(pair.check_program, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "check.py"], cwd=directory, capture_output=True, timeout=30, check=False
    ).returncode


@pytest.mark.parametrize("pair", PYTHON_CHECKS, ids=by_id)
def test_the_chosen_python_response_passes_its_check(pair, tmp_path):
    assert run_check(pair, "chosen", tmp_path) == 0


@pytest.mark.parametrize("pair", PYTHON_CHECKS, ids=by_id)
def test_the_rejected_python_response_fails_its_check(pair, tmp_path):
    assert run_check(pair, "rejected", tmp_path) != 0
