"""What a public source of benchmark pairs is: a row of metadata, and a mapper from its native format to pairs.

A source is one module of this package that defines ``SOURCES``, a tuple of :class:`Source`. Nothing else has to be told
about it: :mod:`themis_rm.benchmark.sources.catalog` finds it.

A mapper says what the upstream files say and leaves judgement to the compiler, which drops, for every source alike,
what is empty, equal, different in comments alone, unparsable, too long or there already. What only the mapper can know
(a record without a correct version, an example that stands for two rules) it yields as :class:`Unusable`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree as ET

from themis_rm.errors import InputError
from themis_rm.execute.check import Check

PromptSource = Literal["upstream", "derived", "template", "llm"]
"""Where a request comes from: the source's own words; put together from them by us (a rule's title, a comment); made
from name, signature and rule by a template; or written by a language model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePair:
    """A pair as a mapper reads it out of its source.

    Attributes:
        key: Names the pair within its source, the same at every reading (an upstream id, a path).
        criterion: Short name of the criterion on which chosen is better.
        language: Benchmark name of the language.
        chosen: The better code, without any hint that it is.
        rejected: The worse code, likewise.
        prompt: The request; empty where the source has none. It must not tell the two apart.
        prompt_source: ``upstream`` or ``derived``; not looked at where ``prompt`` is empty.
        subset: Value of the ``subset`` column; empty for the source's own.
        group: Task that several pairs share (a problem's id), empty for none. Pairs of a group are not independent.
        name: What the code defines, for a template where there is no request: a function or class.
        signature: Its signature, likewise.
        rule: What the pair is about in a few words (a rule's title, the kind of weakness), for templates and audits. It
            is never shown to a model as it stands.
        check: How the answers are executed, where the source brings tests.
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
class Unusable:
    """A record that holds no usable pair.

    Attributes:
        key: Names the record within its source.
        reason: A slug, counted in the manifest (``no-correct-version``).
    """

    key: str
    reason: str


Mapper = Callable[[Path], Iterator[SourcePair | Unusable]]
"""Reads the files below a source's folder, in an order that does not depend on the file system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A public source.

    Attributes:
        name: Slug; the name of its folder below ``--sources``, unless ``folder`` says otherwise.
        title: How people call it.
        subset: Value of the ``subset`` column of its pairs (``HUMANEVAL_PACK``).
        license: SPDX expression of the data.
        criteria: Short names of the criteria that its pairs are about.
        languages: Benchmark names of its languages.
        prompts: Where its requests come from (a pair without one gets a template or an LLM's).
        responses: Who wrote the two versions, in a few words ("people; bugs put in by hand").
        tests: Whether it brings tests, so that ``verify`` can execute its pairs.
        citation: Authors, year, title, and where (DOI, arXiv or URL).
        upstream: Where the files are: ``github:owner/name`` or ``hf:owner/name``.
        revision: Commit that the mapper was written against; empty where we could not see one.
        files: Paths or patterns at the upstream that must lie in the folder.
        folder: Name of the folder, if not ``name``.
        read: The mapper.
        own_ids: Whether its keys are ids of a published benchmark, by which scores are known, and so stay as they are.
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
    folder: str = ""
    own_ids: bool = False
    notes: str = ""

    def id_of(self, key: str) -> str:
        """Return the id of a pair in a compiled benchmark."""
        return key if self.own_ids else f"{self.name}/{key}"

    def folder_in(self, sources: Path) -> Path:
        """Return where its files are expected."""
        return sources / (self.folder or self.name)


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Stream the objects of a JSON-lines file with their 1-based line numbers.

    Raises:
        InputError: The file cannot be read, or a line is not a JSON object.
    """
    try:
        with path.open(encoding="utf-8") as handle:
            for number, line in enumerate(handle, 1):
                if line.strip():
                    value = json.loads(line)
                    if not isinstance(value, dict):
                        raise InputError(f"{path}:{number} is no JSON object.")
                    yield number, value
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read {path}: {error}.", "Fetch the source's files again.") from error


def read_text(path: Path) -> str:
    """Return a source file's text; bytes that are no UTF-8 are read as Latin-1, as old code bases are.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error}.", "Fetch the source's files again.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n")


def read_xml(path: Path) -> ET.Element:
    """Return the root of an XML file.

    Raises:
        InputError: The file cannot be read, or is no XML.
    """
    try:
        # expat resolves no external entities, and bounds how far internal ones may grow.
        return ET.fromstring(read_text(path))  # noqa: S314
    except ET.ParseError as error:
        raise InputError(f"Cannot read {path}: {error}.", "Fetch the source's files again.") from error
