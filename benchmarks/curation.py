"""Compare the removal of near duplicates with datatrove's stock MinHash pipeline, or measure ``curate`` itself.

    python benchmarks/curation.py [--files 10000] [--workers 1] [--skip-stock]
    python benchmarks/curation.py --memory mined/commits [--rows 10000 100000] [--most-bytes 3000]
    python benchmarks/curation.py --throughput mined/commits [--rows 2000]

Code files are generated: families of functions from a pool of statements, of which copies differ in some tokens, so
that the Jaccard indices of shingles of 20 tokens are between 0.5 and 1. Each is the better version of a pair of which
the worse one differs in a line; datatrove gets the better version as text, with its English word tokenizer, 14 buckets
of 8 hashes and runs of 5 words (its defaults) or 20 words (``--ngrams``). Truth is the exact Jaccard index of token
shingles, computed for all pairs of files of a family; files of different families share no 20 tokens. Recall: share of
the files with an earlier file of at least the threshold that are removed. Precision: share of the removed files that
have one. The stock pipeline needs `pip install spacy`. The time is that of all stages on datatrove's local executor.
Memory is the peak of this process and its workers.

``--memory`` runs ``themis-rm curate`` with one worker, in a process of its own, on commits that ``mine`` has written,
all in one file, since a worker reads a file at a time. Where more rows are asked for than there are, they repeat with
other identifiers, so that the copies are not duplicates. ``--most-bytes`` takes commits to small files only, for many
rows in short time. The peak is the largest resident set of that process (Linux).
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.utils.hashing import HashConfig

from themis_rm.curation.duplicates import REASONS, DuplicateFilter, FindDuplicates, ReadShard, Shards, SignRows
from themis_rm.curation.minhash import jaccard
from themis_rm.curation.near_duplicates import (
    FindCandidates,
    NearDuplicateSettings,
    PairSketcher,
    SelectNearDuplicates,
    SketchRows,
)
from themis_rm.pipeline import ExecutorSettings, RowWriter, StageReport, exclusion_writer, run_steps, to_document
from themis_rm.records import CodePair, Commit
from themis_rm.storage.parquet import parquet_files, read_rows

SHARDS = 4
FAMILY = 5
NEAR = NearDuplicateSettings()


def statement(draw: random.Random, names: list[str]) -> str:
    """Return one line of code."""
    left, right, name = (draw.choice(names) for _ in range(3))
    forms = (
        f"    {left} = {right}.{name}({draw.randint(0, 99)}, {left})",
        f"    if {left} > {right} and {name} is not None:\n        return {right}[{left}]",
        f"    for {left} in range(len({right})):\n        {name}.append({right}[{left}] * {draw.randint(2, 9)})",
        f"    {left}, {right} = compute_{name}({right}, '{left} of {name}')  # {name} of {left}",
    )
    return draw.choice(forms)


def code_files(count: int) -> list[str]:
    """Return code files, in families of copies that differ in some lines."""
    texts = []
    for family in range(-(-count // FAMILY)):
        draw = random.Random(family)
        names = [f"{draw.choice('abcdefgh')}{draw.randint(0, 9999)}_{family}" for _ in range(30)]
        lines = [statement(draw, names) for _ in range(draw.randint(20, 150))]
        for copy in range(FAMILY):
            changed = list(lines)
            for _ in range(draw.randint(0, max(1, len(lines) // 12)) if copy else 0):
                changed[draw.randrange(len(lines))] = statement(draw, names)
            texts.append(f"# Copy {copy}\ndef run_{family}(values):\n" + "\n".join(changed) + "\n    return 0\n")
    return texts[:count]


def pair(number: int, text: str) -> dict[str, object]:
    """Return a row with a file as its better version."""
    return CodePair(
        id=f"{number:08d}",
        instruction="Fix the result",
        chosen=text,
        rejected=text.replace("return 0\n", "return 1\n"),
        language="Python",
        criteria=["FC"],
        origin="commit",
        instruction_source="subject",
        repos=f"r{number}",
        file_path="a.py",
        license="MIT",
    ).to_dict()


class Source(PipelineStep):
    """Yields the files of a shard."""

    type, name = "📖 - READER", "files"

    def __init__(self, texts: list[str], pairs: bool) -> None:
        super().__init__()
        self.texts, self.pairs = texts, pairs

    def run(self, data=None, rank: int = 0, world_size: int = 1):  # noqa: ANN001, ANN201
        """Yield one document per file."""
        size = -(-len(self.texts) // SHARDS)
        for number in range(rank * size, min((rank + 1) * size, len(self.texts))):
            text = self.texts[number]
            yield to_document(pair(number, text)) if self.pairs else Document(text, str(number))


class Keep(PipelineStep):
    """Writes the numbers of the files that are kept."""

    type, name = "💽 - WRITER", "kept"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def run(self, data=None, rank: int = 0, world_size: int = 1):  # noqa: ANN001, ANN201
        """Write one number per line."""
        self.folder.mkdir(exist_ok=True, parents=True)
        with (self.folder / f"{rank}.txt").open("w") as file:
            for doc in data:
                file.write(f"{int(doc.id)}\n")
                yield doc


def kept(folder: Path) -> set[int]:
    """Return the numbers that were kept."""
    return {int(line) for file in folder.iterdir() for line in file.read_text().split()}


def ours(texts: list[str], out: Path, workers: int) -> set[int]:
    """Remove near duplicates as ``curate`` does; the removal of exact duplicates is part of it."""
    shards, executor = Shards(out / "work", {"commits": SHARDS}), ExecutorSettings(workers=workers)
    writer = RowWriter(out / "work" / "rows", CodePair.schema(), "commits-${rank}.parquet", count=False)
    steps = [Source(texts, True), SignRows(shards, "commits"), SketchRows(shards, "commits", NEAR), writer]
    run_steps("sketch", steps, out, SHARDS, executor)
    run_steps("find", [FindDuplicates(shards)], out, 1, executor)
    run_steps("candidates", [FindCandidates(shards, 1, NEAR.bands)], out, SHARDS, executor)
    run_steps("near", [SelectNearDuplicates(shards, 1, NEAR)], out, 1, executor)
    dropped = exclusion_writer(out / "dropped", CodePair.schema(), "unique")
    steps = [ReadShard(shards), DuplicateFilter(shards, 2, dropped), Keep(out / "kept")]
    run_steps("unique", steps, out, SHARDS, executor)
    return kept(out / "kept")


def stock(texts: list[str], out: Path, workers: int, ngrams: int) -> set[int]:
    """Remove near duplicates with datatrove's own four stages for English text."""
    # Its default hash does not accept texts with recent versions of xxhash.
    config = MinhashConfig(n_grams=ngrams, hash_config=HashConfig(hash_fc="sha1"))
    stages = [
        ([Source(texts, False), MinhashDedupSignature(str(out / "sig"), config)], SHARDS),
        ([MinhashDedupBuckets(str(out / "sig"), str(out / "dup"), config=config)], config.num_buckets),
        ([MinhashDedupCluster(str(out / "dup"), str(out / "remove"), config=config)], 1),
        ([Source(texts, False), MinhashDedupFilter(str(out / "remove")), Keep(out / "kept")], SHARDS),
    ]
    for number, (steps, tasks) in enumerate(stages):
        LocalPipelineExecutor(
            steps, tasks=tasks, workers=min(workers, tasks), logging_dir=str(out / f"log{number}")
        ).run()
    return kept(out / "kept")


