"""The stage ``curate``: mined commits and solutions become labeled, filtered, unique pairs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.criteria import CRITERIA
from themis_rm.curation import filters
from themis_rm.curation.duplicates import DropFound, FindDuplicates, ReadShard, Shards, SignRows
from themis_rm.curation.injected import InjectOrKeepAside
from themis_rm.curation.settings import CurateSettings
from themis_rm.curation.tokens import TokenCounter
from themis_rm.errors import InputError
from themis_rm.pipeline import (
    ExecutorSettings,
    RowReader,
    RowWriter,
    StageReport,
    exclusion_writer,
    run_steps,
    to_document,
)
from themis_rm.records import CodePair, Commit, Row, Solution
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_id
from themis_rm.storage.output_dir import prepare_output_dir
from themis_rm.storage.parquet import validate_parquet_files

OUTPUTS = ("logs", "work", "pairs", "dropped", "report.json")
"""What the stage writes into its output directory."""

_RANGE_BYTES = 256 << 20  # signatures held at a time by one task of the find pass
_COUNTS = ("origin", "criterion", "language", "criterion_language")


class ToPair(PipelineStep):
    """Turns labeled commits into pairs: the version after is the better one."""

    type = "🔁 - MAP"
    name = "commit to pair"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield a pair per commit."""
        for doc in data:
            yield to_document(pair_of(doc.metadata).to_dict())


def pair_of(row: dict[str, Any]) -> CodePair:
    """Return the pair of a commit that has been labeled (``criteria``, ``terms``) and given an ``instruction``."""
    return CodePair(
        id=stable_id("commit", row["repos"], row["commit"], row["file_path"]),
        instruction=row["instruction"],
        chosen=row["new_contents"],
        rejected=row["old_contents"],
        language=row["language"],
        criteria=row["criteria"],
        origin="commit",
        instruction_source="subject",
        repos=row["repos"],
        file_path=row["file_path"],
        license=row["license"],
        commit=row["commit"],
        unix_time=row["unix_time"],
        terms=row["terms"],
        merged=row.get("merged") or "none",
        reverted=bool(row.get("reverted")),
    )


