"""Conversations to token ids: rendered with the chat template, truncated only in the response.

The rendered text is tokenized without adding special tokens, as ``apply_chat_template`` does: all special tokens come
from the chat template, so that there is at most one beginning-of-sequence token.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jinja2 import TemplateError

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.messages import Conversation, conversation
from themis_rm.models import hub
from themis_rm.models.json_files import read_json
from themis_rm.models.length_limits import LengthLimit, choose_max_length
from themis_rm.models.protocol import (
    NO_BOUNDARY,
    NO_RESPONSE,
    NOT_FINITE,
    NOT_UNICODE,
    PROMPT_TOO_LONG,
    SYSTEM_ROLE,
    TEMPLATE,
    Score,
    is_unicode,
    response_of,
)
from themis_rm.models.settings import ModelSettings, SystemRole

_PLACEHOLDER = "\ue000"  # a private-use character: no template writes it, few responses start with it

_DATE = "26 Jul 2024"
"""The date that Llama 3's templates write by default. Those of Llama 3.2 use the current date instead, so that scores
would depend on the day."""


@dataclass(frozen=True, slots=True)
class EncodedConversation:
    """A conversation as token ids, or the reason why it has none.

    Attributes:
        ids: Token ids; empty for a failure.
        truncated: The response was truncated.
        failure: The reason; empty otherwise.
        boundary: Index of the token at which the last prompt ends, for an encoder with a boundary; otherwise -1.
    """

    ids: list[int]
    truncated: bool = False
    failure: str = ""
    boundary: int = -1

    def score(self, reward: float) -> Score:
        """Return the score for a reward: a failure if the encoding failed or the reward is not finite."""
        if self.failure:
            return Score.failed(self.failure)
        if not math.isfinite(reward):
            return Score.failed(NOT_FINITE)
        return Score(reward, truncated=self.truncated, tokens=len(self.ids))


class ChatEncoder:
    """Converts conversations to token ids.

    Args:
        tokenizer: A fast tokenizer of transformers with a chat template.
        max_length: Most tokens of a conversation.
        system_role: What to do with a system message if the chat template does not support one.
        suffix: Id of a token that is appended to every conversation and never truncated.
        boundary: Text between a prompt and its response, whose first token before the response is located.
    """

    def __init__(
        self,
        tokenizer: Any,
        max_length: int,
        system_role: Literal["fold", "drop", "error"] = "fold",
        suffix: int | None = None,
        boundary: str = "",
    ) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.suffix = suffix
        self.boundary_ids: list[int] = tokenizer(boundary, add_special_tokens=False)["input_ids"] if boundary else []
        self.system_role: SystemRole = "native"
        if not self._supports_system_role():
            policies: dict[str, SystemRole] = {"fold": "folded", "drop": "dropped", "error": "error"}
            self.system_role = policies[system_role]

    def _supports_system_role(self) -> bool:
        # Some templates raise an error for a system message, others omit it: neither supports one.
        probe = conversation(_PLACEHOLDER, "a", "b")
        try:
            return _PLACEHOLDER in self._render(probe)
        except TemplateError:
            return False

    def _render(self, conversation: Conversation) -> str:
        text: str = self.tokenizer.apply_chat_template(conversation, tokenize=False, date_string=_DATE)
        return text

    def encode(self, conversations: Sequence[Conversation]) -> list[EncodedConversation]:
        """Return the token ids of each conversation.

        If a conversation is longer than ``max_length``, the end of its response is truncated; what the chat template
        writes after the response is kept. It fails as ``prompt-too-long`` if no token of the response would remain.
        """
        prepared = [self._prepare(conversation) for conversation in conversations]
        texts = [text for text, _ in prepared if isinstance(text, str)]
        ids = iter(self.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"] if texts else ())
        encoded = []
        for text, turns in prepared:
            if isinstance(text, EncodedConversation):
                encoded.append(text)
                continue
            tokens = self._with_suffix(next(ids))
            if len(tokens) > self.max_length or self.boundary_ids:
                encoded.append(self._encode_with_offsets(text, turns))
            else:
                encoded.append(EncodedConversation(tokens))
        return encoded

    def _with_suffix(self, ids: list[int]) -> list[int]:
        return ids if self.suffix is None or ids[-1:] == [self.suffix] else [*ids, self.suffix]

    def _prepare(self, conversation: Conversation) -> tuple[str | EncodedConversation, Conversation]:
        """Return the rendered text, or the failure, and the messages that were rendered."""
        if response_of(conversation) is None:
            return EncodedConversation([], failure=NO_RESPONSE), conversation
        turns = conversation
        if conversation[0]["role"] == "system" and self.system_role != "native":
            if self.system_role == "error":
                return EncodedConversation([], failure=SYSTEM_ROLE), conversation
            turns = fold_system(conversation) if self.system_role == "folded" else conversation[1:]
        try:
            text = self._render(turns)
        except TemplateError:
            return EncodedConversation([], failure=TEMPLATE), turns
        return (text if is_unicode(text) else EncodedConversation([], failure=NOT_UNICODE)), turns

    def _encode_with_offsets(self, text: str, turns: Conversation) -> EncodedConversation:
        """Encode a conversation and locate its response, to truncate it or to find the boundary."""
        # Located by rendering another response in its place: templates strip, reformat and repeat text, so that a
        # search for the response could fail.
        other = self._render([*turns[:-1], {**turns[-1], "content": _PLACEHOLDER}])
        start = _common_prefix(text, other)
        shortest = min(len(text), len(other)) - start
        end = len(text) - min(shortest, _common_prefix(text[::-1], other[::-1]))
        call = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids, offsets = call["input_ids"], call["offset_mapping"]
        head = sum(1 for first, _ in offsets if first < start)
        tail = sum(1 for _, last in offsets if last > end)
        complete = self._with_suffix(ids)
        tail += len(complete) - len(ids)
        boundary = self._find_boundary(ids, head) if self.boundary_ids else -1
        if boundary is None:
            return EncodedConversation([], failure=NO_BOUNDARY)
        if len(complete) <= self.max_length:
            return EncodedConversation(complete, boundary=boundary)
        kept = self.max_length - head - tail
        if kept < 1:
            return EncodedConversation([], failure=PROMPT_TOO_LONG)
        truncated = [*complete[: head + kept], *complete[len(complete) - tail :]]
        return EncodedConversation(truncated, truncated=True, boundary=boundary)

    def _find_boundary(self, ids: list[int], head: int) -> int | None:
        size = len(self.boundary_ids)
        # The response may share its first token with the end of the boundary (whitespace): allow for one token more.
        starts = range(min(head + 1, len(ids)) - size, -1, -1)
        return next((first for first in starts if ids[first : first + size] == self.boundary_ids), None)


def _common_prefix(first: str, second: str) -> int:
    """Return the length of the common prefix of two texts."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(first), len(second)))