def measure(texts: list[str], keep: set[int]) -> tuple[float, float]:
    """Return recall and precision of a selection of files."""
    sketcher = PairSketcher(NEAR.shingle_size)
    removed = found = wanted = right = 0
    for start in range(0, len(texts), FAMILY):
        sets = [sketcher.shingles(pair(n, texts[n])) for n in range(start, min(start + FAMILY, len(texts)))]
        for n, values in enumerate(sets):
            near = any(jaccard(values, other) >= NEAR.min_jaccard for other in sets[:n])
            # Which file of a family a tool keeps is its choice: a removed one is right if any other file is near.
            near_any = any(jaccard(values, other) >= NEAR.min_jaccard for m, other in enumerate(sets) if m != n)
            gone = start + n not in keep
            wanted, found = wanted + near, found + (near and gone)
            removed, right = removed + gone, right + (gone and near_any)
    return found / max(wanted, 1), right / max(removed, 1)


def cpu_seconds() -> float:
    """Return the CPU time of this process and its workers, which other programs on the machine affect less."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


_COMPOUND = re.compile(r"\b[a-z]+(?:_[a-z]+|[A-Z][a-z]+)+\b")  # no language has such keywords


def repeated(folder: Path, count: int, most_bytes: int) -> Iterator[Commit]:
    """Yield commits of a directory to files of at most some bytes, again with other identifiers after the last one."""
    number = 0
    for copy in range(count):
        for file in parquet_files(folder):
            for values in read_rows(file):
                if number == count:
                    return
                if max(len(values["new_contents"]), len(values["old_contents"])) > most_bytes:
                    continue
                number += 1
                if copy:
                    for name in ("new_contents", "old_contents"):
                        values[name] = _COMPOUND.sub(rf"\g<0>_{copy}", values[name])
                    values["commit"] += f"-{copy}"
                yield Commit.from_dict(values)
        if not number:
            raise SystemExit(f"{folder} has no commits.")


def resident_peak(process: int) -> int:
    """Return the largest resident set of a process so far in MiB, 0 if it has ended."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found[1]) >> 10 if found else 0


