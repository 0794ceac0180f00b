"""The stage ``mine``: writes the commits of git repositories to Parquet, with one task and one shard per repository."""

from __future__ import annotations

import json
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

from themis_rm.errors import InputError
from themis_rm.mining.git import IsolatedGitDir, clone, open_isolated
from themis_rm.mining.git_command import require_git
from themis_rm.mining.layout import find_git_dir
from themis_rm.mining.miner import RepositoryMiner
from themis_rm.mining.settings import MineSettings
from themis_rm.mining.sources import RepositorySource, resolve_repositories
from themis_rm.pipeline import DETAIL, DROPPED, READ, ExecutorSettings, RowWriter, StageReport, run_steps, to_document
from themis_rm.records import Commit
from themis_rm.storage.atomic import remove, write_json
from themis_rm.storage.json_text import read_json_object
from themis_rm.storage.output_dir import prepare_output_dir

STAGE = "mine"
OUTPUTS = ("logs", "commits", "repositories", "clones", "scratch", "report.json")
"""Files and directories that the stage writes into its output directory."""

_ROW_GROUP_BYTES = 16 << 20
_PAGE_BYTES = 4 * _ROW_GROUP_BYTES
"""Large enough for the texts of a row group, because zstd finds repetition only within a page."""
_CONTENTS = ("new_contents", "old_contents")
_REPETITIVE = ["repos", "file_path", "license", "language", "merged"]


def mine_repositories(
    repos: Sequence[str | Path],
    out: str | Path,
    settings: MineSettings | None = None,
    executor: ExecutorSettings | None = None,
) -> StageReport:
    """Mine commits from git repositories; an interrupted run resumes, and failed repositories are tried again.

    Args:
        repos: Local clones, bare repositories, bundles, or https, ssh, git and file URLs.
        out: Output directory. ``commits/`` has the rows (:class:`~themis_rm.records.Commit`), ``repositories/`` the
            outcome of each repository, and ``report.json`` all counts.
        settings: Which commits to keep.
        executor: Executor and number of workers; the output does not depend on them.

    Returns:
        Commits read, kept, and dropped by reason. ``details.repositories`` has the outcome of each repository and
        ``details.failed`` the name and reason of each that could not be mined.

    Raises:
        InputError: No repository is given, all of them failed, or ``out`` has the results of a run with other
            repositories or settings.
    """
    require_git()
    out, settings, executor = Path(out), settings or MineSettings(), executor or ExecutorSettings()
    sources = resolve_repositories([str(repo) for repo in repos], settings.branch)
    if not sources:
        raise InputError("No repository is given.", "Pass a path or URL, or a file of them with --repos-file.")
    _prepare(out, sources, settings)
    scratch = out / "scratch"
    remove(scratch)
    (out / "commits").mkdir(parents=True, exist_ok=True)
    steps = [CommitReader(sources, out, settings), CommitWriter(out / "commits")]
    report = run_steps(STAGE, steps, out, len(sources), executor)
    remove(scratch)
    outcomes = [_read_outcome(_outcome(out, rank)) for rank in range(len(sources))]
    failed = [{"name": row["name"], "reason": row["reason"]} for row in outcomes if row["status"] == "failed"]
    report.details |= {"repositories": outcomes, "failed": failed}
    report.save(out)
    if len(failed) == len(sources):
        raise InputError(f"No repository could be mined. {failed[0]['name']}: {failed[0]['reason']}")
    return report


def _outcome(out: Path, rank: int) -> Path:
    return out / "repositories" / f"{rank:05d}.json"


def _read_outcome(file: Path) -> dict[str, Any]:
    """Return the outcome of a repository; without the file, it is mined again."""
    return read_json_object(file, ("name", "status", "reason", "kept"))


def _prepare(out: Path, sources: Sequence[RepositorySource], settings: MineSettings) -> None:
    """Check that the directory belongs to this run, and let repositories be mined again that failed or lost a file."""
    repositories = json.dumps([(source.name, source.key, source.head) for source in sources])
    hint = "Choose another directory or delete this one; new commits in a repository need another one too."
    prepare_output_dir(out, STAGE, settings.canonical() + repositories, outputs=OUTPUTS, hint=hint)
    for rank in range(len(sources)):
        outcome = _outcome(out, rank)
        facts = _read_outcome(outcome) if outcome.is_file() else {"status": "lost"}
        lacks_rows = facts.get("kept") and not (out / "commits" / f"{rank:05d}.parquet").is_file()
        if facts["status"] in ("failed", "lost") or lacks_rows:
            (out / "logs" / STAGE / "completions" / f"{rank:05d}").unlink(missing_ok=True)