def fold_system(conversation: Conversation) -> Conversation:
    """Return the conversation with its system message in front of the first user message."""
    system, first, *rest = conversation
    return [{**first, "content": f"{system['content']}\n\n{first['content']}"}, *rest]


def load_encoder(
    folder: Path,
    settings: ModelSettings,
    limit: LengthLimit | None,
    suffix: int | None = None,
    boundary: str = "",
    template: str = "",
) -> ChatEncoder:
    """Load the tokenizer of a model.

    Args:
        folder: Directory of the model.
        settings: Tokenizer, chat template, maximum length and system-role policy of the user.
        limit: Most positions of the model, if known.
        suffix: See :class:`ChatEncoder`.
        boundary: See :class:`ChatEncoder`.
        template: Chat template for a tokenizer without one.

    Raises:
        CheckpointError: There is no fast tokenizer or no chat template, or ``max_length`` is out of range.
    """
    from transformers import CONFIG_MAPPING, AutoTokenizer, PreTrainedTokenizerFast

    directory = tokenizer_dir(folder, settings)
    # AutoTokenizer reads config.json, and fails for a model type that transformers does not support.
    config = directory / "config.json"
    supported = not config.is_file() or read_json(config).get("model_type") in CONFIG_MAPPING
    kind = AutoTokenizer if supported else PreTrainedTokenizerFast
    try:
        tokenizer = kind.from_pretrained(str(directory), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(f"The tokenizer in {directory} cannot be loaded ({reason}).") from error
    if not tokenizer.is_fast:
        raise CheckpointError(f"The tokenizer in {directory} has no tokenizer.json.", "Save it as a fast tokenizer.")
    if settings.chat_template is not None:
        tokenizer.chat_template = _read_template(settings.chat_template)
    tokenizer.chat_template = tokenizer.chat_template or template
    if not tokenizer.chat_template:
        raise CheckpointError(
            f"The tokenizer in {directory} has no chat template.",
            "Set chat_template to a file with the one that the model was trained with.",
        )
    longest = choose_max_length(settings.max_length, limit, tokenizer.model_max_length, str(folder))
    return ChatEncoder(tokenizer, longest, settings.system_role, suffix, boundary)


def tokenizer_dir(folder: Path, settings: ModelSettings) -> Path:
    """Return the directory of a model's tokenizer: that of the settings, by default that of the model."""
    if not settings.tokenizer:
        return folder
    return hub.fetch(settings.tokenizer).folder if hub.is_id(settings.tokenizer) else Path(settings.tokenizer)


def _read_template(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"The chat template {path} cannot be read: {error}.") from error
