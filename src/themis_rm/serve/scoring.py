"""Scoring for use: one answer in one call, or files and streams of any length with bounded memory.

A request gives one row of output for each criterion asked: ``id, line, criterion, score, tokens, truncated, failure``.
``criterion`` is a short name, ``all`` (the all-criteria prompt), ``none`` (no criteria prompt) or ``given`` (the
request brought a system message of its own).
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from themis_rm.criteria import CRITERIA, criterion
from themis_rm.errors import InputError, SettingError
from themis_rm.languages import language_of_path
from themis_rm.models.loading import load_model, prompt_set_of
from themis_rm.models.protocol import RewardModel, Score, is_unicode
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import Conversation, PromptSet, conversation
from themis_rm.records import Row
from themis_rm.settings import Settings

ALL, NONE, GIVEN = "all", "none", "given"
_ROLES = ("system", "user", "assistant")


class ScoreSettings(Settings):
    """What is asked of each answer."""

    criteria: tuple[str, ...] = ()
    """Criteria, each giving a score of its own; ``all`` means the five and the all-criteria prompt, ``none`` no
    criteria prompt. Without any, a line's own ``criterion`` is used, else none."""
    prompt_set: Path | None = None
    """File with a prompt set, or a preference dataset to read it out of; by default the checkpoint's ``prompts.json``,
    else the built-in one."""
    prompt: str = ""
    """The request that code files answer; by default one that names file and language."""
    chunk: int = 256
    """Requests held, and sorted by length, at a time."""
    max_bytes: int = 8 << 20
    """Longest line or file; a longer one is counted as ``too-large``."""
    model: ModelSettings = ModelSettings()
    """Device, precision, limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredAnswer(Row):
    """A row of output.

    Attributes:
        id: The request's id, else its line number or path.
        line: 1-based line of the input, or number of the file.
        criterion: What was asked (see the module).
        score: Reward, or ``None`` for a failure.
        tokens: Tokens that the model read.
        truncated: The response was cut to fit.
        failure: Why there is no score, else empty.
    """

    id: str
    line: int
    criterion: str
    score: float | None
    tokens: int = 0
    truncated: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """An answer to be scored.

    Attributes:
        id: Name in the output.
        line: Where it stood.
        messages: The conversation, ending with the answer.
        criteria: Labels to score it under, in order; ``given`` for a conversation with its own system message.
    """

    id: str
    line: int
    messages: Conversation
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadRequest:
    """An input that cannot be scored: ``reason`` is a slug, ``detail`` a line for people, ``text`` what stood there."""

    line: int
    reason: str
    detail: str
    text: str


@dataclass
class ScoreSummary:
    """What became of an input.

    Attributes:
        read: Requests read in this run, bad ones included.
        scored: Rows of output with a score.
        truncated: Rows whose response was cut.
        failed: Reason -> rows without a score.
        bad: Reason -> inputs that were no request.
        first_bad: The first few of those, as ``line 7: ...``.
        skipped: Lines that an earlier run had done already.
    """

    read: int = 0
    scored: int = 0
    truncated: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    first_bad: list[str] = field(default_factory=list)
    skipped: int = 0

    @property
    def clean(self) -> bool:
        """Return whether every input got its scores."""
        return not self.bad and not self.failed

    def count(self, row: ScoredAnswer | BadRequest) -> None:
        """Take a row in."""
        if isinstance(row, BadRequest):
            self.bad[row.reason] += 1
            if len(self.first_bad) < 5:
                self.first_bad.append(f"line {row.line}: {row.detail}")
        elif row.score is None:
            self.failed[row.failure] += 1
        else:
            self.scored += 1
            self.truncated += row.truncated


class Scorer:
    """A model with its criteria prompts.

    Args:
        model: A loaded model.
        prompts: Its prompt set.
    """

    def __init__(self, model: RewardModel, prompts: PromptSet) -> None:
        self.model = model
        self.prompts = prompts

    @classmethod
    def load(cls, model: str | Path, prompt_set: Path | None = None, settings: ModelSettings | None = None) -> Self:
        """Load a model and its prompt set.

        Args:
            model: Checkpoint folder or baseline name.
            prompt_set: File with a prompt set; by default the checkpoint's ``prompts.json``, else the built-in one.
            settings: Device, precision, limits.

        Raises:
            CheckpointError: The model cannot be loaded.
            InputError: The file is no prompt set.
        """
        prompts = PromptSet.load(prompt_set) if prompt_set else prompt_set_of(model, settings)
        return cls(load_model(model, settings), prompts)

    def score(self, prompt: str, response: str, criteria: Sequence[str] | None = None) -> dict[str, float]:
        """Score one answer.

        Args:
            prompt: The request.
            response: The answer.
            criteria: Criteria under any of their names, ``all`` or ``none``; by default the five, one by one.

        Returns:
            Label -> reward.

        Raises:
            SettingError: A criterion is unknown.
            InputError: The answer cannot be scored; the line says why.
        """
        asked = labels(criteria) if criteria is not None else tuple(row.short for row in CRITERIA)
        request = Request("answer", 1, conversation(None, prompt, response), asked or (NONE,))
        found: dict[str, float] = {}
        for row in self.score_requests([request]):
            if not isinstance(row, ScoredAnswer) or row.score is None:
                reason = row.reason if isinstance(row, BadRequest) else row.failure
                raise InputError(f"The answer cannot be scored: {reason}.")
            found[row.criterion] = row.score
        return found

    def score_requests(
        self, requests: Iterable[Request | BadRequest], chunk: int = 256
    ) -> Iterator[ScoredAnswer | BadRequest]:
        """Score a stream; bad requests pass through, so that everything comes out in the order it came in.

        What is held at a time is given by line numbers, so that a resumed run batches as the first one did.
        """
        for _, block in groupby(requests, key=lambda item: (item.line - 1) // chunk):
            held = list(block)
            asked = [(item, label) for item in held if isinstance(item, Request) for label in item.criteria]
            scores = iter(self.model.score([self._messages(item, label) for item, label in asked]))
            for item in held:
                if isinstance(item, BadRequest):
                    yield item
                else:
                    yield from (_answer(item, label, next(scores)) for label in item.criteria)

    def _messages(self, request: Request, label: str) -> Conversation:
        if label in (GIVEN, NONE):
            return request.messages
        chosen = CRITERIA if label == ALL else (criterion(label),)
        return [{"role": "system", "content": self.prompts.render(chosen)}, *request.messages]


def _answer(request: Request, label: str, score: Score) -> ScoredAnswer:
    return ScoredAnswer(
        id=request.id,
        line=request.line,
        criterion=label,
        score=score.reward,
        tokens=score.tokens,
        truncated=score.truncated,
        failure=score.failure,
    )


def labels(names: Sequence[str]) -> tuple[str, ...]:
    """Return the labels that names mean, without repeats: ``all`` becomes the five criteria and ``all``.

    Raises:
        SettingError: A criterion is unknown.
    """
    found: dict[str, None] = {}
    for name in names:
        if name == ALL:
            found.update(dict.fromkeys([*(row.short for row in CRITERIA), ALL]))
        else:
            found[NONE if name == NONE else criterion(name).short] = None
    return tuple(found)


def read_lines(lines: Iterable[bytes], settings: ScoreSettings) -> Iterator[Request | BadRequest]:
    """Read JSONL requests: ``prompt`` and ``response``, or ``messages``; optional ``id``, ``system``, ``criterion``.

    Args:
        lines: Raw lines; blank ones are passed over.
        settings: Criteria and limits.
    """
    asked = labels(settings.criteria)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        text = line.decode("utf-8", "replace").rstrip("\n")
        if len(line) > settings.max_bytes:
            detail = f"{len(line)} bytes, more than {settings.max_bytes}"
            yield BadRequest(number, "too-large", detail, text[:200])
            continue
        try:
            yield _request(json.loads(line), number, asked)
        except UnicodeDecodeError:
            yield BadRequest(number, "not-utf-8", "the line is not UTF-8", text)
        except ValueError as error:
            yield BadRequest(number, "not-json", f"not JSON ({error})", text)
        except InputError as error:
            yield BadRequest(number, "not-a-request", error.message, text)


def _request(row: Any, line: int, asked: tuple[str, ...]) -> Request:
    if not isinstance(row, dict):
        raise InputError("not a JSON object")
    messages = _messages(row)
    name = str(row.get("id", line))
    if not all(map(is_unicode, [name, *(item["content"] for item in messages)])):
        raise InputError("a lone surrogate in a text")
    if messages[0]["role"] == "system":
        wanted: tuple[str, ...] = (GIVEN,)
    elif asked:
        wanted = asked
    else:
        wanted = _own(row.get("criterion"))
    return Request(name, line, messages, wanted)


def _own(name: Any) -> tuple[str, ...]:
    if name is None:
        return (NONE,)
    try:
        return labels([str(name)])
    except SettingError as error:
        raise InputError(error.message.rstrip(".")) from error


def _messages(row: Mapping[str, Any]) -> Conversation:
    if "messages" in row:
        messages = row["messages"]
        if not isinstance(messages, list) or not messages or not all(map(_is_message, messages)):
            raise InputError("'messages' is not a list of {role, content} with text in them")
        if messages[-1]["role"] != "assistant":
            raise InputError("the last of 'messages' is not the assistant's")
        return [{"role": item["role"], "content": item["content"]} for item in messages]
    for name in ("prompt", "response"):
        if not isinstance(row.get(name), str):
            raise InputError(f"no text under '{name}'")
    system = row.get("system")
    if system is not None and not isinstance(system, str):
        raise InputError("'system' is not text")
    return conversation(system, row["prompt"], row["response"])


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") in _ROLES and isinstance(item.get("content"), str)


def read_code(paths: Iterable[Path], settings: ScoreSettings) -> Iterator[Request | BadRequest]:
    """Read code files as answers: to the settings' request, or to one that names the file and its language."""
    asked = labels(settings.criteria) or (NONE,)
    for number, path in enumerate(paths, 1):
        try:
            size = path.stat().st_size
            if size > settings.max_bytes:
                yield BadRequest(number, "too-large", f"{path} has {size} bytes", str(path))
                continue
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            yield BadRequest(number, "not-utf-8", f"{path} is not UTF-8", str(path))
        except OSError as error:
            yield BadRequest(number, "not-readable", f"{path}: {error.strerror}", str(path))
        else:
            if not text.strip():
                yield BadRequest(number, "empty", f"{path} is empty", str(path))
            else:
                request = settings.prompt or default_prompt(path)
                yield Request(str(path), number, conversation(None, request, text), asked)


