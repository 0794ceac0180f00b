"""Rows on datatrove: readers, writers and filters of typed rows, executors by a setting, and one report per stage.

Every data stage is a list of datatrove steps. Its completion markers are the resume: a task that finished is not run
again, a task that was cut off starts anew and overwrites what it left. A row travels as ``Document.metadata``.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from copy import deepcopy
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa
from datatrove.data import Document
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers.parquet import ParquetWriter
from datatrove.utils.logging import logger
from pydantic import Field

from themis_rm.errors import SettingError, UserError
from themis_rm.progress import progress_bar, tasks_done
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.parquet import open_parquet, parquet_files

READ, KEPT, DROPPED = "rows_read", "rows_kept", "dropped_"
"""Labels under which steps count rows; datatrove's filters use the last one already."""


class ExecutorSettings(Settings):
    """Where a data stage runs and how widely."""

    type: Literal["local", "ray", "slurm"] = "local"
    """datatrove executor: this machine, a Ray cluster, or Slurm."""
    workers: int = max(1, min(8, os.cpu_count() or 1))
    """Tasks that run at the same time."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of the Ray or Slurm executor (partition, time, mem_per_cpu_gb, ...)."""


@dataclass
class StageReport:
    """What a stage read, kept and dropped.

    Attributes:
        stage: Its name.
        read: Rows (or commits, functions, ...) that came in.
        kept: Rows that went out.
        dropped: Reason -> rows.
        seconds: Wall time of this run of it; of the part that was run, if it was resumed.
        details: Further counts and facts, by name.
    """

    stage: str
    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the report as ``report.json`` into a folder."""
        write_text(folder / "report.json", json.dumps(self.__dict__, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> StageReport:
        """Read ``report.json`` from a folder."""
        return cls(**json.loads((folder / "report.json").read_text(encoding="utf-8")))


class RowReader(PipelineStep):
    """Streams rows of Parquet files into documents; task ``rank`` reads every ``world_size``-th file.

    Args:
        path: A Parquet file or a folder of them.
        required: Columns that the files must have (``SomeRow.required()``).
    """

    type = "📖 - READER"
    name = "themis rows"

    def __init__(self, path: Path, required: Sequence[str]) -> None:
        super().__init__()
        self.path = path
        self.required = list(required)

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield what came in, then a document per row."""
        if data:
            yield from data
        for index, file in enumerate(parquet_files(self.path)):
            if index % world_size != rank:
                continue
            with open_parquet(file, self.required) as handle:
                for number, values in enumerate(
                    line for batch in handle.iter_batches(batch_size=64) for line in batch.to_pylist()
                ):
                    self.stat_update(READ)
                    yield to_document(values, f"{index:05d}/{number:08d}")


def to_document(values: Mapping[str, Any], fallback_id: str = "") -> Document:
    """Wrap a row for its way through datatrove."""
    return Document(text="", id=str(values.get("id") or fallback_id), metadata=dict(values))


class RowWriter(ParquetWriter):
    """Writes documents' rows to Parquet under a fixed schema, with row groups bounded by bytes.

    Args:
        folder: Output folder.
        schema: Arrow schema; columns that a row lacks become null.
        filename: Template of datatrove (``${rank}`` and columns).
        group_bytes: Text held before a row group is written: keeps memory flat however large the rows are.
        count: Whether rows written here are the stage's kept rows (not so for exclusion writers).
    """

    name = "themis rows"

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
        self._held: Counter[str] = Counter()

    def _default_adapter(self, document: Document) -> dict[str, Any]:
        return dict(document.metadata)

    def _write(self, document: dict[str, Any], file_handler: IO[bytes], filename: str) -> None:
        super()._write(document, file_handler, filename)
        self._held[filename] += sum(len(v) for v in document.values() if isinstance(v, str))
        if self._held[filename] >= self.group_bytes:
            self._write_batch(filename)
        if self.count:
            self.stat_update(KEPT)

    def _write_batch(self, filename: str) -> None:
        self._held[filename] = 0
        super()._write_batch(filename)


def exclusion_writer(folder: Path, schema: pa.Schema, name: str) -> RowWriter:
    """Return the writer of dropped rows: ``folder/<reason>/<name>-<rank>.parquet``.

    Several inputs share a folder, so the name keeps them apart; small row groups keep a writer that has many reasons
    open at once within a few MB each.
    """
    # What is wrong with a row may be that a text is missing, so every column is nullable here.
    columns = pa.schema([*(field.with_nullable(True) for field in schema), pa.field("filter_reason", pa.string())])
    return RowWriter(folder, columns, f"${{filter_reason}}/{name}-${{rank}}.parquet", group_bytes=2 << 20, count=False)


