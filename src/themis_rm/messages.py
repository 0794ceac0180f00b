"""Conversations: one form of message for scoring, training, judges and datasets, read from the forms in use.

A message has ``role`` (system, user, assistant, tool) and ``content`` (a text); where they were given also
``reasoning_content``, ``tool_calls``, ``tool_call_id`` and ``name``. :func:`parse_messages` reads messages as the chat
APIs and public datasets write them:

=====================================  =================================================================================
as it is written                       as it is read
=====================================  =================================================================================
role ``developer``                     ``system``
roles ``human``; ``gpt``, ``model``    ``user``; ``assistant``
role ``function``                      ``tool``
``from`` and ``value`` (ShareGPT)      ``role`` and ``content``
content as a list of text parts        one text: the parts without a separator, as chat templates write them
content ``null``                       an empty text, if the message has reasoning or tool calls
``reasoning``, ``thinking``            ``reasoning_content``, as are parts of the type ``thinking`` or ``reasoning``
``function_call``                      ``tool_calls`` with one call
``tool_calls`` as a text with JSON     the list
arguments as a text with JSON object   the object
several system messages in front       one, joined by an empty line
:data:`IGNORED_KEYS`                   left out: they say nothing about the text
any other key                          refused, unless its value is null or empty
images, audio and other parts          refused
=====================================  =================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NotRequired, TypedDict, cast

from themis_rm.errors import InputError


class ToolCall(TypedDict):
    """A call of a function, as chat templates read it."""

    type: str
    function: dict[str, Any]
    id: NotRequired[str]


class Message(TypedDict):
    """One turn of a conversation."""

    role: str
    content: str
    reasoning_content: NotRequired[str]
    tool_calls: NotRequired[list[ToolCall]]
    tool_call_id: NotRequired[str]
    name: NotRequired[str]


Conversation = list[Message]

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
}
"""Role as it is written -> role as it is read."""

IGNORED_KEYS = frozenset(
    {"id", "index", "weight", "loss", "loss_weight", "train", "created", "created_at", "timestamp", "metadata"}
)
"""Keys of messages that do not change their text."""

MOST_LEVELS = 64
"""Most levels of nesting in the arguments of a tool call."""

_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")
_TEXT_PARTS = ("text", "input_text", "output_text")
_READ = {"role", "from", "content", "value", *_REASONING_KEYS, "tool_calls", "function_call", "tool_call_id", "name"}


def conversation(system: str | None, prompt: str, response: str | None = None) -> Conversation:
    """Return the messages of a conversation: system (if any), prompt, response (if given)."""
    messages: Conversation = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt})
    if response is not None:
        messages.append({"role": "assistant", "content": response})
    return messages


def parse_messages(messages: Any, last: str = "") -> Conversation:
    """Return a conversation from messages in any of the forms in the table above.

    Args:
        messages: A list of mappings.
        last: Role that the last message must have; any by default.

    Raises:
        InputError: A message cannot be read without loss, or the last one has another role.
    """
    if isinstance(messages, (str, bytes, Mapping)) or not isinstance(messages, Sequence) or not messages:
        raise InputError("'messages' is not a list of messages")
    parsed = [_parse_numbered(item, number) for number, item in enumerate(messages)]
    if last and parsed[-1]["role"] != last:
        raise InputError(f"the last of the messages is not from the {last}")
    return _join_system(parsed)


def _parse_numbered(item: Any, number: int) -> Message:
    try:
        return parse_message(item)
    except InputError as error:
        raise InputError(f"messages[{number}]: {error.message}") from None


def parse_message(item: Any) -> Message:
    """Return one message, see :func:`parse_messages`.

    Raises:
        InputError: It cannot be read without loss.
    """
    if not isinstance(item, Mapping):
        raise InputError("it is not an object with role and content")
    given = {key: value for key, value in item.items() if not _is_empty(value)}
    if unknown := sorted(str(key) for key in given.keys() - _READ - IGNORED_KEYS):
        raise InputError(f"the key '{unknown[0]}' is not read")
    role = _role(_either(item, "role", "from"))
    text, reasoning = _split_parts(_either(item, "content", "value"))
    message: Message = {"role": role, "content": text or ""}
    if reasoning := _reasoning(given, reasoning):
        message["reasoning_content"] = reasoning
    if calls := _tool_calls(given):
        message["tool_calls"] = calls
    for key in ("tool_call_id", "name"):
        if key in given:
            message[key] = _text(given[key], key)
    if role != "assistant" and ("reasoning_content" in message or "tool_calls" in message):
        raise InputError(f"a message of the {role} has reasoning or tool calls")
    if text is None and message.keys() <= {"role", "content"}:
        raise InputError("it has no content")
    return message


def _is_empty(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, (str, list, tuple, dict)) and not value)


def _either(item: Mapping[str, Any], first: str, second: str) -> Any:
    if item.get(first) is not None and item.get(second) is not None:
        raise InputError(f"it has both '{first}' and '{second}'")
    return item.get(first) if item.get(first) is not None else item.get(second)


def _role(name: Any) -> str:
    if not isinstance(name, str) or name not in ROLES:
        raise InputError(f"the role is {json.dumps(name, default=str)[:60]}, not system, user, assistant or tool")
    return ROLES[name]


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"'{key}' is not a string")
    return value


def _split_parts(content: Any) -> tuple[str | None, str]:
    """Return the text of a content, ``None`` for a content without one, and the reasoning that it contains."""
    if content is None or isinstance(content, str):
        return content, ""
    if not isinstance(content, Sequence) or isinstance(content, bytes):
        raise InputError("'content' is neither a string nor a list of parts")
    texts, thoughts = [], []
    for part in content:
        text, thought = _read_part(part)
        texts.append(text)
        thoughts.append(thought)
    return "".join(texts) if content else None, "".join(thoughts)


def _read_part(part: Any) -> tuple[str, str]:
    """Return the text and the reasoning of a part of a content."""
    if isinstance(part, str):
        return part, ""
    if not isinstance(part, Mapping):
        raise InputError("a part of the content is neither a string nor an object")
    kind = part.get("type", "text")
    if kind in _TEXT_PARTS:
        return _text(part.get("text"), "text"), ""
    if kind in ("thinking", "reasoning"):
        return "", _text(part.get(kind, part.get("text")), kind)
    raise InputError(f"a part of the content is of the type {json.dumps(kind, default=str)[:60]}, not text")


def _reasoning(given: Mapping[str, Any], from_parts: str) -> str:
    texts = {_text(given[key], key) for key in _REASONING_KEYS if key in given} | ({from_parts} - {""})
    if len(texts) > 1:
        raise InputError("it has two different texts of reasoning")
    return texts.pop() if texts else ""


def _tool_calls(given: Mapping[str, Any]) -> list[ToolCall]:
    calls = given.get("tool_calls", [])
    if "function_call" in given:
        if calls:
            raise InputError("it has both 'tool_calls' and 'function_call'")
        calls = [given["function_call"]]
    if isinstance(calls, str):  # tables hold tool calls as JSON
        try:
            calls = json.loads(calls)
        except (ValueError, RecursionError):
            raise InputError("'tool_calls' is not a list, nor the JSON of one") from None
    if not isinstance(calls, Sequence) or isinstance(calls, (str, bytes)):
        raise InputError("'tool_calls' is not a list")
    return [_tool_call(call) for call in calls]


def _tool_call(call: Any) -> ToolCall:
    function = call.get("function", call) if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise InputError("a tool call has no function with a name")
    arguments = _arguments(function.get("arguments"))
    read: ToolCall = {"type": "function", "function": {"name": function["name"], "arguments": arguments}}
    if isinstance(call.get("id"), str) and call["id"]:
        read["id"] = call["id"]
    return read


def _arguments(value: Any) -> Any:
    """Return the arguments of a call: an object if they are one or its JSON, otherwise the text."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        value = _parse_object(value)
    elif not isinstance(value, Mapping):
        raise InputError("the arguments of a tool call are neither an object nor a string")
    if _levels(value) > MOST_LEVELS:
        raise InputError(f"the arguments of a tool call are nested more than {MOST_LEVELS} levels deep")
    return value


