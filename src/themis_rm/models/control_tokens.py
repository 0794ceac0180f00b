"""Control tokens in the text of messages: encoded as text, so that an answer cannot forge turns.

Control tokens are the special tokens of a tokenizer, and other added tokens that the chat template writes around plain
turns, such as ``<|im_start|>`` where a tokenizer does not mark it as special. Not among them is what the template looks
for in messages and does not write around a request, such as ``<think>``: it belongs to the text of an answer.

In a message that contains a control token, the token is replaced by a placeholder before the template is rendered. In
the result, the tokens that the template wrote are renamed and the placeholders are replaced by their text again. A copy
of the tokenizer that has the control tokens under the new names, with the same ids, encodes it: nothing in a message
can have one of these names, and the rest of the text is encoded as in any other conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from themis_rm.messages import Conversation, map_texts, texts_of
from themis_rm.models.templates.chat_template import ChatTemplate

# Noncharacters of Unicode, which no text contains: the first and last character of names and placeholders, and digits.
_NAME, _PLACEHOLDER, _END, _ZERO = "\ufdd0", "\ufdd1", "\ufdd2", 0xFDE0
_RESERVED = "[\ufdd0-\ufdef]"


class ProtectedConversation(NamedTuple):
    """A conversation with placeholders in its texts.

    Attributes:
        messages: The conversation.
        replaced: The text of each placeholder.
    """

    messages: Conversation
    replaced: list[str]


class ControlTokens:
    """The control tokens of a tokenizer and a chat template.

    Args:
        tokenizer: A fast tokenizer of transformers.
        template: The chat template.

    Attributes:
        tokens: Text of each control token, longest first.
    """

    def __init__(self, tokenizer: Any, template: ChatTemplate) -> None:
        self._backend = tokenizer.backend_tokenizer
        self.tokens = sorted(_control_tokens(tokenizer, template), key=lambda text: (-len(text), text))
        written = "|".join(map(re.escape, self.tokens)) or "(?!)"
        self._searched = re.compile("|".join([*_edge_patterns(self.tokens, template.contexts()), written]))
        self._rendered = re.compile(f"{_PLACEHOLDER}([^{_END}]*){_END}|({written})|{_RESERVED}")
        # A tokenizer that looks for control tokens in normalized text finds them in other spellings.
        added = {token.content: token for token in tokenizer.added_tokens_decoder.values()}
        normalizes = any(added[text].normalized for text in self.tokens)
        self._always = self._backend.normalizer is not None and normalizes

    def occur_in(self, messages: Conversation) -> bool:
        """Return whether a text of a conversation would be read as a control token."""
        return any(self._searched.search(text) for text in texts_of(messages))

    def must_protect(self, messages: Conversation) -> bool:
        """Return whether a conversation must be rendered with placeholders."""
        return self._always or self.occur_in(messages)

    def protect(self, messages: Conversation) -> ProtectedConversation:
        """Return a conversation with placeholders for the control tokens in its texts."""
        replaced: list[str] = []

        def placeholder(match: re.Match[str]) -> str:
            replaced.append(match[0])
            return _spell(_PLACEHOLDER, len(replaced) - 1)

        def protect_text(text: str) -> str:
            return self._searched.sub(placeholder, re.sub(_RESERVED, "", text))

        return ProtectedConversation(map_texts(messages, protect_text), replaced)

    def restore(self, text: str, replaced: Sequence[str]) -> str:
        """Return a rendering with the texts of its placeholders, and with the template's control tokens renamed."""

        def final(match: re.Match[str]) -> str:
            if match[1] is not None:
                number = _number(match[1])
                return replaced[number] if number < len(replaced) else ""
            return _spell(_NAME, self._numbers[match[2]]) if match[2] is not None else ""

        return self._rendered.sub(final, text)

    def encode(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Return token ids and offsets of texts that :meth:`restore` returned."""
        batch = self._renamed.encode_batch(list(texts), add_special_tokens=False)
        return [(encoding.ids, encoding.offsets) for encoding in batch]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {text: number for number, text in enumerate(self.tokens)}

    @cached_property
    def _renamed(self) -> Any:
        """The tokenizer with its control tokens under names that no text contains."""
        from tokenizers import Tokenizer

        names = {text: _spell(_NAME, number) for text, number in self._numbers.items()}
        data = json.loads(self._backend.to_str())
        data |= {"truncation": None, "padding": None}
        for token in data["added_tokens"]:
            if token["content"] in names:
                token |= {"content": names[token["content"]], "normalized": False, "single_word": False}
        model = data["model"]
        vocabulary = model["vocab"]
        if isinstance(vocabulary, dict):
            model["vocab"] = {names.get(text, text): number for text, number in vocabulary.items()}
        else:
            model["vocab"] = [[names.get(text, text), score] for text, score in vocabulary]
        if model.get("unk_token") in names:
            model["unk_token"] = names[model["unk_token"]]
        return Tokenizer.from_str(json.dumps(data))


def _spell(start: str, number: int) -> str:
    digits = "".join(chr(_ZERO + int(digit, 16)) for digit in f"{number:x}")
    return f"{start}{digits}{_END}"


def _number(digits: str) -> int:
    return int("".join(f"{ord(digit) - _ZERO:x}" for digit in digits), 16)


def _control_tokens(tokenizer: Any, template: ChatTemplate) -> Iterator[str]:
    for token in tokenizer.added_tokens_decoder.values():
        text = token.content
        if not text.strip():
            continue
        around_request = text in template.request_sample
        if _is_searched(text, template) and not around_request:
            continue
        if token.special or (text in template.sample + template.request_sample and not text.isalnum()):
            yield text


def _is_searched(text: str, template: ChatTemplate) -> bool:
    # A template that splits an answer at '</think>' reads '<think>' too.
    spellings = (text, f"</{text.removeprefix('<')}")
    return any(spelling in searched for searched in template.searched for spelling in spellings)


def _edge_patterns(tokens: Sequence[str], contexts: Sequence[tuple[str, str]]) -> list[str]:
    """Return patterns of texts that are a control token together with what the template writes next to them."""
    starts, ends, complete = set(), set(), set()
    for token in tokens:
        for before, after in contexts:
            heads = [n for n in range(1, len(token)) if before.endswith(token[:n])]
            tails = [n for n in range(1, len(token)) if after.startswith(token[n:])]
            starts |= {token[n:] for n in heads}
            ends |= {token[:n] for n in tails}
            complete |= {token[first:last] for first in heads for last in tails if first < last}
    patterns = ((r"\A\s*(?:%s)\s*\Z", complete), (r"\A\s*(?:%s)", starts), (r"(?:%s)\s*\Z", ends))
    return [form % "|".join(sorted(map(re.escape, texts))) for form, texts in patterns if texts]
