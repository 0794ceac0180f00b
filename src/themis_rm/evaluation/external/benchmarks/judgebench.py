"""JudgeBench: objectively correct against incorrect responses, judged in both orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from themis_rm.dataset.adapters.pair import UnusableRowError, name_of, prompt_of, text_of
from themis_rm.evaluation.external.benchmarks import EXTERNAL_BENCHMARKS
from themis_rm.evaluation.external.candidates import CandidateSet, ScoredSet
from themis_rm.evaluation.external.figures import FigureTerms, Term

SOURCES = {
    "mmlu-pro": "Knowledge",
    "livebench-reasoning": "Reasoning",
    "livebench-math": "Math",
    "livecodebench": "Coding",
}
"""Start of a pair's source -> category."""

_OTHER = "Other"
_LABELS = {"A>B": False, "B>A": True}


class JudgeBench:
    """JudgeBench.

    Its authors ask a judge twice, with the responses in both orders, and count a pair as correct if more answers agree
    with the label than contradict it. A model that scores each response by itself gives both orders the same scores, so
    the pair is correct if and only if the right response scores strictly higher: equal scores decide for the second
    response in either order, which is one agreement and one contradiction.
    """

    name = "judgebench"
    title = "JudgeBench"
    hub = "ScalerLab/JudgeBench"
    split: tuple[str, ...] = ("gpt", "claude")
    citation = "Tan et al. (2025), JudgeBench: A Benchmark for Evaluating LLM-based Judges, ICLR, arXiv 2410.12784"

    def read(self, row: Mapping[str, Any]) -> CandidateSet:
        """Return a row as a candidate set, the response that the label prefers first."""
        label, source = text_of(row, "label"), text_of(row, "source")
        if label not in _LABELS:
            raise UnusableRowError("unknown-label")
        first, second = text_of(row, "response_A"), text_of(row, "response_B")
        responses = (second, first) if _LABELS[label] else (first, second)
        subset = next((name for start, name in SOURCES.items() if source.startswith(start)), _OTHER)
        identifier = f"{name_of(row, 'response_model')}:{name_of(row, 'pair_id')}"
        return CandidateSet(identifier, subset, prompt_of(row, "question"), responses, 1)

    def figures(self, scored: Sequence[ScoredSet]) -> list[FigureTerms]:
        """Return the share of correct pairs, overall and by category."""
        categories = [name for name in (*SOURCES.values(), _OTHER) if any(s.candidates.subset == name for s in scored)]
        terms = {
            name: Term(name, {s.candidates.id: float(s.first_wins) for s in scored if s.candidates.subset == name})
            for name in categories
        }
        overall = tuple(term.scaled(len(term.values) / len(scored)) for term in terms.values())
        return [
            FigureTerms("overall", "overall", overall),
            *(FigureTerms(name, "section", (term,)) for name, term in terms.items()),
        ]


EXTERNAL_BENCHMARKS.register(JudgeBench())