class Tally(PipelineStep):
    """Counts rows on their way, under ``note_`` labels."""

    type = "📊 - STATS"
    name = "tally"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Count each row by origin, criteria and language."""
        for doc in data:
            row = doc.metadata
            self.stat_update(f"note_origin:{row['origin']}", f"note_language:{row['language']}")
            for short in row["criteria"]:
                self.stat_update(f"note_criterion:{short}", f"note_criterion_language:{short}/{row['language']}")
            yield doc


def commit_steps(settings: CurateSettings, dropped: Path) -> list[PipelineStep]:
    """Return the steps from commits to labeled pairs, cheap filters first, without reader and writer."""

    def aside() -> RowWriter:
        # One writer a filter: a filter closes its own when its rows are through.
        return exclusion_writer(dropped, Commit.schema(), "commits")

    texts = [name for name in Commit.required() if name != "unix_time"]
    sides = ("new_contents", "old_contents")
    return [
        filters.WellFormed(texts, aside()),
        filters.InLanguages(settings.languages, aside()),
        filters.Standing(settings.require_merged, aside()),
        *([] if settings.tests else [filters.NoTest(aside())]),
        filters.SizeBetween(sides, settings.min_bytes, settings.max_bytes, aside()),
        filters.HasCriterion(aside()),
        filters.TellingSubject(settings.min_subject_words, aside()),
        filters.FitsTokens(sides, TokenCounter(settings.tokenizer), settings.max_tokens, aside()),
        filters.RealChange(settings.max_rewrite, settings.min_changed_tokens, aside()),
        ToPair(),
        filters.DeepSyntax(settings.min_depth, exclusion_writer(dropped, CodePair.schema(), "commits")),
    ]


def solution_steps(settings: CurateSettings, dropped: Path) -> list[PipelineStep]:
    """Return the steps from solutions to pairs with an injected bug, without reader and writer."""

    def aside() -> RowWriter:
        return exclusion_writer(dropped, Solution.schema(), "solutions")

    def pairs() -> RowWriter:
        return exclusion_writer(dropped, CodePair.schema(), "injected")

    texts = [name for name in Solution.required() if name != "line"]
    sides = ("chosen", "rejected")
    return [
        filters.WellFormed(texts, aside()),
        filters.InLanguages(settings.languages, aside()),
        InjectOrKeepAside(settings.injection, aside()),
        filters.SizeBetween(sides, settings.min_bytes, settings.max_bytes, pairs()),
        filters.FitsTokens(sides, TokenCounter(settings.tokenizer), settings.max_tokens, pairs()),
        filters.DeepSyntax(settings.min_depth, pairs()),
    ]


def curate(
    commits: Path | None, solutions: Path | None, out: Path, settings: CurateSettings, executor: ExecutorSettings
) -> StageReport:
    """Make labeled pairs of commits and solutions.

    Writes ``out/pairs/*.parquet`` (:class:`~themis_rm.records.CodePair`), ``out/dropped/<reason>/*.parquet`` and
    ``out/report.json``. A finished or cut-off run with the same inputs and settings is gone on with; anything else in
    ``out`` is replaced.

    The books: ``read`` is ``details.commits_read + details.solutions_read``, and ``kept`` plus all of ``dropped`` is
    ``read - details.solutions_injected + details.pairs_injected``, since a solution may yield several pairs.

    Args:
        commits: File or folder of :class:`~themis_rm.records.Commit` rows, or ``None``.
        solutions: File or folder of :class:`~themis_rm.records.Solution` rows, or ``None``.
        out: Folder for the output.
        settings: What is let through.
        executor: Executor and number of workers; results do not depend on it.

    Raises:
        InputError: Neither input is given, or one is not what it should be.
    """
    inputs: dict[str, tuple[Path | None, type[Row]]] = {
        "commits": (commits, Commit),
        "solutions": (solutions, Solution),
    }
    files = {kind: validate_parquet_files(path, rows) if path else [] for kind, (path, rows) in inputs.items()}
    if not any(files.values()):
        raise InputError("There is nothing to curate.", "Give commits, solutions or both.")
    tokens = TokenCounter(settings.tokenizer)  # a bad tokenizer file ends it here, in one line
    prepare_output_dir(out, settings.canonical(), [file for group in files.values() for file in group], OUTPUTS)
    dropped = out / "dropped"
    shards = Shards(out / "work", {kind: len(group) for kind, group in files.items() if group})
    reports: dict[str, StageReport] = {}
    steps = {"commits": commit_steps, "solutions": solution_steps}
    for kind, group in files.items():
        path, rows = inputs[kind]
        if group and path:
            writer = RowWriter(out / "work" / "rows", CodePair.schema(), f"{kind}-${{rank}}.parquet", count=False)
            reports[kind] = run_steps(
                kind,
                [
                    RowReader(path, rows.required()),
                    *steps[kind](settings, dropped),
                    SignRows(shards, kind),
                    writer,
                ],
                out,
                len(group),
                executor,
            )
    reports["duplicates"] = _leave_out_duplicates(shards, out, executor)
    shutil.rmtree(out / "work", ignore_errors=True)
    report = _total(reports)
    report.details["tokens_counted_by"] = tokens.name
    report.save(out)
    return report


def _leave_out_duplicates(shards: Shards, out: Path, executor: ExecutorSettings) -> StageReport:
    logs = out / "logs" / "find"
    known = logs / "parts.json"
    if known.exists():  # the intermediate files may be gone by now
        parts = int(json.loads(known.read_text(encoding="utf-8")))
    else:
        size = sum(shards.signatures(number).stat().st_size for number in range(len(shards)))
        parts = max(1, -(-size // _RANGE_BYTES))
        write_text(known, json.dumps(parts))
    found = run_steps("find", [FindDuplicates(shards)], out, parts, executor)
    writer = exclusion_writer(out / "dropped", CodePair.schema(), "unique")
    report = run_steps(
        "unique",
        [
            ReadShard(shards),
            DropFound(shards, parts, writer),
            Tally(),
            RowWriter(out / "pairs", CodePair.schema()),
        ],
        out,
        len(shards),
        executor,
    )
    report.seconds += found.seconds
    return report


def _total(reports: dict[str, StageReport]) -> StageReport:
    total = StageReport("curate")
    counts: dict[str, dict[str, int]] = {name: {} for name in _COUNTS}
    for kind, report in reports.items():
        total.seconds += report.seconds
        total.kept += report.kept
        if kind != "duplicates":
            total.read += report.read
            total.details[f"{kind}_read"] = report.read
        for reason, count in report.dropped.items():
            total.dropped[reason] = total.dropped.get(reason, 0) + count
        for name, count in report.details.items():
            group, colon, value = name.partition(":")
            if colon:
                counts[group][value] = count
            else:
                total.details[name] = count
    total.dropped = dict(sorted(total.dropped.items()))
    order = [row.short for row in CRITERIA]
    counts["criterion"] = {short: counts["criterion"].get(short, 0) for short in order}
    total.details |= {f"kept_by_{name}": values for name, values in counts.items()}
    return total