def default_prompt(path: Path) -> str:
    """Return the request that a lone code file is taken to answer."""
    language = language_of_path(path.name)
    return f"Write {path.name}{f' in {language.name}' if language else ''}."


def score_stream_to(
    scorer: Scorer,
    requests: Iterable[Request | BadRequest],
    out: Path,
    settings: ScoreSettings,
    resume: bool = False,
) -> ScoreSummary:
    """Score a stream into a file, Parquet by its ending ``.parquet`` and JSONL otherwise.

    Inputs that are no requests land in ``<out>.errors.jsonl``.

    Args:
        scorer: Model and prompts.
        requests: See :func:`read_lines` and :func:`read_code`.
        out: Output file; Parquet appears only when whole, JSONL grows with every chunk.
        settings: Size of a chunk.
        resume: Go on at the chunk in which an earlier run was cut off (JSONL alone); input and settings must be the
            same, and so is the output then.

    Raises:
        SettingError: ``resume`` with Parquet.
    """
    if out.suffix == ".parquet":
        if resume:
            raise SettingError("A Parquet file cannot be resumed.", "Write JSONL, or score again without resume.")
        return _to_parquet(scorer, requests, out, settings)
    errors = errors_of(out)
    first = _rewind(out, errors, settings.chunk) if resume else 1
    summary = ScoreSummary(skipped=first - 1)
    todo = _counted((item for item in requests if item.line >= first), summary)
    mode = "a" if resume else "w"
    out.parent.mkdir(parents=True, exist_ok=True)
    # Errors are written through line by line: the output is never ahead of them, and alone tells how far a run came.
    with out.open(mode, encoding="utf-8") as good, errors.open(mode, encoding="utf-8", buffering=1) as bad:
        for row in scorer.score_requests(todo, settings.chunk):
            summary.count(row)
            to = bad if isinstance(row, BadRequest) else good
            values = dataclasses.asdict(row)
            to.write(json.dumps(values, ensure_ascii=False) + "\n")
    return summary


