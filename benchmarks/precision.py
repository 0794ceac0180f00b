"""Scoring in bfloat16 against float32: how rewards and their order change, and how long both take.

    python benchmarks/precision.py MODEL DATASET [--pairs 200] [--threads 2]

Scores the same pairs with padded batches in float32 (what a plain loop does), with packed batches in float32, and with
packed batches in bfloat16. Prints the largest and the mean difference of rewards to float32, in standard deviations of
the rewards too, the pairs whose order changes, and the times.
"""

from __future__ import annotations

import argparse
import statistics
import time
from itertools import islice
from typing import Any

import torch

from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.records import pair_conversations
from themis_rm.training.splits import find_splits

RUNS: dict[str, dict[str, Any]] = {
    "padded float32": {"dtype": "float32", "share_prefixes": False},
    "packed float32": {"dtype": "float32"},
    "packed bfloat16": {"dtype": "bfloat16"},
}


def main() -> None:
    """Print one line per run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("dataset")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = list(islice(find_splits(options.dataset, 0.0).rows("train"), options.pairs))
    talks = [talk for row in rows for talk in pair_conversations(row, row["system"], row["input"])]
    reference: list[float] = []
    base = 0.0
    print(f"{len(rows)} pairs, {options.threads} threads")
    for name, settings in RUNS.items():
        model = load_model(options.model, ModelSettings(device="cpu", **settings))
        model.score(talks[:2])
        started = time.perf_counter()
        rewards = [score.reward if score.reward is not None else float("nan") for score in model.score(talks)]
        seconds = time.perf_counter() - started
        base, reference = base or seconds, reference or rewards
        print(f"{name:16}  {seconds:7.1f} s  {base / seconds:5.2f}x  {describe(rewards, reference)}", flush=True)


def describe(rewards: list[float], reference: list[float]) -> str:
    """Return the differences of rewards, chosen and rejected in turn, to those of the first run."""
    differences = [abs(one - other) for one, other in zip(rewards, reference, strict=True)]
    deviation = statistics.pstdev(reference)
    margins = [[values[i] - values[i + 1] for i in range(0, len(values), 2)] for values in (rewards, reference)]
    flips = sum(one * other < 0 for one, other in zip(*margins, strict=True))
    correct = sum(margin > 0 for margin in margins[0]) / len(margins[0])
    return (
        f"difference: mean {statistics.mean(differences):.2g}, largest {max(differences):.2g} "
        f"({max(differences) / deviation:.2g} standard deviations); {flips} of {len(margins[0])} pairs change order; "
        f"{100 * correct:.1f} % correct"
    )


if __name__ == "__main__":
    main()