def _parse_object(text: str) -> Any:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return parsed if isinstance(parsed, dict) else text


def _levels(value: Any) -> int:
    levels, layer = 0, [value]
    while layer and levels <= MOST_LEVELS:
        levels += 1
        mappings = [list(item.values()) for item in layer if isinstance(item, Mapping)]
        layer = [inner for items in [*mappings, *(i for i in layer if isinstance(i, list))] for inner in items]
    return levels


def join_response(request: Conversation, response: Conversation) -> Conversation:
    """Return the conversation of a request and the response to it.

    Raises:
        InputError: The request does not end with a message that a response can follow.
    """
    if request[-1]["role"] not in ("user", "tool"):
        raise InputError(f"the messages before the response end with one from the {request[-1]['role']}")
    return [*request, *response]


def _join_system(messages: Conversation) -> Conversation:
    count = next((i for i, message in enumerate(messages) if message["role"] != "system"), len(messages))
    if count < 2:
        return messages
    text = "\n\n".join(message["content"] for message in messages[:count])
    return [{**messages[0], "content": text}, *messages[count:]]


def fold_system(messages: Conversation) -> Conversation:
    """Return a conversation with its system message in front of the first message of the user, or as one."""
    system, *rest = messages
    if rest and rest[0]["role"] == "user":
        first: Message = {**rest[0], "content": f"{system['content']}\n\n{rest[0]['content']}"}
        return [first, *rest[1:]]
    return [{"role": "user", "content": system["content"]}, *rest]


