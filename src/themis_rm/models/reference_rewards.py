"""Reference rewards of an adapter: pairs with the rewards that it gives on the base that it was trained on.

On other weights of its base, such as those of the hub in place of dequantized ones, an adapter gives other rewards. The
references, which are in its directory, say how much they differ.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar, Self

from pydantic import Field

from themis_rm.errors import InputError, UserError
from themis_rm.messages import Conversation, parse_messages
from themis_rm.models.protocol import RewardModel
from themis_rm.results import Result, ResultPart
from themis_rm.storage.digests import stable_id
from themis_rm.storage.user_cache import user_cache

REFERENCE_REWARDS = "reference_rewards.json"
"""Their file in the directory of an adapter."""


class RewardDrift(Result):
    """How much the rewards of reference pairs differ from the recorded ones."""

    kind: ClassVar[str] = "file of a reward drift"

    pairs: int
    """Number of pairs."""
    mean: float
    """Mean absolute difference of a reward, in standard deviations of the recorded rewards."""
    largest: float
    """Largest such difference."""
    changed: int
    """Pairs whose order has changed."""

    def records(self) -> list[dict[str, Any]]:
        """Return the fields as one row."""
        return [self.model_dump()]

    def summary(self) -> str:
        """Return the differences in one sentence."""
        return (
            f"On {2 * self.pairs} reference conversations, rewards differ from those of the original weights by "
            f"{self.mean:.2g} standard deviations on average and {self.largest:.2g} at most; "
            f"{self.changed} of {self.pairs} pairs have another order."
        )


class ReferencePair(ResultPart):
    """Two responses to one prompt, as conversations, and their rewards."""

    chosen: list[dict[str, Any]]
    """Messages that end with the better response."""
    rejected: list[dict[str, Any]]
    """Messages that end with the worse response."""
    chosen_reward: float = Field(allow_inf_nan=False)
    """Reward of ``chosen``."""
    rejected_reward: float = Field(allow_inf_nan=False)
    """Reward of ``rejected``."""

    @property
    def margin(self) -> float:
        """Return the reward of the better response minus that of the worse one."""
        return self.chosen_reward - self.rejected_reward


class ReferenceRewards(Result):
    """Pairs with their rewards in float32."""

    kind: ClassVar[str] = "file of reference rewards"

    pairs: list[ReferencePair] = Field(min_length=2)
    """At least two pairs."""

    @classmethod
    def score(cls, model: RewardModel, pairs: Sequence[tuple[Conversation, Conversation]]) -> Self:
        """Score pairs with a model on the base that it was trained on.

        Args:
            model: The model, in float32.
            pairs: Conversations with the better and with the worse response.

        Raises:
            InputError: The model cannot score one of them.
        """
        rewards = _rewards(model, pairs)
        return cls(
            pairs=[
                ReferencePair(
                    chosen=[dict(message) for message in chosen],
                    rejected=[dict(message) for message in rejected],
                    chosen_reward=rewards[2 * index],
                    rejected_reward=rewards[2 * index + 1],
                )
                for index, (chosen, rejected) in enumerate(pairs)
            ]
        )

    def measure(self, model: RewardModel) -> RewardDrift:
        """Score the pairs with a model on another base, and compare the rewards.

        The result is kept in the user's cache, so that a model is measured once.

        Raises:
            InputError: The model cannot score one of them, or all reference rewards are equal.
        """
        identity = model.identity
        key = stable_id(identity.digest, json.dumps(identity.facts, sort_keys=True), self.to_json())
        entry = user_cache() / "reward-drift" / f"{key}.json"
        with suppress(UserError, OSError):
            return RewardDrift.load(entry)
        drift = self._measure(model)
        with suppress(OSError):  # the cache may be read-only or full
            drift.save(entry)
        return drift

    def _measure(self, model: RewardModel) -> RewardDrift:
        before = [reward for pair in self.pairs for reward in (pair.chosen_reward, pair.rejected_reward)]
        sides = ((pair.chosen, pair.rejected) for pair in self.pairs)
        after = _rewards(model, [(parse_messages(a, "assistant"), parse_messages(b, "assistant")) for a, b in sides])
        if not (spread := statistics.pstdev(before)):
            raise InputError("All reference rewards are equal.", "Build the model again.")
        differences = [abs(new - old) / spread for new, old in zip(after, before, strict=True)]
        margins = [after[2 * index] - after[2 * index + 1] for index in range(len(self.pairs))]
        changed = sum((new > 0) != (pair.margin > 0) for new, pair in zip(margins, self.pairs, strict=True))
        return RewardDrift(
            pairs=len(self.pairs), mean=statistics.fmean(differences), largest=max(differences), changed=changed
        )

    def records(self) -> list[dict[str, Any]]:
        """Return the two rewards of each pair."""
        return [{"chosen": pair.chosen_reward, "rejected": pair.rejected_reward} for pair in self.pairs]


def _rewards(model: RewardModel, pairs: Sequence[tuple[Conversation, Conversation]]) -> list[float]:
    scores = model.score([conversation for pair in pairs for conversation in pair])
    rewards = [score.reward for score in scores if score.reward is not None]
    if len(rewards) < len(scores):
        failure = next(score.failure for score in scores if score.reward is None)
        raise InputError(f"A reference conversation cannot be scored ({failure}).", "Load the model with its defaults.")
    return rewards