def drawn(folder: Path, count: int) -> Iterator[Commit]:
    """Yield successive commits from the middle of each file of a directory, equally many of each but of short files."""
    files = parquet_files(folder)
    each = -(-count // len(files))
    for file in files:
        first = max(0, (pq.read_metadata(file).num_rows - each) // 2)
        yield from map(Commit.from_dict, islice(read_rows(file), first, first + each))


def measure_curation(rows: Iterator[Commit]) -> None:
    """Print the peak memory of ``curate`` on commits, and its speed."""
    folder = Path(tempfile.mkdtemp())
    try:
        with RowWriter(folder / "commits", Commit.schema(), group_bytes=16 << 20) as writer:  # as mine writes them
            for row in rows:
                writer.write(to_document(row.to_dict()), 0)
        command = [sys.executable, "-m", "themis_rm", "curate", "--commits", str(folder / "commits")]
        command += ["--out", str(folder / "out"), "--workers", "1"]
        started, before = time.monotonic(), child_seconds()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident_peak(process.pid))
            time.sleep(0.2)
        seconds, cpu = time.monotonic() - started, child_seconds() - before
        if process.returncode:
            raise SystemExit(f"curate failed with exit code {process.returncode}.")
        report = StageReport.load(folder / "out")
        speed = f"{report.read / cpu:.0f} commits/s of CPU  {report.read / seconds:.0f} commits/s"
        print(f"{report.read:>8} rows  {report.kept:>7} pairs  {peak} MiB  {seconds:.1f} s  {speed}", flush=True)
    finally:
        shutil.rmtree(folder)


def child_seconds() -> float:
    """Return the CPU time of the child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print one line per tool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--ngrams", type=int, nargs="*", default=[5, 20])
    parser.add_argument("--skip-stock", action="store_true")
    parser.add_argument("--memory", type=Path, metavar="COMMITS")
    parser.add_argument("--throughput", type=Path, metavar="COMMITS")
    parser.add_argument("--rows", type=int, nargs="*")
    parser.add_argument("--most-bytes", type=int, default=1 << 30)
    args = parser.parse_args()
    if args.memory:
        for rows in args.rows or [10_000, 100_000]:
            measure_curation(repeated(args.memory, rows, args.most_bytes))
        return
    if args.throughput:
        for rows in args.rows or [2_000]:
            measure_curation(drawn(args.throughput, rows))
        return
    texts = code_files(args.files)
    print(f"{len(texts)} files of {sum(map(len, texts)) / len(texts):.0f} characters; reasons: {', '.join(REASONS)}")
    tools = [("themis-rm", partial(ours, texts, workers=args.workers))]
    sizes = [] if args.skip_stock else args.ngrams
    tools += [(f"datatrove, {n} words", partial(stock, texts, workers=args.workers, ngrams=n)) for n in sizes]
    for name, run in tools:
        folder = Path(tempfile.mkdtemp())
        started, before = time.monotonic(), cpu_seconds()
        keep = run(folder)
        seconds, cpu = time.monotonic() - started, cpu_seconds() - before
        shutil.rmtree(folder)
        recall, precision = measure(texts, keep)
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) >> 10
        figures = f"{len(keep)} kept  recall {recall:.4f}  precision {precision:.4f}  {peak} MiB"
        print(f"{name:<20} {seconds:8.1f} s {cpu:8.1f} s CPU  {figures}", flush=True)


if __name__ == "__main__":
    main()
