"""Features of benchmark pairs that the checks of the audit compare: code tokens, words, and whether code parses."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from themis_rm.benchmark.pairs import AUTHORED, Benchmark, benchmark_files, read_benchmark
from themis_rm.curation.ngram_overlap import WordHashes
from themis_rm.languages.syntax import (
    code_tokens,
    comment_ranges,
    error_count,
    get_syntax,
    parse_fragment,
    to_text,
    walk,
)
from themis_rm.records import CompiledPair
from themis_rm.storage.tables import read_table

_WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")
_WORDS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class CodeFeatures:
    """Features of one response.

    Attributes:
        tokens: 64-bit hashes of the code tokens without comments, in order, shape ``[tokens]``.
        digest: Digest of the tokens; equal for responses that differ in comments and layout only.
        words: Identifiers unchanged, parts of compound identifiers with the prefix ``~``, words of comments with the
            prefix ``#``, and ``#`` itself if there are comments.
        unparsable: Whether the code has syntax errors.
    """

    tokens: NDArray[np.uint64]
    digest: str
    words: frozenset[str]
    unparsable: bool


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """A pair with the features of its two responses."""

    pair: CompiledPair
    chosen: CodeFeatures
    rejected: CodeFeatures

    @property
    def task(self) -> str:
        """Return the task, which several pairs may share: the group within the source, else the prompt."""
        return f"{self.pair.source}\x1f{self.pair.group or self.pair.prompt}"


def read_pairs(benchmark: str | Path) -> tuple[Benchmark, list[CompiledPair]]:
    """Read a benchmark with the columns on the origin of its pairs.

    In a file without these columns, such as a published one, the subset of a pair is also its source.

    Raises:
        InputError: See :func:`themis_rm.benchmark.pairs.read_benchmark`.
    """
    read = read_benchmark(benchmark)
    origins: dict[str, dict[str, str]] = {}
    if str(benchmark) != AUTHORED:
        for row in _rows(benchmark):
            origin = {name: value for name in _ORIGIN if isinstance(value := row.get(name), str) and value}
            origins.setdefault(str(row.get("id")), origin)
    pairs = []
    for pair in read.pairs:
        origin = {"source": pair.subset, **origins.get(pair.id, {})}
        pairs.append(CompiledPair.from_dict({**pair.to_dict(), **origin}))
    return read, pairs


_ORIGIN = ("source", "source_key", "group", "prompt_source", "rule", "license", "verified")


def _rows(benchmark: str | Path) -> Iterator[dict[str, Any]]:
    for file in benchmark_files(benchmark):
        yield from (row for _, row in read_table(file) if isinstance(row, dict))


def extract_features(pairs: Iterable[CompiledPair]) -> list[PairFeatures]:
    """Return the features of all pairs, in order."""
    hashes = WordHashes()
    return [
        PairFeatures(
            pair,
            extract_code_features(pair.chosen, pair.language, hashes),
            extract_code_features(pair.rejected, pair.language, hashes),
        )
        for pair in pairs
    ]


def extract_code_features(text: str, language: str, hashes: WordHashes) -> CodeFeatures:
    """Return the features of one response.

    Args:
        text: The code.
        language: Any name of its language.
        hashes: Hash function for tokens, with a cache that several calls may share.
    """
    values = hashes(code_tokens(text, language))
    fragment, row = parse_fragment(text, language), get_syntax(language)
    words: set[str] = set()
    for start, end in comment_ranges(fragment.tree, language):
        words.add("#")
        words.update(f"#{word}" for word in _WORDS.findall(to_text(fragment.source[start:end]).lower()))
    for node in walk(fragment.tree.root_node, skip=row.literals | row.comments):
        if not node.child_count and "identifier" in node.type and fragment.start <= node.start_byte < fragment.end:
            words.add(to_text(node.text or b""))
    for name in [word for word in words if not word.startswith("#")]:
        parts = [part for part in _WORD_BOUNDARY.split(name) if part]
        words.update(f"~{part.lower()}" for part in parts if len(parts) > 1 and len(part) > 1)
    return CodeFeatures(
        values,
        hashlib.blake2b(values.tobytes(), digest_size=16).hexdigest(),
        frozenset(words),
        error_count(fragment.tree) > 0,
    )


def count_values(values: Iterable[str]) -> dict[str, int]:
    """Return the number of occurrences of each value, the most frequent first."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))
