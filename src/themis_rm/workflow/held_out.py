"""Held-out pairs of a run: a sample of the validation split of its dataset, as a benchmark."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from themis_rm.benchmark.pairs import to_benchmark_pair
from themis_rm.dataset.adapters import PreferencePair
from themis_rm.dataset.preferences import PreferenceReader
from themis_rm.evaluation.evaluate import BEYOND_LIMIT, RESULTS, EvaluateSettings, evaluate
from themis_rm.pipeline import StageReport
from themis_rm.records import BenchmarkPair
from themis_rm.storage.digests import stable_id
from themis_rm.storage.parquet import write_rows
from themis_rm.storage.splits import find_split_files

PAIRS = "held-out.parquet"
"""File with the sample, in the output directory of an evaluation."""
T = TypeVar("T")


def evaluate_held_out(
    model: str | Path, dataset: Path, max_pairs: int, to: Path, settings: EvaluateSettings
) -> StageReport:
    """Evaluate a model on held-out pairs of a dataset.

    Args:
        model: Checkpoint directory or name.
        dataset: Output directory of ``assemble``.
        max_pairs: Most pairs to evaluate on.
        to: Output directory; an interrupted evaluation resumes from it.
        settings: Settings of the evaluation. ``limit`` and ``verified`` are not used: these pairs have no tests.

    Returns:
        The report of the evaluation; all zero if the dataset has no validation split.
    """
    files = find_split_files(dataset).validation
    rows = (result for result, _, _ in PreferenceReader(files).pairs()) if files else iter(())
    usable = (pair for pair in rows if isinstance(pair, PreferencePair))
    sample, left_out = sample_equally(usable, max_pairs, _group, _order)
    pairs = [to_benchmark_pair(pair, "themis") for pair in sample]
    if not write_rows(to / PAIRS, pairs, BenchmarkPair.schema()):
        return StageReport("held-out")
    results = evaluate(model, to / PAIRS, to, settings.model_copy(update={"limit": None, "verified": "any"}))
    report = StageReport.load(to)
    if left_out and results.counts is not None:
        read = results.counts.read + left_out
        counts = results.counts.model_copy(update={"read": read, "beyond_limit": left_out})
        results.model_copy(update={"counts": counts}).save(to / RESULTS)
        report.read, report.dropped = read, report.dropped | {BEYOND_LIMIT: left_out}
    return report


def _group(pair: PreferencePair) -> str:
    return f"{pair.subset}\0{pair.aspect}\0{pair.language}"


def _order(pair: PreferencePair) -> int:
    return int(stable_id(str(pair.prompt), str(pair.chosen), str(pair.rejected)), 16)


def sample_equally(
    items: Iterable[T], size: int, group: Callable[[T], str], order: Callable[[T], int]
) -> tuple[list[T], int]:
    """Return a sample with equally many items of each group, as far as there are enough, and the number of the others.

    Of a group, the items that come first in an order are taken. One item more than the sample is in memory at a time.

    Args:
        items: The items, streamed.
        size: Largest number of items of the sample.
        group: Returns the group of an item.
        order: Returns a number by which the items of a group are ordered.

    Returns:
        The sample, sorted by group and order, and the number of items that are not in it.
    """
    # A heap of the items of each group, the last one in the order on top.
    heaps: dict[str, list[tuple[int, int, T]]] = {}
    taken = left_out = 0
    for number, item in enumerate(items):
        heapq.heappush(heaps.setdefault(group(item), []), (-order(item), -number, item))
        if taken < size:
            taken += 1
            continue
        largest = max(heaps, key=lambda name: (len(heaps[name]), name))
        heapq.heappop(heaps[largest])
        left_out += 1
    return [item for name in sorted(heaps) for _, _, item in sorted(heaps[name], reverse=True)], left_out
