"""Conversations to texts and token ids: the one implementation, for scoring and for training.

The rendered text is tokenized without adding special tokens, as ``apply_chat_template`` does: all special tokens come
from the chat template. With the setting ``bos`` a conversation begins with exactly one BOS token, or with none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal, NamedTuple

from themis_rm.messages import Conversation, fold_system, is_unicode, texts_of
from themis_rm.models.control_tokens import ControlTokens, ProtectedConversation
from themis_rm.models.protocol import (
    CONTROL_TOKENS,
    NO_RESPONSE,
    NOT_UNICODE,
    PARTLY_WRITTEN,
    REASONING,
    SYSTEM_ROLE,
    TEMPLATE,
    TOKENIZER,
    TOOL_CALLS,
    TOOL_TURN,
    response_of,
)
from themis_rm.models.settings import Bos, ControlTokenMode, SystemRole
from themis_rm.models.templates.chat_template import ChatTemplate
from themis_rm.models.templates.process import NOW, Rejection


@dataclass(frozen=True, slots=True)
class Rendering:
    """The text of a conversation, or the reason why it has none.

    Attributes:
        text: The text to tokenize.
        protected: It has the template's control tokens under other names, see
            :mod:`themis_rm.models.control_tokens`.
        messages: The messages that were rendered: those of the conversation, its system message possibly folded.
        failure: The reason; empty otherwise.
        detail: What the template said.
        notes: What to know about a reward of this text, see :class:`~themis_rm.models.protocol.Score`.
    """

    text: str
    protected: bool
    messages: Conversation
    failure: str = ""
    detail: str = ""
    notes: tuple[str, ...] = ()


class Tokens(NamedTuple):
    """Token ids of a text and the characters of each; no ids if the tokenizer rejects the text."""

    ids: list[int]
    offsets: list[tuple[int, int]]
    failure: str = ""
    detail: str = ""


class Renderer:
    """Renders and tokenizes conversations.

    Args:
        tokenizer: A fast tokenizer of transformers.
        template: Its chat template.
        system_role: What to do with a system message if the template does not write it.
        control_tokens: How control tokens in messages are encoded.
        bos: How many BOS tokens a conversation begins with.
    """

    def __init__(
        self,
        tokenizer: Any,
        template: ChatTemplate,
        system_role: Literal["fold", "drop", "error"] = "fold",
        control_tokens: ControlTokenMode = "text",
        bos: Bos = "template",
    ) -> None:
        policies: dict[str, SystemRole] = {"fold": "folded", "drop": "dropped", "error": "error"}
        self.tokenizer = tokenizer
        self.template = template
        self.system_role: SystemRole = "native" if template.writes_system else policies[system_role]
        self.control_tokens = ControlTokens(tokenizer, template)
        self._protects = control_tokens != "published"
        self.bos = bos
        self._bos_id: int | None = tokenizer.bos_token_id

    def facts(self) -> dict[str, str | int]:
        """Return what affects token ids, for results."""
        bos = self._bos_id is not None
        sample = self.tokenizer(self.template.sample, add_special_tokens=False)["input_ids"]
        adds = bos and self.tokenizer("a")["input_ids"][:1] == [self._bos_id]
        return {
            "system_role": self.system_role,
            "template_clock": NOW,
            "control_tokens": "text" if self._protects else "published",
            "bos": self.bos,
            "bos_tokens": self._count_bos(self._with_bos(Tokens(sample, [(0, 0)] * len(sample))).ids),
            "tokenizer_adds_bos": "yes" if adds else "no",
        }

    def render(self, conversations: Sequence[Conversation]) -> list[Rendering]:
        """Return the text of each conversation; each must end with a message of the assistant."""
        prepared = [self._prepare(messages) for messages in conversations]
        valid = [item for item in prepared if not item.failure]
        done = iter(self._render([(item.messages, item.protected) for item in valid]))
        return [item if item.failure else next(done) for item in prepared]

    def render_responses(self, rendering: Rendering, responses: Sequence[str]) -> list[Rendering]:
        """Return the texts of a conversation with other responses."""
        turns = rendering.messages[:-1]
        others: list[Conversation] = [[*turns, {"role": "assistant", "content": response}] for response in responses]
        return self._render([(messages, rendering.protected) for messages in others])

    def tokenize(self, renderings: Sequence[Rendering], offsets: bool = False) -> list[Tokens]:
        """Return the token ids of texts; offsets of the texts without renamed control tokens only on request."""
        plain = [item.text for item in renderings if not item.protected]
        protected = [item.text for item in renderings if item.protected]
        done = iter(self._encode_all(plain, offsets, False)), iter(self._encode_all(protected, offsets, True))
        return [self._with_bos(next(done[item.protected])) for item in renderings]

    def _prepare(self, messages: Conversation) -> Rendering:
        failure = NO_RESPONSE if response_of(messages) is None else ""
        if not failure and not all(map(is_unicode, texts_of(messages))):
            failure = NOT_UNICODE
        if not failure and messages[0]["role"] == "system" and self.system_role != "native":
            if self.system_role == "error":
                failure = SYSTEM_ROLE
            else:
                messages = fold_system(messages) if self.system_role == "folded" else messages[1:]
        failure = failure or self._unwritten_field(messages)
        protected = not failure and self._protects and self.control_tokens.must_protect(messages)
        return Rendering("", protected, messages, failure)

    def _unwritten_field(self, messages: Conversation) -> str:
        """Return the failure of a conversation with a field that the template never writes."""
        if not self.template.reasoning_key and any("reasoning_content" in message for message in messages):
            return REASONING
        if not self.template.arguments and any("tool_calls" in message for message in messages):
            return TOOL_CALLS
        return ""

    def _render(self, items: Sequence[tuple[Conversation, bool]]) -> list[Rendering]:
        protect = self.control_tokens.protect
        prepared = [protect(item) if protected else ProtectedConversation(item, []) for item, protected in items]
        texts = self.template.render([messages for messages, _ in prepared])
        return [
            self._finish(item, protected, messages, text)
            for (item, protected), messages, text in zip(items, prepared, texts, strict=True)
        ]

    def _finish(
        self, messages: Conversation, protected: bool, rendered: ProtectedConversation, text: str | Rejection
    ) -> Rendering:
        if isinstance(text, Rejection):
            return Rendering("", protected, messages, TEMPLATE, text.reason)
        if not is_unicode(text):
            return Rendering("", protected, messages, NOT_UNICODE)
        failure, partly = _check_written(rendered.messages, text)
        notes = [CONTROL_TOKENS] if rendered.replaced else []
        notes += [PARTLY_WRITTEN] if partly else []
        final = self.control_tokens.restore(text, rendered.replaced) if protected else text
        return Rendering(final, protected, messages, failure, notes=tuple(notes))

    def _encode_all(self, texts: Sequence[str], offsets: bool, protected: bool) -> Iterator[Tokens]:
        if not texts:
            return
        encode = self._encode_protected if protected else self._encode_plain
        try:
            yield from encode(texts, offsets)
        except Exception as error:
            if len(texts) == 1:
                yield Tokens([], [], TOKENIZER, str(error))
            else:
                for text in texts:
                    yield from self._encode_all([text], offsets, protected)

    def _encode_plain(self, texts: Sequence[str], offsets: bool) -> list[Tokens]:
        options = {"add_special_tokens": False, "return_offsets_mapping": offsets, "verbose": False}
        batch: Mapping[str, Any] = self.tokenizer(list(texts), **options)
        spans = batch["offset_mapping"] if offsets else [[]] * len(texts)
        return [Tokens(list(ids), list(span)) for ids, span in zip(batch["input_ids"], spans, strict=True)]

    def _encode_protected(self, texts: Sequence[str], offsets: bool) -> list[Tokens]:
        return [Tokens(*encoded) for encoded in self.control_tokens.encode(texts)]

    def _count_bos(self, ids: Sequence[int]) -> int:
        return sum(1 for _ in takewhile(lambda token: token == self._bos_id, ids))

    def _with_bos(self, tokens: Tokens) -> Tokens:
        """Return the tokens with as many BOS tokens in front as the setting asks for."""
        if self.bos == "template" or self._bos_id is None or tokens.failure:
            return tokens
        count = self._count_bos(tokens.ids)
        wanted = [self._bos_id] if self.bos == "always" else []
        spans = [(0, 0)] * len(wanted) + tokens.offsets[count:] if tokens.offsets else []
        return Tokens([*wanted, *tokens.ids[count:]], spans)


def _check_written(messages: Conversation, text: str) -> tuple[str, bool]:
    """Return the failure of a text without a field of the conversation, and whether a part of a content is missing.

    Reasoning of earlier turns may be missing: templates of reasoning models leave it out.
    """
    written = _Written(text)
    last = messages[-1]
    if last.get("reasoning_content") and not written.has(last["reasoning_content"]):
        return REASONING, False
    names = [str(call["function"]["name"]) for message in messages for call in message.get("tool_calls", [])]
    if not all(map(written.has, names)):
        return TOOL_CALLS, False
    if not all(written.has(message["content"]) for message in messages if message["role"] == "tool"):
        return TOOL_TURN, False
    read = [last, *(message for message in messages if message["role"] in ("user", "system"))]
    return "", not all(written.has(message["content"]) for message in read)


class _Written:
    """A rendered text, in which texts are found that a template has stripped, indented or written as JSON."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.squeezed: str | None = None

    def has(self, part: str) -> bool:
        """Return whether a text is written, apart from whitespace."""
        if part.strip() in self.text:
            return True
        if self.squeezed is None:
            self.squeezed = "".join(self.text.split())
        spellings = (part, json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1])
        return any("".join(spelling.split()) in self.squeezed for spelling in spellings)
