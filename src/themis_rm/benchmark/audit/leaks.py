"""Labels that leak: words that stand in one answer alone and say which answer it is.

Three looks. Words that speak of right and wrong. Names of weaknesses and files. And, from the data: the words whose
presence on one side alone goes with the label most strongly, by the log-odds ratio with an informative prior (Monroe,
Colaresi & Quinn, 2008, "Fightin' words"). There a word is one of the words that a side says; here each task is a trial
in which the word stands on that side alone or does not, so that one side's saying more in all (comments that only bad
code has) does not cancel out. The prior is how often the word stands on one side alone in the whole benchmark, and one
task at least, so a word that differs everywhere, or one seen twice, needs more to stand out.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from themis_rm.benchmark.audit.findings import Finding
from themis_rm.benchmark.audit.pairs import PairFeatures
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.pair_validation import TELLING, leaks
from themis_rm.languages import benchmark_languages
from themis_rm.languages.syntax import comment_ranges, parse_fragment, to_text
from themis_rm.results import ResultPart

_EXTENSIONS = [ending[1:].replace("+", r"\+") for row in benchmark_languages() for ending in row.extensions]
_ENDINGS = "|".join(sorted(_EXTENSIONS))
_WEAKNESS = re.compile(r"(?i)\bC[VW]E[-_ ]?\d[\d-]*\b")
_FILE = re.compile(rf"(?i)\b[\w-]+\.(?:{_ENDINGS})\b(?!\s*\()")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")

ONE_SIDED, WIDE = 0.9, 0.05
"""A word is an artifact if it has the label right in this share of the tasks that it tells, and tells this share of its
source's tasks."""


class TellingWord(ResultPart):
    """A word whose side goes with the label."""

    source: str
    """The source in which it was counted."""
    word: str
    """An identifier; after ``~`` a part of identifiers, after ``#`` a word of comments; ``#`` alone is any comment."""
    chosen: int
    """Tasks in which it stands in a chosen answer and not in its rejected one."""
    rejected: int
    """The reverse."""
    tasks: int
    """Tasks of the source."""
    z: float
    """Log-odds ratio over its standard deviation; above 0 for chosen."""

    @property
    def artifact(self) -> bool:
        """Whether it tells the label nearly always and not just here and there."""
        told = self.chosen + self.rejected
        return max(self.chosen, self.rejected) >= ONE_SIDED * told and told >= WIDE * self.tasks


def spoken_leaks(items: Iterable[PairFeatures]) -> Iterator[Finding]:
    """Yield ``telling-word`` and ``label-name`` findings: words of right and wrong, names of weaknesses and files."""
    for item in items:
        pair = item.pair
        one, other = (set(TELLING.findall(_HUMPS.sub(" ", text).lower())) for text in (pair.chosen, pair.rejected))
        # Texts without such a word anywhere have none in comments and names.
        for word in sorted(leaks(pair.chosen, pair.rejected, pair.language)) if one != other else ():
            yield Finding(pair=pair.id, kind="telling-word", detail=word)
        names = [_names(text, pair.language) for text in (pair.chosen, pair.rejected)]
        for name in sorted(names[0] ^ names[1]):
            yield Finding(pair=pair.id, kind="label-name", detail=name)


def _names(text: str, language: str) -> set[str]:
    """Return weaknesses named anywhere, and files named in comments; those that code includes are its own affair."""
    found = set(_WEAKNESS.findall(text))
    if _FILE.search(text):
        fragment = parse_fragment(text, language)
        for start, end in comment_ranges(fragment.tree, language):
            found.update(_FILE.findall(to_text(fragment.source[start:end])))
    return {name.casefold() for name in found}


@dataclass
class _Counted:
    """Words of one source.

    Attributes:
        chosen: Word -> tasks that have it on the chosen side alone.
        rejected: The reverse.
        tasks: All tasks.
    """

    chosen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    rejected: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    tasks: set[str] = field(default_factory=set)


