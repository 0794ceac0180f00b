"""A chat template and what it can write, found out by rendering probes when it is loaded.

A template that raises for a plain conversation, or gives different responses or requests the same text, is refused.
What else it supports (system messages, content as parts, reasoning, tool calls) is never read from its source.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from themis_rm.errors import CheckpointError
from themis_rm.messages import Conversation, Message, conversation
from themis_rm.models.templates.process import PROCESS, Rejection

Arguments = Literal["object", "text", ""]

REASONING_KEYS = ("reasoning_content", "thinking", "reasoning")
"""Names under which templates read the reasoning of a message, in the order in which they are tried."""

_REQUESTS = ("Please add.", "Please sort")
_RESPONSES = ("alpha = 1", "omega = 2")
_MARKS = ("\ue001", "\ue002", "\ue003", "\ue004", "\ue005")


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A chat template that writes requests and responses.

    Attributes:
        source: The template.
        variables: Its variables in addition to the messages: the special tokens.
        searched: Texts that it compares with or looks for.
        needs_parts: It reads the content of a message as a list of parts, not as a text.
        needs_system: It accepts only conversations with a system message.
        writes_system: It writes system messages.
        reasoning_key: Name under which it reads reasoning; empty if it does not write it.
        arguments: Form in which it reads the arguments of tool calls; empty if it does not write tool calls.
        sample: Its text for a conversation of four or five turns, whose contents are single private-use characters.
        request_sample: Its text for the request of that conversation alone; empty if it rejects that.
    """

    source: str
    variables: dict[str, str]
    searched: frozenset[str] = frozenset()
    needs_parts: bool = False
    needs_system: bool = False
    writes_system: bool = False
    reasoning_key: str = ""
    arguments: Arguments = ""
    sample: str = ""
    request_sample: str = ""

    def render(self, conversations: Sequence[Conversation]) -> list[str | Rejection]:
        """Return the text of each conversation, or why there is none."""
        written = [[self._written(message) for message in messages] for messages in conversations]
        return PROCESS.render(self.source, self.variables, written)

    def _written(self, message: Message) -> dict[str, Any]:
        """Return a message as the template reads it."""
        content: Any = message["content"]
        written: dict[str, Any] = {"role": message["role"], "content": content}
        if self.needs_parts:
            written["content"] = [{"type": "text", "text": content}]
        if self.reasoning_key and "reasoning_content" in message:
            written[self.reasoning_key] = message["reasoning_content"]
        if self.arguments and "tool_calls" in message:
            written["tool_calls"] = [_written_call(call, self.arguments) for call in message["tool_calls"]]
        return written | {key: message[key] for key in ("tool_call_id", "name") if key in message}

    def contexts(self) -> list[tuple[str, str]]:
        """Return the text before and after each content in the sample."""
        found = []
        for mark in _MARKS:
            before, _, after = self.sample.partition(mark)
            if len(before) < len(self.sample):
                found.append((before[-100:], after[:100]))
        return found


def _written_call(call: Any, arguments: Arguments) -> dict[str, Any]:
    function = dict(call["function"])
    if arguments == "text" and not isinstance(function["arguments"], str):
        function["arguments"] = json.dumps(function["arguments"], ensure_ascii=False)
    return {**call, "function": function}


def load_template(
    source: str, variables: dict[str, str], where: str, setting: str = "model.chat_template"
) -> ChatTemplate:
    """Return a chat template, with what it supports.

    Args:
        source: The template.
        variables: Its variables in addition to the messages.
        where: What has the template, for errors.
        setting: Setting that chooses another one, for errors.

    Raises:
        CheckpointError: It has a syntax error, exceeds a limit, rejects a plain conversation, or does not write the
            request or the response.
    """
    try:
        return _probe(source, tuple(sorted(variables.items())))
    except _UnusableError as error:
        raise CheckpointError(
            f"The chat template of {where} {error}.",
            f"Set --set {setting}=FILE to a Jinja file with the template that the model was trained with.",
        ) from None


class _UnusableError(Exception):
    """What is wrong with a template."""


