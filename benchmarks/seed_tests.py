"""How often the tests of an ablation find a difference between two recipes that are equal, or 8 points apart.

Pairs differ in difficulty, and each trained model differs from its recipe's accuracy by a normal draw. Each line is for
a number of seeds and a standard deviation of these draws: the share of 200 simulated ablations of 400 pairs in which
``p_pairs`` and ``p_value`` are below 0.05, first with equal recipes, then with recipes 8 points apart::

    python benchmarks/seed_tests.py
"""

from __future__ import annotations

import numpy as np

from themis_rm.evaluation.seed_comparison import compare_recipes
from themis_rm.records import PairScore

REPETITIONS, PAIRS, ACCURACY, EFFECT = 200, 400, 0.62, 0.08


def scored(outcomes: np.ndarray) -> list[PairScore]:
    """Return a run with these outcomes, 1 or 0."""
    common = {"language": "", "aspect": "", "subset": "", "status": "ok", "note": "", "chosen_length": 1}
    return [
        PairScore(
            id=str(number),
            chosen_score=float(outcome),
            rejected_score=0.5,
            correct=bool(outcome),
            score_diff=outcome - 0.5,
            rejected_length=1,
            **common,
        )
        for number, outcome in enumerate(outcomes.tolist())
    ]


def shares(seeds: int, deviation: float, effect: float) -> np.ndarray:
    """Return the shares of simulated ablations with ``p_pairs`` and with ``p_value`` below 0.05."""
    rng = np.random.default_rng(0)
    found = np.zeros(2)
    for _ in range(REPETITIONS):
        difficulty = 0.15 * rng.normal(size=PAIRS)
        recipes = []
        for accuracy in (ACCURACY + effect, ACCURACY):
            models = accuracy + rng.normal(0, deviation, size=(seeds, 1)) + difficulty
            recipes.append([scored(row) for row in rng.random((seeds, PAIRS)) < models])
        result = compare_recipes(recipes[0], recipes[1], 0.95)
        found += [result.p_pairs < 0.05, (result.p_value or 0.0) < 0.05]
    return found / REPETITIONS


if __name__ == "__main__":
    print("seeds  std  equal: p_pairs  p_value   8 points: p_pairs  p_value")
    for seeds in (2, 3, 5):
        for deviation in (0.0, 0.02, 0.05):
            values = [*shares(seeds, deviation, 0.0), *shares(seeds, deviation, EFFECT)]
            print(f"{seeds}  {deviation:.2f}  " + "  ".join(f"{value:.3f}" for value in values), flush=True)
