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

from themis_rm.messages import is_unicode
from themis_rm.records import text_fault
from themis_rm.storage.json_lines import BadLine, read_json_lines

CONTRADICTION = "candidate-with-contradicting-verdict"


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
        marks: What is doubtful about the outcomes of candidates of the row, one slug per candidate; those marked
            :data:`CONTRADICTION` are not among the candidates.
    """

    id: str
    language: str
    prompt: str
    candidates: tuple[str, ...]
    passed: tuple[int, ...]
    failed: tuple[int, ...]
    correct: tuple[bool, ...]
    rewards: tuple[float | None, ...] = ()
    marks: tuple[str, ...] = ()

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
        and ``rewards``; ``problem`` and ``candidates`` are accepted for ``description`` and ``completions``. A
        candidate that is said to be correct against its counts is excluded; one that is said to be wrong although no
        test ran, or all tests passed, is used as wrong and counted.
        """
        texts = _parse_texts(row)
        if isinstance(texts, str):
            return texts
        prompt, candidates = texts
        outcomes = _parse_outcomes(row, len(candidates))
        if isinstance(outcomes, str):
            return outcomes
        rewards = _parse_rewards(row, len(candidates))
        if isinstance(rewards, str):
            return rewards
        marks = [_mark(*outcome) for outcome in outcomes]
        kept = [index for index, mark in enumerate(marks) if mark != CONTRADICTION]
        if not kept:
            return CONTRADICTION
        language = row.get("language")
        return cls(
            str(row["id"]),
            language if isinstance(language, str) else "",
            prompt,
            tuple(candidates[index] for index in kept),
            tuple(outcomes[index][0] for index in kept),
            tuple(outcomes[index][1] for index in kept),
            tuple(outcomes[index][2] for index in kept),
            tuple(rewards[index] for index in kept) if rewards else (),
            tuple(mark for mark in marks if mark),
        )


Outcome = tuple[int, int, bool]
"""Tests passed, tests failed, and verdict of a candidate."""


def _parse_texts(row: Any) -> tuple[str, list[str]] | str:
    """Return the problem statement and the candidates of a row, or a reason why it has none."""
    if not isinstance(row, dict):
        return "not-a-mapping"
    values = {"description": row.get("description", row.get("problem"))}
    fault = text_fault(values, values) or ("missing-id" if row.get("id") is None else None)
    if fault:
        return fault
    candidates = row.get("completions", row.get("candidates"))
    if not isinstance(candidates, list):
        return "completions-is-not-list"
    if not candidates:
        return "no-candidates"
    texts = [values["description"], *candidates]
    return (texts[0], candidates) if all(isinstance(t, str) and is_unicode(t) for t in texts) else "not-text"


def _parse_outcomes(row: dict[str, Any], candidates: int) -> list[Outcome] | str:
    """Return the outcome of each candidate, or a reason why the values are not outcomes."""
    lists: list[Any] = [row.get(name) for name in ("num_passed", "num_failed", "final_verdict")]
    if not all(isinstance(values, list) and len(values) == candidates for values in lists):
        return "unequal-lengths"
    outcomes: list[Outcome] = []
    for passed, failed, verdict in zip(*lists, strict=True):
        plus, minus = _whole(passed), _whole(failed)
        if plus is None or minus is None or min(plus, minus) < 0:
            return "not-a-count"
        flag = int(verdict) if isinstance(verdict, bool) else _whole(verdict)
        if flag not in {0, 1}:
            return "not-a-verdict"
        outcomes.append((plus, minus, bool(flag)))
    return outcomes


def _parse_rewards(row: dict[str, Any], candidates: int) -> list[float | None] | str:
    """Return the reward of each candidate, nothing for a row without rewards, or why the values are not rewards."""
    rewards = row.get("rewards") or []
    if not isinstance(rewards, list) or len(rewards) not in {0, candidates}:
        return "unequal-lengths"
    if not all(value is None or _is_number(value) for value in rewards):
        return "not-a-reward"
    return [None if value is None or not math.isfinite(value) else float(value) for value in rewards]


def _mark(passed: int, failed: int, verdict: bool) -> str:
    """Return what is doubtful about an outcome, as a slug; empty for nothing."""
    if verdict:
        return CONTRADICTION if failed or not passed else ""
    if failed:
        return ""
    return "candidate-wrong-though-tests-passed" if passed else "candidate-without-tests"


def _whole(value: Any) -> int | None:
    """Return a whole number, which pandas may write as ``3.0``, as ``int``; ``None`` for anything else."""
    return int(value) if _is_number(value) and float(value).is_integer() else None


def _is_number(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 2**63
    return isinstance(value, float)


def read_problems(path: Path, rejected: Counter[str]) -> Iterator[Problem]:
    """Stream the problems of a JSONL file; unusable lines and candidates are counted by reason in ``rejected``.

    Raises:
        InputError: The file cannot be read.
    """
    seen: set[str] = set()
    for _, value in read_json_lines(path):
        problem = "not-json" if isinstance(value, BadLine) else Problem.parse(value)
        if isinstance(problem, str):
            rejected[problem] += 1
        elif problem.id in seen:
            rejected["duplicate-id"] += 1
        else:
            seen.add(problem.id)
            rejected.update(problem.marks)
            yield problem
