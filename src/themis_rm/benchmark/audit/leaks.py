"""Label leaks: words that occur in one response only and reveal which one it is.

Three checks. Words about right and wrong. Names of weaknesses and files. And, from the data, the words whose presence
on one side only is most strongly associated with the label, by the log-odds ratio with an informative prior (Monroe,
Colaresi & Quinn, 2008, "Fightin' words"). Where that method counts tokens, this one counts tasks: each task is a trial
in which a word occurs on that side only or does not, so that a general difference in the amount of text (comments that
only rejected code has) is not normalized away. The prior is the rate at which the word occurs on one side only in the
complete benchmark, plus one task; a word that differs everywhere, or that was seen twice, needs more evidence.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from themis_rm.benchmark.audit.features import PairFeatures
from themis_rm.benchmark.audit.findings import Finding
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.pair_validation import LABEL_WORDS, find_label_leaks
from themis_rm.languages import benchmark_languages
from themis_rm.languages.syntax import comment_ranges, parse_fragment, to_text
from themis_rm.results import ResultPart

_EXTENSIONS = "|".join(
    sorted(ending[1:].replace("+", r"\+") for row in benchmark_languages() for ending in row.extensions)
)
_WEAKNESS = re.compile(r"(?i)\bC[VW]E[-_ ]?\d[\d-]*\b")
_FILE = re.compile(rf"(?i)\b[\w-]{{1,100}}\.(?:{_EXTENSIONS})\b(?!\s*\()")
_WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")

MIN_CONSISTENCY, MIN_COVERAGE = 0.9, 0.05
"""A one-sided word is an artifact if it is on the same side in this share of the tasks in which it is one-sided, and is
one-sided in this share of its source's tasks."""


class OneSidedWord(ResultPart):
    """A word whose side is associated with the label."""

    source: str
    """Source in which it was counted."""
    word: str
    """An identifier; with prefix ``~`` a part of identifiers, with ``#`` a word of comments; ``#`` is any comment."""
    chosen: int
    """Tasks in which it occurs in a chosen response and not in the rejected one."""
    rejected: int
    """Tasks in which it occurs in a rejected response and not in the chosen one."""
    tasks: int
    """Tasks of the source."""
    z: float
    """Log-odds ratio over its standard deviation; positive for chosen."""

    @property
    def is_artifact(self) -> bool:
        """Whether it predicts the label nearly always and in more than a few tasks."""
        one_sided = self.chosen + self.rejected
        consistent = max(self.chosen, self.rejected) >= MIN_CONSISTENCY * one_sided
        return consistent and one_sided >= MIN_COVERAGE * self.tasks


def label_leak_findings(items: Iterable[PairFeatures]) -> Iterator[Finding]:
    """Yield ``label-word`` and ``label-name`` findings: words about right and wrong, names of weaknesses and files."""
    for item in items:
        pair = item.pair
        chosen_words, rejected_words = (
            set(LABEL_WORDS.findall(_WORD_BOUNDARY.sub(" ", text).lower())) for text in (pair.chosen, pair.rejected)
        )
        # Parsing is slow; texts that agree on such words anywhere are skipped.
        if chosen_words != rejected_words:
            for word in sorted(find_label_leaks(pair.chosen, pair.rejected, pair.language)):
                yield Finding(pair=pair.id, kind="label-word", detail=word)
        chosen_names, rejected_names = (_names(text, pair.language) for text in (pair.chosen, pair.rejected))
        for name in sorted(chosen_names ^ rejected_names):
            yield Finding(pair=pair.id, kind="label-name", detail=name)


def _names(text: str, language: str) -> set[str]:
    """Return weaknesses named anywhere and files named in comments; files that code includes are legitimate."""
    names = set(_WEAKNESS.findall(text))
    if _FILE.search(text):
        fragment = parse_fragment(text, language)
        for start, end in comment_ranges(fragment.tree, language):
            names.update(_FILE.findall(to_text(fragment.source[start:end])))
    return {name.casefold() for name in names}


@dataclass
class _SourceWords:
    """One-sided words of one source.

    Attributes:
        chosen: Word -> tasks that have it in the chosen response only.
        rejected: Word -> tasks that have it in the rejected response only.
        tasks: All tasks.
    """

    chosen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    rejected: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    tasks: set[str] = field(default_factory=set)


