"""Overlap of a benchmark with a training set, by shared word n-grams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from pydantic import Field

from themis_rm.benchmark.audit.findings import Finding
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.pairs import AUTHORED, read_benchmark
from themis_rm.curation.ngram_overlap import NGramIndex, NGramOverlap, words
from themis_rm.dataset.adapters import PreferencePair
from themis_rm.dataset.adapters.sources import find_dataset
from themis_rm.dataset.preferences import PreferenceReader
from themis_rm.records import CompiledPair
from themis_rm.results import ResultPart

Texts = dict[str, list[str]]
"""Kind of text, ``prompt`` or ``response`` -> the texts of a row."""


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
    rejected: dict[str, int] = Field(default_factory=dict)
    """Reason -> rows that could not be read as preferences and were not searched."""
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
        against: Preference data in any known format, of which the training rows are searched, or another benchmark.
        settings: Size of n-grams, limit of common phrases, whether responses are included.

    Returns:
        The counts, and ``prompt-in-training`` and ``response-in-training`` findings.

    Raises:
        InputError: The training set cannot be read, or no format fits.
    """
    pairs_of: dict[str, dict[str, list[CompiledPair]]] = {"prompt": defaultdict(list), "response": defaultdict(list)}
    for pair in pairs:
        pairs_of["prompt"][pair.prompt].append(pair)
        for response in (pair.chosen, pair.rejected) if settings.check_responses else ():
            pairs_of["response"][response].append(pair)
    indices = {kind: NGramIndex(texts, settings.ngram_size) for kind, texts in pairs_of.items() if texts}
    training_set = _TrainingSet(against)
    rows, rows_shared = _search(indices, training_set)
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
        rejected=training_set.rejected(),
        ngram_size=size,
        prompts=_count(*_select(prompts, from_template=False), size),
        templates=_count(*_select(prompts, from_template=True), size),
        responses=_count(pairs_of["response"], matches["response"], size) if settings.check_responses else None,
    )
    return overlap, [finding for kind in indices for finding in _findings(kind, pairs_of[kind], matches[kind])]


def check_training_set(against: Path) -> None:
    """Check that a training set can be searched, before other work is done.

    Args:
        against: See :func:`find_training_overlap`.

    Raises:
        InputError: See :func:`find_training_overlap`.
    """
    _TrainingSet(against)


class _TrainingSet:
    """The texts of a training set, which is streamed.

    Raises:
        InputError: It cannot be read, or no format fits.
    """

    def __init__(self, path: Path) -> None:
        self._reader: PreferenceReader | None = None
        if str(path) != AUTHORED:
            self._reader = PreferenceReader(find_dataset(path).train_or_all, keep_ties=True)

    def texts(self) -> Iterator[Texts]:
        """Yield the texts of each preference, empty for a row that cannot be read as one."""
        if self._reader is None:
            for pair in read_benchmark(AUTHORED).pairs:
                yield {"prompt": [pair.prompt], "response": [pair.chosen, pair.rejected]}
            return
        reader = self._reader
        for _, results in groupby(reader.pairs(), key=lambda _: reader.read):
            yield _texts_of(pair for pair, _, _ in results if isinstance(pair, PreferencePair))

    def rejected(self) -> dict[str, int]:
        """Return reason -> rows that were not searched."""
        return dict(self._reader.rejected) if self._reader else {}


def _texts_of(pairs: Iterable[PreferencePair]) -> Texts:
    """Return the distinct texts of the pairs of a row: all turns of the user, and the responses."""
    prompts: dict[str, None] = {}
    responses: dict[str, None] = {}
    for pair in pairs:
        prompts |= dict.fromkeys(turn["content"] for turn in pair.prompt if turn["role"] == "user")
        turns = (*pair.chosen, *pair.rejected)
        responses |= dict.fromkeys(turn["content"] for turn in turns if turn["role"] == "assistant")
    return {"prompt": list(prompts), "response": list(responses)}


def _search(indices: dict[str, NGramIndex], training_set: _TrainingSet) -> tuple[int, int]:
    """Record the matches of all training texts; return the number of rows and of rows with a match."""
    rows = rows_shared = 0
    for number, texts in enumerate(training_set.texts()):
        matches = [index.add(text, number) for kind, index in indices.items() for text in texts[kind]]
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