class RowFilter(BaseFilter):
    """A datatrove filter over rows: subclasses implement ``check(row) -> True | (False, reason)``.

    Reasons are slugs (``too-long``): they name a folder of the exclusion output and a line of the report.
    """

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Judge a document by its row."""
        return self.check(doc.metadata)

    def check(self, row: dict[str, Any]) -> bool | tuple[bool, str]:
        """Return ``True`` to keep the row, or ``(False, reason)``."""
        raise NotImplementedError


class _LocalExecutor(LocalPipelineExecutor):
    """The local executor with a pool that tells when a worker dies and leaves nothing behind when the run is killed.

    datatrove's own forks a manager process that outlives a killed run and holds its locks, and its pool waits for ever
    for the task of a worker that died. Its log of the first task goes to the terminal, ours to the files alone.
    """

    def run(self) -> None:
        """Run the tasks that have left no completion marker.

        Raises:
            UserError: A worker process died.
        """
        ranks = self.get_incomplete_ranks()
        if not ranks:
            return
        self.save_executor_as_json()
        if self.workers == 1:
            pipeline = self.pipeline  # type: ignore[has-type]
            for rank in ranks:
                self.pipeline = deepcopy(pipeline)
                self._run_for_rank(rank)
            return
        context = multiprocessing.get_context("forkserver")
        with ProcessPoolExecutor(self.workers, mp_context=context, initializer=_die_with_parent) as pool:
            tasks = [pool.submit(self._run_for_rank, rank) for rank in ranks]
            try:
                for task in as_completed(tasks):
                    task.result()
            except BrokenProcessPool:
                raise UserError(
                    "A worker process died (out of memory, perhaps).",
                    "The same command goes on from here; fewer workers need less memory. In a script, call this under "
                    "if __name__ == '__main__'.",
                ) from None
            finally:
                pool.shutdown(cancel_futures=True)

    def _run_for_rank(self, rank: int, local_rank: int = 0, node_rank: int = -1) -> None:
        _quiet()
        # datatrove prints the log of local rank 0 to the terminal; every rank's log is in its file anyway.
        try:
            super()._run_for_rank(rank, local_rank + 1, node_rank)
        finally:
            _quiet()  # closing a task's log puts the default one back


def _die_with_parent() -> None:
    # An orphaned worker would go on writing beside the resumed run. A fork server does not end with the run: its
    # workers keep it alive, and it them.
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def run_steps(
    stage: str, steps: Sequence[PipelineStep], folder: Path, tasks: int, executor: ExecutorSettings
) -> StageReport:
    """Run a list of steps through datatrove and return the counts of all its tasks, resumed ones included.

    Args:
        stage: Name for the report and the log folder.
        steps: The pipeline.
        folder: Where logs, completion markers and counts go (``folder/logs/stage``).
        tasks: Into how many tasks the input is cut. Results depend on it, so it must not depend on the machine.
        executor: Executor and number of workers; results do not depend on it.
    """
    logs = folder / "logs" / stage
    started = time.monotonic()
    _quiet()
    with progress_bar(stage, logs, tasks):
        if executor.type == "local":
            workers = max(1, min(executor.workers, tasks))
            _LocalExecutor(steps, tasks=tasks, workers=workers, logging_dir=str(logs)).run()
        else:
            _cluster_executor(stage, list(steps), logs, tasks, executor).run()
            _wait(logs, tasks)
    report = read_counts(stage, logs)
    report.seconds = time.monotonic() - started
    return report


def _cluster_executor(stage: str, steps: list[PipelineStep], logs: Path, tasks: int, executor: ExecutorSettings) -> Any:
    options = {"tasks": tasks, "workers": executor.workers, "logging_dir": str(logs), **executor.options}
    if executor.type == "ray":
        from datatrove.executor.ray import RayPipelineExecutor

        return RayPipelineExecutor(steps, **options)
    from datatrove.executor.slurm import SlurmPipelineExecutor

    if "time" not in options or "partition" not in options:
        raise SettingError("The slurm executor needs options.time and options.partition.")
    return SlurmPipelineExecutor(steps, job_name=f"themis-{stage}", **options)


def _wait(logs: Path, tasks: int) -> None:
    # Slurm returns once the job is queued; a stage is done when every task has left its marker.
    while tasks_done(logs) < tasks:
        time.sleep(5)


def _quiet() -> None:
    # datatrove logs every task to stderr; the same lines go to its log files, and people see our progress view.
    if not os.environ.get("THEMIS_DEBUG"):
        logger.remove()
        logger.add(sys.stderr, level="ERROR", filter=lambda record: not isinstance(_raised(record), UserError))


def _raised(record: Any) -> BaseException | None:
    return record["exception"].value if record["exception"] else None


def read_counts(stage: str, logs: Path, rank: int | None = None) -> StageReport:
    """Add up what the tasks of a stage counted (datatrove's own total leaves out tasks done in an earlier run).

    Args:
        stage: Name for the report.
        logs: The stage's log folder.
        rank: Task to read alone; by default all of them.
    """
    report = StageReport(stage)
    dropped: Counter[str] = Counter()
    details: Counter[str] = Counter()
    for file in sorted((logs / "stats").glob("*.json" if rank is None else f"{rank:05d}.json")):
        for step in json.loads(file.read_text(encoding="utf-8")):
            for label, value in step.get("stats", {}).items():
                total = int(value["total"] if isinstance(value, dict) else value)
                if label == READ:
                    report.read += total
                elif label == KEPT:
                    report.kept += total
                elif label.startswith(DROPPED):
                    dropped[label.removeprefix(DROPPED)] += total
                elif label.startswith("note_"):
                    details[label.removeprefix("note_")] += total
    report.dropped = dict(sorted(dropped.items()))
    report.details = dict(sorted(details.items()))
    return report
