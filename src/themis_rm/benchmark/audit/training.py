"""Overlap of a benchmark with a training set, by shared word n-grams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from themis_rm.benchmark.audit.findings import Finding
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.pairs import AUTHORED, read_benchmark
from themis_rm.curation.ngram_overlap import NGramIndex, NGramOverlap, words
from themis_rm.errors import InputError
from themis_rm.records import CompiledPair
from themis_rm.results import ResultPart
from themis_rm.storage.json_lines import read_json_lines
from themis_rm.storage.parquet import iter_rows, open_parquet
from themis_rm.storage.splits import find_split_files

COLUMNS = {"prompt": ("input", "prompt"), "response": ("chosen", "rejected")}
"""Kind of text -> columns of the training set; for prompts, the first of the two that exists."""


class TextOverlap(ResultPart):
    """Overlap of one kind of text of the benchmark with the training set."""

    texts: int
    """Distinct texts that were searched for."""
    short: int
    """Texts with fewer words than an n-gram; they match only an equal training text."""
    any: int
    """Texts that share at least one n-gram that is not a common phrase."""
    half: int
    """Texts in ``any`` that share at least half of their n-grams, common phrases included."""
    all: int
    """Texts in ``any`` that share all of their n-grams."""
    common: int
    """Texts that share common phrases only; not included in ``any``."""


class TrainingOverlap(ResultPart):
    """Overlap of a benchmark with a training set."""

    against: str
    """Name of the training set."""
    rows: int
    """Its number of rows."""
    rows_shared: int
    """Rows with at least one n-gram of the benchmark, common phrases included; decontamination would drop them."""
    ngram_size: int
    """Words per n-gram."""
    prompts: TextOverlap
    """Prompts that are not made from a template."""
    templates: TextOverlap
    """Prompts made from a template; they contain little information and are counted separately."""
    responses: TextOverlap | None
    """Responses, if ``check_responses`` is set."""


def find_training_overlap(
    pairs: Sequence[CompiledPair], against: Path, settings: AuditSettings
) -> tuple[TrainingOverlap, list[Finding]]:
    """Search a training set, which is streamed, for the n-grams of a benchmark.

    Args:
        pairs: The benchmark.
        against: A preference dataset, of which the training rows are searched, or another benchmark.
        settings: Size of n-grams, limit of common phrases, whether responses are included.

    Returns:
        The counts, and ``prompt-in-training`` and ``response-in-training`` findings.

    Raises:
        InputError: The training set cannot be read or lacks a column.
    """
    pairs_of: dict[str, dict[str, list[CompiledPair]]] = {"prompt": defaultdict(list), "response": defaultdict(list)}
    for pair in pairs:
        pairs_of["prompt"][pair.prompt].append(pair)
        for response in (pair.chosen, pair.rejected) if settings.check_responses else ():
            pairs_of["response"][response].append(pair)
    indices = {kind: NGramIndex(texts, settings.ngram_size) for kind, texts in pairs_of.items() if texts}
    rows, rows_shared = _search(indices, against)
    matches = {
        kind: [index.overlap(i, settings.max_ngram_texts) for i in range(len(pairs_of[kind]))]
        for kind, index in indices.items()
    }
    from_template = [members[0].prompt_source == "template" for members in pairs_of["prompt"].values()]
    prompts = list(zip(from_template, pairs_of["prompt"], matches["prompt"], strict=True))
    size = settings.ngram_size
    overlap = TrainingOverlap(
        against=against.name,
        rows=rows,
        rows_shared=rows_shared,
        ngram_size=size,
        prompts=_count(*_select(prompts, from_template=False), size),
        templates=_count(*_select(prompts, from_template=True), size),
        responses=_count(pairs_of["response"], matches["response"], size) if settings.check_responses else None,
    )
    return overlap, [finding for kind in indices for finding in _findings(kind, pairs_of[kind], matches[kind])]


def check_training_set(against: Path, settings: AuditSettings) -> None:
    """Check that a training set can be searched, before other work is done.

    Args:
        against: See :func:`find_training_overlap`.
        settings: See :func:`find_training_overlap`.

    Raises:
        InputError: See :func:`find_training_overlap`.
    """
    if str(against) != AUTHORED:
        for file in find_split_files(against).train_or_all:
            next(_rows(file, ("prompt", "response") if settings.check_responses else ("prompt",)), None)


def _search(indices: dict[str, NGramIndex], against: Path) -> tuple[int, int]:
    """Record the matches of all training texts; return the number of rows and of rows with a match."""
    rows = rows_shared = 0
    for number, texts in enumerate(_training_texts(against, tuple(indices))):
        matches = [indices[kind].add(text, number) for kind, values in texts.items() for text in values]
        rows, rows_shared = rows + 1, rows_shared + any(matches)
    return rows, rows_shared


def _findings(kind: str, pairs_of: dict[str, list[CompiledPair]], matches: Sequence[NGramOverlap]) -> Iterator[Finding]:
    for members, match in zip(pairs_of.values(), matches, strict=True):
        for pair in members if match.shared else ():
            detail = f"{match.shared} of {match.grams} n-grams"
            yield Finding(pair=pair.id, kind=f"{kind}-in-training", other=f"row {match.first}", detail=detail)


def _select(
    prompts: Iterable[tuple[bool, str, NGramOverlap]], from_template: bool
) -> tuple[list[str], list[NGramOverlap]]:
    selected = [(text, match) for is_template, text, match in prompts if is_template == from_template]
    return [text for text, _ in selected], [match for _, match in selected]


def _count(texts: Iterable[str], matches: Sequence[NGramOverlap], ngram_size: int) -> TextOverlap:
    return TextOverlap(
        texts=len(matches),
        short=sum(len(words(text)) < ngram_size for text in texts),
        any=sum(match.shared > 0 for match in matches),
        half=sum(match.shared > 0 and 2 * (match.shared + match.common) >= match.grams for match in matches),
        all=sum(match.shared > 0 and match.shared + match.common == match.grams for match in matches),
        common=sum(match.common > 0 and not match.shared for match in matches),
    )


def _training_texts(path: Path, kinds: Sequence[str]) -> Iterator[dict[str, list[str]]]:
    """Yield kind -> texts for each row; Parquet files are read in bounded memory."""
    if str(path) == AUTHORED:
        for pair in read_benchmark(AUTHORED).pairs:
            texts = {"prompt": [pair.prompt], "response": [pair.chosen, pair.rejected]}
            yield {kind: texts[kind] for kind in kinds}
        return
    for file in find_split_files(path).train_or_all:
        for columns, row in _rows(file, kinds):
            yield {kind: [text for name in columns[kind] if isinstance(text := row.get(name), str)] for kind in kinds}


def _rows(file: Path, kinds: Sequence[str]) -> Iterator[tuple[dict[str, list[str]], dict[str, Any]]]:
    """Yield the columns to read, and each row."""
    if file.suffix == ".jsonl":
        columns: dict[str, list[str]] = {}
        for _, row in read_json_lines(file):
            if isinstance(row, dict):
                columns = columns or _columns(file, list(row), kinds)
                yield columns, row
        return
    with open_parquet(file) as handle:
        columns = _columns(file, handle.schema_arrow.names, kinds)
        names = [name for group in columns.values() for name in group]
        for row in iter_rows(handle, names):
            yield columns, row


def _columns(file: Path, available: Sequence[str], kinds: Sequence[str]) -> dict[str, list[str]]:
    """Return kind -> columns to read."""
    columns = {kind: [name for name in COLUMNS[kind] if name in available] for kind in kinds}
    columns["prompt"] = columns["prompt"][:1]
    for kind in kinds:
        if len(columns[kind]) < (1 if kind == "prompt" else 2):
            raise InputError(
                f"{file} lacks the columns to compare {kind}s with ({' or '.join(COLUMNS[kind])}).",
                f"It has: {', '.join(available)}.",
            )
    return columns
