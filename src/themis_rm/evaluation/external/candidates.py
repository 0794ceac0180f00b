"""Prompts with several responses, some of them correct: the common form of the external benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from themis_rm.messages import Conversation


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """A prompt of a benchmark with its responses.

    Attributes:
        id: Identifier within the benchmark.
        subset: Subset of the benchmark.
        prompt: Messages before the responses.
        responses: All responses, the correct ones first.
        correct: Number of correct responses.
    """

    id: str
    subset: str
    prompt: Conversation
    responses: tuple[str, ...]
    correct: int


@dataclass(frozen=True, slots=True)
class ScoredSet:
    """The scores of a candidate set.

    Attributes:
        candidates: The prompt and its responses.
        scores: One score per response; ``None`` for a response that could not be scored.
    """

    candidates: CandidateSet
    scores: tuple[float | None, ...]

    @property
    def complete(self) -> bool:
        """Return whether every response has a score; a set without counts as wrong."""
        return None not in self.scores

    @property
    def first_wins(self) -> bool:
        """Return whether the first correct response scores strictly higher than the first incorrect one."""
        return self.complete and self.chosen[0] > self.rejected[0]

    @property
    def chosen(self) -> list[float]:
        """Return the scores of the correct responses of a complete set."""
        return [score for score in self.scores[: self.candidates.correct] if score is not None]

    @property
    def rejected(self) -> list[float]:
        """Return the scores of the incorrect responses of a complete set."""
        return [score for score in self.scores[self.candidates.correct :] if score is not None]


def by_subset(sets: Sequence[ScoredSet]) -> dict[str, list[ScoredSet]]:
    """Return the sets of each subset, subsets in the order of their names."""
    groups: dict[str, list[ScoredSet]] = {}
    for scored in sorted(sets, key=lambda scored: scored.candidates.subset):
        groups.setdefault(scored.candidates.subset, []).append(scored)
    return groups
