"""The stage ``assemble``: labeled pairs become a preference dataset with splits and a card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from themis_rm.dataset.card import render_card
from themis_rm.dataset.notes import IndexRows
from themis_rm.dataset.plan import MakePlan
from themis_rm.dataset.rows import ApplySplitPlan, ExpandCriteria, WriteShard
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.errors import InputError
from themis_rm.pipeline import ExecutorSettings, RowReader, RowWriter, StageReport, exclusion_writer, run_steps
from themis_rm.prompts import PromptSet, built_in
from themis_rm.records import CodePair, Preference
from themis_rm.storage.atomic import write_text
from themis_rm.storage.output_dir import prepare_output_dir
from themis_rm.storage.parquet import validate_parquet_files

OUTPUTS = ("logs", "work", "data", "dropped", "report.json", "README.md", "prompts.json")
"""What the stage writes into its output directory."""


def assemble(pairs: Path, out: Path, settings: AssembleSettings, executor: ExecutorSettings) -> StageReport:
    """Make a preference dataset of labeled pairs.

    Writes ``out/data/<split>-<file>-of-<files>.parquet`` (:class:`~themis_rm.records.Preference`, a row per pair and
    criterion), ``out/README.md`` (the dataset card), ``out/prompts.json`` (the prompt set that was drawn from),
    ``out/dropped/<reason>/*.parquet`` and ``out/report.json``. The files are byte-identical for equal pairs, settings
    and seed; the set of rows does not depend on the order of the pairs. A finished or cut-off run with the same inputs
    and settings is gone on with; anything else in ``out`` is replaced.

    The books: ``read`` counts pairs; ``kept`` plus all of ``dropped`` is ``details.rows_expanded`` plus
    ``details.pairs_without_rows``.

    Args:
        pairs: File or folder of :class:`~themis_rm.records.CodePair` rows.
        out: Folder for the output.
        settings: Mixture, splits, prompts.
        executor: Executor and number of workers; results do not depend on it.

    Raises:
        InputError: The pairs or the prompt set cannot be read.
        SettingError: The prompt set cannot render a criterion that the mix may draw.
    """
    files = validate_parquet_files(pairs, CodePair)
    prompts = PromptSet.load(settings.prompts) if settings.prompts else built_in()
    prepare_output_dir(out, settings.canonical() + prompts.to_json(), files, OUTPUTS)
    work, facts_file, dropped = out / "work", out / "logs" / "facts.json", out / "dropped"
    reader = RowReader(pairs, CodePair.required())
    aside = exclusion_writer(dropped, CodePair.schema(), "pairs")
    noted = run_steps("notes", [reader, IndexRows(work / "notes", settings.seed, aside)], out, len(files), executor)
    planned = run_steps("plan", [MakePlan(work, facts_file, len(files), settings)], out, 1, executor)
    facts = json.loads(facts_file.read_text(encoding="utf-8"))
    parts = RowWriter(
        work / "parts", Preference.schema(), "${_split}-${_file}/${rank}.parquet", group_bytes=4 << 20, count=False
    )
    aside = exclusion_writer(dropped, Preference.schema(), "rows")
    chosen = run_steps(
        "rows",
        [
            RowReader(pairs, CodePair.required()),
            ExpandCriteria(prompts, settings),
            ApplySplitPlan(work / "decisions", aside),
            parts,
        ],
        out,
        len(files),
        executor,
    )
    report = StageReport("assemble", noted.read, 0, noted.dropped | chosen.dropped)
    report.seconds = noted.seconds + planned.seconds + chosen.seconds
    count = sum(facts["files"].values())
    if count:
        writer = WriteShard(work / "parts", out / "data", facts["files"], settings.seed)
        written = run_steps("files", [writer], out, count, executor)
        report.kept = written.kept
        report.seconds += written.seconds
    report.dropped = dict(sorted(report.dropped.items()))
    report.details = {"pairs_without_rows": noted.details.get("pairs_without_rows", 0), **facts}
    remarks = remarks_on(facts, settings)
    report.details["remarks"] = remarks
    write_text(out / "prompts.json", prompts.to_json() + "\n")
    write_text(out / "README.md", render_card(report, facts, settings, prompts.name, remarks))
    shutil.rmtree(work, ignore_errors=True)
    report.save(out)
    if not report.kept:
        raise InputError(f"None of the {report.read} pairs at {pairs} is left.", f"{out}/report.json says why.")
    return report


def remarks_on(facts: dict[str, Any], settings: AssembleSettings) -> list[str]:
    """Return what a user of the dataset should know beforehand, a sentence each."""
    remarks = []
    repositories = sum(facts["repositories"].values())
    wanted = {"train": 1.0, "validation": settings.validation, "test": settings.test}
    empty = [name for name, share in wanted.items() if share and not facts["splits"][name]]
    if repositories == 1 and empty:
        remarks.append("All pairs are from one repository, so everything is in train: splits must not share one.")
    elif empty and repositories:
        remarks.append(
            f"Nothing is left for {' and '.join(empty)}: too few repositories, or none on that side of the cut."
        )
    if facts["instruction_source"].get("subject"):
        remarks.append("Commit subjects serve as instructions where no better one exists (`instruction_source`).")
    missing = [short for short, rows in facts["criterion"].items() if not rows]
    if missing:
        remarks.append(f"No row is about {', '.join(missing)}.")
    return remarks
