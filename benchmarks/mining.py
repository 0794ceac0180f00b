"""Mine one repository with themis-rm and with PyDriller, check that the rows are equal, and compare the cost.

    python benchmarks/mining.py REPO [--workers N]

REPO is a local repository. Two times are measured: iterating over the rows, and the complete job from the start of the
interpreter to a compressed Parquet shard. Both sides keep the same commits (single file, modified in place, the
benchmark languages, the same message and size rules, any license) and write the same Parquet columns. PyDriller reads a
commit's files only if the commit is not a merge and its message passes, which is the fastest use of it. Peak memory is
sampled over the process and its children; pages that several processes map are counted several times. PyDriller is not
a dependency: pip install pydriller.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from themis_rm.languages import language_of_path
from themis_rm.mining.git import open_isolated
from themis_rm.mining.layout import find_git_dir
from themis_rm.mining.messages import check_length, is_boilerplate, is_revert
from themis_rm.mining.miner import RepositoryMiner
from themis_rm.mining.repositories import mine_repositories
from themis_rm.mining.settings import MineSettings
from themis_rm.pipeline import ExecutorSettings
from themis_rm.records import Commit
from themis_rm.storage.digests import stable_id
from themis_rm.storage.parquet import read_rows, write_rows

SETTINGS = MineSettings(any_license=True)


def ours(repo: str, out: Path, _: int) -> None:
    """Mine with themis-rm."""
    report = mine_repositories([repo], out, SETTINGS, ExecutorSettings(workers=1))
    facts = {"read": report.read, "kept": report.kept, "dropped": report.dropped}
    (out / "facts.json").write_text(json.dumps(facts))


def our_rows(repo: str) -> float:
    """Return the seconds that iterating over the rows of themis-rm takes."""
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as scratch,
        open_isolated(find_git_dir(Path(repo)), Path(scratch)) as git_dir,
    ):
        for _ in RepositoryMiner("repository", SETTINGS).rows(git_dir):
            pass
    return time.monotonic() - started


def theirs(repo: str, out: Path, workers: int) -> None:
    """Mine with PyDriller under the same rules and measure the time spent on rows."""
    spent = [0.0]
    write_rows(out / "commits" / "00000.parquet", _timed(_theirs(repo, workers), spent), Commit.schema())
    (out / "facts.json").write_text(json.dumps({"rows_seconds": spent[0]}))


def _timed(rows: Iterator[Commit], spent: list[float]) -> Iterator[Commit]:
    while True:
        started = time.monotonic()
        row = next(rows, None)
        spent[0] += time.monotonic() - started
        if row is None:
            return
        yield row


def _theirs(repo: str, workers: int) -> Iterator[Commit]:
    from pydriller import ModificationType, Repository

    for commit in Repository(repo, num_workers=workers).traverse_commits():
        subject = " ".join(commit.msg.strip().split("\n\n")[0].split())
        if commit.merge or not commit.parents or is_boilerplate(subject) or is_revert(subject):
            continue
        if (
            check_length(commit.msg, SETTINGS.min_message_length, SETTINGS.max_message_length)
            or len(commit.modified_files) != 1
        ):
            continue
        file = commit.modified_files[0]
        language = language_of_path(file.new_path or "")
        if file.change_type is not ModificationType.MODIFY or language is None:
            continue
        new, old = file.content, file.content_before
        if new is None or old is None or new == old or max(len(new), len(old)) > SETTINGS.max_bytes:
            continue
        if b"\0" in new + old:
            continue
        try:
            texts = new.decode("utf-8"), old.decode("utf-8")
        except UnicodeDecodeError:
            continue
        yield Commit(
            commit=commit.hash,
            subject=subject,
            message=commit.msg.strip(),
            repos=commit.project_name,
            file_path=file.new_path,
            license="",
            unix_time=int(commit.committer_date.timestamp()),
            new_contents=texts[0],
            old_contents=texts[1],
            language=language.name,
            parent=commit.parents[0],
            author_time=int(commit.author_date.timestamp()),
        )


def _resident(root: int) -> int:
    children: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # the process has ended
            continue
        children.setdefault(int(fields[1]), []).append(int(folder.name))
        pages[int(folder.name)] = int(fields[21])
    total, stack = 0, [root]
    while stack:
        pid = stack.pop()
        total += pages.get(pid, 0)
        stack += children.get(pid, [])
    return total * os.sysconf("SC_PAGE_SIZE")


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured(job: Callable[[str, Path, int], None], repo: str, out: Path, workers: int) -> tuple[float, float, int]:
    """Run a job in a new process; return seconds, CPU seconds and peak resident bytes, children included."""
    process = multiprocessing.get_context("spawn").Process(target=job, args=(repo, out, workers))
    peak, done = [0], threading.Event()
    started, used = time.monotonic(), _cpu()
    process.start()

    def watch() -> None:
        while not done.wait(0.1):
            peak[0] = max(peak[0], _resident(process.pid or 0))

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.join()
    seconds = time.monotonic() - started
    done.set()
    watcher.join()
    if process.exitcode:
        sys.exit(f"{job.__name__} failed with code {process.exitcode}")
    return seconds, _cpu() - used, peak[0]


def digests(out: Path) -> dict[str, str]:
    """Return commit -> digest of the columns that must be equal on both sides."""
    columns = ("file_path", "old_contents", "new_contents", "parent", "unix_time", "author_time", "language", "message")
    folder = out / "commits"
    return {row["commit"]: stable_id(*(str(row[name]) for name in columns)) for row in read_rows(folder)}


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("repo")
    parser.add_argument("--workers", type=int, default=1, help="threads of PyDriller (its default is 1)")
    arguments = parser.parse_args()
    if importlib.util.find_spec("pydriller") is None:
        sys.exit("PyDriller is not installed. Run: pip install pydriller")
    scratch = Path(tempfile.mkdtemp(prefix="mining-"))
    try:
        table = {}
        for name, job in (("themis-rm", ours), ("PyDriller", theirs)):
            seconds, cpu, peak = measured(job, arguments.repo, scratch / name, arguments.workers)
            table[name] = (seconds, digests(scratch / name), peak, cpu)
        print((scratch / "themis-rm" / "facts.json").read_text())
        their_rows = json.loads((scratch / "PyDriller" / "facts.json").read_text())["rows_seconds"]
    finally:
        shutil.rmtree(scratch)
    print(f"{'':12}{'seconds':>10}{'CPU s':>9}{'rows':>9}{'rows/s':>9}{'peak MB':>9}")
    for name, (seconds, rows, peak, cpu) in table.items():
        print(f"{name:12}{seconds:>10.1f}{cpu:>9.1f}{len(rows):>9}{len(rows) / seconds:>9.0f}{peak / 1e6:>9.0f}")
    mine, other = table["themis-rm"][1], table["PyDriller"][1]
    differing = sorted(key for key in mine.keys() | other.keys() if mine.get(key) != other.get(key))
    print("rows are identical" if not differing else f"{len(differing)} rows differ: {' '.join(differing[:20])}")
    our_seconds = min(our_rows(arguments.repo) for _ in range(3))
    print(f"CPU ratio, complete job: {table['PyDriller'][3] / table['themis-rm'][3]:.1f}x")
    print(f"ratio, complete job: {table['PyDriller'][0] / table['themis-rm'][0]:.1f}x")
    print(f"ratio, rows only ({our_seconds:.2f} s against {their_rows:.1f} s): {their_rows / our_seconds:.1f}x")


if __name__ == "__main__":
    main()
