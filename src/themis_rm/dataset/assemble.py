"""The stage ``assemble``: turns labeled pairs, or preferences, into a preference dataset with splits and a card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from themis_rm.criteria import CRITERIA
from themis_rm.dataset.card import day_of, render_card
from themis_rm.dataset.decontamination import (
    ContaminationFilter,
    decontamination_facts,
    read_benchmarks,
    write_copy_indices,
)
from themis_rm.dataset.pair_input import find_pairs
from themis_rm.dataset.preferences import PairFilter
from themis_rm.dataset.row_index import IndexRows, NumberPairs
from themis_rm.dataset.rows import ApplySplitPlan, ExpandCriteria, WriteShard
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.dataset.split_plan import MakeSplitPlan
from themis_rm.dataset.tasks import ExpandTasks
from themis_rm.errors import InputError
from themis_rm.pipeline import ExecutorSettings, RowWriter, StageReport, exclusion_writer, run_steps
from themis_rm.prompts import PromptSet, built_in
from themis_rm.records import CodePair, Preference
from themis_rm.storage.atomic import remove, write_text
from themis_rm.storage.json_text import read_json_object
from themis_rm.storage.output_dir import prepare_output_dir

OUTPUTS = ("logs", "work", "data", "dropped", "report.json", "README.md", "prompts.json")
"""Files and directories that the stage writes into its output directory."""


_MANY_LOST = 0.05  # share of rows from which on their loss is said
_MOST_LISTED = 20


def assemble(
    pairs: str | Path,
    out: str | Path,
    settings: AssembleSettings | None = None,
    executor: ExecutorSettings | None = None,
) -> StageReport:
    """Assemble labeled pairs, or preference data of any known format, into a preference dataset.

    Writes ``out/data/<split>-<file>-of-<files>.parquet`` (:class:`~themis_rm.records.Preference`, one row per pair and
    criterion), ``out/README.md`` (the dataset card), ``out/prompts.json`` (the prompt set),
    ``out/dropped/<reason>/*.parquet`` and ``out/report.json``. The files are byte-identical for equal pairs, settings
    and seed; the set of rows does not depend on the order of the pairs. A run with the same inputs and settings
    resumes; results of other ones in ``out`` are replaced.

    Rows that name no repository are divided between the splits by prompt.

    Counts: ``read`` counts pairs. ``kept`` plus the sum of ``dropped`` is ``details.rows_expanded`` plus
    ``details.pairs_without_rows``, which counts repair forms as pairs.

    Args:
        pairs: File or directory of :class:`~themis_rm.records.CodePair` rows, or preference data that names criteria
            (see :func:`~themis_rm.dataset.pair_input.find_pairs`).
        out: Output directory.
        settings: Mixture, splits, prompts, and how preference data is read.
        executor: Executor and number of workers; the output does not depend on them.

    Raises:
        InputError: The pairs or the prompt set cannot be read, no format fits, or no row is kept.
        SettingError: The prompt set cannot render a criterion that the mix may draw, or a name is unknown.
    """
    out, settings, executor = Path(out), settings or AssembleSettings(), executor or ExecutorSettings()
    found, wanted = find_pairs(pairs, settings), PairFilter.of(settings)
    files = list(found.files)
    prompts = PromptSet.load(settings.prompt_file) if settings.prompt_file else built_in()
    benchmarks = read_benchmarks(settings.decontaminate)
    compared = [file for item in benchmarks for file in item.files]
    identity = settings.canonical() + prompts.to_json()
    prepare_output_dir(out, "assemble", identity, [*files, *compared], OUTPUTS, replace=True)
    work, facts_file, dropped = out / "work", out / "logs" / "facts.json", out / "dropped"
    excluded = [exclusion_writer(dropped, CodePair.schema(), "pairs") for _ in range(2)]
    if settings.response_overlap is not None:
        write_copy_indices(benchmarks, work / "benchmarks")
    contaminated = ContaminationFilter(benchmarks, settings.response_overlap, work / "benchmarks", excluded[0])
    index_rows = IndexRows(work / "index", settings.seed, excluded[1], wanted)
    selection = [ExpandTasks(settings), NumberPairs(), contaminated, index_rows]
    indexed = run_steps("index", [found.reader(), *selection], out, len(files), executor)
    planned = run_steps("plan", [MakeSplitPlan(work, facts_file, len(files), settings)], out, 1, executor)
    facts = read_json_object(facts_file, ("files",), f"Delete {out} and run the same command again.")
    facts["decontamination"] = decontamination_facts(benchmarks, indexed.details)
    parts = RowWriter(
        work / "parts", Preference.schema(), "${_split}-${_file}/${rank}.parquet", group_bytes=4 << 20, count=False
    )
    expanded = run_steps(
        "rows",
        [
            found.reader(),
            ExpandTasks(settings),
            NumberPairs(),
            ExpandCriteria(prompts, settings, work / "decisions"),
            ApplySplitPlan(work / "decisions", exclusion_writer(dropped, Preference.schema(), "rows")),
            parts,
        ],
        out,
        len(files),
        executor,
    )
    report = StageReport("assemble", indexed.read, 0, indexed.dropped | expanded.dropped)
    report.seconds = indexed.seconds + planned.seconds + expanded.seconds
    count = sum(facts["files"].values())
    if count:
        writer = WriteShard(work / "parts", out / "data", facts["files"], settings.seed)
        written = run_steps("files", [writer], out, count, executor)
        report.kept = written.kept
        report.seconds += written.seconds
    report.dropped = dict(sorted(report.dropped.items()))
    form = {"format": found.format} if found.format else {}
    report.details = {**form, "pairs_without_rows": indexed.details.get("pairs_without_rows", 0), **facts}
    remarks = dataset_remarks(facts, settings)
    report.details["remarks"] = remarks
    write_text(out / "prompts.json", prompts.to_json() + "\n")
    write_text(out / "README.md", render_card(report, facts, settings, prompts.name, remarks))
    remove(work)
    report.save(out)
    if not report.kept:
        raise InputError(f"None of the {report.read} pairs at {pairs} is kept.", f"{out}/report.json has the reasons.")
    return report


def dataset_remarks(facts: dict[str, Any], settings: AssembleSettings) -> list[str]:
    """Return sentences that users of the dataset should know."""
    remarks = []
    repositories = sum(facts["repositories"].values())
    wanted = {"train": 1.0, "validation": settings.validation, "test": settings.test}
    empty = [name for name, share in wanted.items() if share and not facts["splits"][name]]
    if repositories == 1 and empty:
        remarks.append("All pairs are from one repository, so all rows are in train: no repository is in two splits.")
    elif empty and repositories:
        remarks.append(
            f"No row is in {' and '.join(empty)}: too few repositories, or none on that side of the time cutoff."
        )
    if facts["prompt_groups"]:
        remarks.append("Rows that name no repository are divided between the splits by prompt.")
    remarks += _lost_by_time(facts)
    if facts["commits_without_time"]:
        remarks.append(f"{facts['commits_without_time']} rows from commits have no time and no time cutoff.")
    if facts["instruction_source"].get("subject"):
        remarks.append("Some instructions are commit subjects; `instruction_source` marks them.")
    remarks += _uneven(facts)
    missing = [short for short, rows in facts["criterion"].items() if not rows]
    if missing and len(missing) < len(CRITERIA):  # a general mixture has none of them
        remarks.append(f"No row has the criterion {', '.join(missing)}.")
    return remarks


def _lost_by_time(facts: dict[str, Any]) -> list[str]:
    """Return what to change where many rows are dropped for their time."""
    lost, rows, nowhere = facts["rows_dropped_for_time"], facts["rows_expanded"], facts["rows_in_no_period"]
    if lost < _MANY_LOST * rows:
        return []
    limits = facts["time_limits"]
    train, first, past = (limits[name] and day_of(limits[name]) for name in limits)
    until = f" to {past}" if past else ""
    periods = f"train takes commits from before {train}, validation and test those from {first}{until}"
    sentences = [f"{lost} of {rows} rows are dropped for their time: {periods}."]
    if nowhere:
        sentences.append(f"{nowhere} of them are in neither period.")
    if lost > nowhere:
        sentences.append(
            f"{lost - nowhere} are in the period of a split that their repository is not in: more repositories lose "
            "fewer rows, and disjoint_repositories=false keeps these."
        )
    return [" ".join([*sentences, "A time_cutoff of null keeps rows of any time."])]


def _uneven(facts: dict[str, Any]) -> list[str]:
    """Return sentences about criteria and languages that one split alone has, where several splits have rows."""
    present = [name for name, rows in facts["splits"].items() if rows]
    if len(present) < 2:
        return []
    remarks = []
    known: set[str] = set()
    for word, key in (
        ("criterion", "criterion_split"),
        ("language", "language_split"),
        ("criterion in the language", "cell_split"),
    ):
        splits: dict[str, list[str]] = {}
        for cell in facts[key]:
            label, _, split = cell.rpartition("/")
            splits.setdefault(label, []).append(split)
        alone = {label: found[0] for label, found in splits.items() if len(found) == 1}
        known |= alone.keys()
        # Cells of a criterion or language that one split alone has say nothing more.
        shown = [label for label in alone if "/" not in label or not known & set(label.split("/"))]
        if shown:
            listed = ", ".join(f"{label or 'none'} ({alone[label]})" for label in shown[:_MOST_LISTED])
            more = f" and {len(shown) - _MOST_LISTED} more" if len(shown) > _MOST_LISTED else ""
            remarks.append(
                f"Only one split has the {word}: {listed}{more}. Accuracies by {word.split()[0]} cannot be compared "
                "across splits."
            )
    return remarks
