"""Two responses, A and B, with a label that names the better one: Prometheus, JudgeBench, chatbot arenas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from themis_rm.dataset.adapters import FORMATS, PreferenceFormat, PreferencePair, UnusableRowError
from themis_rm.dataset.adapters.columns import MESSAGES, TEXT, TEXT_OR_MESSAGES
from themis_rm.dataset.adapters.pair import (
    label_of,
    messages_of,
    name_of,
    number_of,
    pair_of,
    prompt_of,
    response_of,
    signed,
    split_conversations,
)

_FIRST = frozenset({"A", "A>B", "A>>B", "MODEL_A", "RESPONSE_A", "1"})
_SECOND = frozenset({"B", "B>A", "B>>A", "MODEL_B", "RESPONSE_B", "2"})
_TIE = frozenset({"A=B", "TIE", "BOTH", "TIE (BOTHBAD)", "TIE (BOTH BAD)", "BOTH_BAD", "C"})


def prefers_second(label: Any, column: str) -> bool | None:
    """Return whether a label prefers the second response, ``None`` for a tie.

    Raises:
        UnusableRowError: It is not a label.
    """
    name = label.strip().upper() if isinstance(label, str) else ""
    if name not in _FIRST | _SECOND | _TIE:
        raise UnusableRowError(f"unknown-{column}")
    return None if name in _TIE else name in _SECOND


class Prometheus(PreferenceFormat):
    """The Prometheus preference collection: the judge's texts are left out."""

    name = "prometheus"
    required: ClassVar = {
        "orig_instruction": TEXT,
        "orig_response_A": TEXT,
        "orig_response_B": TEXT,
        "orig_preference": TEXT,
    }
    about = "orig_instruction, orig_response_A, orig_response_B, orig_preference (Prometheus preference collection)"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pair of a row; the difference of the scores, if any, is its margin."""
        second = prefers_second(row.get("orig_preference"), "orig_preference")
        scores = number_of(row, "orig_score_A"), number_of(row, "orig_score_B")
        margin = abs(scores[0] - scores[1]) if scores[0] is not None and scores[1] is not None else None
        yield labeled_pair(row, "orig_instruction", ("orig_response_A", "orig_response_B"), second, margin)


class JudgeBench(PreferenceFormat):
    """JudgeBench: the label names the correct response."""

    name = "judgebench"
    required: ClassVar = {"question": TEXT_OR_MESSAGES, "response_A": TEXT, "response_B": TEXT, "label": TEXT}
    about = "question, response_A, response_B, label such as A>B (JudgeBench)"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pair of a row."""
        yield labeled_pair(row, "question", ("response_A", "response_B"), prefers_second(row.get("label"), "label"))


class Arena(PreferenceFormat):
    """Battles of chatbot arenas: two whole conversations and a winner."""

    name = "arena"
    required: ClassVar = {"conversation_a": MESSAGES, "conversation_b": MESSAGES, "winner": TEXT}
    about = "conversation_a, conversation_b, winner (chatbot arenas)"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pair of a battle."""
        second = prefers_second(row.get("winner"), "winner")
        prompt, first, other = split_conversations(
            messages_of(row, "conversation_a"), messages_of(row, "conversation_b")
        )
        sides = (other, first) if second else (first, other)
        pair = pair_of(prompt, *sides, id=name_of(row, "question_id", "id"), language="")
        yield signed(pair, 0.0 if second is None else None)


def labeled_pair(
    row: Mapping[str, Any], prompt: str, responses: tuple[str, str], second: bool | None, margin: float | None = None
) -> PreferencePair:
    """Return the pair of two responses and a label; a tie keeps their order."""
    chosen, rejected = reversed(responses) if second else responses
    pair = pair_of(
        prompt_of(row, prompt),
        response_of(row, chosen),
        response_of(row, rejected),
        id=name_of(row, "pair_id", "id", "idx"),
        language=label_of(row, "language"),
        subset=name_of(row, "source", "subset"),
    )
    return signed(pair, 0.0 if second is None else margin or None)


for _format in (Prometheus, JudgeBench, Arena):
    FORMATS.register(_format())
