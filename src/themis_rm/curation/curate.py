"""The stage ``curate``: turns mined commits and solutions into labeled, filtered, unique pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.criteria import CRITERIA
from themis_rm.curation.bug_injection import InjectBugsOrExclude
from themis_rm.curation.commit_input import find_commits
from themis_rm.curation.duplicates import DuplicateFilter, FindDuplicates, ReadShard, Shards, SignRows
from themis_rm.curation.filters import (
    COMMIT_PAIRS,
    COMMITS,
    INJECTED_PAIRS,
    SOLUTIONS,
    CurationFilter,
    FilterStage,
    filters_of,
)
from themis_rm.curation.instruction_writer import InstructionWriter
from themis_rm.curation.near_duplicates import FindCandidates, SelectNearDuplicates, SketchRows
from themis_rm.curation.settings import CurateSettings
from themis_rm.curation.tasks import task_of_commit
from themis_rm.curation.windows import excerpt_note
from themis_rm.errors import InputError
from themis_rm.pipeline import (
    DETAIL,
    ExecutorSettings,
    RowReader,
    RowWriter,
    StageReport,
    exclusion_writer,
    run_steps,
    to_document,
)
from themis_rm.records import CodePair, Solution, commit_pair_id, file_texts
from themis_rm.storage.atomic import remove, write_text
from themis_rm.storage.json_text import read_json
from themis_rm.storage.output_dir import prepare_output_dir
from themis_rm.storage.parquet import validate_parquet_files

OUTPUTS = ("logs", "work", "pairs", "dropped", "instructions", "report.json")
"""Files and directories that the stage writes into its output directory."""

_RANGE_BYTES = 256 << 20  # bytes of signatures in memory, per task of the search for duplicates
_COUNTS = ("origin", "task", "criterion", "language", "criterion_language", "window_criterion", "window_language")


class CommitToPair(PipelineStep):
    """Turns labeled commits into pairs; the version after the commit is the better one."""

    type = "🔁 - MAP"
    name = "commit to pair"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield one pair per commit."""
        for doc in data:
            yield to_document(pair_of(doc.metadata).to_dict())


def pair_of(row: dict[str, Any]) -> CodePair:
    """Return the pair of a commit with criteria, terms and an instruction in additional columns."""
    window = row.get("window") or ""
    note = f"\n\n{excerpt_note(row['file_path'])}" if window else ""
    return CodePair(
        id=commit_pair_id(row["repos"], row["commit"], row["file_path"]),
        instruction=row["instruction"] + note,
        chosen=row["new_contents"],
        rejected=row["old_contents"],
        language=row["language"],
        criteria=row["criteria"],
        origin="commit",
        instruction_source=row["instruction_source"],
        repos=row["repos"],
        file_path=row["file_path"],
        license=row["license"],
        commit=row["commit"],
        unix_time=row.get("unix_time"),
        terms=row["terms"],
        merged=row.get("merged") or "none",
        reverted=bool(row.get("reverted")),
        window=window,
        task=task_of_commit(row),
        tests=file_texts(row.get("tests")),
    )


