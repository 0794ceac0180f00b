"""The pairs of a benchmark as the audit looks at them: texts, where they come from, and what their code is made of."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from themis_rm.benchmark.pairs import AUTHORED, Benchmark, read_benchmark
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
from themis_rm.storage.parquet import read_rows

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")
_WORDS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Code:
    """What an answer is made of.

    Attributes:
        tokens: A 64-bit hash of each token without comments, in order.
        digest: Of the tokens; equal for answers that differ in comments and layout only.
        words: Identifiers as they stand, the parts of composed ones after ``~``, words of comments after ``#``, and
            ``#`` itself where there are comments.
        broken: Its grammar cannot read all of it.
    """

    tokens: NDArray[np.uint64]
    digest: str
    words: frozenset[str]
    broken: bool


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """A pair with what its two answers are made of."""

    pair: CompiledPair
    chosen: Code
    rejected: Code

    @property
    def task(self) -> str:
        """Name what several pairs may share: the group within its source, else the request."""
        return f"{self.pair.source}\x1f{self.pair.group or self.pair.prompt}"


def read_pairs(benchmark: str | Path) -> tuple[Benchmark, list[CompiledPair]]:
    """Read a benchmark with what it says about where its pairs come from.

    A file without those columns (a published one, say) has its subsets for sources.

    Raises:
        InputError: See :func:`themis_rm.benchmark.pairs.read_benchmark`.
    """
    read = read_benchmark(benchmark)
    origins: dict[str, dict[str, str]] = {}
    if benchmark != AUTHORED and (Path(benchmark).is_dir() or Path(benchmark).suffix == ".parquet"):
        wanted = ("source", "source_key", "group", "prompt_source", "rule", "license", "verified")
        for row in _rows(Path(benchmark)):
            origins.setdefault(str(row.get("id")), {name: row[name] for name in wanted if row.get(name)})
    pairs = []
    for pair in read.pairs:
        origin = {"source": pair.subset, **origins.get(pair.id, {})}
        pairs.append(CompiledPair(**pair.to_dict(), **origin))
    return read, pairs


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if path.is_file() or any(path.rglob("*.parquet")):
        yield from read_rows(path)


def examined(pairs: Iterable[CompiledPair]) -> list[PairFeatures]:
    """Take all answers apart."""
    hashes = WordHashes()
    return [
        PairFeatures(pair, code(pair.chosen, pair.language, hashes), code(pair.rejected, pair.language, hashes))
        for pair in pairs
    ]


def code(text: str, language: str, hashes: WordHashes) -> Code:
    """Take one answer apart.

    Args:
        text: The answer.
        language: Any name of its language.
        hashes: Hashes tokens; may be shared.
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
        parts = [part for part in _HUMPS.split(name) if part]
        words.update(f"~{part.lower()}" for part in parts if len(parts) > 1 and len(part) > 1)
    return Code(
        values,
        hashlib.blake2b(values.tobytes(), digest_size=16).hexdigest(),
        frozenset(words),
        error_count(fragment.tree) > 0,
    )


def counted(values: Iterable[str]) -> dict[str, int]:
    """Return how often each value stands there, the most frequent first."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))
