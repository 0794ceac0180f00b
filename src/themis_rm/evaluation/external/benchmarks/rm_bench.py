"""RM-Bench: three styles per side, from concise to formatted; easy, normal and hard comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from themis_rm.dataset.adapters.pair import UnusableRowError, name_of, prompt_of, text_of, texts_of
from themis_rm.evaluation.external.benchmarks import EXTERNAL_BENCHMARKS
from themis_rm.evaluation.external.candidates import CandidateSet, ScoredSet
from themis_rm.evaluation.external.figures import FigureTerms, Term

DOMAINS = ("chat", "math", "code", "safety")
STYLES = 3
LEVELS = {
    "easy": [(chosen, rejected) for chosen in range(STYLES) for rejected in range(chosen)],
    "normal": [(style, style) for style in range(STYLES)],
    "hard": [(chosen, rejected) for rejected in range(STYLES) for chosen in range(rejected)],
}
"""Level -> compared styles: hard comparisons have a plainer chosen than rejected response, easy ones a richer one."""


class RMBench:
    """RM-Bench."""

    name = "rm-bench"
    title = "RM-Bench"
    hub = "THU-KEG/RM-Bench"
    split: tuple[str, ...] = ("train",)
    citation = (
        "Liu et al. (2025), RM-Bench: Benchmarking Reward Models of Language Models with Subtlety and Style, ICLR"
    )

    def read(self, row: Mapping[str, Any]) -> CandidateSet:
        """Return a row as a candidate set of six responses; the subset is the domain, parts of ``safety`` together."""
        domain = text_of(row, "domain")
        chosen, rejected = texts_of(row, "chosen"), texts_of(row, "rejected")
        if len(chosen) != STYLES or len(rejected) != STYLES:
            raise UnusableRowError("not-three-styles")
        subset = next((name for name in DOMAINS if domain.startswith(name)), None)
        if subset is None:
            raise UnusableRowError("unknown-domain")
        identifier = f"{domain}:{name_of(row, 'id')}"
        return CandidateSet(identifier, subset, prompt_of(row, "prompt"), (*chosen, *rejected), STYLES)

    def figures(self, scored: Sequence[ScoredSet]) -> list[FigureTerms]:
        """Return overall, levels, domains, and levels of each domain; domains count equally."""
        cells: dict[str, dict[str, FigureTerms]] = {}
        for domain in DOMAINS:
            sets = [one for one in scored if one.candidates.subset == domain]
            if sets:
                cells[domain] = {level: _cell(domain, level, sets) for level in LEVELS}
        domains = [FigureTerms.mean_of(domain, "section", list(row.values())) for domain, row in cells.items()]
        levels = [FigureTerms.mean_of(level, "section", [row[level] for row in cells.values()]) for level in LEVELS]
        details = [cell for row in cells.values() for cell in row.values()]
        return [FigureTerms.mean_of("overall", "overall", domains), *levels, *domains, *details]


def _cell(domain: str, level: str, sets: Iterable[ScoredSet]) -> FigureTerms:
    values = {scored.candidates.id: _share_of_wins(scored, LEVELS[level]) for scored in sets}
    return FigureTerms(f"{domain} {level}", "subset", (Term(domain, values),))


def _share_of_wins(scored: ScoredSet, comparisons: Sequence[tuple[int, int]]) -> float:
    if not scored.complete:
        return 0.0
    chosen, rejected = scored.chosen, scored.rejected
    return sum(chosen[one] > rejected[other] for one, other in comparisons) / len(comparisons)


EXTERNAL_BENCHMARKS.register(RMBench())
