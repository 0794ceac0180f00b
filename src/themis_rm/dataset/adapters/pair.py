"""A preference pair in its general form, and functions that build it from texts and messages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from themis_rm.dataset.adapters.columns import is_message
from themis_rm.errors import InputError
from themis_rm.messages import Conversation, conversation, parse_messages
from themis_rm.records import text_fault


class UnusableRowError(ValueError):
    """A row that cannot be used.

    Attributes:
        reason: Slug under which the row is counted.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


class Results(Enum):
    """What tests or final answers say about the two responses of a pair."""

    UNKNOWN = "unknown"
    EQUAL = "equal"
    FAIL = "both fail"
    DIFFER = "differ"
    WORSE = "the rejected response passes more"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencePair:
    """Two responses to one request.

    Attributes:
        prompt: Messages before the responses, a system message included.
        chosen: Messages of the better response; the last one is the assistant's.
        rejected: Messages of the other response.
        id: Identifier in the file; empty for none.
        language: Programming language, as the file names it; empty for none.
        aspect: Criterion, as the file names it; empty for none.
        subset: Part of the dataset or benchmark; empty for none.
        group: Request that several pairs share; empty for none.
        margin: By how much the chosen response is better, at least 0, in the file's own units; ``None`` if unknown.
        weight: Weight of the row in the loss; ``None`` for the usual one.
        tie: Whether the file says that the responses are equally good.
        gain: How many times less run time or memory the chosen response needs; ``None`` if it is not measured.
        results: How the test results or final answers of the responses compare.
    """

    prompt: Conversation
    chosen: Conversation
    rejected: Conversation
    id: str = ""
    language: str = ""
    aspect: str = ""
    subset: str = ""
    group: str = ""
    margin: float | None = None
    weight: float | None = None
    tie: bool = False
    gain: float | None = None
    results: Results = Results.UNKNOWN


def text_of(row: Mapping[str, Any], column: str) -> str:
    """Return the text of a column.

    Raises:
        UnusableRowError: The value is missing, empty, or not a text.
    """
    if fault := text_fault(row, [column]):
        raise UnusableRowError(fault)
    value: str = row[column]
    if not value.strip():
        raise UnusableRowError(f"empty-{column}")
    return value


def texts_of(row: Mapping[str, Any], column: str) -> list[str]:
    """Return the texts of a list column.

    Raises:
        UnusableRowError: The value is missing, empty, or not a list of texts.
    """
    value = row.get(column)
    if value is None:
        raise UnusableRowError(f"missing-{column}")
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise UnusableRowError(f"{column}-is-not-a-list-of-texts")
    if not value or not all(text.strip() for text in value):
        raise UnusableRowError(f"empty-{column}")
    return value


def name_of(row: Mapping[str, Any], *columns: str) -> str:
    """Return the first non-empty value of these columns as a text; numbers are written without ``.0``."""
    for column in columns:
        value = row.get(column)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is not None and not isinstance(value, (list, dict)) and str(value).strip():
            return str(value)
    return ""


def label_of(row: Mapping[str, Any], *columns: str) -> str:
    """Return the first non-empty value of these columns, the name of a language or criterion.

    Raises:
        UnusableRowError: A value is not a text.
    """
    for column in columns:
        value = row.get(column)
        if value is not None and (fault := text_fault(row, [column])):
            raise UnusableRowError(fault)
        if value and value.strip():
            return str(value)
    return ""


def number_of(row: Mapping[str, Any], column: str) -> float | None:
    """Return a finite number, ``None`` for a missing value.

    Raises:
        UnusableRowError: The value is not a finite number.
    """
    value = row.get(column)
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise UnusableRowError(f"{column}-is-not-a-number") from None
    if not math.isfinite(number):
        raise UnusableRowError(f"{column}-is-not-finite")
    return number


def weight_of(row: Mapping[str, Any]) -> float | None:
    """Return the column ``weight``, ``None`` for a missing value.

    Raises:
        UnusableRowError: It is not a finite number, or negative.
    """
    weight = number_of(row, "weight")
    if weight is not None and weight < 0:
        raise UnusableRowError("negative-weight")
    return weight


def messages_of(row: Mapping[str, Any], column: str) -> Conversation:
    """Return the messages of a column; a single message may be there without a list.

    Raises:
        UnusableRowError: The value is missing or cannot be read without loss.
    """
    value = row.get(column)
    if value is None:
        raise UnusableRowError(f"missing-{column}")
    if isinstance(value, list) and not value:
        raise UnusableRowError(f"empty-{column}")
    return parse([value] if is_message(value) else value, column)


