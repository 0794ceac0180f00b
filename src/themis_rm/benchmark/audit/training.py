"""What of a benchmark stands in a training set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from themis_rm.benchmark.audit.findings import Finding
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.pairs import AUTHORED, read_benchmark
from themis_rm.curation.ngram_overlap import NGramIndex, Shared, words
from themis_rm.errors import InputError
from themis_rm.records import CompiledPair
from themis_rm.results import ResultPart
from themis_rm.storage.parquet import open_parquet, parquet_files

COLUMNS = {"prompt": ("input", "prompt"), "answer": ("chosen", "rejected")}
"""What is looked up -> columns of the training set; of the requests' two, the one that is there."""


class Overlapping(ResultPart):
    """Overlap of one kind of text of the benchmark with the training set."""

    texts: int
    """Different texts looked up."""
    short: int
    """Of them, texts with fewer words than an n-gram; they count only if a training text is the very same."""
    any: int
    """Texts that share at least one n-gram that is no common phrase."""
    half: int
    """Of these, texts that share at least half of their n-grams, common ones included."""
    whole: int
    """Of these, texts that share all of them."""
    common: int
    """Texts that share common phrases alone; not counted above."""


class Overlap(ResultPart):
    """Overlap of a benchmark with a training set."""

    against: str
    """Name of the training set."""
    rows: int
    """Its rows."""
    rows_shared: int
    """Its rows that hold an n-gram of the benchmark, common phrases included; a decontamination would drop them."""
    order: int
    """Words of an n-gram."""
    prompts: Overlapping
    """Requests that are no template."""
    templates: Overlapping
    """Requests made by our template; they say little and are told apart."""
    answers: Overlapping | None
    """Answers, where asked for."""


def overlap(pairs: Sequence[CompiledPair], against: Path, settings: AuditSettings) -> tuple[Overlap, list[Finding]]:
    """Stream a training set past the n-grams of a benchmark.

    Args:
        pairs: The benchmark.
        against: A preference dataset (Parquet file or folder), or another benchmark.
        settings: Order of the n-grams, what is common, whether answers count.

    Returns:
        The figures, and ``prompt-in-training`` and ``answer-in-training`` findings.

    Raises:
        InputError: The training set cannot be read or lacks a column.
    """
    holders: dict[str, dict[str, list[CompiledPair]]] = {"prompt": defaultdict(list), "answer": defaultdict(list)}
    for pair in pairs:
        holders["prompt"][pair.prompt].append(pair)
        for answer in (pair.chosen, pair.rejected) if settings.answers else ():
            holders["answer"][answer].append(pair)
    indices = {kind: NGramIndex(texts, settings.order) for kind, texts in holders.items() if texts}
    rows = shared = 0
    for number, texts in enumerate(_training_texts(against, tuple(indices))):
        hits = [indices[kind].look(text, number) for kind, values in texts.items() for text in values]
        rows, shared = rows + 1, shared + any(hits)
    found = {
        kind: [index.found(i, settings.common) for i in range(len(holders[kind]))] for kind, index in indices.items()
    }
    findings = [
        Finding(
            pair=pair.id,
            kind=f"{kind}-in-training",
            other=f"row {text.first}",
            detail=f"{text.shared} of {text.grams} n-grams",
        )
        for kind, results in found.items()
        for holding, text in zip(holders[kind].values(), results, strict=True)
        if text.shared
        for pair in holding
    ]
    templated = [holding[0].prompt_source == "template" for holding in holders["prompt"].values()]
    prompts = list(zip(templated, holders["prompt"], found["prompt"], strict=True))
    answers = _counted(holders["answer"], found["answer"], settings.order) if settings.answers else None
    return Overlap(
        against=against.name,
        rows=rows,
        rows_shared=shared,
        order=settings.order,
        prompts=_counted(*_split(prompts, False), settings.order),
        templates=_counted(*_split(prompts, True), settings.order),
        answers=answers,
    ), findings


def _split(prompts: Iterable[tuple[bool, str, Shared]], template: bool) -> tuple[list[str], list[Shared]]:
    kept = [(text, found) for templated, text, found in prompts if templated == template]
    return [text for text, _ in kept], [found for _, found in kept]


def _counted(texts: Iterable[str], found: Sequence[Shared], order: int) -> Overlapping:
    return Overlapping(
        texts=len(found),
        short=sum(len(words(text)) < order for text in texts),
        any=sum(item.shared > 0 for item in found),
        half=sum(item.shared > 0 and 2 * (item.shared + item.common) >= item.grams for item in found),
        whole=sum(item.shared > 0 and item.shared + item.common == item.grams for item in found),
        common=sum(item.common > 0 and not item.shared for item in found),
    )


def _training_texts(path: Path, kinds: Sequence[str]) -> Iterator[dict[str, list[str]]]:
    """Yield kind -> texts for each row, with bounded memory for Parquet."""
    if str(path) == AUTHORED or path.suffix == ".jsonl" or (path.is_dir() and not any(path.rglob("*.parquet"))):
        for pair in read_benchmark(AUTHORED if str(path) == AUTHORED else path).pairs:
            texts = {"prompt": [pair.prompt], "answer": [pair.chosen, pair.rejected]}
            yield {kind: texts[kind] for kind in kinds}
        return
    for file in parquet_files(path):
        with open_parquet(file) as handle:
            there = handle.schema_arrow.names
            columns = {kind: [name for name in COLUMNS[kind] if name in there] for kind in kinds}
            columns["prompt"] = columns["prompt"][:1]
            for kind in kinds:
                if len(columns[kind]) < (1 if kind == "prompt" else 2):
                    raise InputError(
                        f"{file} lacks the columns to compare {kind}s with ({' or '.join(COLUMNS[kind])}).",
                        f"It has: {', '.join(there)}.",
                    )
            wanted = [name for names in columns.values() for name in names]
            for batch in handle.iter_batches(batch_size=256, columns=wanted):
                for row in batch.to_pylist():
                    yield {kind: [row[name] for name in columns[kind] if row[name]] for kind in kinds}
