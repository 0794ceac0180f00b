"""Scoring of streams into files: one output row per request and criterion, JSONL that resumes or atomic Parquet.

Columns: ``id, line, criterion, score, tokens, truncated, failure, note``; for a classifier with several labels also
``label_<name>``, the output of each; for a calibrated model also ``probability``. ``criterion`` is a short name,
``all`` (the prompt that lists all criteria), ``none`` (no criteria prompt) or ``given`` (the request's own system
message).
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from themis_rm.errors import InputError, SettingError
from themis_rm.records import Row
from themis_rm.results import TableView
from themis_rm.serve.requests import InvalidRequest, Request, ScoreSettings
from themis_rm.storage.atomic import atomic_path, write_json
from themis_rm.storage.input_files import open_input
from themis_rm.storage.json_text import parse_json, read_json_object


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredResponse(Row):
    """A row of output.

    Attributes:
        id: The request's id, otherwise its line number or path.
        line: 1-based line of the input, or number of the file.
        criterion: Label of the criteria prompt, see the module.
        score: Raw reward, or ``None`` for a failure.
        tokens: Number of tokens that the model read.
        truncated: The response was cut to fit.
        failure: Why there is no score, else empty.
        note: What to know about the score: ``control-tokens`` (a message contains control tokens of the model, which
            were encoded as text), ``partly-written`` (the chat template left out or changed a part of a message).
    """

    id: str
    line: int
    criterion: str
    score: float | None
    tokens: int = 0
    truncated: bool = False
    failure: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedResponse(ScoredResponse):
    """A row of output with further columns.

    Attributes:
        further: Column -> number; ``None`` for a failure, or where there is none.
    """

    further: dict[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """Return the row as a plain dict, with the further columns at the end."""
        own = {name: getattr(self, name) for name in ScoredResponse.schema().names}
        return own | self.further


LABEL = "label_"
"""Prefix of the columns with the outputs of a classifier with several labels."""
PROBABILITY = "probability"
"""Column of a calibrated model: probability that the response is the preferred one of a pair, from its reward."""
_COLUMNS = tuple({item.name for item in dataclasses.fields(kind)} for kind in (ScoredResponse, InvalidRequest))


_JOB_SETTINGS = {"criteria", "prompt", "chunk_size", "max_bytes"}


class StreamScorer(Protocol):
    """Scores a stream of requests in order; see :class:`themis_rm.serve.scorer.Scorer`."""

    @property
    def further_columns(self) -> tuple[str, ...]:
        """Return the columns that rows have besides those of :class:`ScoredResponse`."""
        ...

    def score_requests(
        self, requests: Iterable[Request | InvalidRequest], chunk_size: int = ...
    ) -> Iterator[ScoredResponse | InvalidRequest]:
        """Yield rows in the order of the requests."""
        ...

    def job_facts(self) -> dict[str, Any]:
        """Return what an interrupted job must have in common with the job that resumes it."""
        ...


@dataclass(repr=False)
class ScoreSummary(TableView):
    """Counts of a scoring job.

    Attributes:
        read: Requests read in this run, invalid ones included.
        scored: Output rows with a score.
        truncated: Output rows whose response was cut.
        notes: Note on a score -> output rows.
        failed: Reason -> output rows without a score.
        details: Reason -> what the first row without a score says about it, such as the message of a server.
        invalid: Reason -> inputs that are not requests.
        examples: The first five invalid inputs, as ``line 7: ...``.
        skipped: Lines that an earlier run had already scored.
    """

    read: int = 0
    scored: int = 0
    truncated: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    details: dict[str, str] = field(default_factory=dict)
    invalid: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    skipped: int = 0

    @property
    def complete(self) -> bool:
        """Return whether every input has all its scores."""
        return not self.invalid and not self.failed

    def count(self, row: ScoredResponse | InvalidRequest) -> None:
        """Count an output row."""
        if isinstance(row, InvalidRequest):
            self.invalid[row.reason] += 1
            if len(self.examples) < 5:
                self.examples.append(f"line {row.line}: {row.detail}")
        elif row.score is None:
            self.failed[row.failure] += 1
            if row.note:
                self.details.setdefault(row.failure, row.note)
        else:
            self.scored += 1
            self.truncated += row.truncated
            self.notes.update(row.note.split("; ") if row.note else ())

    def records(self) -> list[dict[str, Any]]:
        """Return one row per outcome."""
        outcomes = {"scored": self.scored, "truncated": self.truncated, **self.notes, **self.failed, **self.invalid}
        return [{"outcome": name, "rows": rows} for name, rows in outcomes.items()]

    def summary(self) -> str:
        """Return the counts in one line."""
        text = f"{self.scored:,} scores of {self.read:,} inputs"
        text += f", {self.skipped:,} lines skipped (already scored)" if self.skipped else ""
        text += f", {self.truncated:,} truncated" if self.truncated else ""
        return text + "".join(f", {rows:,} {note}" for note, rows in self.notes.items())


def score_to_file(
    scorer: StreamScorer,
    requests: Iterable[Request | InvalidRequest],
    out: str | Path,
    settings: ScoreSettings,
    resume: bool = False,
    on_row: Callable[[], None] | None = None,
) -> ScoreSummary:
    """Score a stream into a file: Parquet if its name ends in ``.parquet``, JSONL otherwise.

    Invalid inputs are written to ``<out>.errors.jsonl``; what ``resume`` compares to ``<out>.run.json``.

    Args:
        scorer: Model and criteria prompts.
        requests: See :func:`~themis_rm.serve.requests.read_jsonl_requests`.
        out: Output file. A Parquet file appears when it is complete; a JSONL file grows with every chunk.
        settings: Chunk size.
        resume: Continue at the chunk in which an earlier run was interrupted (JSONL only). With the same input, the
            output is the same as that of an uninterrupted run.
        on_row: Called after each output row, for progress displays.

    Raises:
        SettingError: ``resume`` with Parquet.
        InputError: ``resume`` with a file that another command, model or settings wrote.
    """
    out = Path(out)
    if out.suffix == ".parquet":
        if resume:
            raise SettingError("A Parquet file cannot be resumed.", "Write JSONL, or score again without resume.")
        return _write_parquet(scorer, requests, out, settings)
    errors = errors_path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    _record_job(out, scorer.job_facts() | settings.model_dump(mode="json", include=_JOB_SETTINGS), resume)
    first = _truncate_to_chunk(out, errors, settings.chunk_size) if resume else 1
    summary = ScoreSummary(skipped=first - 1)
    pending = _count_read((item for item in requests if item.line >= first), summary)
    mode = "a" if resume else "w"
    # Errors are line-buffered: the output file is never ahead of them, and alone determines where to resume.
    with _opened(out, mode) as good, _opened(errors, mode, buffering=1) as bad:
        for row in scorer.score_requests(pending, settings.chunk_size):
            summary.count(row)
            target = bad if isinstance(row, InvalidRequest) else good
            values = dataclasses.asdict(row) if isinstance(row, InvalidRequest) else row.to_dict()
            target.write(json.dumps(values, ensure_ascii=False) + "\n")
            if on_row is not None:
                on_row()
    return summary


def _opened(path: Path, mode: str, buffering: int = -1) -> IO[str]:
    # Texts can have lone surrogates; their escapes are those of JSON.
    return path.open(mode, buffering, encoding="utf-8", errors="backslashreplace")


def errors_path(out: Path) -> Path:
    """Return the file for invalid inputs that belongs to an output file."""
    return out.with_name(out.name + ".errors.jsonl")


def _record_job(out: Path, wanted: dict[str, Any], resume: bool) -> None:
    """Write down which model and settings wrote the output, or compare it with what an earlier run wrote."""
    file = out.with_name(out.name + ".run.json")
    if resume and out.is_file() and file.is_file():
        saved = read_json_object(file)
        names = sorted(name for name in {*saved, *wanted} if saved.get(name) != wanted.get(name))
        if names:
            raise InputError(
                f"{out} was written with another {', '.join(name.replace('_', ' ') for name in names)}.",
                "Set another output file, or score without resuming, which replaces this one.",
            )
    write_json(file, wanted)


def _count_read(
    requests: Iterable[Request | InvalidRequest], summary: ScoreSummary
) -> Iterator[Request | InvalidRequest]:
    for item in requests:
        summary.read += 1
        yield item


def _write_parquet(
    scorer: StreamScorer, requests: Iterable[Request | InvalidRequest], out: Path, settings: ScoreSettings
) -> ScoreSummary:
    summary, further = ScoreSummary(), [pa.field(name, pa.float64()) for name in scorer.further_columns]
    schema = pa.schema([*ScoredResponse.schema(), *further])
    rows = scorer.score_requests(_count_read(requests, summary), settings.chunk_size)
    with (
        atomic_path(out) as partial,
        pq.ParquetWriter(partial, schema, compression="zstd") as writer,
        _opened(errors_path(out), "w") as bad,
    ):
        while batch := list(islice(rows, 1000)):
            good = []
            for row in batch:
                summary.count(row)
                if isinstance(row, InvalidRequest):
                    bad.write(json.dumps(dataclasses.asdict(row), ensure_ascii=False) + "\n")
                else:
                    good.append(row.to_dict())
            if good:
                writer.write_batch(pa.RecordBatch.from_pylist(good, schema=schema))
    return summary


def _truncate_to_chunk(out: Path, errors: Path, chunk_size: int) -> int:
    """Truncate the output to the start of the chunk in which a run was interrupted; return that chunk's first line."""
    last = max((line for line, _ in _complete_lines(out)), default=0)
    first = (last - 1) // chunk_size * chunk_size + 1 if last else 1
    for path in (out, errors):
        _truncate_before(path, first)
    return first


