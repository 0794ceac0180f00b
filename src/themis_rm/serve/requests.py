"""Scoring requests: responses with the criteria to score them on, read from JSONL lines or code files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from themis_rm.criteria import CRITERIA, Criterion, criterion
from themis_rm.errors import InputError, SettingError
from themis_rm.languages import language_of_path
from themis_rm.models.protocol import is_unicode
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import Conversation, conversation
from themis_rm.settings import Settings

ALL = "all"
"""Label of a score under the prompt that lists all criteria."""
NONE = "none"
"""Label of a score without a criteria prompt."""
GIVEN = "given"
"""Label of a score under the system message that the request itself contains."""

Criteria = str | Criterion | Sequence[str | Criterion]
"""One criterion or several, by any of their names; ``all`` and ``none`` as above."""

_ROLES = ("system", "user", "assistant")


class ScoreSettings(Settings):
    """Settings of ``themis-rm score``."""

    criteria: tuple[str, ...] = ()
    """Criteria, each with a score of its own. ``all`` adds the five criteria and the all-criteria prompt, ``none`` no
    criteria prompt. By default, a line's own ``criterion``, otherwise ``none``."""
    prompt_set: Path | None = None
    """File with criteria prompts, or a preference dataset to extract them from; by default the checkpoint's
    ``prompts.json``, otherwise the built-in prompts."""
    prompt: str = ""
    """The request that code files answer; by default one that names the file and its language."""
    chunk_size: int = 256
    """Requests that are read, sorted by length and scored at a time."""
    max_bytes: int = 8 << 20
    """Maximum length of a line or file in bytes; longer ones are counted as ``too-large``."""
    model: ModelSettings = ModelSettings()
    """Device, precision and limits of the model."""


@dataclass(frozen=True, slots=True)
class Request:
    """A response to score.

    Attributes:
        id: Name in the output.
        line: 1-based line of the input, or number of the file.
        messages: The conversation; its last message is the response.
        criteria: Labels to score it under, in order; ``given`` for a conversation with its own system message.
    """

    id: str
    line: int
    messages: Conversation
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InvalidRequest:
    """An input that cannot be scored.

    Attributes:
        line: 1-based line of the input, or number of the file.
        reason: Slug under which it is counted.
        detail: Explanation in one line.
        text: The input, possibly shortened.
    """

    line: int
    reason: str
    detail: str
    text: str


def criteria_labels(criteria: Criteria) -> tuple[str, ...]:
    """Return the labels of criteria without repeats; ``all`` becomes the five short names and ``all``.

    Raises:
        SettingError: A criterion is unknown.
        TypeError: ``criteria`` is neither a name nor a sequence of names.
    """
    if isinstance(criteria, (str, Criterion)):
        criteria = [criteria]
    if not isinstance(criteria, Sequence):
        raise TypeError(f"criteria must be a criterion's name or a list of names, not {type(criteria).__name__}")
    labels: dict[str, None] = {}
    for name in criteria:
        if isinstance(name, Criterion):
            labels[name.short] = None
        elif not isinstance(name, str):
            raise TypeError(f"a criterion must be named by a str, not {type(name).__name__}")
        elif name == ALL:
            labels.update(dict.fromkeys([*(row.short for row in CRITERIA), ALL]))
        else:
            labels[NONE if name == NONE else criterion(name).short] = None
    return tuple(labels)


def read_jsonl_requests(lines: Iterable[bytes], settings: ScoreSettings) -> Iterator[Request | InvalidRequest]:
    """Parse JSONL requests: ``prompt`` and ``response``, or ``messages``; optional ``id``, ``system``, ``criterion``.

    Args:
        lines: Raw lines; blank lines are skipped.
        settings: Criteria and limits.
    """
    labels = criteria_labels(settings.criteria)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        text = line.decode("utf-8", "replace").rstrip("\n")
        if len(line) > settings.max_bytes:
            detail = f"{len(line)} bytes, more than {settings.max_bytes}"
            yield InvalidRequest(number, "too-large", detail, text[:200])
            continue
        try:
            yield _parse_request(json.loads(line), number, labels)
        except UnicodeDecodeError:
            yield InvalidRequest(number, "not-utf-8", "the line is not UTF-8", text)
        except ValueError as error:
            yield InvalidRequest(number, "not-json", f"not JSON ({error})", text)
        except InputError as error:
            yield InvalidRequest(number, "not-a-request", error.message, text)


def _parse_request(row: Any, line: int, labels: tuple[str, ...]) -> Request:
    if not isinstance(row, dict):
        raise InputError("not a JSON object")
    messages = _parse_messages(row)
    name = str(row.get("id", line))
    if not all(map(is_unicode, [name, *(message["content"] for message in messages)])):
        raise InputError("a text contains a lone surrogate")
    if messages[0]["role"] == "system":
        return Request(name, line, messages, (GIVEN,))
    return Request(name, line, messages, labels or _own_label(row.get("criterion")))


def _own_label(name: Any) -> tuple[str, ...]:
    if name is None:
        return (NONE,)
    try:
        return criteria_labels(str(name))
    except SettingError as error:
        raise InputError(error.message.rstrip(".")) from error


def _parse_messages(row: Mapping[str, Any]) -> Conversation:
    if "messages" in row:
        return check_messages(row["messages"])
    for name in ("prompt", "response"):
        if not isinstance(row.get(name), str):
            raise InputError(f"'{name}' is missing or not a string")
    system = row.get("system")
    if system is not None and not isinstance(system, str):
        raise InputError("'system' is not a string")
    return conversation(system, row["prompt"], row["response"])


def check_messages(messages: Any, last: str = "assistant") -> Conversation:
    """Return a conversation with role and content of each message only.

    Args:
        messages: Messages, each with ``role`` (system, user, assistant) and ``content`` (a string).
        last: Role that the last message must have.

    Raises:
        InputError: A message has another form, or the last one has another role.
    """
    if not isinstance(messages, list) or not messages or not all(map(_is_message, messages)):
        raise InputError("'messages' is not a list of {role, content} with strings as content")
    if messages[-1]["role"] != last:
        raise InputError(f"the last of 'messages' is not from the {last}")
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") in _ROLES and isinstance(item.get("content"), str)


def read_code_requests(paths: Iterable[Path], settings: ScoreSettings) -> Iterator[Request | InvalidRequest]:
    """Read code files as responses to the settings' prompt, or to one that names the file and its language."""
    labels = criteria_labels(settings.criteria) or (NONE,)
    for number, path in enumerate(paths, 1):
        try:
            size = path.stat().st_size
            if size > settings.max_bytes:
                yield InvalidRequest(number, "too-large", f"{path} has {size} bytes", str(path))
                continue
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            yield InvalidRequest(number, "not-utf-8", f"{path} is not UTF-8", str(path))
        except OSError as error:
            yield InvalidRequest(number, "not-readable", f"{path}: {error.strerror}", str(path))
        else:
            if not text.strip():
                yield InvalidRequest(number, "empty", f"{path} is empty", str(path))
            else:
                request = settings.prompt or default_prompt(path)
                yield Request(str(path), number, conversation(None, request, text), labels)


def default_prompt(path: Path) -> str:
    """Return the request that a code file without one is assumed to answer."""
    language = language_of_path(path.name)
    return f"Write {path.name}{f' in {language.name}' if language else ''}."
