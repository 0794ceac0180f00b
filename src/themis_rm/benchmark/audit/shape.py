"""What the pairs of each source look like: can they be parsed, who shares a request, who shares a task."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from themis_rm.benchmark.audit.findings import Finding
from themis_rm.benchmark.audit.pairs import PairFeatures, counted
from themis_rm.results import ResultPart


class SourceShape(ResultPart):
    """The pairs of one source."""

    pairs: int
    """Pairs."""
    tasks: int
    """Different tasks (group, or request where there is no group); pairs of a task are not independent."""
    largest_task: int
    """Pairs of the largest one."""
    effective: float
    """Pairs squared over the sum of squared task sizes: as many tasks of equal size would be as uneven (Kish, 1965)."""
    broken: float
    """Share of answers that their language's grammar cannot read whole: wrong language, cut off, or macros."""
    broken_one_side: int
    """Pairs of which the grammar reads one answer and not the other: a label that a parser can tell."""

    @classmethod
    def of(cls, items: Sequence[PairFeatures]) -> Self:
        """Measure the pairs of a source."""
        sizes = Counter(item.task for item in items)
        broken = [(item.chosen.broken, item.rejected.broken) for item in items]
        return cls(
            pairs=len(items),
            tasks=len(sizes),
            largest_task=max(sizes.values()),
            effective=round(len(items) ** 2 / sum(size**2 for size in sizes.values()), 1),
            broken=sum(map(sum, broken)) / (2 * len(items)),
            broken_one_side=sum(one != other for one, other in broken),
        )


class Repeat(ResultPart):
    """A request that many pairs have."""

    pairs: int
    """How many."""
    sources: dict[str, int]
    """Source -> pairs."""
    prompt_source: str
    """Where the first of them has it from."""
    prompt: str
    """Its beginning."""


class Shape(ResultPart):
    """The pairs of a benchmark."""

    by_source: dict[str, SourceShape]
    """By source."""
    prompt_sources: dict[str, int]
    """Where requests come from -> pairs; empty name where the file does not say."""
    verified: dict[str, int]
    """What execution showed -> pairs."""
    repeats: list[Repeat]
    """Requests that many pairs have, the most frequent first."""

    @classmethod
    def of(cls, items: Sequence[PairFeatures], repeats: int) -> Self:
        """Measure a benchmark; requests of ``repeats`` pairs or more are listed."""
        sources: dict[str, list[PairFeatures]] = defaultdict(list)
        prompts: dict[str, list[PairFeatures]] = defaultdict(list)
        for item in items:
            sources[item.pair.source].append(item)
            prompts[item.pair.prompt].append(item)
        often = sorted(
            (group for group in prompts.values() if len(group) >= repeats), key=lambda g: (-len(g), g[0].pair.prompt)
        )
        return cls(
            by_source={name: SourceShape.of(group) for name, group in sorted(sources.items())},
            prompt_sources=counted(item.pair.prompt_source for item in items),
            verified=counted(item.pair.verified for item in items),
            repeats=[
                Repeat(
                    pairs=len(group),
                    sources=counted(item.pair.source for item in group),
                    prompt_source=group[0].pair.prompt_source,
                    prompt=" ".join(group[0].pair.prompt.split())[:200],
                )
                for group in often
            ],
        )

    @property
    def usual_broken(self) -> float:
        """Return the median share of broken answers over the sources."""
        return statistics.median(source.broken for source in self.by_source.values())


def shape_findings(items: Iterable[PairFeatures]) -> Iterator[Finding]:
    """Yield what single pairs show.

    ``one-side-broken``: a parser tells the answers apart. ``broken``: it reads neither. ``execution-disagrees``: the
    pair fails what ``verify`` asked of it.
    """
    for item in items:
        sides = item.chosen.broken, item.rejected.broken
        if any(sides):
            detail = "" if all(sides) else "chosen" if sides[0] else "rejected"
            yield Finding(pair=item.pair.id, kind="broken" if all(sides) else "one-side-broken", detail=detail)
        if item.pair.verified == "disagrees":
            yield Finding(pair=item.pair.id, kind="execution-disagrees")
