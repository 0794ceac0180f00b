"""The plan of a dataset: for every row, the split and file that it goes to, or the reason why it stays out."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.dataset import mixture, splits
from themis_rm.dataset.notes import NO_TIME, SHORTS, RowIndex, save_array
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.dataset.splits import SPLITS
from themis_rm.storage.atomic import write_text

REASONS: Mapping[str, str] = {
    "duplicate-row": "the same pair was there before",
    "time-cutoff": "train row not before the time cut, or evaluation row before it",
    "also-in-test": "shares a prompt or an answer with a row of test",
    "also-in-validation": "shares a prompt or an answer with a row of validation",
    "over-repository-cap": "more rows of its repository than the cap",
    "over-source-cap": "more rows of its source than the cap",
    "over-cell-cap": "more rows of its criterion and language than the cap",
    "over-criterion-cap": "more rows of its criterion than the cap",
    "length-balance": "its side (longer or shorter answer better) had more rows than the other",
    "not-sampled": "left out by the sample",
}
"""Slug -> what it says, in the order in which rows are looked at."""
KEEP = 255
DECISION = np.dtype([("row", "<u4"), ("criterion", "u1"), ("reason", "u1"), ("split", "u1"), ("file", "<u4")])
Decisions = npt.NDArray[np.void]


@dataclass
class Plan:
    """What became of every row.

    Attributes:
        ledger: The notes of all rows.
        split: Index into :data:`~themis_rm.dataset.splits.SPLITS` per row.
        reason: Index into :data:`REASONS` per row, or :data:`KEEP`.
        cut: The time cut that was used, in seconds since 1970, or ``None``.
        assigned: Repository -> split.
    """

    ledger: RowIndex
    split: npt.NDArray[np.int64]
    reason: npt.NDArray[np.uint8]
    cut: int | None
    assigned: dict[str, int]

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Mask of the rows that go into the dataset."""
        return self.reason == KEEP

    def take(self, slug: str, rows: npt.NDArray[np.bool_]) -> None:
        """Take rows out that are still in."""
        self.reason[rows & self.kept] = list(REASONS).index(slug)


def make_plan(ledger: RowIndex, settings: AssembleSettings) -> Plan:
    """Decide on every row; the result depends on the set of rows and the settings alone."""
    notes = ledger.notes
    sizes = np.bincount(notes["repos"], minlength=len(ledger.names["repos"])).tolist()
    assigned = splits.assign_repositories(
        dict(zip(ledger.names["repos"], sizes, strict=True)), settings.validation, settings.test, settings.seed
    )
    split = splits.split_of_rows(notes["repos"], ledger.names["repos"], assigned)
    plan = Plan(ledger, split, np.full(len(notes), KEEP, "u1"), None, assigned)
    same = np.zeros(len(notes), bool)
    same[1:] = notes["rank"][1:] == notes["rank"][:-1]
    plan.take("duplicate-row", same)
    plan.cut = _time_cut(plan, settings)
    plan.take("time-cutoff", splits.wrong_side(notes["time"], split, plan.cut))
    for there in (splits.TEST, splits.VALIDATION):
        here = plan.kept & (split < there)
        plan.take(f"also-in-{SPLITS[there]}", splits.also_in(notes, here, plan.kept & (split == there)))
    _mix(plan, settings)
    return plan


def _time_cut(plan: Plan, settings: AssembleSettings) -> int | None:
    if isinstance(settings.time_cut, date):
        return splits.midnight(settings.time_cut)
    if settings.time_cut is None:
        return None
    times = plan.ledger.notes["time"]
    timed = plan.kept & (times != NO_TIME)
    return splits.best_cut(times[timed], plan.split[timed], settings.min_kept_share)


def _mix(plan: Plan, settings: AssembleSettings) -> None:
    notes, caps = plan.ledger.notes, settings.caps
    plan.take("over-repository-cap", mixture.over_cap(notes["repos"].astype(np.int64), plan.kept, caps.repository))
    plan.take("over-source-cap", mixture.over_cap(notes["source"].astype(np.int64), plan.kept, caps.source))
    cell = mixture.joined(notes["criterion"], notes["language"])
    plan.take("over-cell-cap", mixture.over_cap(cell, plan.kept, caps.cell))
    plan.take("over-criterion-cap", mixture.over_cap(notes["criterion"].astype(np.int64), plan.kept, caps.criterion))
    if settings.balance_length:
        plan.take("length-balance", mixture.unbalanced(notes, plan.split, plan.kept))
    weights = dict.fromkeys(SHORTS, 1.0) if settings.equal_criteria else settings.weights
    balanced = plan.split if settings.balance_length else None
    plan.take("not-sampled", mixture.not_sampled(notes, plan.kept, weights, settings.total, balanced))


