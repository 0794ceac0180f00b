"""Public sources of benchmark pairs: their metadata, their mappers, and the registry that lists them.

A source is a module of this package that registers a :class:`BenchmarkSource` in :data:`SOURCES`. Another installed
distribution adds one with an entry point of the group ``themis_rm.sources`` that names such a module.

A mapper reads the upstream files and reports what they contain. The compiler then applies the same filters to every
source: it drops pairs that are empty, equal, unparsable, too long, duplicated, or different in comments only. A mapper
yields :class:`UnusableRecord` only for what the compiler cannot see, such as a record without a correct version.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree as ET

from themis_rm.errors import InputError
from themis_rm.execute.check import Check
from themis_rm.registry import Registry
from themis_rm.storage.json_text import parse_json

PromptSource = Literal["upstream", "derived", "template", "llm"]
"""Origin of a prompt: the source's text; composed from the source's text (a rule's title, a comment); made from name,
signature and rule by a template; or written by a language model."""

DOWNLOAD_HINT = "Download the source's files again."
"""Hint of errors about missing or damaged upstream files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePair:
    """A pair as a mapper reads it from its source.

    Attributes:
        key: Identifies the pair within its source and is the same at every reading (an upstream id, a path).
        criterion: Short name of the criterion on which the chosen response is better.
        language: Benchmark name of the language.
        chosen: The better code, without any hint that it is.
        rejected: The worse code, likewise.
        prompt: The prompt; empty where the source has none. It must not reveal which response is better.
        prompt_source: ``upstream`` or ``derived``; ignored where ``prompt`` is empty.
        subset: Value of the ``subset`` column; empty for the source's default.
        group: Task that several pairs share (a problem's id), empty for none. Pairs of a group are not independent.
        name: Function or class that the code defines, for the template of a pair without a prompt.
        signature: Its signature, likewise.
        rule: Subject of the pair in a few words (a rule's title, the kind of weakness), for audits. It is never part of
            a prompt.
        check: How the responses are executed, where the source has tests.
    """

    key: str
    criterion: str
    language: str
    chosen: str
    rejected: str
    prompt: str = ""
    prompt_source: PromptSource = "upstream"
    subset: str = ""
    group: str = ""
    name: str = ""
    signature: str = ""
    rule: str = ""
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class UnusableRecord:
    """A record that contains no usable pair.

    Attributes:
        key: Identifies the record within its source.
        reason: A slug, counted in the manifest (``no-correct-version``).
    """

    key: str
    reason: str


SourceRecord = SourcePair | UnusableRecord
"""A mapper's output for one record of its source."""

Mapper = Callable[[Path], Iterator[SourceRecord]]
"""Reads the files below a source's directory, in an order that does not depend on the file system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkSource:
    """A public source of benchmark pairs.

    Attributes:
        name: Slug; also the name of its directory below ``--sources``, unless ``directory`` is set.
        title: Title for people.
        subset: Value of the ``subset`` column of its pairs (``HUMANEVAL_PACK``).
        license: SPDX expression of the data.
        criteria: Short names of the criteria that its pairs are about.
        languages: Benchmark names of its languages.
        prompts: Origin of its prompts; a pair without one gets a template or a prompt written by a language model.
        responses: Authors of the two versions, in a few words (``people; bugs inserted manually``).
        tests: Whether it has tests, so that ``verify`` can execute its pairs.
        citation: Authors, year, title, and where (DOI, arXiv or URL).
        upstream: Repository of the files: ``github:owner/name`` or ``hf:owner/name``.
        revision: Commit that the mapper was written against; empty where none is known.
        files: Upstream paths or patterns of the files that the directory must contain.
        read: The mapper.
        directory: Name of the directory, if it is not ``name``.
        keeps_ids: Whether its keys are the ids of a published benchmark and are used unchanged, without its name.
        notes: What a user of the source should know.
    """

    name: str
    title: str
    subset: str
    license: str
    criteria: tuple[str, ...]
    languages: tuple[str, ...]
    prompts: PromptSource
    responses: str
    tests: bool
    citation: str
    upstream: str
    revision: str
    files: tuple[str, ...]
    read: Mapper = field(repr=False)
    directory: str = ""
    keeps_ids: bool = False
    notes: str = ""

    def pair_id(self, key: str) -> str:
        """Return the id that a pair has in a compiled benchmark."""
        return key if self.keeps_ids else f"{self.name}/{key}"

    def directory_in(self, root: Path) -> Path:
        """Return the directory of its files below a directory of sources."""
        return root / (self.directory or self.name)


SOURCES: Registry[BenchmarkSource] = Registry("benchmark source", "themis_rm.sources", "themis_rm.benchmark.sources")
"""All public sources by name. The modules that define them are imported when the registry is first read."""


def read_jsonl(path: Path, columns: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
    """Stream the objects of a JSON-lines file, plain or ``.gz``, with their 1-based line numbers.

    Args:
        path: The file.
        columns: Names that every object must have.

    Raises:
        InputError: The file cannot be read, or a line is not a JSON object with these columns.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as handle:
            for number, line in enumerate(handle, 1):
                if line.strip():
                    yield number, _parse_object(line, f"{path}:{number}", columns)
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"Cannot read {path}: {error}.", DOWNLOAD_HINT) from error


def _parse_object(line: str, where: str, columns: Sequence[str]) -> dict[str, Any]:
    value = parse_json(line)
    if not isinstance(value, dict):
        raise InputError(f"{where} is not a JSON object.", DOWNLOAD_HINT)
    missing = [name for name in columns if name not in value]
    if missing:
        raise InputError(f"{where} lacks {', '.join(missing)}.", DOWNLOAD_HINT)
    return value


def read_json(path: Path) -> Any:
    """Return the value of a JSON file.

    Raises:
        InputError: The file cannot be read or is not JSON.
    """
    try:
        return parse_json(read_text(path))
    except ValueError as error:
        raise InputError(f"Cannot read {path}: {error}.", DOWNLOAD_HINT) from error


def read_text(path: Path) -> str:
    """Return the text of a file with line feeds as line ends; bytes that are not UTF-8 are read as Latin-1.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error}.", DOWNLOAD_HINT) from error
    return decode_text(data)


def decode_text(data: bytes) -> str:
    """Return bytes as text with line feeds as line ends: UTF-8 without its byte-order mark, or else Latin-1."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n")


def read_xml(path: Path) -> ET.Element:
    """Return the root element of an XML file.

    Raises:
        InputError: The file cannot be read or is not XML.
    """
    try:
        # Safe for untrusted files: expat resolves no external entities and limits the expansion of internal ones.
        return ET.fromstring(read_text(path))  # noqa: S314
    except ET.ParseError as error:
        raise InputError(f"Cannot read {path}: {error}.", DOWNLOAD_HINT) from error