def find_one_sided_words(items: Sequence[PairFeatures], settings: AuditSettings) -> list[OneSidedWord]:
    """Return the words of each source whose side is associated with the label, the strongest first.

    Args:
        items: All pairs; the prior is counted over them.
        settings: Minimum number of tasks, minimum z-score, maximum number of words.
    """
    sources = _count_words(items)
    total: Counter[str] = Counter()
    for source in sources.values():
        for side in (source.chosen, source.rejected):
            total.update({word: len(tasks) for word, tasks in side.items()})
    trials = 2 * sum(len(source.tasks) for source in sources.values())
    prior = {word: count / trials for word, count in total.items()}
    return [word for name, source in sorted(sources.items()) for word in _strongest(name, source, prior, settings)]


def _count_words(items: Iterable[PairFeatures]) -> dict[str, _SourceWords]:
    sources: dict[str, _SourceWords] = defaultdict(_SourceWords)
    for item in items:
        source = sources[item.pair.source]
        source.tasks.add(item.task)
        for word in item.chosen.words - item.rejected.words:
            source.chosen[word].add(item.task)
        for word in item.rejected.words - item.chosen.words:
            source.rejected[word].add(item.task)
    return sources


def _strongest(
    name: str, source: _SourceWords, prior: Mapping[str, float], settings: AuditSettings
) -> list[OneSidedWord]:
    chosen, rejected = ({word: len(tasks) for word, tasks in side.items()} for side in (source.chosen, source.rejected))
    words = [
        word
        for word in sorted(chosen.keys() | rejected.keys())
        if chosen.get(word, 0) + rejected.get(word, 0) >= settings.min_word_tasks
    ]
    if not words:
        return []
    scores = z_scores(
        np.array([chosen.get(word, 0) for word in words], float),
        np.array([rejected.get(word, 0) for word in words], float),
        len(source.tasks),
        np.array([prior[word] for word in words]),
        settings.word_prior_weight,
    )
    order = sorted(range(len(words)), key=lambda i: (-abs(scores[i]), words[i]))
    strongest = [
        OneSidedWord(
            source=name,
            word=words[i],
            chosen=chosen.get(words[i], 0),
            rejected=rejected.get(words[i], 0),
            tasks=len(source.tasks),
            z=round(float(scores[i]), 3),
        )
        for i in order
        if abs(scores[i]) >= settings.min_word_z
    ]
    return _without_redundant_parts(strongest)[: settings.max_words_per_source]


def _without_redundant_parts(words: Sequence[OneSidedWord]) -> list[OneSidedWord]:
    """Drop parts of identifiers that occur exactly where a listed identifier that contains them occurs."""
    identifiers = [item for item in words if not item.word.startswith(("~", "#"))]
    return [
        item
        for item in words
        if not any(
            item.word.startswith("~")
            and item.word[1:] in identifier.word.lower()
            and (item.chosen, item.rejected) == (identifier.chosen, identifier.rejected)
            for identifier in identifiers
        )
    ]


def z_scores(
    chosen: NDArray[np.float64], rejected: NDArray[np.float64], tasks: int, rate: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """Return z-scores of log-odds ratios under a prior that is equal for both sides (Monroe et al., 2008, eq. 22).

    Args:
        chosen: Tasks in which a word occurs in the chosen response only, shape ``[words]``.
        rejected: Tasks in which it occurs in the rejected response only, shape ``[words]``.
        tasks: Number of tasks.
        rate: Share of tasks that the prior expects on each side, shape ``[words]``.
        weight: Weight of the prior in tasks; one more task with the word and one without are added per side.
    """
    with_word = [counts + 1 + weight * rate for counts in (chosen, rejected)]
    odds = [np.log(counts) - np.log(tasks + 2 + weight - counts) for counts in with_word]
    return (odds[0] - odds[1]) / np.sqrt(1 / with_word[0] + 1 / with_word[1])


def one_sided_word_findings(items: Iterable[PairFeatures], words: Iterable[OneSidedWord]) -> Iterator[Finding]:
    """Yield ``one-sided-word`` for each pair and each artifact of its source that occurs on one side only."""
    artifacts: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if word.is_artifact:
            artifacts[word.source].append(word.word)
    for item in items:
        one_sided = item.chosen.words ^ item.rejected.words
        for name in artifacts.get(item.pair.source, ()):
            if name in one_sided:
                yield Finding(pair=item.pair.id, kind="one-sided-word", detail=name)
