"""Score responses on several criteria and rank candidates.

Usage: python examples/score.py [MODEL]

MODEL is a checkpoint directory, a hub id or a baseline; by default the length baseline, which needs no download.
"""

import sys

import themis_rm

PROMPT = "Write a Python function that returns the n-th Fibonacci number."

RECURSIVE = "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n"
ITERATIVE = "def fib(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n"
OFF_BY_ONE = "def fib(n):\n    a, b = 0, 1\n    for _ in range(n - 1):\n        a, b = b, a + b\n    return a\n"


def main(model: str) -> None:
    """Score, compare and rank three responses."""
    scorer = themis_rm.load(model)

    scores = scorer.score(PROMPT, ITERATIVE)
    print(scores)

    table = scorer.score(PROMPT, [RECURSIVE, ITERATIVE, OFF_BY_ONE], criteria=["FC", "EE"])
    for name, row in zip(["recursive", "iterative", "off by one"], table, strict=True):
        print(f"{name:12} {row.summary()}")

    ranking = scorer.rank(PROMPT, [RECURSIVE, ITERATIVE, OFF_BY_ONE], weights={"FC": 2, "EE": 1})
    print(ranking)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "length")