def telling_words(items: Sequence[PairFeatures], settings: AuditSettings) -> list[TellingWord]:
    """Return the words of each source whose side goes with the label, the strongest first.

    Args:
        items: All pairs; the prior is counted over them.
        settings: How many tasks, how strong, how many words.
    """
    sources: dict[str, _Counted] = defaultdict(_Counted)
    for item in items:
        source = sources[item.pair.source]
        source.tasks.add(item.task)
        for word in item.chosen.words - item.rejected.words:
            source.chosen[word].add(item.task)
        for word in item.rejected.words - item.chosen.words:
            source.rejected[word].add(item.task)
    anywhere: Counter[str] = Counter()
    for source in sources.values():
        for side in (source.chosen, source.rejected):
            anywhere.update({word: len(tasks) for word, tasks in side.items()})
    trials = 2 * sum(len(source.tasks) for source in sources.values())
    prior = {word: count / trials for word, count in anywhere.items()}
    return [word for name, source in sorted(sources.items()) for word in _strongest(name, source, prior, settings)]


def _strongest(name: str, source: _Counted, prior: Mapping[str, float], settings: AuditSettings) -> list[TellingWord]:
    plus, minus = ({word: len(tasks) for word, tasks in side.items()} for side in (source.chosen, source.rejected))
    words = [
        word
        for word in sorted(plus.keys() | minus.keys())
        if plus.get(word, 0) + minus.get(word, 0) >= settings.word_groups
    ]
    if not words:
        return []
    scores = z_scores(
        np.array([plus.get(word, 0) for word in words], float),
        np.array([minus.get(word, 0) for word in words], float),
        len(source.tasks),
        np.array([prior[word] for word in words]),
        settings.word_prior,
    )
    order = sorted(range(len(words)), key=lambda i: (-abs(scores[i]), words[i]))
    found = [
        TellingWord(
            source=name,
            word=words[i],
            chosen=plus.get(words[i], 0),
            rejected=minus.get(words[i], 0),
            tasks=len(source.tasks),
            z=round(float(scores[i]), 3),
        )
        for i in order
        if abs(scores[i]) >= settings.word_z
    ]
    return _told_once(found)[: settings.words_shown]


def _told_once(found: Sequence[TellingWord]) -> list[TellingWord]:
    """Leave out the parts of names that stand just where a whole name with them does."""
    names = [item for item in found if not item.word.startswith(("~", "#"))]
    return [
        item
        for item in found
        if not any(
            item.word.startswith("~")
            and item.word[1:] in name.word.lower()
            and (item.chosen, item.rejected) == (name.chosen, name.rejected)
            for name in names
        )
    ]


def z_scores(
    plus: NDArray[np.float64], minus: NDArray[np.float64], tasks: int, rate: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """Return z-scores of log-odds ratios under a prior that is the same for both sides (Monroe et al., 2008, eq. 22).

    Args:
        plus: Tasks in which a word stands on one side alone, shape ``[words]``.
        minus: The same for the other side.
        tasks: All tasks.
        rate: Share of tasks that the prior expects on each side, shape ``[words]``.
        weight: Tasks that the prior counts for; it counts one more with the word and one without on each side.
    """
    yes = [counts + 1 + weight * rate for counts in (plus, minus)]
    odds = [np.log(counts) - np.log(tasks + 2 + weight - counts) for counts in yes]
    return (odds[0] - odds[1]) / np.sqrt(1 / yes[0] + 1 / yes[1])


def artifacts(items: Iterable[PairFeatures], words: Iterable[TellingWord]) -> Iterator[Finding]:
    """Yield ``one-sided-word`` for each pair that an artifact of its source tells apart."""
    telling: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if word.artifact:
            telling[word.source].append(word.word)
    for item in items:
        apart = item.chosen.words ^ item.rejected.words
        for told in telling.get(item.pair.source, ()):
            if told in apart:
                yield Finding(pair=item.pair.id, kind="one-sided-word", detail=told)
