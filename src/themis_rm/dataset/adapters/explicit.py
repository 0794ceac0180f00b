"""Rows with a prompt, a chosen and a rejected response: TRL's explicit form, and datasets that add to it.

The prompt and the responses are texts or messages. Responses that are whole conversations (Tulu 3, UltraFeedback in the
layout of the Alignment Handbook) repeat the prompt, which is then taken from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from themis_rm.dataset.adapters import FORMATS, PreferenceFormat, PreferencePair, UnusableRowError
from themis_rm.dataset.adapters.columns import ANY, MESSAGES, NUMBER, TEXT, TEXT_OR_MESSAGES
from themis_rm.dataset.adapters.facts import facts_of
from themis_rm.dataset.adapters.pair import (
    number_of,
    pair_of,
    prompt_of,
    response_of,
    signed,
    text_of,
)


class Explicit(PreferenceFormat):
    """Prompt, chosen, rejected; every other column is optional."""

    name = "explicit"
    required: ClassVar = {"prompt": TEXT_OR_MESSAGES, "chosen": TEXT_OR_MESSAGES, "rejected": TEXT_OR_MESSAGES}
    about = "prompt, chosen and rejected as texts or messages"
    prompt = "prompt"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pair of a row; ``margin`` or the difference of the scores is its margin, ``tie`` marks a tie."""
        pair = pair_of(
            prompt_of(row, self.prompt),
            response_of(row, "chosen"),
            response_of(row, "rejected"),
            **facts_of(row),
        )
        pair = signed(pair, margin_of(row))
        yield replace(pair, tie=True) if row.get("tie") in _TRUE else pair


_TRUE = (True, "true", "True")
"""Values of a column of booleans, in CSV files too."""
_SCORES = (
    ("score_chosen", "score_rejected"),
    ("chosen_score", "rejected_score"),
    ("chosen-rating", "rejected-rating"),
    ("chosen_rating", "rejected_rating"),
)
"""Columns with the scores of the two responses."""


def margin_of(row: Mapping[str, Any]) -> float | None:
    """Return the margin of a row: its column ``margin``, or the difference of the two scores."""
    if (margin := number_of(row, "margin")) is not None:
        return margin
    for chosen, rejected in _SCORES:
        scores = number_of(row, chosen), number_of(row, rejected)
        if scores[0] is not None and scores[1] is not None:
            return scores[0] - scores[1]
    return None


class ScoredExplicit(Explicit):
    """The explicit form with two scores."""

    name = "explicit-scored"
    required: ClassVar = {**Explicit.required, "score_chosen": NUMBER, "score_rejected": NUMBER}
    about = "prompt, chosen and rejected with score_chosen and score_rejected (UltraFeedback binarized)"


class Question(Explicit):
    """The explicit form with the column ``question``."""

    name = "question"
    required: ClassVar = {"question": TEXT_OR_MESSAGES, "chosen": TEXT_OR_MESSAGES, "rejected": TEXT_OR_MESSAGES}
    about = "question, chosen and rejected (CodeScaler pairs)"
    prompt = "question"


class Instruction(Explicit):
    """The explicit form with the column ``instruction``."""

    name = "instruction"
    required: ClassVar = {"instruction": TEXT_OR_MESSAGES, "chosen": TEXT_OR_MESSAGES, "rejected": TEXT_OR_MESSAGES}
    about = "instruction, chosen and rejected"
    prompt = "instruction"


class Alpaca(Instruction):
    """The explicit form with ``instruction`` and ``input``, and earlier turns in ``history``."""

    name = "alpaca"
    required: ClassVar = {**Instruction.required, "instruction": TEXT, "input": TEXT}
    about = "instruction, input, chosen, rejected, and history of pairs of texts (LlamaFactory)"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pair of a row; the input follows the instruction on a new line."""
        request = text_of(row, "instruction")
        if row.get("input"):
            request = f"{request}\n{text_of(row, 'input')}"
        turns = [{"role": "user", "content": request}]
        yield from super().read({**row, "instruction": [*_history_of(row), *turns]})


def _history_of(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the messages of the column ``history``: pairs of a request and a response."""
    history = row.get("history") or []
    if not isinstance(history, list) or not all(isinstance(turn, list) and len(turn) == len(_TURN) for turn in history):
        raise UnusableRowError("history-is-not-a-list-of-pairs")
    return [{"role": role, "content": text} for turn in history for role, text in zip(_TURN, turn, strict=True)]


_TURN = ("user", "assistant")


class Conversations(Explicit):
    """The explicit form with the turns of the request in ``conversations``; a response may be one message."""

    name = "conversations"
    required: ClassVar = {"conversations": MESSAGES, "chosen": TEXT_OR_MESSAGES, "rejected": TEXT_OR_MESSAGES}
    about = "conversations, and chosen and rejected as messages or texts (ShareGPT, LlamaFactory)"
    prompt = "conversations"


class MessagesAndResponses(Conversations):
    """The explicit form with the turns of the request in ``messages``."""

    name = "messages"
    required: ClassVar = {"messages": MESSAGES, "chosen": TEXT_OR_MESSAGES, "rejected": TEXT_OR_MESSAGES}
    about = "messages, and chosen and rejected as messages or texts"
    prompt = "messages"


class Vulnerability(Question):
    """Vulnerable and secure code: the criterion is security."""

    name = "vulnerability"
    required: ClassVar = {**Question.required, "lang": TEXT, "vulnerability": TEXT}
    about = "question, chosen, rejected, lang and vulnerability (CyberNative security pairs)"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pair of a row under the security criterion."""
        yield from super().read({"aspect": "SH", **row})


class Preferences(Explicit):
    """The published Themis preference data, and what ``assemble`` and ``convert`` write.

    ``messages``, ``chosen_messages`` and ``rejected_messages`` take the place of ``input``, ``chosen`` and ``rejected``
    where they are not null.
    """

    name = "themis"
    required: ClassVar = {"input": TEXT_OR_MESSAGES, "chosen": TEXT_OR_MESSAGES, "rejected": TEXT_OR_MESSAGES}
    about = "system, input, chosen, rejected, language, aspect, source, idx (Themis preference data)"
    prompt = "input"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pair of a row."""
        turns = {"messages": "input", "chosen_messages": "chosen", "rejected_messages": "rejected"}
        stored = {column: row[name] for name, column in turns.items() if row.get(name)}
        yield from super().read({**row, **stored})


class Benchmark(Explicit):
    """A benchmark in the published columns of CodeRewardBench."""

    name = "themis-benchmark"
    required: ClassVar = {**Explicit.required, "aspect": TEXT, "language": TEXT, "subset": ANY}
    about = "id, prompt, chosen, rejected, aspect, language, subset (CodeRewardBench)"


for _format in (
    Explicit,
    ScoredExplicit,
    Question,
    Instruction,
    Alpaca,
    Conversations,
    MessagesAndResponses,
    Vulnerability,
    Preferences,
    Benchmark,
):
    FORMATS.register(_format())