def errors_of(out: Path) -> Path:
    """Return where inputs that are no requests are kept, for an output file."""
    return out.with_name(out.name + ".errors.jsonl")


def _counted(requests: Iterable[Request | BadRequest], summary: ScoreSummary) -> Iterator[Request | BadRequest]:
    for item in requests:
        summary.read += 1
        yield item


def _to_parquet(
    scorer: Scorer, requests: Iterable[Request | BadRequest], out: Path, settings: ScoreSettings
) -> ScoreSummary:
    summary, schema = ScoreSummary(), ScoredAnswer.schema()
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    rows = scorer.score_requests(_counted(requests, summary), settings.chunk)
    with (
        pq.ParquetWriter(partial, schema, compression="zstd") as writer,
        errors_of(out).open("w", encoding="utf-8") as bad,
    ):
        while held := list(islice(rows, 1000)):
            good = []
            for row in held:
                summary.count(row)
                if isinstance(row, BadRequest):
                    bad.write(json.dumps(dataclasses.asdict(row), ensure_ascii=False) + "\n")
                else:
                    good.append(row.to_dict())
            if good:
                writer.write_batch(pa.RecordBatch.from_pylist(good, schema=schema))
    partial.replace(out)
    return summary


def _rewind(out: Path, errors: Path, chunk: int) -> int:
    """Take the output back to the start of the chunk in which a run was cut off; return that chunk's first line."""
    last = _last_line(out)
    first = (last - 1) // chunk * chunk + 1 if last else 1
    for path in (out, errors):
        _drop_from(path, first)
    return first


def _lines_of(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the input line of each whole row of an output file, and where the row ends in it."""
    end = 0
    with path.open("rb") as handle:
        for line in handle:
            if line.endswith(b"\n"):
                end += len(line)
                yield int(json.loads(line)["line"]), end


def _last_line(path: Path) -> int:
    last = 0
    if path.is_file():
        for last, _ in _lines_of(path):  # noqa: B007
            pass
    return last


def _drop_from(path: Path, number: int) -> None:
    """Cut a file off before its first row of this input line or a later one, and before a row that is not whole."""
    if path.is_file():
        kept = [end for line, end in _lines_of(path) if line < number]
        with path.open("rb+") as handle:
            handle.truncate(kept[-1] if kept else 0)
