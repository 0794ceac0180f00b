"""Results of scoring calls: scores of one response, of several responses, and rankings of candidates."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import Any, ClassVar

from pydantic import Field

from themis_rm.errors import InputError
from themis_rm.models.calibration import Calibration
from themis_rm.results import Result, ResultPart


class Scores(Result):
    """Rewards of one response: a read-only mapping from criterion label to reward.

    ``float(scores)`` is the reward where only one criterion was scored.
    """

    kind: ClassVar[str] = "file of scores"

    scores: dict[str, float | None]
    """Label (``FC``, ..., ``all``, ``none``, ``given``) -> raw reward; ``None`` where scoring failed."""
    probabilities: dict[str, float] = Field(default_factory=dict)
    """Label -> probability that the response is the preferred one of a pair, from its reward alone; for labels that the
    model is calibrated for."""
    failures: dict[str, str] = Field(default_factory=dict)
    """Label -> reason, for each score that is ``None``."""
    truncated: bool = False
    """The response was cut to fit into the model's context."""
    notes: list[str] = Field(default_factory=list)
    """``control-tokens``: a message contains control tokens of the model, encoded as text; ``partly-written``: the chat
    template left out or changed a part of a message."""
    tokens: int = 0
    """Tokens of the longest conversation that was scored, prompt included."""

    def __getitem__(self, label: str) -> float | None:
        return self.scores[label]

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        return iter(self.scores)

    def __len__(self) -> int:
        return len(self.scores)

    def __contains__(self, label: object) -> bool:
        return label in self.scores

    def __float__(self) -> float:
        if len(self.scores) != 1:
            raise TypeError(f"float() needs the score of one criterion; there are {len(self.scores)}")
        (reward,) = self.scores.values()
        return float("nan") if reward is None else reward

    def keys(self) -> KeysView[str]:
        """Return the labels."""
        return self.scores.keys()

    def values(self) -> ValuesView[float | None]:
        """Return the rewards."""
        return self.scores.values()

    def items(self) -> ItemsView[str, float | None]:
        """Return label and reward pairs."""
        return self.scores.items()

    def records(self) -> list[dict[str, Any]]:
        """Return one row per criterion; with a probability if the model is calibrated."""
        return [
            {"criterion": label, "score": reward}
            | ({"probability": self.probabilities.get(label)} if self.probabilities else {})
            | {"failure": self.failures.get(label, "")}
            for label, reward in self.scores.items()
        ]

    def summary(self) -> str:
        """Return label and reward pairs in one line."""
        cells = [
            f"{label} {format_reward(reward)}"
            + (f" ({100 * self.probabilities[label]:.0f} %)" if label in self.probabilities else "")
            for label, reward in self.scores.items()
        ]
        notes = ["truncated"] * self.truncated + self.notes
        return ", ".join(cells) + (f" ({', '.join(notes)})" if notes else "")

    def raise_on_failure(self) -> None:
        """Raise an error if a score is missing.

        Raises:
            InputError: The reason of the first failure.
        """
        for reason in self.failures.values():
            raise InputError(f"The response cannot be scored: {reason}.")


class ScoreTable(Result):
    """Scores of several responses, in the order in which they were given; a read-only sequence of :class:`Scores`."""

    kind: ClassVar[str] = "file of scores"

    responses: list[Scores]
    """One entry per response."""

    def __getitem__(self, index: int) -> Scores:
        return self.responses[index]

    def __iter__(self) -> Iterator[Scores]:  # type: ignore[override]
        return iter(self.responses)

    def __len__(self) -> int:
        return len(self.responses)

    def column(self, label: str) -> list[float | None]:
        """Return the rewards of all responses under one criterion.

        Raises:
            KeyError: The criterion was not scored.
        """
        return [scores.scores[label] for scores in self.responses]

    def records(self) -> list[dict[str, Any]]:
        """Return one row per response with one column per criterion."""
        return [
            {
                "response": index,
                **scores.scores,
                "truncated": scores.truncated,
                "failure": next(iter(scores.failures.values()), ""),
            }
            for index, scores in enumerate(self.responses)
        ]

    def summary(self) -> str:
        """Return the number of responses and of failures."""
        failed = sum(bool(scores.failures) for scores in self.responses)
        return f"{len(self.responses)} responses" + (f", {failed} of them not scored" if failed else "")


