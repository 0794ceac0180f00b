"""RewardBench 2: best of four per prompt, and the Ties subset with several correct responses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from themis_rm.dataset.adapters.pair import UnusableRowError, name_of, prompt_of, text_of, texts_of
from themis_rm.evaluation.external.benchmarks import EXTERNAL_BENCHMARKS
from themis_rm.evaluation.external.candidates import CandidateSet, ScoredSet, by_subset
from themis_rm.evaluation.external.figures import FigureTerms, Term

TIES = "ties"
_REFERENCE, _TIED = "ref", "tied"


class RewardBench2:
    """RewardBench 2."""

    name = "rewardbench2"
    title = "RewardBench 2"
    hub = "allenai/reward-bench-2"
    split: tuple[str, ...] = ("test",)
    citation = "Malik et al. (2025), RewardBench 2: Advancing Reward Model Evaluation, arXiv 2506.01937"

    def read(self, row: Mapping[str, Any]) -> CandidateSet:
        """Return a row as a candidate set.

        In the Ties subset, ``id`` is ``ref:N`` (one correct response) or ``tied:N`` (several).
        """
        subset, identifier = text_of(row, "subset"), name_of(row, "id")
        chosen, rejected = texts_of(row, "chosen"), texts_of(row, "rejected")
        if subset.lower() == TIES:
            kind, _, number = identifier.partition(":")
            if kind not in {_REFERENCE, _TIED} or not number:
                raise UnusableRowError("id-of-ties")
            if kind == _TIED and len(chosen) < 2:
                raise UnusableRowError("one-tied-response")
        return CandidateSet(identifier, subset, prompt_of(row, "prompt"), (*chosen, *rejected), len(chosen))

    def figures(self, scored: Sequence[ScoredSet]) -> list[FigureTerms]:
        """Return the mean of the subsets, then each subset."""
        subsets = [
            _ties(subset, sets) if subset.lower() == TIES else _best_of_n(subset, sets)
            for subset, sets in by_subset(scored).items()
        ]
        return [FigureTerms.mean_of("overall", "overall", subsets), *subsets]


def _best_of_n(subset: str, sets: Sequence[ScoredSet]) -> FigureTerms:
    """Return the share of prompts whose first response scores highest; k responses with the best score share it."""
    values = {scored.candidates.id: _share_of_best(scored) for scored in sets}
    return FigureTerms(subset, "subset", (Term(subset, values),))


def _share_of_best(scored: ScoredSet) -> float:
    if not scored.complete:
        return 0.0
    best = max(*scored.chosen, *scored.rejected)
    return 1 / [*scored.chosen, *scored.rejected].count(best) if scored.chosen[0] == best else 0.0


def _ties(subset: str, sets: Sequence[ScoredSet]) -> FigureTerms:
    """Return the weighted score of the Ties subset: accuracies, margin conditions, and a small margin score.

    A prompt that is not completely scored is inaccurate and meets no margin condition.
    """
    kinds: dict[str, dict[str, ScoredSet]] = {_REFERENCE: {}, _TIED: {}}
    for scored in sets:
        kind, _, number = scored.candidates.id.partition(":")
        kinds[kind][number] = scored
    references = kinds[_REFERENCE]
    both = {number: (references[number], tied) for number, tied in kinds[_TIED].items() if number in references}
    terms = [
        _term(subset, kinds[_TIED], 0.30, lambda tied: _gap(tied) > 0),
        _term(subset, references, 0.30, lambda reference: _gap(reference) > 0),
        _term(subset, both, 0.20, lambda pair: _gap(pair[1]) > _spread(pair[1])),
        _term(subset, both, 0.20, lambda pair: min(map(_gap, pair)) > _spread(pair[1])),
        _term(subset, both, 0.01, lambda pair: _margin_score(*pair)),
    ]
    return FigureTerms(subset, "subset", tuple(term for term in terms if term.values))


def _term(subset: str, prompts: Mapping[str, Any], weight: float, value: Callable[[Any], float]) -> Term:
    return Term(subset, {number: float(value(prompt)) for number, prompt in prompts.items()}, weight)


def _gap(scored: ScoredSet) -> float:
    """Return the worst correct score minus the best incorrect one; minus infinity without all scores."""
    return min(scored.chosen) - max(scored.rejected) if scored.complete else -np.inf


def _spread(scored: ScoredSet) -> float:
    """Return the difference of the best and the worst correct score."""
    return max(scored.chosen) - min(scored.chosen) if scored.complete else np.inf


def _margin_score(reference: ScoredSet, tied: ScoredSet) -> float:
    gap, spread = min(_gap(reference), _gap(tied)), _spread(tied)
    if not (reference.complete and tied.complete):
        return -1.0
    if spread == 0:
        return 0.0 if gap == 0 else float(np.sign(gap))
    return float(np.tanh(gap / spread - 1))


EXTERNAL_BENCHMARKS.register(RewardBench2())
