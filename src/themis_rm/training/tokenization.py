"""Preference rows -> token ids, straight from the tokenizer's chat template.

What a chat template does is found out by rendering, never assumed: where the response begins and which text closes it
are read off two renderings that differ in the response alone. So the empty think block that Qwen3's template puts
before an answer belongs to the prompt, and truncation can cut the response while the closing tokens stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from jinja2.exceptions import TemplateError

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.prompts import Conversation, conversation

SystemRole = Literal["fold", "error"]
OnLong = Literal["truncate", "drop"]

# Two responses that share no first and no last character, and hold nothing that a template would trim.
_PROBES = ("Alpha omegA", "beta zetB")


class Encoded(NamedTuple):
    """One response in its conversation.

    Attributes:
        ids: Token ids of the whole rendering.
        prompt: How many of them stand before the response: the completion is ``ids[prompt:]``.
        truncated: Whether the response was cut.
    """

    ids: list[int]
    prompt: int
    truncated: bool


@dataclass(frozen=True)
class EncodedPair:
    """Both responses of a row.

    Attributes:
        chosen: The better response.
        rejected: The other one.
    """

    chosen: Encoded
    rejected: Encoded

    @property
    def length(self) -> int:
        """Tokens of the longer of the two."""
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
    """Turns preference rows into token ids.

    Args:
        tokenizer: A fast Hugging Face tokenizer with a chat template.
        max_length: Most tokens of a rendered conversation.
        on_long: ``truncate`` cuts the response, ``drop`` drops the row (reason ``too-long``).
        system_role: What to do where the template refuses a system message or leaves it out: ``fold`` puts its text
            in front of the user message (as scoring does), ``error`` stops.

    Raises:
        CheckpointError: The tokenizer has no chat template, or no character offsets (it is a slow one).
        SettingError: The template has no place for a system message and ``system_role`` is ``error``.
    """

    def __init__(
        self,
        tokenizer: Any,
        max_length: int,
        on_long: OnLong = "truncate",
        system_role: SystemRole = "fold",
    ) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise CheckpointError(
                "The tokenizer has no chat template.", "Take an instruction-tuned one, or add chat_template.jinja."
            )
        if not tokenizer.is_fast:
            raise CheckpointError(
                f"{type(tokenizer).__name__} gives no character offsets.",
                "A fast tokenizer (tokenizer.json) is needed.",
            )
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.on_long = on_long
        self.folds_system = not self._takes_system()
        if self.folds_system and system_role == "error":
            raise SettingError(
                "The chat template has no place for a system message.",
                "Set system_role: fold to put the criteria prompt in front of the user message.",
            )
        # Both responses of a row ask for the same frame.
        self._frame = lru_cache(maxsize=8)(self._find_frame)

    def encode_pairs(self, rows: Sequence[Mapping[str, Any]]) -> list[EncodedPair | Dropped]:
        """Encode rows with the columns ``system, input, chosen, rejected`` (together, which is faster).

        Returns:
            For each row the pair, or why the row is dropped: ``empty-response``, ``prompt-too-long`` (no token of a
            response would fit), ``too-long`` (only with ``on_long="drop"``), ``identical`` (both responses have the
            same tokens, before or after truncation).
        """
        kept = [i for i, row in enumerate(rows) if row["chosen"].strip() and row["rejected"].strip()]
        asked = [(rows[i]["system"], rows[i]["input"], rows[i][side]) for i in kept for side in ("chosen", "rejected")]
        encoded = iter(self.encode(asked))
        result: list[EncodedPair | Dropped] = [Dropped("empty-response")] * len(rows)
        for i in kept:
            result[i] = _pair(next(encoded), next(encoded))
        return result

    def encode(self, asked: Sequence[tuple[str | None, str, str]]) -> list[Encoded | Dropped]:
        """Encode conversations of (criteria prompt or ``None``, request, answer).

        Returns:
            For each the ids with the length of the prompt, or why there are none.
        """
        if not asked:
            return []
        texts = [self.render(conversation(*one)) for one in asked]
        batch = self.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return [
            self._fit(text, self._frame(system, prompt), ids, spans)
            for text, (system, prompt, _), ids, spans in zip(
                texts, asked, batch["input_ids"], batch["offset_mapping"], strict=True
            )
        ]

    def closing_token(self) -> int | None:
        """Return the token that ends every conversation, or ``None`` where the template closes none."""
        _, tail = self._frame(None, "Request")
        ids = self.tokenizer(tail, add_special_tokens=False)["input_ids"] if tail else []
        return int(ids[-1]) if ids else None

    def render(self, messages: Conversation) -> str:
        """Return the conversation as the template writes it (with its own BOS, if it has one).

        Raises:
            SettingError: The template refuses the conversation.
        """
        if self.folds_system and messages[0]["role"] == "system":
            first, user = messages[0]["content"], messages[1]
            messages = [{"role": "user", "content": f"{first}\n\n{user['content']}"}, *messages[2:]]
        try:
            return str(self.tokenizer.apply_chat_template(messages, tokenize=False))
        except TemplateError as error:
            raise SettingError(f"The chat template refuses the conversation: {error}.") from error

    def _fit(
        self, text: str, frame: tuple[str, str], ids: list[int], spans: list[tuple[int, int]]
    ) -> Encoded | Dropped:
        head, tail = frame
        # An answer that brings its own reasoning changes what stands before it: the common part is the prompt.
        start = _common(head, text)
        # A token that reaches over the border holds response text, so it is the response's.
        before = next((i for i, (_, end) in enumerate(spans) if end > start), len(ids))
        if len(ids) <= self.max_length:
            return Encoded(list(ids), before, truncated=False)
        if self.on_long == "drop":
            return Dropped("too-long")
        stop = len(text) - len(tail) if text.endswith(tail) else len(text)
        closing = self._closing(ids, spans, text, stop)
        room = self.max_length - len(closing)
        if before >= room:
            return Dropped("prompt-too-long")
        return Encoded([*ids[:room], *closing], before, truncated=True)

    def _find_frame(self, system: str | None, prompt: str) -> tuple[str, str]:
        one, two = (self.render(conversation(system, prompt, probe)) for probe in _PROBES)
        return one[: _common(one, two)], one[len(one) - _common(one[::-1], two[::-1]) :]

    def _closing(self, ids: list[int], spans: list[tuple[int, int]], text: str, stop: int) -> list[int]:
        first = next((i for i, (start, _) in enumerate(spans) if start >= stop), len(ids))
        if first and spans[first - 1][1] > stop:
            # The response's last token swallowed the start of the closing text: encode that text by itself.
            return list(self.tokenizer(text[stop:], add_special_tokens=False)["input_ids"])
        return ids[first:]

    def _takes_system(self) -> bool:
        # Some templates raise at a system message, others leave it out without a word.
        probe = "Watch for this"
        try:
            return probe in self.tokenizer.apply_chat_template(conversation(probe, "Request", "Reply"), tokenize=False)
        except TemplateError:
            return False


def _common(one: str, two: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _pair(chosen: Encoded | Dropped, rejected: Encoded | Dropped) -> EncodedPair | Dropped:
    if isinstance(chosen, Dropped):
        return chosen
    if isinstance(rejected, Dropped):
        return rejected
    return Dropped("identical") if chosen.ids == rejected.ids else EncodedPair(chosen, rejected)