class RankedCandidate(ResultPart):
    """One candidate of a ranking."""

    index: int
    """Position in the list of candidates that was given, from 0."""
    rank: int | None
    """1 for the best; equal rewards share a rank. ``None`` if the candidate could not be scored."""
    reward: float | None
    """Weighted mean of the criteria's rewards, or ``None``."""
    probability: float | None = None
    """Probability that it is the best of these candidates; ``None`` without a calibration, and for several criteria."""
    scores: Scores
    """Reward under each criterion."""


class Ranking(Result):
    """Candidates for one prompt, best first; candidates that could not be scored come last."""

    kind: ClassVar[str] = "file of a ranking"

    weights: dict[str, float]
    """Criterion label -> weight; weights sum to 1."""
    candidates: list[RankedCandidate]
    """Candidates in order of their rank; equal rewards keep the order in which they were given."""

    @property
    def best(self) -> int:
        """Return the index of the best candidate.

        Raises:
            InputError: No candidate could be scored.
        """
        if self.candidates[0].rank is None:
            self.candidates[0].scores.raise_on_failure()
        return self.candidates[0].index

    @property
    def order(self) -> list[int]:
        """Return the candidates' indices, best first."""
        return [candidate.index for candidate in self.candidates]

    def __len__(self) -> int:
        return len(self.candidates)

    def __iter__(self) -> Iterator[RankedCandidate]:  # type: ignore[override]
        return iter(self.candidates)

    def records(self) -> list[dict[str, Any]]:
        """Return one row per candidate, best first."""
        calibrated = any(item.probability is not None for item in self.candidates)
        return [
            {"rank": item.rank, "candidate": item.index, "reward": item.reward}
            | ({"probability": item.probability} if calibrated else {})
            | item.scores.scores
            for item in self.candidates
        ]

    def summary(self) -> str:
        """Return the three best candidates with their rewards."""
        best = ", ".join(
            f"#{item.index} {format_reward(item.reward)}"
            + (f" ({100 * item.probability:.0f} %)" if item.probability is not None else "")
            for item in self.candidates[:3]
        )
        return f"{len(self.candidates)} candidates, best first: {best}{', ...' if len(self.candidates) > 3 else ''}"


def rank_candidates(table: ScoreTable, weights: Mapping[str, float], calibration: Calibration | None = None) -> Ranking:
    """Rank responses by the weighted mean of their rewards.

    Args:
        table: Scores of the candidates.
        weights: Criterion label -> weight, summing to 1.
        calibration: Probabilities of rewards; used if there is one criterion that it has a curve for.
    """
    rewards = [_weighted_mean(scores, weights) for scores in table]
    probabilities = _best_probabilities(rewards, weights, calibration)
    order = sorted(range(len(rewards)), key=lambda i: (rewards[i] is None, -(rewards[i] or 0.0), i))
    candidates = []
    for index in order:
        reward = rewards[index]
        rank = None if reward is None else 1 + sum(other is not None and other > reward for other in rewards)
        candidates.append(
            RankedCandidate(
                index=index, rank=rank, reward=reward, probability=probabilities.get(index), scores=table[index]
            )
        )
    return Ranking(weights=dict(weights), candidates=candidates)


def _best_probabilities(
    rewards: Sequence[float | None], weights: Mapping[str, float], calibration: Calibration | None
) -> dict[int, float]:
    """Return index -> probability of being the best, of the candidates with a reward."""
    curve = calibration.curves.get(next(iter(weights))) if calibration is not None and len(weights) == 1 else None
    scored = {index: reward for index, reward in enumerate(rewards) if reward is not None}
    if curve is None or not scored:
        return {}
    return dict(zip(scored, curve.best_probabilities(list(scored.values())), strict=True))


def _weighted_mean(scores: Scores, weights: Mapping[str, float]) -> float | None:
    rewards = [scores[label] for label in weights]
    if any(reward is None for reward in rewards):
        return None
    return sum(weight * (reward or 0.0) for weight, reward in zip(weights.values(), rewards, strict=True))


def format_reward(reward: float | None) -> str:
    """Return a reward with sign and three decimals, or ``-``."""
    return "-" if reward is None else f"{reward:+.3f}"