class CountPairs(PipelineStep):
    """Counts pairs by origin, criterion and language, for the details of the report."""

    type = "📊 - STATS"
    name = "count pairs"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Count each row and pass it on."""
        for doc in data:
            row = doc.metadata
            labels = [f"origin:{row['origin']}", f"language:{row['language']}"]
            labels.append(f"task:{row['task']}")
            if row.get("tests"):
                labels.append("pairs_with_tests")
            if row.get("window"):
                labels.append(f"window_language:{row['language']}")
                labels += [f"window_criterion:{short}" for short in row["criteria"]]
            for short in row["criteria"]:
                labels += [f"criterion:{short}", f"criterion_language:{short}/{row['language']}"]
            self.stat_update(*(DETAIL + label for label in labels))
            yield doc


def commit_steps(settings: CurateSettings, dropped: Path) -> list[PipelineStep]:
    """Return the steps from commits to labeled pairs, without reader and writer.

    Args:
        settings: Settings of the filters.
        dropped: Directory of dropped rows; the responses of a chat model are next to it, in ``instructions``.
    """
    writer = settings.instruction_writer
    return [
        *_filters(COMMITS, settings, dropped),
        *([InstructionWriter(writer, dropped.parent / "instructions")] if writer else []),
        CommitToPair(),
        *_filters(COMMIT_PAIRS, settings, dropped),
    ]


def solution_steps(settings: CurateSettings, dropped: Path) -> list[PipelineStep]:
    """Return the steps from solutions to pairs with an injected bug, without reader and writer.

    Args:
        settings: Settings of the filters and of bug injection.
        dropped: Directory of dropped rows.
    """
    return [
        *_filters(SOLUTIONS, settings, dropped),
        InjectBugsOrExclude(settings.injection, _exclusions(SOLUTIONS, dropped)),
        *_filters(INJECTED_PAIRS, settings, dropped),
    ]


def _filters(stage: FilterStage, settings: CurateSettings, dropped: Path) -> list[CurationFilter]:
    return filters_of(stage, settings.of_filter, lambda stage: _exclusions(stage, dropped))


def _exclusions(stage: FilterStage, dropped: Path) -> RowWriter:
    return exclusion_writer(dropped, stage.row_type.schema(), stage.exclusions)


def curate(
    commits: str | Path | None,
    solutions: str | Path | None,
    out: str | Path,
    settings: CurateSettings | None = None,
    executor: ExecutorSettings | None = None,
) -> StageReport:
    """Turn commits and solutions into labeled pairs.

    Writes ``out/pairs/*.parquet`` (:class:`~themis_rm.records.CodePair`), ``out/dropped/<reason>/*.parquet`` and
    ``out/report.json``. A run with the same inputs and settings resumes; results of other ones in ``out`` are replaced.

    Counts: ``read`` is ``details.commits_read + details.solutions_read``. ``kept`` plus the sum of ``dropped`` is
    ``read - details.solutions_injected + details.pairs_injected``, since a solution may yield several pairs.

    Args:
        commits: File or directory of :class:`~themis_rm.records.Commit` rows in Parquet, or of commits in another known
            format (CommitPack) or under the names of ``settings.columns``, in tables of any type; or ``None``.
        solutions: File or directory of :class:`~themis_rm.records.Solution` rows, or ``None``.
        out: Output directory.
        settings: Settings of the filters and of bug injection.
        executor: Executor and number of workers; the output does not depend on them.

    Raises:
        InputError: Neither input is given, or an input lacks columns or cannot be read.
    """
    out, settings, executor = Path(out), settings or CurateSettings(), executor or ExecutorSettings()
    found = find_commits(commits, settings.columns) if commits else None
    files: dict[FilterStage, list[Path]] = {COMMITS: list(found.files)} if found else {}
    readers: dict[FilterStage, PipelineStep] = {COMMITS: found.reader()} if found else {}
    if solutions:
        files[SOLUTIONS] = validate_parquet_files(solutions, Solution)
        readers[SOLUTIONS] = RowReader(Path(solutions), Solution.required())
    if not files:
        raise InputError("There is nothing to curate.", "Pass commits, solutions or both.")
    # Building the steps before anything is deleted reports a bad tokenizer file early.
    steps_of = {COMMITS: commit_steps, SOLUTIONS: solution_steps}
    steps = {stage: steps_of[stage](settings, out / "dropped") for stage in files}
    inputs_read = [file for group in files.values() for file in group]
    prepare_output_dir(out, "curate", settings.canonical(), inputs_read, OUTPUTS, replace=True)
    shards = Shards(out / "work", {stage.name: len(group) for stage, group in files.items()})
    reports: dict[str, StageReport] = {}
    for stage, group in files.items():
        kind = stage.name
        writer = RowWriter(out / "work" / "rows", CodePair.schema(), f"{kind}-${{rank}}.parquet", count=False)
        pipeline = [readers[stage], *steps[stage], SignRows(shards, kind), *_sketches(shards, kind, settings), writer]
        reports[kind] = run_steps(kind, pipeline, out, len(group), executor)
    reports["duplicates"] = _remove_duplicates(shards, out, settings, executor)
    remove(out / "work")
    report = _total(reports)
    if found and not found.mined:
        report.details["format"] = found.format
    for step in (step for pipeline in steps.values() for step in pipeline if isinstance(step, CurationFilter)):
        report.details |= step.report_details()
    report.save(out)
    return report


def _sketches(shards: Shards, kind: str, settings: CurateSettings) -> list[PipelineStep]:
    return [SketchRows(shards, kind, settings.near_duplicates)] if settings.near_duplicates.enabled else []


def _remove_duplicates(shards: Shards, out: Path, settings: CurateSettings, executor: ExecutorSettings) -> StageReport:
    logs = out / "logs" / "find"
    known = logs / "parts.json"
    if known.exists():  # a finished run has deleted the signature files
        parts = _read_parts(known, out)
    else:
        size = sum(shards.signatures(number).stat().st_size for number in range(len(shards)))
        parts = max(1, -(-size // _RANGE_BYTES))
        write_text(known, json.dumps(parts))
    searches = [run_steps("find", [FindDuplicates(shards)], out, parts, executor)]
    near = settings.near_duplicates
    if near.enabled:
        _repeat_lost(shards, out, parts)
        tasks = min(len(shards), near.bands)
        searches.append(run_steps("candidates", [FindCandidates(shards, parts, near.bands)], out, tasks, executor))
        searches.append(run_steps("near", [SelectNearDuplicates(shards, parts, near)], out, 1, executor))
    writer = exclusion_writer(out / "dropped", CodePair.schema(), "unique")
    report = run_steps(
        "unique",
        [
            ReadShard(shards),
            DuplicateFilter(shards, parts + near.enabled, writer),
            CountPairs(),
            RowWriter(out / "pairs", CodePair.schema()),
        ],
        out,
        len(shards),
        executor,
    )
    report.seconds += sum(search.seconds for search in searches)
    return report


def _repeat_lost(shards: Shards, out: Path, parts: int) -> None:
    """Let the search for near duplicates run again if its result is lost and still needed."""
    done = out / "logs" / "unique" / "completions"
    needed = not done.is_dir() or len(list(done.iterdir())) < len(shards)
    if needed and not shards.drops(parts).exists():
        for stage in ("candidates", "near"):
            remove(out / "logs" / stage)


def _read_parts(known: Path, out: Path) -> int:
    hint = f"Delete {out} and run the same command again."
    parts = read_json(known, hint)
    if not isinstance(parts, int) or parts < 1:
        raise InputError(f"{known} is not a number of tasks.", hint)
    return parts


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
