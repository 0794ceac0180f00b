"""Contract of benchmark sources: what the compiler relies on, as checks that a plugin's tests can run.

Example:
    def test_my_source(tmp_path):
        check_source(SOURCES.get("my_source"), Path("tests/data/my_source"))
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path

from themis_rm.benchmark.sources.source import BenchmarkSource, SourcePair, SourceRecord
from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError
from themis_rm.execute.check import BOTH_PASS, DISTINGUISHES
from themis_rm.languages import benchmark_languages
from themis_rm.testing.assertions import require


def check_source(source: BenchmarkSource, directory: str | Path, limit: int = 400) -> list[SourceRecord]:
    """Check a source against the whole contract and return the records that were read.

    Args:
        source: The source.
        directory: Its files, or a small sample of them.
        limit: Number of records to read.

    Raises:
        AssertionError: The source breaks the contract; the message says where.
        InputError: The files cannot be read.
    """
    check_metadata(source)
    check_missing_files(source)
    records = read_records(source, directory, limit)
    check_records(source, records)
    check_keys(records)
    require(read_records(source, directory, limit) == records, f"{source.name} yields other records when read again")
    return records


def read_records(source: BenchmarkSource, directory: str | Path, limit: int = 400) -> list[SourceRecord]:
    """Return the first records of a source."""
    return list(islice(source.read(Path(directory)), limit))


def check_metadata(source: BenchmarkSource) -> None:
    """Check that the metadata of a source is complete and well-formed.

    Raises:
        AssertionError: It is not.
    """
    formats = {"name": r"[a-z0-9_]+", "subset": r"[A-Z0-9_]+", "upstream": r"(github|hf|url):\S+"}
    for attribute, pattern in {**formats, "revision": r"([0-9a-f]{7,40})?", "citation": r".{21,}"}.items():
        value = getattr(source, attribute)
        require(re.fullmatch(pattern, value), f"{source.name}: {attribute} '{value}' does not match {pattern}")
    for attribute in ("title", "license", "responses", "files"):
        require(getattr(source, attribute), f"{source.name}: {attribute} is empty")
    unknown = set(source.criteria) - {row.short for row in CRITERIA}
    require(not unknown, f"{source.name}: unknown criteria {unknown}")
    unknown = set(source.languages) - {row.benchmark_name for row in benchmark_languages()}
    require(not unknown, f"{source.name}: unknown languages {unknown}")
    require(
        bool(source.criteria) == bool(source.languages), f"{source.name}: only one of criteria and languages is empty"
    )


def check_missing_files(source: BenchmarkSource) -> None:
    """Check that an empty directory yields no pair, or an :class:`~themis_rm.errors.InputError`.

    Raises:
        AssertionError: It yields a pair.
    """
    with tempfile.TemporaryDirectory() as empty:
        try:
            records = read_records(source, empty)
        except InputError:
            return
    require(not any(isinstance(item, SourcePair) for item in records), f"{source.name} reads pairs from no files")


def check_records(source: BenchmarkSource, records: list[SourceRecord]) -> None:
    """Check that records agree with the metadata of their source.

    Raises:
        AssertionError: A record does not.
    """
    for item in records:
        where = f"{source.name}, record {item.key!r}"
        if not isinstance(item, SourcePair):
            require(re.fullmatch(r"[a-z0-9-]+", item.reason), f"{where}: reason '{item.reason}' is not a slug")
            continue
        require(item.criterion in source.criteria, f"{where}: criterion {item.criterion} is not declared")
        require(item.language in source.languages, f"{where}: language {item.language} is not declared")
        if item.check is not None:
            require(source.tests, f"{where}: has a check, but the source declares no tests")
            require(item.check.expects in {DISTINGUISHES, BOTH_PASS}, f"{where}: unknown {item.check.expects}")


def check_keys(records: list[SourceRecord]) -> None:
    """Check that every record has a key, and that no two pairs share one.

    An unusable record may share the key of the pair that it duplicates.

    Raises:
        AssertionError: A key is empty or identifies two pairs.
    """
    require(all(item.key for item in records), "a record has an empty key")
    counts = Counter(item.key for item in records if isinstance(item, SourcePair))
    repeated = [key for key, count in counts.items() if count > 1]
    require(not repeated, f"keys of several pairs: {repeated}")