def parse(value: Any, column: str) -> Conversation:
    """Return messages in their one form.

    Raises:
        UnusableRowError: They cannot be read without loss.
    """
    try:
        return parse_messages(_without_nulls(value))
    except InputError as error:
        raise UnusableRowError(f"{column}-cannot-be-read", error.message) from None


def _without_nulls(value: Any) -> Any:
    # Arrow gives every message all fields of the struct, missing ones as null.
    if not isinstance(value, list):
        return value
    return [{k: v for k, v in item.items() if v is not None} if isinstance(item, dict) else item for item in value]


def prompt_of(row: Mapping[str, Any], column: str, system: str = "system") -> Conversation:
    """Return the messages before the responses from a text or messages, with the text of a system column in front."""
    value = row.get(column)
    head = label_of(row, system) or None
    if not isinstance(value, list) and not is_message(value):
        return conversation(head, text_of(row, column))
    messages = messages_of(row, column)
    if head is not None and messages[0]["role"] != "system":
        messages = [{"role": "system", "content": head}, *messages]
    return messages


def response_of(row: Mapping[str, Any], column: str) -> Conversation:
    """Return the messages of a response from a text or messages."""
    if isinstance(row.get(column), list) or is_message(row.get(column)):
        return messages_of(row, column)
    if isinstance(text := row.get(column), str) and not text.strip():
        raise UnusableRowError("empty-response")
    return [{"role": "assistant", "content": text_of(row, column)}]


def pair_of(prompt: Conversation, chosen: Conversation, rejected: Conversation, **values: Any) -> PreferencePair:
    """Return a pair; responses that repeat the prompt, or are whole conversations, are reduced to what follows it.

    Raises:
        UnusableRowError: A side does not end with the assistant's message, or the request ends with one.
    """
    if _is_conversation(chosen) or _is_conversation(rejected):
        prompt, chosen, rejected = split_conversations(chosen, rejected, prompt)
    return check_pair(PreferencePair(prompt=prompt, chosen=chosen, rejected=rejected, **values))


def _is_conversation(messages: Conversation) -> bool:
    return bool(messages) and messages[0]["role"] in ("system", "user")


def split_conversations(
    chosen: Conversation, rejected: Conversation, prompt: Sequence[Any] = ()
) -> tuple[Conversation, Conversation, Conversation]:
    """Return the common first turns of two conversations, and what remains of each.

    A system message of ``prompt`` is kept if the conversations have none.

    Raises:
        UnusableRowError: The conversations have no common request.
    """
    count = 0
    while count < min(len(chosen), len(rejected)) - 1 and chosen[count] == rejected[count]:
        count += 1
    # The responses start with the assistant: give back common turns of the assistant at the end.
    while count and chosen[count - 1]["role"] not in ("user", "tool"):
        count -= 1
    if not count:
        raise UnusableRowError("no-common-request")
    common = list(chosen[:count])
    if prompt and prompt[0]["role"] == "system" and common[0]["role"] != "system":
        common = [prompt[0], *common]
    return common, list(chosen[count:]), list(rejected[count:])


def check_pair(pair: PreferencePair) -> PreferencePair:
    """Return a pair after checking it.

    Raises:
        UnusableRowError: See :func:`pair_of`.
    """
    if not pair.prompt or pair.prompt[-1]["role"] not in ("user", "tool"):
        raise UnusableRowError("no-request", "the messages before the responses do not end with a request")
    for side, messages in (("chosen", pair.chosen), ("rejected", pair.rejected)):
        if not messages:
            raise UnusableRowError(f"missing-{side}")
        if messages[0]["role"] != "assistant" or messages[-1]["role"] != "assistant":
            raise UnusableRowError(
                f"{side}-is-not-a-response", f"the {side} messages are not a response of the assistant"
            )
        if not any(_says_something(message) for message in messages if message["role"] == "assistant"):
            raise UnusableRowError("empty-response")
    if pair.chosen == pair.rejected:
        raise UnusableRowError("identical-responses")
    return pair


def _says_something(message: Mapping[str, Any]) -> bool:
    return bool(message["content"].strip() or message.get("tool_calls"))


def signed(pair: PreferencePair, margin: float | None) -> PreferencePair:
    """Return a pair with the margin by which its chosen response is better.

    A negative margin means that the file prefers the other response: the sides are exchanged. Zero is a tie.
    """
    if margin is None:
        return pair
    if margin < 0:
        return replace(pair, chosen=pair.rejected, rejected=pair.chosen, margin=-margin)
    return replace(pair, margin=margin, tie=margin == 0)
