"""Baselines without parameters: a reward model that is not clearly better than these has learned nothing."""

from __future__ import annotations

from collections.abc import Sequence

from themis_rm.models.protocol import NO_RESPONSE, ModelIdentity, Score, response_of
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import Conversation
from themis_rm.storage.digests import stable_id


class LengthBaseline:
    """The longer answer wins: the reward is the number of characters of the response."""

    def __init__(self) -> None:
        self.identity = ModelIdentity("length", "length", stable_id("length", "characters"))

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return the length of each response."""
        texts = [response_of(conversation) for conversation in conversations]
        return [Score.failed(NO_RESPONSE) if text is None else Score(float(len(text))) for text in texts]


class RandomBaseline:
    """A reward in [0, 1) drawn from the conversation's text and the seed, so that order does not matter."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.identity = ModelIdentity("random", "random", stable_id("random", str(seed)), {"seed": seed})

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return a uniform draw for each conversation; equal conversations get equal draws."""
        return [self._draw(conversation) for conversation in conversations]

    def _draw(self, conversation: Conversation) -> Score:
        if response_of(conversation) is None:
            return Score.failed(NO_RESPONSE)
        parts = [text for message in conversation for text in (message["role"], message["content"])]
        return Score(int(stable_id(str(self.seed), *parts)[:13], 16) / 16**13)


def load_length(settings: ModelSettings) -> LengthBaseline:  # noqa: ARG001
    """Return the length baseline."""
    return LengthBaseline()


def load_random(settings: ModelSettings) -> RandomBaseline:
    """Return the random baseline under the settings' seed."""
    return RandomBaseline(settings.seed)
