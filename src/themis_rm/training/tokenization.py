"""Tokenization of preference rows with the tokenizer's chat template.

The parts of a chat template are found by rendering it, never assumed: two renderings that differ only in the response
show where the response starts and which text closes it. The empty think block that Qwen3's template puts before an
answer is therefore part of the prompt, and truncation can cut the response and keep the closing tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from jinja2.exceptions import TemplateError

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.messages import Conversation, conversation
from themis_rm.training.recipe import Overflow, SystemRole

# Two responses without a common first or last character, and without anything that a template would trim.
_PROBES = ("Alpha omegA", "beta zetB")


class EncodedResponse(NamedTuple):
    """Token ids of a conversation that ends with a response.

    Attributes:
        ids: Token ids of the complete rendering.
        prompt_length: Number of tokens before the response: the completion is ``ids[prompt_length:]``.
        truncated: Whether the response was cut.
    """

    ids: list[int]
    prompt_length: int
    truncated: bool


@dataclass(frozen=True)
class EncodedPair:
    """Both responses of a preference row.

    Attributes:
        chosen: The preferred response.
        rejected: The other response.
    """

    chosen: EncodedResponse
    rejected: EncodedResponse

    @property
    def length(self) -> int:
        """Number of tokens of the longer response, prompt included."""
        return max(len(self.chosen.ids), len(self.rejected.ids))

    @property
    def truncated(self) -> bool:
        """Whether either response was cut."""
        return self.chosen.truncated or self.rejected.truncated


class Dropped(NamedTuple):
    """A row that cannot be trained on.

    Attributes:
        reason: Slug under which it is counted.
    """

    reason: str


class PairEncoder:
    """Tokenizer of preference rows.

    Args:
        tokenizer: A fast Hugging Face tokenizer with a chat template.
        max_length: Largest number of tokens of a rendered conversation.
        overflow: ``truncate`` cuts the response of a longer conversation, ``drop`` drops the row (reason ``too-long``).
        system_role: What to do if the template rejects or omits a system message: ``prepend`` puts its text in front
            of the user message (as scoring does), ``error`` raises.

    Attributes:
        prepends_system: Whether system messages are put in front of the user message.

    Raises:
        CheckpointError: The tokenizer has no chat template, or is a slow one, which has no character offsets.
        SettingError: The template does not support system messages and ``system_role`` is ``error``.
    """

    def __init__(
        self,
        tokenizer: Any,
        max_length: int,
        overflow: Overflow = "truncate",
        system_role: SystemRole = "prepend",
    ) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise CheckpointError(
                "The tokenizer has no chat template.", "Use an instruction-tuned model, or add chat_template.jinja."
            )
        if not tokenizer.is_fast:
            raise CheckpointError(
                f"{type(tokenizer).__name__} has no character offsets.", "Use a fast tokenizer (tokenizer.json)."
            )
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.overflow = overflow
        self.prepends_system = not self._supports_system()
        if self.prepends_system and system_role == "error":
            raise SettingError(
                "The chat template does not support system messages.",
                "Set system_role: prepend to put the criteria prompt in front of the user message.",
            )
        # Cached because both responses of a row have the same prefix and suffix.
        self._prefix_and_suffix = lru_cache(maxsize=8)(self._find_prefix_and_suffix)

    def encode_pairs(self, rows: Sequence[Mapping[str, Any]]) -> list[EncodedPair | Dropped]:
        """Encode rows with the columns ``system, input, chosen, rejected`` in one tokenizer call.

        Returns:
            For each row the pair, or the reason for dropping it: ``empty-response``, ``prompt-too-long`` (not one token
            of a response would fit), ``too-long`` (only with ``overflow="drop"``), ``identical`` (both responses have
            the same tokens, before or after truncation).
        """
        kept = [i for i, row in enumerate(rows) if row["chosen"].strip() and row["rejected"].strip()]
        requests = [
            (rows[i]["system"], rows[i]["input"], rows[i][side]) for i in kept for side in ("chosen", "rejected")
        ]
        encoded = iter(self.encode(requests))
        result: list[EncodedPair | Dropped] = [Dropped("empty-response")] * len(rows)
        for i in kept:
            result[i] = _pair(next(encoded), next(encoded))
        return result

    def encode(self, requests: Sequence[tuple[str | None, str, str]]) -> list[EncodedResponse | Dropped]:
        """Encode conversations of (criteria prompt or ``None``, prompt, response).

        Returns:
            For each conversation its token ids, or the reason for dropping it.
        """
        if not requests:
            return []
        texts = [self.render(conversation(*request)) for request in requests]
        batch = self.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return [
            self._fit(text, self._prefix_and_suffix(system, prompt), ids, spans)
            for text, (system, prompt, _), ids, spans in zip(
                texts, requests, batch["input_ids"], batch["offset_mapping"], strict=True
            )
        ]

    def closing_token(self) -> int | None:
        """Return the last token of every conversation, or ``None`` if the template does not close them."""
        _, suffix = self._prefix_and_suffix(None, "Request")
        ids = self.tokenizer(suffix, add_special_tokens=False)["input_ids"] if suffix else []
        return int(ids[-1]) if ids else None

    def render(self, messages: Conversation) -> str:
        """Return the text of a conversation under the chat template, including its BOS token if it adds one.

        Raises:
            SettingError: The template rejects the conversation.
        """
        if self.prepends_system and messages[0]["role"] == "system":
            system, user = messages[0]["content"], messages[1]
            messages = [{"role": "user", "content": f"{system}\n\n{user['content']}"}, *messages[2:]]
        try:
            return str(self.tokenizer.apply_chat_template(messages, tokenize=False))
        except TemplateError as error:
            raise SettingError(f"The chat template rejects the conversation: {error}.") from error

    def _fit(
        self, text: str, prefix_and_suffix: tuple[str, str], ids: list[int], spans: list[tuple[int, int]]
    ) -> EncodedResponse | Dropped:
        prefix, suffix = prefix_and_suffix
        # A response with its reasoning changes the text before it, so the prompt is only what both texts share.
        start = _common_length(prefix, text)
        # A token that crosses the border contains response text, so it belongs to the completion.
        prompt_length = next((i for i, (_, end) in enumerate(spans) if end > start), len(ids))
        if len(ids) <= self.max_length:
            return EncodedResponse(list(ids), prompt_length, truncated=False)
        if self.overflow == "drop":
            return Dropped("too-long")
        stop = len(text) - len(suffix) if text.endswith(suffix) else len(text)
        closing = self._closing(ids, spans, text, stop)
        available = self.max_length - len(closing)
        if prompt_length >= available:
            return Dropped("prompt-too-long")
        return EncodedResponse([*ids[:available], *closing], prompt_length, truncated=True)

    def _find_prefix_and_suffix(self, system: str | None, prompt: str) -> tuple[str, str]:
        one, two = (self.render(conversation(system, prompt, probe)) for probe in _PROBES)
        return one[: _common_length(one, two)], one[len(one) - _common_length(one[::-1], two[::-1]) :]

    def _closing(self, ids: list[int], spans: list[tuple[int, int]], text: str, stop: int) -> list[int]:
        first = next((i for i, (start, _) in enumerate(spans) if start >= stop), len(ids))
        if first and spans[first - 1][1] > stop:
            # The response's last token also covers the start of the closing text: encode the closing text separately.
            return list(self.tokenizer(text[stop:], add_special_tokens=False)["input_ids"])
        return ids[first:]

    def _supports_system(self) -> bool:
        # Some templates raise at a system message, others omit it silently.
        probe = "Watch for this"
        try:
            return probe in self.tokenizer.apply_chat_template(conversation(probe, "Request", "Reply"), tokenize=False)
        except TemplateError:
            return False


def _common_length(one: str, two: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _pair(chosen: EncodedResponse | Dropped, rejected: EncodedResponse | Dropped) -> EncodedPair | Dropped:
    if isinstance(chosen, Dropped):
        return chosen
    if isinstance(rejected, Dropped):
        return rejected
    return Dropped("identical") if chosen.ids == rejected.ids else EncodedPair(chosen, rejected)
