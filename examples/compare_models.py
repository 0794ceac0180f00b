"""Evaluate models on the built-in benchmark and compare them.

Usage: python examples/compare_models.py OUTPUT_DIRECTORY [MODEL...]

By default, the length and the random baseline are compared.
"""

import sys
from pathlib import Path

import themis_rm


def main(out: Path, models: list[str]) -> None:
    """Evaluate each model, then print and save a leaderboard."""
    for model in models:
        results = themis_rm.evaluate(model, "authored", out / Path(model).name, prompts="own")
        print(results)
    board = themis_rm.leaderboard([out / Path(model).name for model in models], benchmark="authored")
    print(board)
    for row in board.records():
        print(f"  {row}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["length", "random"])
