"""Conversations as sentence pairs, for encoders whose tokenizer has no chat template.

The first sentence is the text of all messages before the response, separated by empty lines, a system message first;
the second is the response. They are encoded as ``tokenizer(prompt, response)`` encodes them, with the special tokens of
the tokenizer between and around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from themis_rm.messages import Conversation, is_unicode, texts_of
from themis_rm.models.chat import EncodedConversation, shorten
from themis_rm.models.protocol import (
    CONTROL_TOKENS,
    NO_RESPONSE,
    NOT_UNICODE,
    REASONING,
    TOKENIZER,
    TOOL_CALLS,
    response_of,
)
from themis_rm.models.settings import ControlTokenMode, LongInputs


class PairEncoder:
    """Converts conversations to the token ids of sentence pairs.

    The ``boundary`` of a conversation is the last token of the first sentence, for models with token types.

    Args:
        tokenizer: A fast tokenizer of transformers.
        max_length: Most tokens of a conversation.
        control_tokens: How special tokens in messages are encoded.
        long_inputs: What to do with a conversation of more than ``max_length`` tokens.
    """

    def __init__(
        self,
        tokenizer: Any,
        max_length: int,
        control_tokens: ControlTokenMode = "text",
        long_inputs: LongInputs = "end",
    ) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.long_inputs = long_inputs
        self._as_text = control_tokens == "text"
        self._special = [text for text in tokenizer.all_special_tokens if text]
        self._ids = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}

    @property
    def has_types(self) -> bool:
        """Return whether the tokenizer marks the second sentence by a token type."""
        return "token_type_ids" in self.tokenizer("a", "b")

    @property
    def template_files(self) -> list[Path]:
        """Return the files of chat templates that the user named: none."""
        return []

    def facts(self) -> dict[str, str | int]:
        """Return everything that affects token ids, for results."""
        return {
            "max_length": self.max_length,
            "long_inputs": self.long_inputs,
            "input": "sentence pair",
            "system_role": "folded",
            "control_tokens": "text" if self._as_text else "published",
        }

    def encode(self, conversations: Sequence[Conversation]) -> list[EncodedConversation]:
        """Return the token ids of each conversation; see :meth:`themis_rm.models.chat.ChatEncoder.encode`."""
        return [self._encode(messages) for messages in conversations]

    def _encode(self, messages: Conversation) -> EncodedConversation:
        if failure := _failure(messages):
            return EncodedConversation([], failure=failure)
        prompt, response = split_pair(messages)
        try:
            encoding = self._tokenize(prompt, response)
        except Exception as error:  # the tokenizers library raises plain exceptions
            return EncodedConversation([], failure=TOKENIZER, detail=str(error))
        ids, sentences = list(encoding["input_ids"][0]), encoding.sequence_ids(0)
        types = encoding["token_type_ids"][0] if "token_type_ids" in encoding else []
        boundary = sum(1 for _ in takewhile(lambda kind: kind == 0, types)) - 1
        found = any(text in prompt or text in response for text in self._special)
        notes = (CONTROL_TOKENS,) if self._as_text and found else ()
        if len(ids) <= self.max_length:
            return EncodedConversation([ids], boundary=boundary, notes=notes)
        inside = [index for index, sentence in enumerate(sentences) if sentence == 1]
        answer = range(inside[0], inside[-1] + 1) if inside else range(len(ids), len(ids))
        return shorten(ids, answer, self.max_length, self.long_inputs, boundary, notes)

    def _tokenize(self, prompt: str, response: str) -> Any:
        """Return the encoding of a pair, which names the sentence of each token."""
        encoding = self.tokenizer([prompt], [response], split_special_tokens=self._as_text, verbose=False)
        pairs = zip(encoding["input_ids"][0], encoding.sequence_ids(0), strict=True)
        # A vocabulary may have special tokens as words, which it then finds in any text.
        if not self._as_text or not any(sentence is not None and token in self._ids for token, sentence in pairs):
            return encoding
        broken = [_break_up(text, self._special) for text in (prompt, response)]
        return self.tokenizer(broken[:1], broken[1:], split_special_tokens=True, verbose=False)


def _break_up(text: str, words: Sequence[str]) -> str:
    """Return a text in which a zero-width space breaks up some words."""
    for word in words:
        text = text.replace(word, f"{word[0]}\u200b{word[1:]}")
    return text


def split_pair(messages: Conversation) -> tuple[str, str]:
    """Return the first and the second sentence of a conversation that ends with a response."""
    return "\n\n".join(message["content"] for message in messages[:-1]), messages[-1]["content"]


def _failure(messages: Conversation) -> str:
    if response_of(messages) is None:
        return NO_RESPONSE
    if not all(map(is_unicode, texts_of(messages))):
        return NOT_UNICODE
    if any("reasoning_content" in message for message in messages):
        return REASONING
    return TOOL_CALLS if any("tool_calls" in message for message in messages) else ""