def _complete_lines(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the input line of each complete output row, and the row's end offset in bytes.

    Raises:
        InputError: A row was not written by :func:`score_to_file`.
    """
    if not path.exists():
        return
    end, last = 0, 0
    with open_input(path) as handle:
        for number, row in enumerate(handle, 1):
            if not row.endswith(b"\n"):
                return
            end += len(row)
            line = _input_line(row)
            if line is None or line < last:
                raise InputError(
                    f"{path} was not written by an earlier run of this command (line {number}).",
                    "Set another output file, or score without resuming, which replaces this one.",
                )
            last = line
            yield line, end


def _input_line(row: bytes) -> int | None:
    """Return the input line of an output row, or ``None`` for a row of something else."""
    try:
        value = parse_json(row)
    except ValueError:
        return None
    further = {key for key in value if key.startswith(LABEL) or key == PROBABILITY} if isinstance(value, dict) else {}
    known = isinstance(value, dict) and value.keys() - further in _COLUMNS
    line = value["line"] if known else None
    return line if isinstance(line, int) and not isinstance(line, bool) and line > 0 else None


def _truncate_before(path: Path, number: int) -> None:
    """Truncate a file before its first row of input line ``number`` or later, and before an incomplete row."""
    if path.is_file():
        kept = [end for line, end in _complete_lines(path) if line < number]
        with path.open("rb+") as handle:
            handle.truncate(kept[-1] if kept else 0)
