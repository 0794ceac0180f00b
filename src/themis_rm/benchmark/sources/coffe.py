"""COFFE: contest, MBPP and HumanEval problems with all their solutions, one of them called the best."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.source import SOURCES, BenchmarkSource, UnusableRecord, read_text
from themis_rm.errors import InputError
from themis_rm.storage.digests import stable_id

_PARTS = ("deepmind_code_contests", "mbpp", "openai_humaneval")


def _read(folder: Path) -> Iterator[UnusableRecord]:
    """Yield why each problem gives no pair.

    A part of the problems has one solution alone. For the others upstream stores which one it calls the best, but no
    measurement: neither by how much nor against which.
    """
    for part in _PARTS:
        solutions = _mapping(folder / part / "solutions.json").get("prompt2groundtruth")
        if not isinstance(solutions, dict):
            raise InputError(f"{folder / part / 'solutions.json'} lacks prompt2groundtruth.")
        for request, best in _mapping(folder / part / "best_solutions.json").items():
            others = [code for code, _ in solutions.get(request, []) if code != best[0]]
            yield UnusableRecord(f"{part}/{stable_id(request)}", "no-measured-gap" if others else "one-side-only")


def _mapping(path: Path) -> dict[str, Any]:
    try:
        held = json.loads(read_text(path))
    except ValueError as error:
        raise InputError(f"Cannot read {path}: {error}.", "Fetch the source's files again.") from error
    if not isinstance(held, dict):
        raise InputError(f"{path} is no JSON object.", "Fetch the source's files again.")
    return held


SOURCES.register(
    BenchmarkSource(
        name="coffe",
        title="COFFE",
        subset="COFFE",
        license="Apache-2.0",
        criteria=(),
        languages=(),
        prompts="upstream",
        responses="people: accepted contest submissions; reference solutions",
        tests=False,
        citation=(
            "Yun Peng, Jun Wan, Yichen Li and Xiaoxue Ren (2025). COFFE: A Code Efficiency Benchmark for Code "
            "Generation. FSE 2025, arXiv:2502.02827"
        ),
        upstream="github:JohnnyPeng18/Coffe",
        revision="7979acb4f2b11cba6c81f3149f64f14a7931955f",
        files=tuple(f"datasets/{part}/{{solutions,best_solutions}}.json" for part in _PARTS),
        read=_read,
        notes=(
            "Gives no pairs. MBPP and HumanEval have one solution a problem. We ran a sample of the contest problems "
            "on upstream's own stress tests: the solution that it calls the best was seldom the fastest, so that the "
            "name is no label."
        ),
    )
)
