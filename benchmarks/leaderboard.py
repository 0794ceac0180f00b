"""Time the leaderboard by parts: python benchmarks/leaderboard.py FOLDER_OF_RUNS.

Prints seconds by the clock and of work for reading the score files, computing the board (intervals, all paired tests,
groups) and writing it as JSON; start-up is the time of the imports.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path


def main(folder: Path) -> None:
    """Print a line for each part."""
    marks = [("", time.perf_counter(), time.process_time())]

    def done(part: str) -> None:
        marks.append((part, time.perf_counter(), time.process_time()))

    from themis_rm.evaluation.leaderboard.board import LeaderboardSettings, build_leaderboard

    from themis_rm.evaluation.leaderboard.runs import read_runs

    done("start-up")
    runs = read_runs([], folder)
    done("read")
    board = build_leaderboard(runs, LeaderboardSettings())
    done("compute")
    size = len(board.to_json())
    done("write")
    for (_, clock, work), (part, later, more) in pairwise(marks):
        print(f"{part:<10}{later - clock:6.2f} s by the clock{more - work:6.2f} s of work")
    tests = sum(len(item.p_value) for item in board.comparisons)
    pairs = sum(int(n) for n in board.accuracies.n[:, 0])
    print(f"{board.scored} runs, {pairs:,} pair scores, {board.accuracies.n.size:,} intervals, {tests:,} paired tests")
    print(f"{size:,} bytes of JSON")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