class CommitWriter(RowWriter):
    """Writes commits so that the consecutive versions of a file compress well.

    Compared with the default settings, shards are several times smaller (a compression level at which zstd searches
    further back, one page per row group) and are written faster (no dictionaries and statistics of the texts).

    Args:
        folder: Output directory.
    """

    name = "commits"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Commit.schema(), group_bytes=_ROW_GROUP_BYTES)
        self._texts: dict[str, _TextColumn] = {}
        self._spare: dict[str, _TextColumn] = {}
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
            self._texts.setdefault(name, _TextColumn()).append(text)
            self._buffered[filename] += len(text)
        super()._write(document, file_handler, filename)

    def _write_batch(self, filename: str) -> None:
        # A batch is compressed, without the interpreter lock, while the next one is read from git.
        rows = self._batches.pop(filename, [])
        self._buffered[filename] = 0
        if rows:
            self._finish()
            self._compressor = self._compressor or ThreadPoolExecutor(1)
            self._pending = self._compressor.submit(self._compress, self._writers[filename], rows, self._texts)
            self._texts, self._spare = self._spare, self._texts
            for texts in self._texts.values():
                texts.clear()

    def _compress(self, writer: pq.ParquetWriter, rows: list[dict[str, Any]], texts: dict[str, _TextColumn]) -> None:
        # The batch must not outlive this call: while it exists, the buffers of its texts cannot be reused.
        writer.write_batch(_batch(rows, texts, self.schema))

    def _finish(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close_file(self, filename: str) -> None:
        """Write the buffered rows and close a file."""
        self._write_batch(filename)
        self._finish()
        super().close_file(filename)

    def close(self) -> None:
        """Write the buffered rows, close all files and end the compression thread."""
        super().close()
        if self._compressor is not None:
            self._compressor.shutdown()
            self._compressor = None


class _TextColumn:
    """A column of UTF-8 texts in one buffer that is reused, because allocating memory costs more than copying."""

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


def _batch(rows: list[dict[str, Any]], texts: dict[str, _TextColumn], schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        texts[field.name].column() if field.name in texts else pa.array([row[field.name] for row in rows], field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


class CommitReader(PipelineStep):
    """Mines every ``world_size``-th repository and writes its outcome.

    Args:
        sources: All repositories.
        out: Output directory of the stage.
        settings: Which commits to keep.
    """

    type = "📖 - READER"
    name = "git histories"

    def __init__(self, sources: Sequence[RepositorySource], out: Path, settings: MineSettings) -> None:
        super().__init__()
        self.sources = list(sources)
        self.out = out
        self.settings = settings

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield the documents of earlier steps, then one document per kept commit."""
        if data:
            yield from data
        for number in range(rank, len(self.sources), world_size):
            # A killed run may have left a partial shard, which a repository without rows would not overwrite.
            (self.out / "commits" / f"{number:05d}.parquet").unlink(missing_ok=True)
            yield from self._mine(self.sources[number], _outcome(self.out, number))

    def _mine(self, source: RepositorySource, outcome: Path) -> Iterator[Document]:
        started = time.monotonic()
        miner = RepositoryMiner(source.name, self.settings)
        status, reason = "mined", ""
        try:
            with open_source(source, self.out, self.settings) as git_dir:
                for row in miner.rows(git_dir):
                    yield to_document(row, row["commit"])
        except (InputError, PermissionError) as error:
            miner, status, reason = RepositoryMiner(source.name, self.settings), "failed", str(error)
        if miner.refused:
            status, reason = "refused", miner.refused
        self._count(miner, status)
        facts = {"name": source.name, "source": source.display_location, "status": status, "reason": reason}
        facts |= miner.facts() | {"seconds": round(time.monotonic() - started, 3)}
        write_json(outcome, facts)

    def _count(self, miner: RepositoryMiner, status: str) -> None:
        self.stat_update(f"{DETAIL}repositories-{status}")
        for label, value in ((READ, miner.commits), (DETAIL + "shallow", int(miner.shallow))):
            if value:
                self.stat_update(label, value=value)
        for reason, count in sorted(miner.dropped.items()):
            self.stat_update(DROPPED + reason, value=count)
        for label, count in sorted(miner.details.items()):
            self.stat_update(DETAIL + label, value=count)


@contextmanager
def open_source(source: RepositorySource, out: Path, settings: MineSettings) -> Iterator[IsolatedGitDir]:
    """Open a repository while the body runs; clone it first if it is not local.

    Raises:
        InputError: It cannot be cloned or opened.
    """
    if source.error:
        raise InputError(source.error)
    cloned = out / "clones" / f"{source.key}.git"
    if source.kind == "local":
        location = find_git_dir(Path(source.location))
    else:
        clone(source.location, cloned.absolute())
        location = cloned
    scratch = out / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=scratch) as folder,
        open_isolated(location, Path(folder).resolve(), settings.alternates, settings.branch) as git_dir,
    ):
        yield git_dir
    if source.kind != "local" and not settings.keep_clones:
        remove(cloned)