@lru_cache(maxsize=16)
def _probe(source: str, variables: tuple[tuple[str, str], ...]) -> ChatTemplate:
    searched = PROCESS.compile(source)
    if isinstance(searched, Rejection):
        raise _UnusableError(f"cannot be compiled ({searched.reason})")
    return _with_sample(_with_fields(_with_form(ChatTemplate(source, dict(variables), frozenset(searched)))))


def _with_form(template: ChatTemplate) -> ChatTemplate:
    """Find the form of messages under which a template writes request and response."""
    problems = []
    for parts in (False, True):
        for system in ("", "Grade."):
            candidate = replace(template, needs_parts=parts, needs_system=bool(system))
            problem = _problem(candidate, system)
            if problem is None:
                return candidate
            problems.append(problem)
            if isinstance(problem, Rejection) and problem.limit:
                raise _UnusableError(f"cannot be rendered ({problem.reason})")
    # Of several problems, a text without the response says more than an error with a form that few templates read.
    problem = next((item for item in problems if isinstance(item, str)), problems[0])
    if isinstance(problem, Rejection):
        problem = f"rejects a plain conversation ({problem.reason})"
    raise _UnusableError(problem)


def _problem(template: ChatTemplate, system: str) -> str | Rejection | None:
    """Return why a template cannot be used with a form of messages, ``None`` if it can."""
    texts = []
    for request, response in ((0, 0), (0, 1), (1, 0)):
        (text,) = template.render([conversation(system or None, _REQUESTS[request], _RESPONSES[response])])
        if isinstance(text, Rejection):
            return text
        texts.append(text)
    if texts[0] == texts[1]:
        return "does not write the response: two different responses get the same text"
    if texts[0] == texts[2]:
        return "does not write the request: two different requests get the same text"
    return None


def _with_fields(template: ChatTemplate) -> ChatTemplate:
    """Find the optional fields of messages that a template writes."""
    request: Message = {"role": "user", "content": _REQUESTS[0]}
    start: Conversation = [{"role": "system", "content": "Grade."}] if template.needs_system else []
    thought: Message = {"role": "assistant", "content": _RESPONSES[0], "reasoning_content": _RESPONSES[1]}
    call = {"type": "function", "function": {"name": "lookup", "arguments": {"path": _RESPONSES[1]}}, "id": "call00001"}
    calling: Message = {"role": "assistant", "content": "", "tool_calls": [call]}  # type: ignore[list-item]
    forms: tuple[Arguments, ...] = ("object", "text")
    (with_system,) = template.render([conversation(_RESPONSES[1], _REQUESTS[0], _RESPONSES[0])])
    keys = [replace(template, reasoning_key=key) for key in REASONING_KEYS]
    calls = [replace(template, arguments=form) for form in forms]
    return replace(
        template,
        writes_system=_writes(with_system, _RESPONSES[1]),
        reasoning_key=next((t.reasoning_key for t in keys if _shows(t, [*start, request, thought], _RESPONSES[1])), ""),
        arguments=next(
            (t.arguments for t in calls if _shows(t, [*start, request, calling], "lookup", _RESPONSES[1])), ""
        ),
    )


def _shows(template: ChatTemplate, messages: Conversation, *texts: str) -> bool:
    (rendered,) = template.render([messages])
    return _writes(rendered, *texts)


def _writes(rendered: str | Rejection, *texts: str) -> bool:
    return isinstance(rendered, str) and all(text in rendered for text in texts)


def _with_sample(template: ChatTemplate) -> ChatTemplate:
    system, *marks = _MARKS
    roles = ("user", "assistant", "user", "assistant")
    turns: Conversation = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
    start: Conversation = [{"role": "system", "content": system}] if template.writes_system else []
    complete, short, request = template.render([[*start, *turns], [*start, *turns[:2]], [*start, *turns[:1]]])
    sample = next((text for text in (complete, short) if isinstance(text, str)), "")
    return replace(template, sample=sample, request_sample=request if isinstance(request, str) else "")
