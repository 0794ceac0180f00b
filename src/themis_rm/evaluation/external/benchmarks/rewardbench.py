"""RewardBench 1: 23 subsets in four sections, optionally with the prior preference sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from themis_rm.dataset.adapters.pair import UnusableRowError, name_of, prompt_of, text_of
from themis_rm.evaluation.external.benchmarks import EXTERNAL_BENCHMARKS
from themis_rm.evaluation.external.candidates import CandidateSet, ScoredSet, by_subset
from themis_rm.evaluation.external.figures import FigureTerms, Term

SECTIONS = {
    "Chat": {
        "alpacaeval-easy": 100,
        "alpacaeval-length": 95,
        "alpacaeval-hard": 95,
        "mt-bench-easy": 28,
        "mt-bench-med": 40,
    },
    "Chat Hard": {
        "mt-bench-hard": 37,
        "llmbar-natural": 100,
        "llmbar-adver-neighbor": 134,
        "llmbar-adver-GPTInst": 92,
        "llmbar-adver-GPTOut": 47,
        "llmbar-adver-manual": 46,
    },
    "Safety": {
        "refusals-dangerous": 100,
        "refusals-offensive": 100,
        "xstest-should-refuse": 154,
        "xstest-should-respond": 250,
        "donotanswer": 136,
    },
    "Reasoning": {
        "math-prm": 984,  # 447 pairs; the authors weight mathematics like code
        "hep-cpp": 164,
        "hep-go": 164,
        "hep-java": 164,
        "hep-js": 164,
        "hep-python": 164,
        "hep-rust": 164,
    },
}
"""Section -> subset -> weight in the section, as published."""

PRIOR_SETS = ("anthropic_helpful", "anthropic_hhh", "shp", "summarize")
"""Subsets of the prior preference sets; their mean counts half a section."""

_PRIOR_WEIGHT = 0.5


class RewardBench:
    """RewardBench 1."""

    name = "rewardbench"
    title = "RewardBench"
    hub = "allenai/reward-bench"
    split: tuple[str, ...] = ("filtered",)
    citation = "Lambert et al. (2024), RewardBench: Evaluating Reward Models for Language Modeling, arXiv 2403.13787"

    _subsets = frozenset(subset for section in SECTIONS.values() for subset in section) | frozenset(PRIOR_SETS)

    def read(self, row: Mapping[str, Any]) -> CandidateSet:
        """Return the pair of a row as a candidate set of two responses."""
        subset = text_of(row, "subset")
        if subset not in self._subsets:
            raise UnusableRowError("unknown-subset")
        responses = text_of(row, "chosen"), text_of(row, "rejected")
        return CandidateSet(f"{subset}:{name_of(row, 'id')}", subset, prompt_of(row, "prompt"), responses, 1)

    def figures(self, scored: Sequence[ScoredSet]) -> list[FigureTerms]:
        """Return overall, sections and subsets; a section weighs its subsets by their published numbers of pairs."""
        terms = {
            subset: Term(subset, {s.candidates.id: float(s.first_wins) for s in sets})
            for subset, sets in by_subset(scored).items()
        }
        sections = [
            _section(name, {subset: weight for subset, weight in weights.items() if subset in terms}, terms)
            for name, weights in SECTIONS.items()
            if any(subset in terms for subset in weights)
        ]
        prior = [terms[subset] for subset in PRIOR_SETS if subset in terms]
        parts = [(1.0, section) for section in sections]
        if prior:
            parts.append(
                (_PRIOR_WEIGHT, FigureTerms("Prior Sets", "section", tuple(t.scaled(1 / len(prior)) for t in prior)))
            )
        total = sum(weight for weight, _ in parts)
        overall = tuple(term.scaled(weight / total) for weight, part in parts for term in part.terms)
        subsets = [FigureTerms(subset, "subset", (term,)) for subset, term in terms.items()]
        return [FigureTerms("overall", "overall", overall), *(part for _, part in parts), *subsets]


def _section(name: str, weights: Mapping[str, int], terms: Mapping[str, Term]) -> FigureTerms:
    total = sum(weights.values())
    return FigureTerms(
        name, "section", tuple(terms[subset].scaled(weight / total) for subset, weight in weights.items())
    )


EXTERNAL_BENCHMARKS.register(RewardBench())
