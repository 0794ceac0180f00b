"""The split plan of a dataset: the split and file of every row, or the reason why it is dropped."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.criteria import is_criterion
from themis_rm.dataset import mixture, splits
from themis_rm.dataset.row_index import CRITERION_NAMES, NO_TIME, PROMPT_GROUP, SOURCES, WINDOWS, IndexArray, RowIndex
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.dataset.splits import SPLITS, TimeLimits
from themis_rm.languages import LANGUAGES
from themis_rm.storage.arrays import save_array
from themis_rm.storage.atomic import write_json

REASONS: Mapping[str, str] = {
    "duplicate-row": "the same pair occurs twice",
    "time-cutoff": "the commit is outside of the time of the split that its repository is in",
    "also-in-test": "shares a prompt, or a response from a repository, with a row of test",
    "also-in-validation": "shares a prompt, or a response from a repository, with a row of validation",
    "over-repository-cap": "beyond the cap of its repository",
    "over-source-cap": "beyond the cap of its source",
    "over-cell-cap": "beyond the cap of its criterion and language",
    "over-language-cap": "beyond the cap of its language",
    "over-criterion-cap": "beyond the cap of its criterion",
    "over-criterion-share": "beyond the largest share of one criterion",
    "over-general-share": "beyond the largest share of rows that are not about code",
    "length-balance": "would make the longer response better more often than worse, or the reverse",
    "not-sampled": "not drawn by the sample",
}
"""Reason -> meaning, in the order in which they are applied."""
KEEP = 255
_LISTED = 20
CODE_LANGUAGES = frozenset(row.name for row in LANGUAGES)
"""Languages of rows about code; rows of other languages, such as ``NL``, are general."""
DECISION = np.dtype([("row", "<u4"), ("criterion", "u1"), ("reason", "u1"), ("split", "u1"), ("file", "<u4")])
Decisions = npt.NDArray[np.void]


@dataclass
class SplitPlan:
    """The split of every row, or the reason why it is dropped.

    Attributes:
        index: The index of all rows.
        split: Index into :data:`~themis_rm.dataset.splits.SPLITS` per row.
        reason: Index into :data:`REASONS` per row, or :data:`KEEP`.
        limits: Times of train and evaluation rows.
        assigned: Repository -> split.
    """

    index: RowIndex
    split: npt.NDArray[np.int64]
    reason: npt.NDArray[np.uint8]
    limits: TimeLimits
    assigned: dict[str, int]

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Mask of the rows in the dataset."""
        return self.reason == KEEP

    def drop(self, slug: str, rows: npt.NDArray[np.bool_]) -> None:
        """Drop those of the given rows that are still kept."""
        self.reason[rows & self.kept] = list(REASONS).index(slug)


def make_split_plan(index: RowIndex, settings: AssembleSettings) -> SplitPlan:
    """Plan the splits; the result depends only on the set of rows and on the settings."""
    entries, names, limits = index.entries, index.names["repos"], _limits(index, settings)
    shares = settings.validation, settings.test
    assigned = splits.assign_with_limits(entries["repos"], entries["time"], names, limits, *shares, settings.seed)
    split = splits.split_of_rows(entries["repos"], names, assigned)
    if not settings.disjoint_repositories:
        evaluation = splits.evaluation_splits(names, *shares, settings.seed)
        of_row = splits.split_of_rows(entries["repos"], names, dict(zip(names, evaluation, strict=True)))
        split = splits.split_by_time(entries["time"], split, limits, of_row)
    plan = SplitPlan(index, split, np.full(len(entries), KEEP, "u1"), limits, assigned)
    duplicate = np.zeros(len(entries), bool)
    duplicate[1:] = entries["rank"][1:] == entries["rank"][:-1]
    plan.drop("duplicate-row", duplicate)
    plan.drop("time-cutoff", plan.limits.outside(entries["time"], plan.split))
    mined = np.array([not name.startswith(PROMPT_GROUP) for name in index.names["repos"]], bool)[entries["repos"]]
    for other in (splits.TEST, splits.VALIDATION):
        before, after = plan.kept & (plan.split < other), plan.kept & (plan.split == other)
        plan.drop(f"also-in-{SPLITS[other]}", splits.shares_text_with(entries, before, after, mined))
    _mix(plan, settings)
    return plan


