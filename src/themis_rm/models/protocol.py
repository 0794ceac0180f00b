"""What every reward model is to the rest of the system: conversations in, one score or stated failure each out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from themis_rm.prompts import Conversation

PROMPT_TOO_LONG = "prompt-too-long"
NO_RESPONSE = "no-response"
NOT_FINITE = "not-finite"
SYSTEM_ROLE = "system-role-rejected"
TEMPLATE = "template-rejected"
NOT_UNICODE = "not-unicode"
NO_BOUNDARY = "no-end-of-prompt"


@dataclass(frozen=True, slots=True)
class Score:
    """What a model says about one conversation.

    Attributes:
        reward: The reward, always finite, or ``None`` if the conversation could not be scored.
        failure: Why there is no reward (a slug such as ``prompt-too-long``); empty otherwise.
        truncated: The response was cut to fit. The reward then stands for the part that was read.
        tokens: Tokens that the model read; 0 for a model without tokens and for a failure.
        stated: The score that a judge wrote down, where ``reward`` is the expectation over what it might have
            written; ``None`` for every other model.
    """

    reward: float | None
    failure: str = ""
    truncated: bool = False
    tokens: int = 0
    stated: float | None = None

    @classmethod
    def failed(cls, reason: str) -> Score:
        """Return the state of a conversation that cannot be scored."""
        return cls(None, reason)


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What a result says about the model that it came from.

    Attributes:
        name: The baseline's name or the checkpoint folder's.
        family: Row of the catalog.
        digest: Hash of weights, configuration, tokenizer and template (of the parameters, for a baseline).
        facts: What else changes scores: dtype, attention, longest input, system-role policy.
        judge: The model writes its scores, so that a score may be no score, and may be one of few.
    """

    name: str
    family: str
    digest: str
    facts: dict[str, str | int] = field(default_factory=dict)
    judge: bool = False


@runtime_checkable
class RewardModel(Protocol):
    """A loaded model. Scores do not depend on the order or the company in which conversations come."""

    @property
    def identity(self) -> ModelIdentity:
        """Return what results say about the model."""

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return a score per conversation, in their order; each must end with the assistant's message."""


def is_unicode(text: str) -> bool:
    """Return whether a text is free of lone surrogates, which JSON can bring and no file or tokenizer can take."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def response_of(conversation: Conversation) -> str | None:
    """Return the assistant's last message, or ``None`` where a conversation does not end with one."""
    if not conversation or conversation[-1]["role"] != "assistant":
        return None
    return conversation[-1]["content"]


def system_of(conversation: Conversation) -> str:
    """Return the system message, empty where there is none."""
    return conversation[0]["content"] if conversation and conversation[0]["role"] == "system" else ""
