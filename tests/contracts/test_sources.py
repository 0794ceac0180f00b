"""Every public source keeps the same promises; those whose files are there, on their files."""

import re
from contextlib import suppress
from itertools import islice

import pytest

from themis_rm.benchmark.sources.source import SOURCES, SourcePair
from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError
from themis_rm.execute.check import BOTH_PASS, DISTINGUISHES
from themis_rm.languages import benchmark_languages

ALL = list(SOURCES)
SHORTS = {row.short for row in CRITERIA}
GIVE_NONE = {"coffe"}
"""Sources that were looked at and hold no usable pair; they stay, so that a compilation says why."""

NEED_CLONES = {"secbench"}
"""Sources that name commits; their code is read from clones that are not there."""

SPOKEN = {row.benchmark_name for row in benchmark_languages()}


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.name)
def test_its_metadata_is_whole(source):
    assert re.fullmatch(r"[a-z0-9_]+", source.name)
    assert re.fullmatch(r"[A-Z0-9_]+", source.subset)
    assert re.match(r"(github|hf|url):\S+", source.upstream)
    assert re.fullmatch(r"[0-9a-f]{7,40}|", source.revision)
    assert set(source.criteria) <= SHORTS
    assert set(source.languages) <= SPOKEN
    assert bool(source.criteria) == bool(source.languages) == (source.name not in GIVE_NONE)
    assert all((source.title, source.license, source.responses, source.files))
    assert len(source.citation) > 20


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.name)
def test_an_empty_folder_gives_no_pair_or_a_clear_line(source, tmp_path):
    found = []
    with suppress(InputError):
        found += source.read(tmp_path)
    assert not [item for item in found if isinstance(item, SourcePair)]


@pytest.fixture
def records(request, shared):
    folder = request.param.directory_in(shared / "sources")
    if not folder.is_dir():
        pytest.skip("lives on a hub; its own tests read hand-written files of its form")
    return list(islice(request.param.read(folder), 400))


@pytest.mark.parametrize(("records", "source"), [(s, s) for s in ALL], ids=lambda s: s.name, indirect=["records"])
def test_its_records_are_what_its_metadata_says(records, source):
    pairs = [item for item in records if isinstance(item, SourcePair)]
    assert pairs or source.name in NEED_CLONES | GIVE_NONE
    for pair in pairs:
        assert pair.criterion in source.criteria
        assert pair.language in source.languages
        assert pair.check is None or source.tests
        assert pair.check is None or pair.check.expects in {DISTINGUISHES, BOTH_PASS}
    for item in records:
        assert isinstance(item, SourcePair) or re.fullmatch(r"[a-z0-9-]+", item.reason)


@pytest.mark.parametrize(("records", "source"), [(s, s) for s in ALL], ids=lambda s: s.name, indirect=["records"])
def test_keys_name_one_record_each(records, source):
    # A record that is there twice may say so under the same key.
    keys = [item.key for item in records if isinstance(item, SourcePair)]
    assert len(keys) == len(set(keys))
    assert all(item.key for item in records)


@pytest.mark.parametrize(("records", "source"), [(s, s) for s in ALL], ids=lambda s: s.name, indirect=["records"])
def test_a_second_reading_gives_the_same(records, source, shared):
    again = list(islice(source.read(source.directory_in(shared / "sources")), 400))
    assert again == records
