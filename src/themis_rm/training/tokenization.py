"""Tokenization of preference rows with the tokenizer's chat template.

The parts of a chat template are found by rendering it, never assumed: two renderings that differ only in the response
show where the response starts and which text closes it. The empty think block that Qwen3's template puts before an
answer is therefore part of the prompt, and truncation can cut the response and keep the closing tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.messages import Conversation, conversation
from themis_rm.models.protocol import PROMPT_TOO_LONG, TEMPLATE
from themis_rm.models.rendering import Renderer, Rendering, Tokens
from themis_rm.models.templates.chat_template import load_template
from themis_rm.models.templates.source import find_source
from themis_rm.models.tokenizers import special_tokens
from themis_rm.records import pair_conversations
from themis_rm.training.recipe import Overflow, SystemRole
from themis_rm.training.windows import LineTokenCounter, cut_pair

SAME_AFTER_TRUNCATION = "identical-after-truncation"
"""Reason for dropping a row whose responses differ only in what truncation removes."""

# Two responses without a common first or last character, and without anything that a template would trim.
_PROBES = ("Alpha omegA", "beta zetB")


class EncodedResponse(NamedTuple):
    """Token ids of a conversation that ends with a response.

    Attributes:
        ids: Token ids of the complete rendering.
        prompt_length: Number of tokens before the response: the completion is ``ids[prompt_length:]``.
        truncated: Whether the response was cut.
        notes: What to know about the tokens, see :class:`~themis_rm.models.protocol.Score`.
        available: Most tokens of a response to this request; 0 unless the response was cut.
    """

    ids: list[int]
    prompt_length: int
    truncated: bool
    notes: tuple[str, ...] = ()
    available: int = 0


@dataclass(frozen=True)
class EncodedPair:
    """Both responses of a preference row.

    Attributes:
        chosen: The preferred response.
        rejected: The other response.
        window: Whether the responses were cut to a window, with all of their differences or the largest ones.
    """

    chosen: EncodedResponse
    rejected: EncodedResponse
    window: Literal["none", "complete", "partial"] = "none"

    @property
    def length(self) -> int:
        """Number of tokens of the longer response, prompt included."""
        return max(len(self.chosen.ids), len(self.rejected.ids))

    @property
    def truncated(self) -> bool:
        """Whether either response was cut."""
        return self.chosen.truncated or self.rejected.truncated

    @property
    def notes(self) -> set[str]:
        """Notes on either response."""
        return {*self.chosen.notes, *self.rejected.notes}


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
        overflow: ``truncate`` cuts the response of a longer conversation, ``drop`` drops the row (reason ``too-long``),
            ``window`` cuts both responses to the functions that differ, see
            :func:`~themis_rm.training.windows.cut_pair`, and truncates where that is impossible.
        system_role: What to do if the template rejects or omits a system message: ``prepend`` puts its text in front
            of the user message (as scoring does), ``error`` raises.
        chat_template: Name of one of the tokenizer's chat templates, or a file; by default its default template.
        criteria_prompts: Whether the criteria prompts of rows are encoded.

    Attributes:
        renderer: Renders and tokenizes conversations, as in scoring.
        prepends_system: Whether system messages are put in front of the user message.

    Raises:
        CheckpointError: The tokenizer has no usable chat template, or is a slow one, which has no character offsets.
        SettingError: The template does not support system messages and ``system_role`` is ``error``.
    """

    def __init__(
        self,
        tokenizer: Any,
        max_length: int,
        overflow: Overflow = "truncate",
        system_role: SystemRole = "prepend",
        chat_template: str = "",
        *,
        criteria_prompts: bool = True,
    ) -> None:
        if not tokenizer.is_fast:
            raise CheckpointError(
                f"{type(tokenizer).__name__} has no character offsets.", "Use a fast tokenizer (tokenizer.json)."
            )
        setting = "tokenizer.chat_template"
        source = find_source(tokenizer, None, chat_template, setting=setting)
        template = load_template(source.text, special_tokens(tokenizer), "the tokenizer", setting)
        self.renderer = Renderer(tokenizer, template)
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.overflow = overflow
        self.criteria_prompts = criteria_prompts
        self.prepends_system = not template.writes_system
        if self.prepends_system and system_role == "error":
            raise SettingError(
                "The chat template does not support system messages.",
                "Set system_role: prepend to put the criteria prompt in front of the user message.",
            )
        # Kept because both responses of a row have the same prefix and suffix.
        self._last: tuple[Any, tuple[str, str]] | None = None

    def encode_pairs(self, rows: Sequence[Mapping[str, Any]]) -> list[EncodedPair | Dropped]:
        """Encode rows with the columns ``system, input, chosen, rejected`` in one tokenizer call.

        The turns of ``messages``, ``chosen_messages`` and ``rejected_messages`` take the place of the texts where a row
        has them, see :class:`~themis_rm.records.Preference`. The completion is the last message.

        Returns:
            For each row the pair, or the reason for dropping it: ``zero-weight``, ``empty-response``,
            ``prompt-too-long`` (not one token of a response would fit), ``too-long`` (only with ``overflow="drop"``),
            ``identical`` (both responses have the same tokens), ``identical-after-truncation``, or a failure of the
            chat template as in scoring.
        """
        kept = [i for i, row in enumerate(rows) if _is_used(row)]
        encoded = self.encode_conversations([talk for i in kept for talk in self._conversations(rows[i])])
        result: list[EncodedPair | Dropped] = [
            Dropped("zero-weight" if row.get("weight") == 0 else "empty-response") for row in rows
        ]
        sides = dict(zip(kept, zip(encoded[::2], encoded[1::2], strict=True), strict=True))
        for i, (chosen, rejected) in sides.items():
            result[i] = _pair(chosen, rejected)
        if self.overflow == "window":
            available = {i: max(_available(side) for side in pair) for i, pair in sides.items()}
            for i, pair in self._windows({i: (rows[i], most) for i, most in available.items() if most}).items():
                result[i] = pair
        return result

    def _windows(self, long: Mapping[int, tuple[Mapping[str, Any], int]]) -> dict[int, EncodedPair]:
        """Return the pairs of rows that can be cut to a window.

        Args:
            long: Key -> a row that is too long, and the most tokens of its responses.
        """
        # The first and the last token of a response may be others next to the text of the template.
        count = LineTokenCounter(self.tokenizer.backend_tokenizer)
        cut = {key: cut_pair(row, most - 2, count) for key, (row, most) in long.items()}
        found = {key: pair for key, pair in cut.items() if pair is not None}
        encoded = self.encode_conversations([talk for pair in found.values() for talk in self._conversations(pair.row)])
        pairs = (_pair(*sides) for sides in zip(encoded[::2], encoded[1::2], strict=True))
        return {
            key: replace(pair, window="complete" if found[key].complete else "partial")
            for key, pair in zip(found, pairs, strict=True)
            if isinstance(pair, EncodedPair) and not pair.truncated
        }

    def _conversations(self, row: Mapping[str, Any]) -> tuple[Conversation, Conversation]:
        return pair_conversations(row, row["system"] if self.criteria_prompts else None, row["input"])

    def encode(self, requests: Sequence[tuple[str | None, str, str]]) -> list[EncodedResponse | Dropped]:
        """Encode conversations of (criteria prompt or ``None``, prompt, response).

        Returns:
            For each conversation its token ids, or the reason for dropping it.
        """
        return self.encode_conversations([conversation(*request) for request in requests])

    def encode_conversations(self, conversations: Sequence[Conversation]) -> list[EncodedResponse | Dropped]:
        """Encode conversations that end with a response.

        Returns:
            For each conversation its token ids, or the reason for dropping it.
        """
        renderings = self.renderer.render(conversations)
        tokens = iter(self.renderer.tokenize([item for item in renderings if not item.failure], offsets=True))
        return [Dropped(item.failure) if item.failure else self._fit(item, next(tokens)) for item in renderings]

    def closing_token(self) -> int | None:
        """Return the last token of every conversation, or ``None`` if the template does not close them."""
        (rendering,) = self.renderer.render([conversation("Grade.", "Request", "Response")])
        borders = self._prefix_and_suffix(rendering)
        suffix = borders[1] if borders else ""
        ids = self.tokenizer(suffix, add_special_tokens=False)["input_ids"] if suffix else []
        return int(ids[-1]) if ids else None

    def _fit(self, rendering: Rendering, tokens: Tokens) -> EncodedResponse | Dropped:
        if tokens.failure:
            return Dropped(tokens.failure)
        borders = self._prefix_and_suffix(rendering)
        if borders is None:
            return Dropped(TEMPLATE)
        prefix, suffix = borders
        text, ids, spans = rendering.text, tokens.ids, tokens.offsets
        # A response with its reasoning changes the text before it, so the prompt is only what both texts share.
        start = _common_length(prefix, text)
        # A token that crosses the border contains response text, so it belongs to the completion.
        prompt_length = next((i for i, (_, end) in enumerate(spans) if end > start), len(ids))
        if len(ids) <= self.max_length:
            return EncodedResponse(list(ids), prompt_length, truncated=False, notes=rendering.notes)
        if self.overflow == "drop":
            return Dropped("too-long")
        stop = len(text) - len(suffix) if text.endswith(suffix) else len(text)
        closing = self._closing(rendering, tokens, stop)
        available = self.max_length - len(closing)
        if prompt_length >= available:
            return Dropped(PROMPT_TOO_LONG)
        cut = [*ids[:available], *closing]
        most = available - prompt_length
        return EncodedResponse(cut, prompt_length, truncated=True, notes=rendering.notes, available=most)

    def _prefix_and_suffix(self, rendering: Rendering) -> tuple[str, str] | None:
        """Return the text before and after every response to a request, ``None`` if the template rejects a probe."""
        key = (rendering.messages[:-1], rendering.protected)
        if self._last is None or self._last[0] != key:
            one, two = self.renderer.render_responses(rendering, _PROBES)
            if one.failure or two.failure:
                return None
            shared = _common_length(one.text[::-1], two.text[::-1])
            borders = one.text[: _common_length(one.text, two.text)], one.text[len(one.text) - shared :]
            self._last = (key, borders)
        return self._last[1]

    def _closing(self, rendering: Rendering, tokens: Tokens, stop: int) -> list[int]:
        ids, spans = tokens.ids, tokens.offsets
        first = next((i for i, (start, _) in enumerate(spans) if start >= stop), len(ids))
        if first and spans[first - 1][1] > stop:
            # The response's last token also covers the start of the closing text: encode the closing text separately.
            return self.renderer.tokenize([replace(rendering, text=rendering.text[stop:])])[0].ids
        return ids[first:]


def _is_used(row: Mapping[str, Any]) -> bool:
    texts = all(row.get(f"{side}_messages") or row[side].strip() for side in ("chosen", "rejected"))
    return texts and row.get("weight") != 0


def _common_length(one: str, two: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _available(side: EncodedResponse | Dropped) -> int:
    return side.available if isinstance(side, EncodedResponse) else 0


def _pair(chosen: EncodedResponse | Dropped, rejected: EncodedResponse | Dropped) -> EncodedPair | Dropped:
    if isinstance(chosen, Dropped):
        return chosen
    if isinstance(rejected, Dropped):
        return rejected
    if chosen.ids != rejected.ids:
        return EncodedPair(chosen, rejected)
    return Dropped(SAME_AFTER_TRUNCATION if chosen.truncated or rejected.truncated else "identical")
