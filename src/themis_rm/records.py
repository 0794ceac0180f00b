"""Row types that stages exchange, with their Arrow schemas and the published column names.

Each row is a frozen dataclass whose Arrow schema is derived from its annotations. Published columns come first, in
their published order, followed by columns that this project adds.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Self

import pyarrow as pa

from themis_rm.messages import Conversation, Message, conversation, parse_messages
from themis_rm.storage.digests import stable_id


class FileText(typing.TypedDict):
    """A file of a repository: its path and its contents."""

    path: str
    contents: str


def file_texts(value: Any) -> list[FileText]:
    """Return a value of a row of unknown origin if it is a list of files, else an empty list."""
    files = value if isinstance(value, list) else []
    texts = [(file.get("path"), file.get("contents")) for file in files if isinstance(file, Mapping)]
    if len(texts) < len(files) or not all(isinstance(text, str) for file in texts for text in file):
        return []
    return [{"path": str(path), "contents": str(contents)} for path, contents in texts]


CHANGE, TESTS, REPAIR = "change", "tests", "repair"
TASKS = {
    CHANGE: "the request asks for the code",
    TESTS: "the request asks for tests",
    REPAIR: "the request has the rejected code and asks to improve it",
}
"""Values of the column ``task`` -> meaning."""

_ARROW: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    list[str]: pa.list_(pa.string()),
    list[FileText]: pa.list_(pa.struct([pa.field(name, pa.string()) for name in ("path", "contents")])),
    list[Message]: pa.list_(
        pa.struct(
            [
                pa.field(name, pa.string())
                for name in ("role", "content", "reasoning_content", "tool_calls", "tool_call_id", "name")
            ]
        )
    ),
}


_TYPE_NAMES = {list: "list", dict: "mapping", bool: "boolean", int: "integer", float: "number", bytes: "bytes"}


def text_fault(values: Mapping[str, Any], columns: Iterable[str]) -> str | None:
    """Return why a row of unknown origin cannot be used, or ``None`` if all columns hold text.

    Args:
        values: The row.
        columns: Columns that must hold text.

    Returns:
        A slug with the first column that does not, and its type: ``missing-chosen`` (absent or null) or
        ``chosen-is-list``.
    """
    for column in columns:
        value = values.get(column)
        if value is None:
            return f"missing-{column}"
        if not isinstance(value, str):
            return f"{column}-is-{_TYPE_NAMES.get(type(value), type(value).__name__)}"
    return None


class Row:
    """Base of the typed rows: conversion to and from plain mappings, and the Arrow schema."""

    @classmethod
    @cache
    def schema(cls) -> pa.Schema:
        """Return the Arrow schema, one field per attribute in order; ``X | None`` gives a nullable field."""
        hints = typing.get_type_hints(cls)
        fields = []
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            hint, nullable = hints[field.name], False
            if isinstance(hint, types.UnionType):
                nullable = True
                hint = next(arg for arg in typing.get_args(hint) if arg is not types.NoneType)
            fields.append(pa.field(field.name, _ARROW[hint], nullable=nullable))
        return pa.schema(fields)

    @classmethod
    def required(cls) -> list[str]:
        """Return the columns that have no default and so must be present in a file of such rows."""
        return [
            f.name
            for f in dataclasses.fields(cls)  # type: ignore[arg-type]
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build a row from a mapping; further keys are ignored, missing ones take their default.

        Raises:
            KeyError: A column without default is missing.
        """
        known = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
        given = {k: v for k, v in values.items() if k in known}
        for name in cls.required():
            if name not in given:
                raise KeyError(name)
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """Return the row as a plain dict in column order (shallow)."""
        return {f.name: _to_cell(getattr(self, f.name)) for f in dataclasses.fields(self)}  # type: ignore[arg-type]


