"""Data stages on datatrove: readers, writers and filters of typed rows, executors, and one report per stage.

A data stage is a list of datatrove steps that runs as a number of tasks. It resumes by datatrove's completion markers:
a finished task is not run again, an interrupted one starts again and overwrites its partial output. Between the steps
a row is the ``metadata`` of a datatrove ``Document``.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, Self

import pyarrow as pa
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers.parquet import ParquetWriter
from pydantic import Field, model_validator

from themis_rm.errors import InputError
from themis_rm.executors.local import LocalExecutor
from themis_rm.executors.logs import silence_datatrove
from themis_rm.executors.ray import RayExecutor, check_ray
from themis_rm.executors.slurm import SlurmExecutor, check_slurm
from themis_rm.languages import MissingPartError
from themis_rm.progress import progress_bar
from themis_rm.results import TableView
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_json
from themis_rm.storage.json_text import read_json, read_json_object
from themis_rm.storage.parquet import iter_rows, open_parquet, parquet_files

READ, KEPT, DROPPED, DETAIL = "rows_read", "rows_kept", "dropped_", "detail_"
"""Labels under which steps count rows. The last two are prefixes of a reason and of a detail's name; datatrove's own
filters use the same prefix for dropped rows."""

TOO_DEEP = "too-deep"
"""Reason of rows with code that is nested too deeply for a check or a bug operator."""

FilterResult = bool | tuple[bool, str]
"""What a filter returns for a row: ``True`` to keep it, or ``(False, reason)``."""

WORKERS_TEXT = "one per core, at most 8"
"""Default number of workers, for the documentation of settings."""


class ExecutorSettings(Settings):
    """Where a data stage runs, and with how many workers."""

    type: Literal["local", "ray", "slurm"] = "local"
    """datatrove executor: this machine, a Ray cluster, or Slurm."""
    workers: int = Field(max(1, min(8, os.cpu_count() or 1)), ge=1, json_schema_extra={"default_text": WORKERS_TEXT})
    """Number of tasks that run at the same time."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of the Ray or Slurm executor (``partition``, ``time``, ``mem_per_cpu_gb``, ...)."""
    pending_timeout: float = Field(86_400, gt=0)
    """Seconds after which a Slurm job that has not started is canceled and ends the stage."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        checks = {"ray": check_ray, "slurm": check_slurm}
        if self.type in checks:
            checks[self.type](self.options)
        return self


@dataclass(repr=False)
class StageReport(TableView):
    """Counts of the rows that a stage read, kept and dropped.

    Attributes:
        stage: Name of the stage.
        read: Number of input rows (commits, functions, pairs).
        kept: Number of output rows.
        dropped: Reason -> number of rows.
        seconds: Wall time of the last run; a resumed run counts only the work that was left.
        details: Further counts and facts by name.
    """

    stage: str
    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)

    def records(self) -> list[dict[str, Any]]:
        """Return one row per reason with the number of rows dropped for it, most rows first."""
        ordered = sorted(self.dropped.items(), key=lambda item: (-item[1], item[0]))
        return [{"reason": reason, "rows": rows} for reason, rows in ordered]

    def summary(self) -> str:
        """Return one line with the rows read, kept and dropped."""
        dropped = sum(self.dropped.values())
        return f"{self.stage}: {self.read:,} read, {self.kept:,} kept, {dropped:,} dropped in {self.seconds:.1f} s"

    def save(self, directory: str | Path) -> None:
        """Write the report to ``report.json`` in a directory."""
        write_json(Path(directory) / "report.json", self.__dict__)

    @classmethod
    def load(cls, directory: str | Path) -> StageReport:
        """Read ``report.json`` from a directory.

        Raises:
            InputError: The file is missing or damaged.
        """
        file, hint = Path(directory) / "report.json", f"Delete {directory} and run the same command again."
        values = read_json_object(file, hint=hint)
        try:
            return cls(**values)
        except TypeError:
            raise InputError(f"{file} is not the report of a stage.", hint) from None


class RowReader(PipelineStep):
    """Reads the rows of Parquet files as documents; task ``rank`` reads every ``world_size``-th file.

    Args:
        path: A Parquet file or a directory of them.
        required: Columns that the files must have (``SomeRow.required()``).
    """

    type = "📖 - READER"
    name = "rows"

    def __init__(self, path: Path, required: Sequence[str]) -> None:
        super().__init__()
        self.path = path
        self.required = list(required)

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield the documents of earlier steps, then one document per row."""
        if data:
            yield from data
        for index, file in enumerate(parquet_files(self.path)):
            if index % world_size != rank:
                continue
            with open_parquet(file, self.required) as handle:
                for number, values in enumerate(iter_rows(handle, batch_size=64)):
                    self.stat_update(READ)
                    yield to_document(values, f"{index:05d}/{number:08d}")


def to_document(values: Mapping[str, Any], fallback_id: str = "") -> Document:
    """Wrap a row as a datatrove document.

    Args:
        values: The row.
        fallback_id: Document id of a row without a column ``id``.
    """
    return Document(text="", id=str(values.get("id") or fallback_id), metadata=dict(values))


