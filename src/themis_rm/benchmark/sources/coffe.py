"""COFFE: contest, MBPP and HumanEval problems with all their solutions, one of which is labeled the best."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.source import DOWNLOAD_HINT, SOURCES, BenchmarkSource, UnusableRecord, read_json
from themis_rm.errors import InputError
from themis_rm.storage.digests import stable_id

_PARTS = ("deepmind_code_contests", "mbpp", "openai_humaneval")


def _read(directory: Path) -> Iterator[UnusableRecord]:
    """Yield a reason for each problem.

    Some problems have only one solution. For the others upstream stores which solution is the best, but no
    measurements.
    """
    for part in _PARTS:
        solutions = _read_mapping(directory / part / "solutions.json").get("prompt2groundtruth")
        if not isinstance(solutions, dict):
            raise InputError(f"{directory / part / 'solutions.json'} lacks prompt2groundtruth.", DOWNLOAD_HINT)
        for prompt, best in _read_mapping(directory / part / "best_solutions.json").items():
            others = [code for code, _ in solutions.get(prompt, []) if code != best[0]]
            yield UnusableRecord(f"{part}/{stable_id(prompt)}", "no-measured-gap" if others else "one-side-only")


def _read_mapping(path: Path) -> dict[str, Any]:
    value = read_json(path)
    if not isinstance(value, dict):
        raise InputError(f"{path} is not a JSON object.", DOWNLOAD_HINT)
    return value


SOURCES.register(
    BenchmarkSource(
        name="coffe",
        title="COFFE",
        subset="COFFE",
        license="Apache-2.0",
        criteria=(),
        languages=(),
        prompts="upstream",
        responses="people; accepted contest submissions and reference solutions",
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
            "Yields no pairs. MBPP and HumanEval have one solution per problem. For a sample of the contest problems, "
            "measured on upstream's stress tests, the solution labeled the best was rarely the fastest, so that the "
            "label cannot be used."
        ),
    )
)
