"""Baselines without parameters, which a useful reward model must clearly exceed."""

from __future__ import annotations

from collections.abc import Sequence

from themis_rm.messages import Conversation, text_of
from themis_rm.models.protocol import NO_RESPONSE, ModelIdentity, Score, response_of
from themis_rm.models.settings import ModelSettings
from themis_rm.storage.digests import stable_id


class LengthBaseline:
    """The reward is the number of characters of the response."""

    def __init__(self) -> None:
        self.identity = ModelIdentity("length", "length", stable_id("length", "characters"))

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return the length of each response."""
        texts = [response_of(conversation) for conversation in conversations]
        return [Score.failed(NO_RESPONSE) if text is None else Score(float(len(text))) for text in texts]


class RandomBaseline:
    """A uniform reward in [0, 1) that depends on the text of the conversation and the seed, not on the order."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.identity = ModelIdentity("random", "random", stable_id("random", str(seed)), {"seed": seed})

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return a uniform draw per conversation; equal conversations get equal draws."""
        return [self._draw(conversation) for conversation in conversations]

    def _draw(self, conversation: Conversation) -> Score:
        if response_of(conversation) is None:
            return Score.failed(NO_RESPONSE)
        parts = [text for message in conversation for text in (message["role"], text_of(message))]
        return Score(int(stable_id(str(self.seed), *parts)[:13], 16) / 16**13)


def load_length(settings: ModelSettings) -> LengthBaseline:  # noqa: ARG001
    """Return the length baseline."""
    return LengthBaseline()


def load_random(settings: ModelSettings) -> RandomBaseline:
    """Return the random baseline with the seed of the settings."""
    return RandomBaseline(settings.seed)