def _to_cell(value: Any) -> Any:
    """Return a value as a table holds it: the tool calls of messages are JSON texts."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return value
    return [
        {**message, "tool_calls": json.dumps(message["tool_calls"], ensure_ascii=False)}
        if isinstance(message.get("tool_calls"), list)
        else message
        for message in value
    ]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Commit(Row):
    """One modified source file of one commit: the published commit columns, then additional ones.

    Attributes:
        repos: Name of the repository.
        unix_time: Committer time in seconds since 1970 (UTC).
        author_time: Author time in seconds since 1970 (UTC).
        merged: Evidence that the commit was merged by a pull request: ``merge`` (reached through a pull request's
            merge commit), ``squash`` (subject ends in ``(#123)``) or ``none``.
        reverted: A later commit of the same history reverts this one, according to its message.
        parent: Hash of the (first) parent, whose version of the file is ``old_contents``.
        tests: Test files that the commit adds or modifies too, with their contents after it; see
            :class:`~themis_rm.mining.settings.MineSettings` for their limits.
        other_files: Paths of all further files that it changes: documents, deleted tests, and tests beyond the limits.
    """

    commit: str
    subject: str
    message: str
    repos: str
    file_path: str
    license: str
    unix_time: int
    new_contents: str
    old_contents: str
    language: str = ""
    merged: str = "none"
    reverted: bool = False
    parent: str = ""
    author_time: int = 0
    tests: list[FileText] = dataclasses.field(default_factory=list)
    other_files: list[str] = dataclasses.field(default_factory=list)


def commit_pair_id(repos: str, commit: str, file_path: str) -> str:
    """Return the id of the pair that is made of a commit."""
    return stable_id("commit", repos, commit, file_path)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Solution(Row):
    """A documented function of a source tree: an instruction and the code that implements it.

    Attributes:
        instruction_source: ``docstring`` or ``comment``: origin of the instruction.
        name: The function's name, qualified by its class if it has one.
        line: 1-based line of the function's first line in the file.
    """

    id: str
    instruction: str
    solution: str
    language: str
    repos: str
    file_path: str
    license: str
    name: str
    line: int
    instruction_source: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CodePair(Row):
    """Two versions of a piece of code, labeled with the criteria on which the chosen one is better.

    Attributes:
        origin: ``commit`` or ``injection``.
        criteria: Short names of criteria, in table order; never empty.
        instruction_source: ``template``, ``subject``, ``docstring``, ``comment`` or ``llm``.
        operator: Name of the bug-injection operator, else empty.
        terms: The evidence of the criteria: terms that matched, as ``FC:off by one``, and features of the change, as
            ``FC:+added-check``.
        unix_time: Committer time of the change, or ``None`` where the origin has none.
        window: Lines of both files that the versions consist of, from 1, as ``3-9,40-61 -> 3-9,40-62``; empty for whole
            files.
        task: One of :data:`TASKS`.
        tests: Test files that came with the change, see :class:`Commit`.
    """

    id: str
    instruction: str
    chosen: str
    rejected: str
    language: str
    criteria: list[str]
    origin: str
    instruction_source: str
    repos: str
    file_path: str
    license: str
    commit: str = ""
    unix_time: int | None = None
    operator: str = ""
    terms: list[str] = dataclasses.field(default_factory=list)
    merged: str = "none"
    reverted: bool = False
    window: str = ""
    task: str = CHANGE
    tests: list[FileText] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Preference(Row):
    """A row of a preference dataset: the published columns, then additional ones.

    Attributes:
        system: The criteria prompt that was drawn, or ``None`` for none.
        input: The request; of several turns the last one.
        chosen: The text of the better response; of several turns the last one.
        rejected: The text of the other response.
        aspect: Training name of the row's criterion (or of a general principle).
        source: Origin of the row, such as ``commits`` or ``injection``.
        prompt_mode: Criteria prompt that was drawn: ``none``, ``all`` or ``own``.
        messages: Turns before the responses, without the system message; ``None`` for a single one, ``input``.
        chosen_messages: Turns of the better response; ``None`` for a single text, ``chosen``.
        rejected_messages: Turns of the other response; ``None`` for a single text, ``rejected``.
        margin: By how much the chosen response is better, in the units of its source; ``None`` if unknown.
        weight: Weight of the row in the loss; ``None`` for 1.
        tie: Whether the responses are equally good.
        window: Lines of both files that the responses consist of; empty for whole files, see :class:`CodePair`.
        task: One of :data:`TASKS`.
        tests: Test files that came with the change, see :class:`Commit`.
        commit: Commit in ``repos`` that made the change, or empty.
        file_path: Path of the file in ``repos``, or empty.
    """

    system: str | None
    input: str
    chosen: str
    rejected: str
    language: str
    aspect: str
    source: str
    idx: str
    prompt_mode: str = ""
    instruction_source: str = ""
    operator: str = ""
    repos: str = ""
    unix_time: int | None = None
    license: str = ""
    messages: list[Message] | None = None
    chosen_messages: list[Message] | None = None
    rejected_messages: list[Message] | None = None
    margin: float | None = None
    weight: float | None = None
    tie: bool = False
    window: str = ""
    task: str = CHANGE
    tests: list[FileText] = dataclasses.field(default_factory=list)
    commit: str = ""
    file_path: str = ""


def pair_conversations(row: Mapping[str, Any], system: str | None, prompt: str) -> tuple[Conversation, Conversation]:
    """Return the conversations of a row's two responses.

    Args:
        row: A row with ``chosen`` and ``rejected``, and possibly ``messages``, ``chosen_messages`` and
            ``rejected_messages`` as :class:`Preference` describes them.
        system: System message, ``None`` or empty for none.
        prompt: Text of the request, for a row without ``messages``.

    Raises:
        InputError: The messages cannot be read.
    """
    before = _with_system(_stored(row.get("messages")), system) or conversation(system, prompt)
    chosen, rejected = (
        [*before, *(_stored(row.get(f"{side}_messages")) or [{"role": "assistant", "content": row[side]}])]
        for side in ("chosen", "rejected")
    )
    return chosen, rejected


def _stored(value: Any) -> Conversation | None:
    return parse_messages([dict(message) for message in value]) if value else None


def _with_system(messages: Conversation | None, system: str | None) -> Conversation | None:
    if messages is None or not system:
        return messages
    own = messages[0]["role"] == "system"
    text = f"{system}\n\n{messages[0]['content']}" if own else system
    return [{"role": "system", "content": text}, *messages[own:]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkPair(Row):
    """A row of a benchmark, in the published columns; ``aspect`` and ``language`` hold benchmark names."""

    id: str
    prompt: str
    chosen: str
    rejected: str
    aspect: str
    language: str
    subset: str

    def first_request(self) -> str:
        """Return the text of the first message of the user."""
        return self.prompt


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPair(BenchmarkPair):
    """A row of a benchmark whose request or responses are more than one text.

    Attributes:
        messages: Turns before the responses, a system message included; ``None`` for a single one, ``prompt``.
        chosen_messages: Turns of the better response; ``None`` for a single text, ``chosen``.
        rejected_messages: Turns of the other response; ``None`` for a single text, ``rejected``.
    """

    messages: list[Message] | None = None
    chosen_messages: list[Message] | None = None
    rejected_messages: list[Message] | None = None

    def first_request(self) -> str:
        """Return the text of the first message of the user."""
        turns = (message["content"] for message in self.messages or [] if message["role"] == "user")
        return next(turns, self.prompt)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPair(Row):
    """A row of a compiled benchmark: the published columns, then the origin of the pair.

    Attributes:
        source: Name of the public source.
        source_key: Identifier of the pair within its source.
        group: Task that several pairs of the source share, else empty; pairs of a group are not independent.
        prompt_source: ``upstream``, ``derived``, ``template`` or ``llm``.
        rule: Topic of the pair in the source's terms; not shown to models.
        license: SPDX expression.
        verified: Whether execution ``agrees`` or ``disagrees`` with the label, else ``unchecked``.
    """

    id: str
    prompt: str
    chosen: str
    rejected: str
    aspect: str
    language: str
    subset: str
    source: str = ""
    source_key: str = ""
    group: str = ""
    prompt_source: str = ""
    rule: str = ""
    license: str = ""
    verified: str = "unchecked"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PairScore(Row):
    """A row of ``scores.parquet``: the published columns, then additional ones.

    Attributes:
        chosen_score: Reward of the chosen response; ``None`` if it could not be scored.
        correct: ``chosen_score > rejected_score``; ``False`` for ties and failures, as published.
        status: ``ok``, ``truncated`` (scored, but a response was cut) or ``failed``.
        note: Reason, where the status is not ``ok``.
        detail: Message behind a failure: what the server, the chat template or the tokenizer said; may be empty.
        chosen_stated: The score that a generative judge wrote for the chosen response, where its reward is the expected
            score over token probabilities; ``None`` for every other model.
    """

    id: str
    chosen_score: float | None
    rejected_score: float | None
    correct: bool
    score_diff: float | None
    language: str
    aspect: str
    subset: str
    status: str = "ok"
    note: str = ""
    chosen_length: int = 0
    rejected_length: int = 0
    detail: str = ""
    chosen_stated: float | None = None
    rejected_stated: float | None = None
