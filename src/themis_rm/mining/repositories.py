"""Git repositories -> Parquet shards of commits, one task and one shard a repository."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.errors import InputError, SettingError
from themis_rm.mining.git import IsolatedGitDir, clone, find_git_dir, opened, require_git
from themis_rm.mining.miner import RepositoryMiner
from themis_rm.mining.settings import MineSettings
from themis_rm.mining.sources import Source, resolve
from themis_rm.pipeline import DROPPED, READ, ExecutorSettings, RowWriter, StageReport, run_steps, to_document
from themis_rm.records import Commit
from themis_rm.storage.atomic import write_text

STAGE = "mine"
_ROW_GROUP_BYTES = 16 << 20
_PAGE_BYTES = 4 * _ROW_GROUP_BYTES
"""So that a row group's texts make one page: zstd looks back within a page only."""
_CONTENTS = ("new_contents", "old_contents")
_REPETITIVE = ["repos", "file_path", "license", "language", "merged"]


def mine_repositories(
    repos: Sequence[str], out: Path, settings: MineSettings, executor: ExecutorSettings
) -> StageReport:
    """Mine repositories; a run that was cut off goes on where it was, and repositories that failed are tried again.

    Args:
        repos: Local clones, bare repositories, bundles, or https, ssh, git and file URLs.
        out: Output folder: ``commits/`` holds the rows (:class:`~themis_rm.records.Commit`), ``repositories/`` what
            became of each repository, ``report.json`` all counts.
        settings: What to keep.
        executor: Where and how widely.

    Returns:
        Commits looked at, kept, and dropped by reason. ``details`` has ``repositories`` (a line each) and ``failed``
        (name and reason of each that could not be mined).

    Raises:
        InputError: No repository was given, all of them failed, or ``out`` holds a run on other input.
        SettingError: ``out`` holds a run under other settings.
    """
    require_git()
    sources = resolve(repos)
    if not sources:
        raise InputError("No repository was given.", "Name a path or URL, or a file of them with --repos-file.")
    _keep_plan(out, sources, settings)
    scratch = out / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    (out / "commits").mkdir(parents=True, exist_ok=True)
    steps = [CommitReader(sources, out, settings), CommitWriter(out / "commits")]
    report = run_steps(STAGE, steps, out, len(sources), executor)
    shutil.rmtree(scratch, ignore_errors=True)
    outcomes = [json.loads(_outcome(out, rank).read_text(encoding="utf-8")) for rank in range(len(sources))]
    failed = [{"name": line["name"], "reason": line["reason"]} for line in outcomes if line["status"] == "failed"]
    report.details |= {"repositories": outcomes, "failed": failed}
    report.save(out)
    if len(failed) == len(sources):
        raise InputError(f"No repository could be mined. {failed[0]['name']}: {failed[0]['reason']}")
    return report


def _outcome(out: Path, rank: int) -> Path:
    return out / "repositories" / f"{rank:05d}.json"


def _keep_plan(out: Path, sources: Sequence[Source], settings: MineSettings) -> None:
    """Write down what this folder is mined from, or check it; let the repositories that failed be tried again."""
    file = out / "plan.json"
    plan = {
        "settings": json.loads(settings.canonical()),
        "repositories": [{"name": source.name, "key": source.key, "head": source.head} for source in sources],
    }
    if not file.is_file():
        write_text(file, json.dumps(plan, indent=2) + "\n")
        return
    earlier = json.loads(file.read_text(encoding="utf-8"))
    hint = "Choose another output folder, or remove this one."
    if earlier["settings"] != plan["settings"]:
        raise SettingError(f"{out} holds commits mined under other settings.", hint)
    if earlier["repositories"] != plan["repositories"]:
        raise InputError(
            f"{out} holds commits mined from other repositories (or from before their newest commits).", hint
        )
    for rank in range(len(sources)):
        outcome = _outcome(out, rank)
        if outcome.is_file() and json.loads(outcome.read_text(encoding="utf-8"))["status"] == "failed":
            (out / "logs" / STAGE / "completions" / f"{rank:05d}").unlink(missing_ok=True)