def text_of(message: Message) -> str:
    """Return everything that a message says as one text, for readers without a chat template.

    Reasoning is written as a ``<think>`` block in front of the content, a tool call as JSON behind it.
    """
    reasoning = message.get("reasoning_content")
    parts = [f"<think>\n{reasoning}\n</think>\n\n"] if reasoning else []
    parts.append(message["content"])
    calls = message.get("tool_calls", [])
    parts += [f"\n<tool_call>\n{json.dumps(call['function'], ensure_ascii=False)}\n</tool_call>" for call in calls]
    return "".join(parts)


def is_unicode(text: str) -> bool:
    """Return whether a text has no lone surrogates, which JSON can contain but no file or tokenizer accepts."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def map_texts(messages: Conversation, change: Callable[[str], str]) -> Conversation:
    """Return a conversation with all its texts changed, keys of arguments included; roles and other keys are kept."""

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, Mapping):
            return {change(key): changed(item) for key, item in value.items()}
        return [changed(item) for item in value] if isinstance(value, list) else value

    def changed_call(call: ToolCall) -> dict[str, Any]:
        function = {key: changed(value) for key, value in call["function"].items()}
        return {key: changed(value) for key, value in call.items() if key != "type"} | {
            "type": call["type"],
            "function": function,
        }

    def changed_message(message: Message) -> dict[str, Any]:
        given = {key: changed(value) for key, value in message.items() if key not in ("role", "tool_calls")}
        calls = [changed_call(call) for call in message.get("tool_calls", [])]
        return {"role": message["role"], **given} | ({"tool_calls": calls} if calls else {})

    return cast("Conversation", [changed_message(message) for message in messages])


def texts_of(value: Any) -> list[str]:
    """Return all strings in a message or a conversation, keys of mappings included."""
    found: list[str] = []
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, Mapping):
            pending += [*item.keys(), *item.values()]
        elif isinstance(item, Sequence):
            pending += item
    return found
