"""Scoring requests: responses with the criteria to score them on, read from JSONL lines or code files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from themis_rm.criteria import CRITERIA, Criterion, criterion
from themis_rm.errors import InputError, SettingError
from themis_rm.languages import language_of_path
from themis_rm.messages import Conversation, conversation, is_unicode, join_response, parse_messages, texts_of
from themis_rm.models.settings import ModelSettings
from themis_rm.settings import Settings
from themis_rm.storage.input_files import path_text, read_bytes
from themis_rm.storage.json_text import parse_json

ALL = "all"
"""Label of a score under the prompt that lists all criteria."""
NONE = "none"
"""Label of a score without a criteria prompt."""
GIVEN = "given"
"""Label of a score under the system message that the request itself contains."""

Criteria = str | Criterion | Sequence[str | Criterion]
"""One criterion or several, by any of their names; ``all`` and ``none`` as above."""

_ONE_RESPONSE, _SEVERAL_RESPONSES = ("response", "completion"), ("responses", "completions")
_NOT_READ = ("tools", "functions", "documents", "images", "chat_template_kwargs")


class ScoreSettings(Settings):
    """Settings of ``themis-rm score``."""

    criteria: tuple[str, ...] = ()
    """Criteria, each with a score of its own. ``all`` adds the five criteria and the all-criteria prompt, ``none`` no
    criteria prompt. By default, a line's own ``criterion``, otherwise ``none``."""
    prompt_set: Path | None = None
    """File with criteria prompts, a preference dataset to extract them from, or ``themis``, the built-in prompts; by
    default the checkpoint's ``prompts.json``, otherwise the built-in prompts."""
    calibration: Path | None = None
    """File of ``themis-rm calibrate`` with which rows get a probability; by default the checkpoint's
    ``calibration.json``, if it has one."""
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
    """Parse JSONL requests; see :func:`parse_row` for their forms. Blank lines are skipped.

    Args:
        lines: Raw lines.
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
            yield from _parse_requests(parse_json(line), number, labels)
        except UnicodeDecodeError:
            yield InvalidRequest(number, "not-utf-8", "the line is not UTF-8", text)
        except ValueError as error:
            yield InvalidRequest(number, "not-json", f"not JSON ({error})", text)
        except RecursionError:
            yield InvalidRequest(number, "not-json", "nested too deeply", text[:200])
        except InputError as error:
            yield InvalidRequest(number, "not-a-request", error.message, text)


def _parse_requests(row: Any, line: int, labels: tuple[str, ...]) -> list[Request]:
    """Return one request per response of a row."""
    if not isinstance(row, dict):
        raise InputError("not a JSON object")
    conversations = parse_row(row)
    name = str(row.get("id", line))
    names = [name] if len(conversations) == 1 else [f"{name}/{number}" for number in range(len(conversations))]
    if not all(map(is_unicode, [name, *texts_of(conversations)])):
        raise InputError("a text contains a lone surrogate")
    own = labels or _own_label(row.get("criterion"))
    return [
        Request(name, line, messages, (GIVEN,) if messages[0]["role"] == "system" else own)
        for name, messages in zip(names, conversations, strict=True)
    ]


def parse_row(row: Mapping[str, Any]) -> list[Conversation]:
    """Return the conversations of a request, each of which ends with a response.

    The request is ``prompt``, a text or messages, or ``messages``; the response is ``response`` or ``completion``, a
    text or messages, or the end of ``messages``. ``responses`` and ``completions`` are lists, each of whose items is a
    response to the same request. ``system`` is the system message of a request without one.

    Raises:
        InputError: The row has another form, no response or more than one plain meaning, or a key that cannot be read.
    """
    if given := [key for key in _NOT_READ if row.get(key)]:
        raise InputError(f"'{given[0]}' is not read")
    if (row.get("prompt") is None) == (row.get("messages") is None):
        raise InputError("it needs 'prompt' or 'messages'" + (", not both" if "prompt" in row else ""))
    key = "prompt" if row.get("prompt") is not None else "messages"
    responses = _responses(row)
    if not responses:
        if key == "prompt":
            raise InputError("'response' is missing")
        return [_with_system(parse_messages(row["messages"], "assistant"), row)]
    request = _with_system(_request_messages(row[key], key), row)
    return [join_response(request, response) for response in responses]


def _responses(row: Mapping[str, Any]) -> list[Conversation]:
    """Return the responses that a row has besides its messages."""
    given = [key for key in (*_ONE_RESPONSE, *_SEVERAL_RESPONSES) if row.get(key) is not None]
    if not given:
        return []
    if len(given) > 1:
        raise InputError(f"it has both '{given[0]}' and '{given[1]}'")
    value = row[given[0]]
    if given[0] in _ONE_RESPONSE:
        return [_response_messages(value, given[0])]
    if not isinstance(value, list) or not value:
        raise InputError(f"'{given[0]}' is not a list of responses")
    return [_response_messages(item, given[0]) for item in value]


def _request_messages(value: Any, key: str) -> Conversation:
    """Return the messages of a request, which a text or messages before the response are."""
    if isinstance(value, str):
        if key == "messages":
            raise InputError("'messages' is not a list of messages")
        return conversation(None, value)
    if not isinstance(value, list):
        raise InputError(f"'{key}' is neither a string nor a list of messages")
    return parse_messages(value)


def _response_messages(value: Any, key: str) -> Conversation:
    """Return the messages of a response: of the assistant, possibly with turns of tools before the last one."""
    if isinstance(value, str):
        return [{"role": "assistant", "content": value}]
    if not isinstance(value, (list, dict)):
        raise InputError(f"'{key}' is neither a string nor a list of messages")
    return parse_messages([value] if isinstance(value, dict) else value, "assistant")


def _with_system(messages: Conversation, row: Mapping[str, Any]) -> Conversation:
    system = row.get("system")
    if not system:
        return messages
    if not isinstance(system, str):
        raise InputError("'system' is not a string")
    if messages[0]["role"] == "system":
        raise InputError("it has 'system' and a system message")
    return [{"role": "system", "content": system}, *messages]


def _own_label(name: Any) -> tuple[str, ...]:
    if name is None:
        return (NONE,)
    try:
        return criteria_labels(str(name))
    except SettingError as error:
        raise InputError(error.message.rstrip(".")) from error


def read_code_requests(paths: Iterable[Path], settings: ScoreSettings) -> Iterator[Request | InvalidRequest]:
    """Read code files as responses to the settings' prompt, or to one that names the file and its language."""
    labels = criteria_labels(settings.criteria) or (NONE,)
    for number, path in enumerate(paths, 1):
        try:
            size = path.stat().st_size
            if size > settings.max_bytes:
                yield InvalidRequest(number, "too-large", f"{path} has {size} bytes", str(path))
                continue
            text = read_bytes(path).decode("utf-8")
        except UnicodeDecodeError:
            yield InvalidRequest(number, "not-utf-8", f"{path} is not UTF-8", str(path))
        except OSError as error:
            yield InvalidRequest(number, "not-readable", f"{path}: {error.strerror}", str(path))
        except InputError as error:
            yield InvalidRequest(number, "not-readable", error.message, str(path))
        else:
            if not text.strip():
                yield InvalidRequest(number, "empty", f"{path} is empty", str(path))
            else:
                request = settings.prompt or default_prompt(path)
                yield Request(path_text(path), number, conversation(None, request, text), labels)


def default_prompt(path: Path) -> str:
    """Return the request that a code file without one is assumed to answer."""
    language = language_of_path(path.name)
    return f"Write {path_text(path.name)}{f' in {language.name}' if language else ''}."
