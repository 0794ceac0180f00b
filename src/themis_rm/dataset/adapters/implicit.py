"""Rows without a prompt column: the request is the common beginning of both sides (TRL's implicit form).

Of two conversations, all common first turns are the request. Of two texts, the common first lines are, up to the first
line that does not read as prose, and at least the first line: two programs begin with the same lines of code too, and
these belong to the responses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from themis_rm.answers.code import is_prose
from themis_rm.dataset.adapters import FORMATS, PreferenceFormat, PreferencePair
from themis_rm.dataset.adapters.columns import MESSAGES, NUMBER, TEXT
from themis_rm.dataset.adapters.explicit import margin_of
from themis_rm.dataset.adapters.facts import facts_of
from themis_rm.dataset.adapters.pair import (
    UnusableRowError,
    check_pair,
    messages_of,
    signed,
    split_conversations,
    text_of,
)
from themis_rm.messages import Conversation, conversation


class ImplicitConversations(PreferenceFormat):
    """Two whole conversations."""

    name = "implicit-conversations"
    required: ClassVar = {"chosen": MESSAGES, "rejected": MESSAGES}
    about = "chosen and rejected as whole conversations (TRL, Skywork, UltraFeedback binarized)"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pair of a row; the difference of the scores, if any, is its margin."""
        prompt, chosen, rejected = split_conversations(messages_of(row, "chosen"), messages_of(row, "rejected"))
        yield signed(_pair(row, prompt, chosen, rejected), margin_of(row))


class ScoredConversations(ImplicitConversations):
    """Two whole conversations with scores."""

    name = "implicit-scored"
    required: ClassVar = {**ImplicitConversations.required, "score_chosen": NUMBER, "score_rejected": NUMBER}
    about = "chosen and rejected as whole conversations with score_chosen and score_rejected (UltraFeedback binarized)"


class ImplicitTexts(PreferenceFormat):
    """Two texts with a common beginning."""

    name = "implicit-texts"
    required: ClassVar = {"chosen": TEXT, "rejected": TEXT}
    # Such a column may hold the request; the common beginning would then be that of the responses.
    excluded: ClassVar = frozenset(
        {"query", "problem", "task", "request", "user", "post", "text", "description", "problem_statement", "issue"}
    )
    about = "chosen and rejected as texts that begin with the request (TRL), or as Human/Assistant dialogs (HH-RLHF)"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pair of a row."""
        chosen, rejected = text_of(row, "chosen"), text_of(row, "rejected")
        if is_dialog(chosen) and is_dialog(rejected):
            parts = split_conversations(parse_dialog(chosen), parse_dialog(rejected))
        else:
            parts = split_texts(chosen, rejected)
        yield signed(_pair(row, *parts), margin_of(row))


def _pair(row: Mapping[str, Any], prompt: Conversation, chosen: Conversation, rejected: Conversation) -> PreferencePair:
    return check_pair(
        PreferencePair(
            prompt=prompt,
            chosen=chosen,
            rejected=rejected,
            **facts_of(row),
        )
    )


_TURNS = {"\n\nHuman:": "user", "\n\nAssistant:": "assistant"}


def is_dialog(text: str) -> bool:
    """Return whether a text is a dialog of HH-RLHF: it begins with a turn of the human."""
    return text.startswith("\n\nHuman:") and "\n\nAssistant:" in text


def parse_dialog(text: str) -> Conversation:
    """Return the messages of an HH-RLHF dialog; consecutive turns of one speaker are joined."""
    messages: Conversation = []
    position = 0
    while position < len(text):
        marker = next(marker for marker in _TURNS if text.startswith(marker, position))
        start = position + len(marker)
        ends = [end for end in (text.find(other, start) for other in _TURNS) if end >= 0]
        position = min(ends, default=len(text))
        content, role = text[start:position].strip(), _TURNS[marker]
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += f"\n\n{content}"
        else:
            messages.append({"role": role, "content": content})
    return messages


def split_texts(chosen: str, rejected: str) -> tuple[Conversation, Conversation, Conversation]:
    """Return the request and the two responses of texts with a common beginning.

    Raises:
        UnusableRowError: The first lines differ.
    """
    one, two = chosen.splitlines(keepends=True), rejected.splitlines(keepends=True)
    limit = min(len(one), len(two)) - 1
    common = next((index for index in range(limit) if one[index] != two[index]), max(limit, 0))
    count = next(
        (index for index in range(common) if index and one[index].strip() and not is_prose(one[index])), common
    )
    request = "".join(one[:count]).strip()
    if not request:
        raise UnusableRowError("no-common-request", "the first lines of chosen and rejected differ")
    sides: list[Conversation] = [[{"role": "assistant", "content": "".join(lines[count:])}] for lines in (one, two)]
    return conversation(None, request), sides[0], sides[1]


for _format in (ImplicitConversations, ScoredConversations, ImplicitTexts):
    FORMATS.register(_format())