def file_counts(plan: Plan, rows_per_file: int) -> dict[str, int]:
    """Return how many files each split with rows is written to."""
    rows = np.bincount(plan.split[plan.kept], minlength=len(SPLITS)).tolist()
    return {name: -(-count // rows_per_file) for name, count in zip(SPLITS, rows, strict=True) if count}


class MakePlan(PipelineStep):
    """Reads all notes, decides, and writes the decisions of each shard and the facts for the dataset card."""

    type = "🗺️ - PLAN"
    name = "plan"

    def __init__(self, work: Path, facts: Path, shards: int, settings: AssembleSettings) -> None:
        super().__init__()
        self.work, self.facts, self.shards, self.settings = work, facts, shards, settings

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Make the plan."""
        if data:
            yield from data
        with self.track_time():
            plan = make_plan(RowIndex.load(self.work / "notes", self.shards), self.settings)
            for shard, decisions in enumerate(decisions_of(plan, self.shards, self.settings.rows_per_file)):
                save_array(self.work / "decisions" / f"{shard:05d}.npy", decisions)
            write_text(self.facts, json.dumps(facts_of(plan, self.settings), ensure_ascii=False))


def decisions_of(plan: Plan, shards: int, rows_per_file: int) -> Iterator[Decisions]:
    """Yield the decisions on the rows of each shard, sorted by row and criterion."""
    notes = plan.ledger.notes
    decisions = np.zeros(len(notes), DECISION)
    for name in ("row", "criterion"):
        decisions[name] = notes[name]
    decisions["reason"], decisions["split"] = plan.reason, plan.split
    # Notes are sorted by rank, so a row's place among the kept ones of its split is its place in the final order.
    decisions["file"][plan.kept] = mixture.places(plan.split[plan.kept]) // rows_per_file
    order = np.lexsort((notes["criterion"], notes["row"], notes["shard"]))
    bounds = np.searchsorted(notes["shard"][order], np.arange(shards + 1))
    for first, past in itertools.pairwise(bounds.tolist()):
        yield decisions[order[first:past]]


def facts_of(plan: Plan, settings: AssembleSettings) -> dict[str, Any]:
    """Return everything that the report and the dataset card tell of the rows."""
    notes, names, kept = plan.ledger.notes, plan.ledger.names, plan.kept
    rows = notes[kept]
    criteria = [SHORTS[number] for number in rows["criterion"]]
    languages = [names["language"][number] for number in rows["language"]]
    split_names = [SPLITS[number] for number in plan.split[kept]]
    wins = (mixture.longer_wins(rows) + 1) / 2

    def table(*columns: list[str]) -> dict[str, int]:
        values, counts = np.unique(["/".join(cell) for cell in zip(*columns, strict=True)], return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))

    def category(name: str) -> list[str]:
        return [names[name][number] for number in rows[name]]

    def longer(labels: list[str]) -> dict[str, float]:
        groups = np.array(labels)
        return {label: float(wins[groups == label].mean()) for label in sorted(set(labels))}

    repositories = {name: [r for r, of in plan.assigned.items() if SPLITS[of] == name] for name in SPLITS}
    sources = category("source")
    return {
        "rows_expanded": len(notes),
        "files": file_counts(plan, settings.rows_per_file),
        "splits": {name: split_names.count(name) for name in SPLITS},
        "repositories": {name: len(members) for name, members in repositories.items()},
        "time_cut": plan.cut,
        "criterion": {short: criteria.count(short) for short in SHORTS},
        "criterion_language": table(criteria, languages) if len(rows) else {},
        "criterion_split": table(criteria, split_names) if len(rows) else {},
        "language": table(languages) if len(rows) else {},
        "source": table(sources) if len(rows) else {},
        "instruction_source": table(category("instruction_source")) if len(rows) else {},
        "license": table(category("license")) if len(rows) else {},
        "ties": int((mixture.longer_wins(rows) == 0).sum()),
        "longer_wins": {"overall": float(wins.mean()) if len(rows) else None, **longer(criteria)},
        "longer_wins_by_source": longer([f"{c}/{s}" for c, s in zip(criteria, sources, strict=True)]),
        "length_percentiles": {
            side: dict(
                zip(
                    ("5", "25", "50", "75", "95", "100"),
                    np.percentile(rows[f"{side}_length"], [5, 25, 50, 75, 95, 100], method="nearest").tolist(),
                    strict=True,
                )
            )
            for side in ("chosen", "rejected")
            if len(rows)
        },
    }