def _limits(index: RowIndex, settings: AssembleSettings) -> TimeLimits:
    """Return the times of train and evaluation rows that are set, or that keep most rows."""
    limits, shares = settings.time_limits(), (settings.validation, settings.test)
    if limits != TimeLimits() or settings.time_cutoff != "auto" or not sum(shares):
        return limits
    times, repos = index.entries["time"], index.entries["repos"]
    if settings.disjoint_repositories:
        return splits.find_limits(
            repos, times, index.names["repos"], *shares, settings.seed, settings.min_evaluation_share
        )
    cutoff = splits.share_cutoff(times[times != NO_TIME], sum(shares))
    return TimeLimits(cutoff, cutoff)


def _mix(plan: SplitPlan, settings: AssembleSettings) -> None:
    entries, caps, names = plan.index.entries, settings.caps, plan.index.names
    criterion, language, source, repository = (
        entries[name].astype(np.int64) for name in ("criterion", "language", "source", "repos")
    )
    plan.drop("over-repository-cap", mixture.beyond_cap(repository, plan.kept, caps.repository))
    of_source = np.array([caps.sources.get(name, caps.source) for name in names["source"]], object)
    plan.drop("over-source-cap", mixture.beyond_caps(source, plan.kept, of_source))
    cell = mixture.group_ids(entries["criterion"], entries["language"])
    plan.drop("over-cell-cap", mixture.beyond_cap(cell, plan.kept, caps.cell))
    plan.drop("over-language-cap", mixture.beyond_cap(language, plan.kept, caps.language))
    plan.drop("over-criterion-cap", mixture.beyond_cap(criterion, plan.kept, caps.criterion))
    share = mixture.share_cap(np.bincount(criterion[plan.kept]), caps.criterion_share)
    plan.drop("over-criterion-share", mixture.beyond_cap(criterion, plan.kept, share))
    general = np.array([name not in CODE_LANGUAGES for name in names["language"]], bool)[entries["language"]]
    plan.drop("over-general-share", mixture.beyond_part(general, plan.kept, caps.general_share))
    if settings.balance_length:
        plan.drop("length-balance", mixture.length_imbalance(entries, plan.split, plan.kept))
    if settings.equal_languages:
        rows = np.bincount(language[plan.kept])
        plan.drop("not-sampled", mixture.beyond_cap(language, plan.kept, int(rows[rows > 0].min(initial=len(entries)))))
    weights = dict.fromkeys(CRITERION_NAMES, 1.0) if settings.equal_criteria else settings.weights
    balanced = plan.split if settings.balance_length else None
    plan.drop("not-sampled", mixture.not_sampled(entries, plan.kept, weights, settings.max_samples, balanced))


