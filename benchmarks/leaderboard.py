"""Measure the parts of the leaderboard: python benchmarks/leaderboard.py DIRECTORY_OF_RUNS.

Prints wall-clock and CPU seconds for imports, reading the score files, computing (intervals, all paired tests, groups)
and writing JSON.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path


def main(folder: Path) -> None:
    """Print one line per part."""
    marks = [("", time.perf_counter(), time.process_time())]

    def done(part: str) -> None:
        marks.append((part, time.perf_counter(), time.process_time()))

    from themis_rm.evaluation.leaderboard.build import build_leaderboard
    from themis_rm.evaluation.leaderboard.result import LeaderboardSettings
    from themis_rm.evaluation.leaderboard.runs import read_runs

    done("imports")
    runs = read_runs([], folder)
    done("read")
    board = build_leaderboard(runs, LeaderboardSettings())
    done("compute")
    size = len(board.to_json())
    done("write")
    for (_, clock, work), (part, later, more) in pairwise(marks):
        print(f"{part:<10}{later - clock:6.2f} s wall clock{more - work:6.2f} s CPU")
    tests = sum(len(item.p_value) for item in board.comparisons)
    pairs = sum(int(n) for n in board.accuracies.n[:, 0])
    print(f"{board.scored} runs, {pairs:,} pair scores, {board.accuracies.n.size:,} intervals, {tests:,} paired tests")
    print(f"{size:,} bytes of JSON")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
