"""The interface of every reward model: conversations in, one score or failure per conversation out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from themis_rm.messages import Conversation, text_of

PROMPT_TOO_LONG = "prompt-too-long"
TOO_LONG = "too-long"
"""The answer does not fit, and the setting ``long_inputs`` refuses such conversations."""
NO_RESPONSE = "no-response"
NOT_FINITE = "not-finite"
SYSTEM_ROLE = "system-role-rejected"
TEMPLATE = "template-rejected"
NOT_UNICODE = "not-unicode"
NO_BOUNDARY = "no-end-of-prompt"
UNKNOWN_TOKEN = "token-without-embedding"  # noqa: S105
TOKENIZER = "tokenizer-rejected"
REASONING = "reasoning-not-written"
TOOL_CALLS = "tool-calls-not-written"
TOOL_TURN = "tool-turn-not-written"
"""Fields of a message that the chat template leaves out, so that the model would not read them."""
TIMEOUT, ENDPOINT_ERROR, NO_LOGPROBS = "timeout", "endpoint-error", "no-logprobs"

TRANSIENT_FAILURES = frozenset({TIMEOUT, ENDPOINT_ERROR, NO_LOGPROBS})
"""Failures of a server that may not occur again: no cache keeps them, and a resumed job scores these rows again."""

CONTROL_TOKENS = "control-tokens"
"""Note: a message contains control tokens of the model, which were encoded as text."""
PARTLY_WRITTEN = "partly-written"
"""Note: the chat template left out or changed a part of the response, of a request or of a system message."""
SYNTAX_ERROR = "syntax-error"
"""Note: the code of the answer does not parse in its language."""
REASONING_REMOVED = "reasoning-removed"
"""Note: the answer began with reasoning, which is not scored."""
WINDOWS = "windows"
"""Note: the answer was split into several windows, and the reward combines theirs."""
NOTES = frozenset({CONTROL_TOKENS, PARTLY_WRITTEN, SYNTAX_ERROR, REASONING_REMOVED, WINDOWS})
"""Notes on scores."""


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one conversation.

    Attributes:
        reward: The reward, always finite; ``None`` if the conversation could not be scored.
        failure: Why there is no reward (a slug such as ``prompt-too-long``); empty otherwise.
        truncated: The response was truncated; the reward is that of the remaining part.
        tokens: Tokens that the model read, in all windows; 0 for a model without tokens and for a failure.
        stated: The score that a judge wrote, if ``reward`` is its expected score; ``None`` for every other model.
        detail: The message behind ``failure``: what the server, the chat template or the tokenizer said; may be empty.
        notes: What to know about the reward: :data:`CONTROL_TOKENS`, :data:`PARTLY_WRITTEN`, :data:`WINDOWS`.
        windows: Windows that the answer was split into; 1 if it was read as a whole.
        labels: Output of each label, for a classifier with several.
    """

    reward: float | None
    failure: str = ""
    truncated: bool = False
    tokens: int = 0
    stated: float | None = None
    detail: str = ""
    notes: tuple[str, ...] = ()
    windows: int = 1
    labels: dict[str, float] = field(default_factory=dict)

    @classmethod
    def failed(cls, reason: str, detail: str = "") -> Score:
        """Return the score of a conversation that cannot be scored.

        Args:
            reason: Slug under which the failure is counted.
            detail: See :class:`Score`.
        """
        return cls(None, reason, detail=detail)


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """The entry of a model in results.

    Attributes:
        name: Name of the baseline, the published model or the directory.
        family: Name of the family (:data:`themis_rm.models.family.FAMILIES`), or the kind of model for others.
        digest: Digest of weights, configuration, tokenizer and chat template (of the parameters, for a baseline).
        facts: Everything else that affects scores: dtype, attention, maximum length, system-role policy.
        judge: The model writes its scores, so that parsing may fail and scores may tie often.
        labels: Names of the labels of a classifier with several, which its scores have too.
    """

    name: str
    family: str
    digest: str
    facts: dict[str, str | int] = field(default_factory=dict)
    judge: bool = False
    labels: tuple[str, ...] = ()


@runtime_checkable
class RewardModel(Protocol):
    """A loaded reward model. The score of a conversation does not depend on the order or the rest of the batch."""

    @property
    def identity(self) -> ModelIdentity:
        """Return the model's entry in results."""

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return one score per conversation, in their order; each must end with a message of the assistant."""


def response_of(conversation: Conversation) -> str | None:
    """Return the text of the last message if it is the assistant's, otherwise ``None``."""
    if not conversation or conversation[-1]["role"] != "assistant":
        return None
    return text_of(conversation[-1])


def system_of(conversation: Conversation) -> str:
    """Return the system message, empty if there is none."""
    return conversation[0]["content"] if conversation and conversation[0]["role"] == "system" else ""