def file_counts(plan: SplitPlan, rows_per_file: int) -> dict[str, int]:
    """Return the number of files of each split that has rows."""
    rows = np.bincount(plan.split[plan.kept], minlength=len(SPLITS)).tolist()
    return {name: -(-count // rows_per_file) for name, count in zip(SPLITS, rows, strict=True) if count}


class MakeSplitPlan(PipelineStep):
    """Plans the splits from the row index; writes the decisions of each shard and the facts for the dataset card."""

    type = "🗺️ - PLAN"
    name = "plan"

    def __init__(self, work: Path, facts: Path, shards: int, settings: AssembleSettings) -> None:
        super().__init__()
        self.work, self.facts, self.shards, self.settings = work, facts, shards, settings

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Make the plan; yields nothing."""
        if data:
            yield from data
        with self.track_time():
            plan = make_split_plan(RowIndex.load(self.work / "index", self.shards), self.settings)
            for shard, decisions in enumerate(decisions_of(plan, self.shards, self.settings.rows_per_file)):
                save_array(self.work / "decisions" / f"{shard:05d}.npy", decisions)
            write_json(self.facts, dataset_facts(plan, self.settings))


def decisions_of(plan: SplitPlan, shards: int, rows_per_file: int) -> Iterator[Decisions]:
    """Yield the decisions for the rows of each shard, sorted by row and criterion."""
    entries = plan.index.entries
    decisions = np.zeros(len(entries), DECISION)
    for name in ("row", "criterion"):
        decisions[name] = entries[name]
    decisions["reason"], decisions["split"] = plan.reason, plan.split
    # The index is sorted by rank, so a row's position among the kept rows of its split is its final position.
    decisions["file"][plan.kept] = mixture.group_positions(plan.split[plan.kept]) // rows_per_file
    order = np.lexsort((entries["criterion"], entries["row"], entries["shard"]))
    bounds = np.searchsorted(entries["shard"][order], np.arange(shards + 1))
    for first, past in itertools.pairwise(bounds.tolist()):
        yield decisions[order[first:past]]


def _time_range(times: npt.NDArray[np.int64]) -> list[int] | None:
    """Return the earliest and the latest known time, or ``None`` if there is none."""
    known = times[times != NO_TIME]
    return [int(known.min()), int(known.max())] if len(known) else None


def _repositories_of(
    rows: IndexArray, names: Mapping[str, Sequence[str]], mined: npt.NDArray[np.bool_]
) -> dict[str, int]:
    """Return license -> number of repositories of its rows."""
    pairs = np.unique(rows[["license", "repos"]])
    counts = np.bincount(pairs["license"][mined[pairs["repos"]]], minlength=len(names["license"]))
    return {name: int(count) for name, count in zip(names["license"], counts, strict=True)}


def _largest(rows: IndexArray, names: Mapping[str, Sequence[str]], mined: npt.NDArray[np.bool_]) -> dict[str, int]:
    """Return the repositories with most rows, and their rows."""
    counts = np.bincount(rows["repos"], minlength=len(names["repos"])) * mined
    order = np.argsort(-counts, kind="stable")[:_LISTED]
    return {names["repos"][number]: int(counts[number]) for number in order if counts[number]}


def _in_no_period(times: npt.NDArray[np.int64], limits: TimeLimits) -> npt.NDArray[np.bool_]:
    return ~(limits.allow_train(times) | limits.allow_evaluation(times))


def dataset_facts(plan: SplitPlan, settings: AssembleSettings) -> dict[str, Any]:
    """Return the counts and statistics for the report and the dataset card."""
    entries, names, kept = plan.index.entries, plan.index.names, plan.kept
    rows, outside = entries[kept], plan.reason == list(REASONS).index("time-cutoff")
    criteria = [CRITERION_NAMES[number] for number in rows["criterion"]]
    present = set(criteria)
    languages = [names["language"][number] for number in rows["language"]]
    split_names = [SPLITS[number] for number in plan.split[kept]]
    windows = [names["extent"][number] == WINDOWS for number in rows["extent"]]
    cut = [list(itertools.compress(column, windows)) for column in (criteria, languages)]
    wins = (mixture.longer_wins(rows) + 1) / 2

    def table(*columns: list[str]) -> dict[str, int]:
        values, counts = np.unique(["/".join(cell) for cell in zip(*columns, strict=True)], return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))

    def category(name: str) -> list[str]:
        return [names[name][number] for number in rows[name]]

    def longer(labels: list[str]) -> dict[str, float]:
        groups = np.array(labels)
        return {label: float(wins[groups == label].mean()) for label in sorted(set(labels))}

    named = {name: of for name, of in plan.assigned.items() if not name.startswith(PROMPT_GROUP)}
    sources = category("source")
    untimed = (rows["time"] == NO_TIME) & (np.array(sources) == SOURCES["commit"])
    members_of = [set(rows["repos"][plan.split[kept] == number].tolist()) for number in range(len(SPLITS))]
    mined = np.array([not name.startswith(PROMPT_GROUP) for name in names["repos"]], bool)
    mined_numbers = set(np.flatnonzero(mined).tolist())
    return {
        "rows_expanded": len(entries),
        "rows_dropped_for_time": int(outside.sum()),
        "rows_in_no_period": int((outside & _in_no_period(entries["time"], plan.limits)).sum()),
        "repositories_in_several_splits": sum(map(len, members_of)) - len(set().union(*members_of)),
        "times": {name: _time_range(rows["time"][plan.split[kept] == number]) for number, name in enumerate(SPLITS)},
        "files": file_counts(plan, settings.rows_per_file),
        "splits": {name: split_names.count(name) for name in SPLITS},
        "repositories": {name: len(members & mined_numbers) for name, members in zip(SPLITS, members_of, strict=True)},
        "prompt_groups": len(plan.assigned) - len(named),
        "time_cutoff": plan.limits.cutoff,
        "time_limits": dataclasses.asdict(plan.limits),
        "commits_without_time": int(untimed.sum()),
        "criterion": {
            short: criteria.count(short) for short in CRITERION_NAMES if is_criterion(short) or short in present
        },
        "criterion_language": table(criteria, languages) if len(rows) else {},
        "criterion_split": table(criteria, split_names) if len(rows) else {},
        "cell_split": table(criteria, languages, split_names) if len(rows) else {},
        "language": table(languages) if len(rows) else {},
        "language_split": table(languages, split_names) if len(rows) else {},
        "source": table(sources) if len(rows) else {},
        "instruction_source": table(category("instruction_source")) if len(rows) else {},
        "license": table(category("license")) if len(rows) else {},
        "task": table(category("task")) if len(rows) else {},
        "rows_with_tests": int(rows["tests"].sum()),
        "license_repositories": _repositories_of(rows, names, mined),
        "largest_repositories": _largest(rows, names, mined),
        "windows": table(*cut) if any(cut) else {},
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
