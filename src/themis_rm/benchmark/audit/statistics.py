"""Statistics of a benchmark's sources: parsing, tasks and repeated prompts."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from themis_rm.benchmark.audit.features import PairFeatures, count_values
from themis_rm.benchmark.audit.findings import Finding
from themis_rm.results import ResultPart


class SourceStatistics(ResultPart):
    """Statistics of the pairs of one source."""

    pairs: int
    """Number of pairs."""
    tasks: int
    """Number of distinct tasks (group, or prompt where there is no group); pairs of a task are not independent."""
    largest_task: int
    """Number of pairs of the largest task."""
    effective_tasks: float
    """Squared number of pairs over the sum of squared task sizes: the number of tasks of equal size with the same
    imbalance (Kish, 1965, "Survey sampling")."""
    unparsable: float
    """Share of responses with syntax errors: wrong language, cut off, or macros."""
    unparsable_one_side: int
    """Pairs in which one response parses and the other does not, so that a parser can predict the label."""

    @classmethod
    def of(cls, items: Sequence[PairFeatures]) -> Self:
        """Compute the statistics of a source's pairs."""
        sizes = Counter(item.task for item in items)
        unparsable = [(item.chosen.unparsable, item.rejected.unparsable) for item in items]
        return cls(
            pairs=len(items),
            tasks=len(sizes),
            largest_task=max(sizes.values()),
            effective_tasks=round(len(items) ** 2 / sum(size**2 for size in sizes.values()), 1),
            unparsable=sum(map(sum, unparsable)) / (2 * len(items)),
            unparsable_one_side=sum(chosen != rejected for chosen, rejected in unparsable),
        )


class RepeatedPrompt(ResultPart):
    """A prompt that many pairs share."""

    pairs: int
    """Number of pairs."""
    sources: dict[str, int]
    """Source -> pairs."""
    prompt_source: str
    """Origin of the prompt of the first of them."""
    prompt: str
    """First 200 characters of the prompt."""


class BenchmarkStatistics(ResultPart):
    """Statistics of all pairs of a benchmark."""

    by_source: dict[str, SourceStatistics]
    """By source."""
    prompt_sources: dict[str, int]
    """Origin of prompts -> pairs; the empty name counts pairs whose file does not state it."""
    verified: dict[str, int]
    """Value of the ``verified`` column -> pairs."""
    repeated_prompts: list[RepeatedPrompt]
    """Prompts that many pairs share, the most frequent first."""

    @classmethod
    def of(cls, items: Sequence[PairFeatures], min_repeats: int) -> Self:
        """Compute the statistics of a benchmark; prompts of at least ``min_repeats`` pairs are listed."""
        sources: dict[str, list[PairFeatures]] = defaultdict(list)
        prompts: dict[str, list[PairFeatures]] = defaultdict(list)
        for item in items:
            sources[item.pair.source].append(item)
            prompts[item.pair.prompt].append(item)
        repeated = sorted(
            (group for group in prompts.values() if len(group) >= min_repeats),
            key=lambda group: (-len(group), group[0].pair.prompt),
        )
        return cls(
            by_source={name: SourceStatistics.of(group) for name, group in sorted(sources.items())},
            prompt_sources=count_values(item.pair.prompt_source for item in items),
            verified=count_values(item.pair.verified for item in items),
            repeated_prompts=[_repeated_prompt(group) for group in repeated],
        )

    @property
    def median_unparsable(self) -> float:
        """Return the median over sources of the share of unparsable responses."""
        return statistics.median(source.unparsable for source in self.by_source.values())


def _repeated_prompt(group: Sequence[PairFeatures]) -> RepeatedPrompt:
    first = group[0].pair
    return RepeatedPrompt(
        pairs=len(group),
        sources=count_values(item.pair.source for item in group),
        prompt_source=first.prompt_source,
        prompt=" ".join(first.prompt.split())[:200],
    )


def parsing_findings(items: Iterable[PairFeatures]) -> Iterator[Finding]:
    """Yield pairs with syntax errors and pairs whose label execution contradicts.

    ``unparsable-one-side``: one of the two responses parses. ``unparsable``: neither parses.
    ``execution-disagrees``: the ``verified`` column is ``disagrees``.
    """
    for item in items:
        sides = item.chosen.unparsable, item.rejected.unparsable
        if any(sides):
            detail = "" if all(sides) else "chosen" if sides[0] else "rejected"
            yield Finding(pair=item.pair.id, kind="unparsable" if all(sides) else "unparsable-one-side", detail=detail)
        if item.pair.verified == "disagrees":
            yield Finding(pair=item.pair.id, kind="execution-disagrees")
