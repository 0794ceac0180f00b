"""The contract of benchmark sources, run on every registered source; on its records where its files are available."""

import dataclasses

import pytest

from themis_rm.benchmark.sources.source import SOURCES, BenchmarkSource, SourcePair, UnusableRecord
from themis_rm.execute.check import Check
from themis_rm.testing.sources import (
    check_keys,
    check_metadata,
    check_missing_files,
    check_records,
    check_source,
    read_records,
)

ALL = list(SOURCES)
WITHOUT_PAIRS = {"coffe"}
"""Sources without a usable pair; they are registered so that a compilation reports why."""

NEED_CLONES = {"secbench"}
"""Sources that list commits; their code is read from clones, which the reference data lacks."""

each_source = pytest.mark.parametrize("source", ALL, ids=lambda source: source.name)
each_source_with_records = pytest.mark.parametrize(
    ("records", "source"), [(s, s) for s in ALL], ids=lambda s: s.name, indirect=["records"]
)


@pytest.fixture(scope="module")
def records(request, shared):
    directory = request.param.directory_in(shared / "sources")
    if not directory.is_dir():
        pytest.skip("not in the reference data; the source's own tests read hand-written files")
    return read_records(request.param, directory)


@each_source
def test_metadata_is_complete(source):
    check_metadata(source)
    assert bool(source.criteria) == (source.name not in WITHOUT_PAIRS)


@each_source
def test_an_empty_directory_yields_no_pair(source):
    check_missing_files(source)


@each_source_with_records
def test_records_agree_with_the_metadata(records, source):
    check_records(source, records)
    assert any(isinstance(item, SourcePair) for item in records) or source.name in NEED_CLONES | WITHOUT_PAIRS


@each_source_with_records
def test_no_two_pairs_share_a_key(records, source):
    check_keys(records)


@each_source_with_records
def test_reading_twice_yields_the_same_records(records, source, shared):
    assert read_records(source, source.directory_in(shared / "sources")) == records


PAIR = SourcePair(key="1", criterion="FC", language="Python", chosen="a = 1\n", rejected="a = 2\n")


def made_up(*records, **metadata):
    valid = {
        "name": "made_up",
        "title": "Made up",
        "subset": "MADE_UP",
        "license": "MIT",
        "criteria": ("FC",),
        "languages": ("Python",),
        "prompts": "upstream",
        "responses": "people",
        "tests": False,
        "citation": "Somebody (2026). A source that a test made up.",
        "upstream": "github:someone/made-up",
        "revision": "",
        "files": ("pairs.jsonl",),
    }
    return BenchmarkSource(**{**valid, **metadata}, read=lambda _: iter(records))


def test_check_source_returns_the_records_of_a_valid_source(tmp_path):
    def read(directory):
        yield from [PAIR] if (directory / "pairs.jsonl").is_file() else []

    (tmp_path / "pairs.jsonl").touch()
    assert check_source(dataclasses.replace(made_up(), read=read), tmp_path) == [PAIR]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"name": "Made Up"}, "name"),
        ({"revision": "main"}, "revision"),
        ({"license": ""}, "license"),
        ({"criteria": ("XX",)}, "criteria"),
        ({"languages": ("Elvish",)}, "languages"),
        ({"languages": ()}, "criteria and languages"),
    ],
)
def test_invalid_metadata_is_reported(metadata, message):
    with pytest.raises(AssertionError, match=message):
        check_metadata(made_up(**metadata))


def test_pairs_without_files_are_reported():
    with pytest.raises(AssertionError, match="no files"):
        check_missing_files(made_up(PAIR))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (dataclasses.replace(PAIR, criterion="SH"), "criterion SH"),
        (dataclasses.replace(PAIR, language="Go"), "language Go"),
        (dataclasses.replace(PAIR, check=Check(id="", language="Python")), "no tests"),
        (UnusableRecord("1", "No tests"), "slug"),
    ],
)
def test_a_record_that_contradicts_the_metadata_is_reported(record, message):
    with pytest.raises(AssertionError, match=message):
        check_records(made_up(), [record])


@pytest.mark.parametrize("records", [[PAIR, PAIR], [UnusableRecord("", "no-tests")]], ids=["repeated", "empty"])
def test_a_bad_key_is_reported(records):
    with pytest.raises(AssertionError, match="key"):
        check_keys(records)
