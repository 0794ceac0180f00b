"""Problems with many candidate programs each, read from a JSON Lines file."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from themis_rm.errors import InputError
from themis_rm.models.protocol import is_unicode
from themis_rm.storage.json_text import parse_json


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with its candidates.

    Attributes:
        id: Unique id.
        language: Programming language as in the file.
        prompt: Problem statement.
        candidates: Programs, shape ``[candidates]``.
        passed: Number of passed tests of each candidate.
        failed: Number of failed tests of each candidate.
        correct: Whether each candidate counts as correct.
        rewards: Reward of each candidate, ``None`` for a missing one; empty if the file has no rewards.
    """

    id: str
    language: str
    prompt: str
    candidates: tuple[str, ...]
    passed: tuple[int, ...]
    failed: tuple[int, ...]
    correct: tuple[bool, ...]
    rewards: tuple[float | None, ...] = ()

    @property
    def pass_rates(self) -> NDArray[np.float64]:
        """Return the pass rates, shape ``[candidates]``; 0 for a candidate without tests."""
        passed, failed = np.array(self.passed, float), np.array(self.failed, float)
        total = passed + failed
        return np.divide(passed, total, out=np.zeros_like(total), where=total > 0)

    @classmethod
    def parse(cls, row: Any) -> Self | str:
        """Parse a row of the published format; return the problem, or a reason why the row is not one.

        Columns: ``id, description, completions, num_passed, num_failed, final_verdict``, and optionally ``language``
        and ``rewards``; ``problem`` and ``candidates`` are accepted for ``description`` and ``completions``.
        """
        if not isinstance(row, dict):
            return "not-a-mapping"
        prompt = row.get("description", row.get("problem"))
        candidates = row.get("completions", row.get("candidates"))
        if not isinstance(prompt, str) or not isinstance(candidates, list) or "id" not in row:
            return "missing-value"
        if not candidates:
            return "no-candidates"
        if not all(isinstance(text, str) and is_unicode(text) for text in [prompt, *candidates]):
            return "not-text"
        counts = [row.get(name) for name in ("num_passed", "num_failed")]
        verdict = row.get("final_verdict")
        for values in (*counts, verdict, row.get("rewards") or candidates):
            if not isinstance(values, list) or len(values) != len(candidates):
                return "unequal-lengths"
        if not all(_is_count(value) for values in counts for value in values or ()):
            return "not-a-count"
        if not all(isinstance(value, bool) or value in {0, 1} for value in verdict or ()):
            return "not-a-verdict"
        rewards = row.get("rewards") or []
        if not all(
            value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in rewards
        ):
            return "not-a-reward"
        return cls(
            str(row["id"]),
            str(row.get("language", "")),
            prompt,
            tuple(candidates),
            tuple(counts[0] or ()),
            tuple(counts[1] or ()),
            tuple(map(bool, verdict or ())),
            tuple(None if value is None or not math.isfinite(value) else float(value) for value in rewards),
        )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def read_problems(path: Path, rejected: Counter[str]) -> Iterator[Problem]:
    """Stream the problems of a JSONL file; unusable lines are counted by reason in ``rejected``.

    Raises:
        InputError: The file cannot be read.
    """
    seen: set[str] = set()
    try:
        with path.open("rb") as handle:
            for line in handle:
                if not line.strip():
                    continue
                try:
                    problem = Problem.parse(parse_json(line))
                except ValueError:
                    problem = "not-json"
                if isinstance(problem, str):
                    rejected[problem] += 1
                elif problem.id in seen:
                    rejected["duplicate-id"] += 1
                else:
                    seen.add(problem.id)
                    yield problem
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