class RowWriter(ParquetWriter):
    """Writes documents' rows to Parquet files with a fixed schema and row groups of bounded size.

    Args:
        folder: Output directory.
        schema: Arrow schema; columns that a row lacks are null.
        filename: datatrove's template of the file name, with ``${rank}`` and columns of the row.
        group_bytes: Characters of text that are buffered before a row group is written; bounds the memory.
        count: Whether the rows written here are the stage's kept rows (not those of exclusion writers).
    """

    name = "rows"

    def __init__(
        self,
        folder: Path,
        schema: pa.Schema,
        filename: str = "${rank}.parquet",
        group_bytes: int = 32 << 20,
        count: bool = True,
    ) -> None:
        super().__init__(
            str(folder),
            filename,
            compression="zstd",
            batch_size=1000,
            schema=schema,
            max_file_size=-1,
        )
        self.group_bytes = group_bytes
        self.count = count
        self._buffered: Counter[str] = Counter()

    def _default_adapter(self, document: Document) -> dict[str, Any]:
        return dict(document.metadata)

    def _write(self, document: dict[str, Any], file_handler: IO[bytes], filename: str) -> None:
        super()._write(document, file_handler, filename)
        self._buffered[filename] += sum(map(_text_length, document.values()))
        if self._buffered[filename] >= self.group_bytes:
            self._write_batch(filename)
        if self.count:
            self.stat_update(KEPT)

    def _write_batch(self, filename: str) -> None:
        self._buffered[filename] = 0
        super()._write_batch(filename)


def _text_length(value: Any) -> int:
    """Return the number of characters of the texts in a value of a row, also in a list of mappings."""
    if isinstance(value, list):
        return sum(map(_text_length, value))
    if isinstance(value, Mapping):
        return sum(map(_text_length, value.values()))
    return len(value) if isinstance(value, str | bytes) else 0


def exclusion_writer(folder: Path, schema: pa.Schema, name: str) -> RowWriter:
    """Return a writer of dropped rows, which go to ``folder/<reason>/<name>-<rank>.parquet``.

    Args:
        folder: Output directory.
        schema: Schema of the rows; the column ``filter_reason`` is added.
        name: Start of the file names, so that several inputs can share the directory.
    """
    # A row may have been dropped because a value is missing, so every column is nullable here. Small row groups bound
    # the memory of a writer that has the files of many reasons open at once.
    columns = pa.schema([*(field.with_nullable(True) for field in schema), pa.field("filter_reason", pa.string())])
    return RowWriter(folder, columns, f"${{filter_reason}}/{name}-${{rank}}.parquet", group_bytes=2 << 20, count=False)


class RowFilter(BaseFilter):
    """A datatrove filter over rows; subclasses implement :meth:`check`.

    Reasons are slugs (``too-long``): they name a directory of the exclusion output and a row of the report.
    """

    def filter(self, doc: Document) -> FilterResult:
        """Return the result of :meth:`check` for a document's row.

        A row is excluded under the error's reason if its language does not define a part that the check needs, and as
        :data:`TOO_DEEP` if the check exceeds Python's limit of recursion.
        """
        try:
            return self.check(doc.metadata)
        except MissingPartError as error:
            return False, error.reason
        except RecursionError:  # in a check of a plugin; the built-in ones walk trees without recursion
            return False, TOO_DEEP

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Return ``True`` to keep a row, or ``(False, reason)``."""
        raise NotImplementedError


def run_steps(
    stage: str, steps: Sequence[PipelineStep], folder: Path, tasks: int, executor: ExecutorSettings
) -> StageReport:
    """Run a list of steps and return the counts of all tasks, including those finished in an earlier run.

    Args:
        stage: Name for the report and the log directory.
        steps: The pipeline.
        folder: Directory for logs, completion markers and counts (``folder/logs/stage``).
        tasks: Number of tasks that the input is divided into. The output depends on it, so it must not depend on the
            machine.
        executor: Executor and number of workers; the output does not depend on them.

    Raises:
        UserError: A task failed, or a worker or a job of the cluster ended early.
    """
    logs = folder / "logs" / stage
    started = time.monotonic()
    silence_datatrove()
    with progress_bar(stage, logs, tasks):
        _run_tasks(stage, list(steps), logs, tasks, executor)
    report = read_counts(stage, logs)
    report.seconds = time.monotonic() - started
    return report


def _run_tasks(stage: str, steps: list[PipelineStep], logs: Path, tasks: int, executor: ExecutorSettings) -> None:
    common = {"pipeline": steps, "tasks": tasks, "logging_dir": str(logs), "workers": min(executor.workers, tasks)}
    if executor.type == "ray":
        RayExecutor(**common, **executor.options).run()
    elif executor.type == "slurm":
        options = {"job_name": f"themis-{stage}", **executor.options}
        SlurmExecutor(**common, **options, pending_timeout=executor.pending_timeout).launch_and_wait()
    else:
        LocalExecutor(**common).run()


def read_counts(stage: str, logs: Path, rank: int | None = None) -> StageReport:
    """Add up the counts of a stage's tasks (datatrove's own totals omit tasks finished in an earlier run).

    Args:
        stage: Name for the report.
        logs: Log directory of the stage.
        rank: Read the counts of this task only.

    Raises:
        InputError: The counts of a task are damaged.
    """
    report = StageReport(stage)
    dropped: Counter[str] = Counter()
    details: Counter[str] = Counter()
    for file in sorted((logs / "stats").glob("*.json" if rank is None else f"{rank:05d}.json")):
        for label, total in _read_stats(file, f"Delete {logs.parents[1]} and run the same command again."):
            if label == READ:
                report.read += total
            elif label == KEPT:
                report.kept += total
            elif label.startswith(DROPPED):
                dropped[label.removeprefix(DROPPED)] += total
            elif label.startswith(DETAIL):
                details[label.removeprefix(DETAIL)] += total
    report.dropped = dict(sorted(dropped.items()))
    report.details = dict(sorted(details.items()))
    return report


def _read_stats(file: Path, hint: str) -> Iterator[tuple[str, int]]:
    """Yield label and total of the counts that the steps of a task have written."""
    steps = read_json(file, hint)
    try:
        for step in steps:
            for label, value in step.get("stats", {}).items():
                yield label, int(value["total"] if isinstance(value, dict) else value)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InputError(f"{file} has no counts of a task.", hint) from None