class CommitWriter(RowWriter):
    """Writes commits so that the versions of a file, which stand next to each other, compress against each other.

    Against the defaults this makes shards several times smaller (a level at which zstd looks further back, one page a
    row group, no borders set by content) in less time (no dictionaries and statistics of whole files' texts).

    Args:
        folder: Output folder.
    """

    name = "themis commits"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Commit.schema(), group_bytes=_ROW_GROUP_BYTES)
        self._texts: dict[str, _Texts] = {}
        self._spare: dict[str, _Texts] = {}
        self._compressor: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def _write(self, document: dict[str, Any], file_handler: IO[bytes], filename: str) -> None:
        if filename not in self._writers:
            self._writers[filename] = pq.ParquetWriter(
                file_handler,
                schema=self.schema,
                compression="zstd",
                compression_level=3,
                use_dictionary=_REPETITIVE,
                data_page_size=_PAGE_BYTES,
                write_statistics=[*_REPETITIVE, "unix_time", "author_time"],
            )
        for name in _CONTENTS:
            text = document.pop(name)
            self._texts.setdefault(name, _Texts()).append(text)
            self._held[filename] += len(text)
        super()._write(document, file_handler, filename)

    def _write_batch(self, filename: str) -> None:
        # One batch is compressed (which needs no interpreter lock) while the next one is read from git.
        rows = self._batches.pop(filename, [])
        self._held[filename] = 0
        if rows:
            self._finish()
            self._compressor = self._compressor or ThreadPoolExecutor(1)
            self._pending = self._compressor.submit(self._compress, self._writers[filename], rows, self._texts)
            self._texts, self._spare = self._spare, self._texts
            for texts in self._texts.values():
                texts.clear()

    def _compress(self, writer: pq.ParquetWriter, rows: list[dict[str, Any]], texts: dict[str, _Texts]) -> None:
        # The batch ends with this call: as long as it lives, the memory of its texts cannot be written again.
        writer.write_batch(_batch(rows, texts, self.schema))

    def _finish(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close_file(self, filename: str) -> None:
        """Write what is held and close a file."""
        self._write_batch(filename)
        self._finish()
        super().close_file(filename)

    def close(self) -> None:
        """Write what is held, close all files and end the thread that compresses."""
        super().close()
        if self._compressor is not None:
            self._compressor.shutdown()
            self._compressor = None


class _Texts:
    """A column of UTF-8 texts, laid end to end in memory that is used again (fresh memory costs more than copying)."""

    def __init__(self) -> None:
        self._data = BytesIO()
        self._ends = array("i", [0])

    def append(self, text: bytes) -> None:
        self._data.write(text)
        self._ends.append(self._data.tell())

    def clear(self) -> None:
        self._data.seek(0)
        self._ends = array("i", [0])

    def column(self) -> pa.StringArray:
        return pa.StringArray.from_buffers(
            len(self._ends) - 1, pa.py_buffer(self._ends), pa.py_buffer(self._data.getbuffer())
        )


def _batch(rows: list[dict[str, Any]], texts: dict[str, _Texts], schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        texts[field.name].column() if field.name in texts else pa.array([row[field.name] for row in rows], field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


class CommitReader(PipelineStep):
    """Mines the repository of its rank and leaves behind what became of it.

    Args:
        sources: All repositories; task ``rank`` takes every ``world_size``-th.
        out: Output folder of the stage.
        settings: What to keep.
    """

    type = "📖 - READER"
    name = "themis git histories"

    def __init__(self, sources: Sequence[Source], out: Path, settings: MineSettings) -> None:
        super().__init__()
        self.sources = list(sources)
        self.out = out
        self.settings = settings

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield what came in, then a document per commit that is kept."""
        if data:
            yield from data
        for number in range(rank, len(self.sources), world_size):
            # A run that was killed may have left half a shard, which only a repository with rows would overwrite.
            (self.out / "commits" / f"{number:05d}.parquet").unlink(missing_ok=True)
            yield from self._mine(self.sources[number], _outcome(self.out, number))

    def _mine(self, source: Source, outcome: Path) -> Iterator[Document]:
        started = time.monotonic()
        mining = RepositoryMiner(source.name, self.settings)
        status, reason = "mined", ""
        try:
            with fetched(source, self.out, self.settings) as shadow:
                for row in mining.rows(shadow):
                    yield to_document(row, row["commit"])
        except (InputError, PermissionError) as error:
            mining, status, reason = RepositoryMiner(source.name, self.settings), "failed", str(error)
        if mining.refused:
            status, reason = "refused", mining.refused
        self._count(mining, status)
        facts = {"name": source.name, "source": source.shown, "status": status, "reason": reason}
        facts |= mining.facts() | {"seconds": round(time.monotonic() - started, 3)}
        write_text(outcome, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")

    def _count(self, mining: RepositoryMiner, status: str) -> None:
        self.stat_update(f"note_repositories-{status}")
        for label, value in ((READ, mining.commits), ("note_shallow", int(mining.shallow))):
            if value:
                self.stat_update(label, value=value)
        for reason, count in sorted(mining.dropped.items()):
            self.stat_update(DROPPED + reason, value=count)
        for label, count in sorted(mining.notes.items()):
            self.stat_update(f"note_{label}", value=count)


@contextmanager
def fetched(source: Source, out: Path, settings: MineSettings) -> Iterator[IsolatedGitDir]:
    """Open a source for as long as the block lasts, cloning it first if it is not local.

    Raises:
        InputError: It cannot be had.
    """
    if source.fault:
        raise InputError(source.fault)
    cloned = out / "clones" / f"{source.key}.git"
    if source.kind == "local":
        git_dir = find_git_dir(Path(source.location))
    else:
        clone(source.location, cloned.absolute())
        git_dir = cloned
    scratch = out / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=scratch) as folder,
        opened(git_dir, Path(folder).resolve(), settings.alternates) as shadow,
    ):
        yield shadow
    if source.kind != "local" and not settings.keep_clones:
        shutil.rmtree(cloned)
