"""Problems with measured solutions: contest submissions and LLM completions of varying efficiency."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from themis_rm.dataset.adapters import FORMATS, PreferenceFormat, PreferencePair, UnusableRowError
from themis_rm.dataset.adapters.columns import TEXT_OR_MESSAGES, ColumnKind
from themis_rm.dataset.adapters.facts import MEASURES
from themis_rm.dataset.adapters.pair import Results, label_of, name_of, number_of, pair_of, prompt_of, text_of

_RECORDS = frozenset({ColumnKind.OTHER})


class Solutions(PreferenceFormat):
    """The solutions that pass, paired by run time and by memory: the best with the worst, the second with the next.

    So each solution is in at most one pair of a criterion, and the pairs of a problem are the widest that allow it. The
    setting ``min_efficiency_ratio`` decides which of them are wide enough.
    """

    name = "solutions"
    required: ClassVar = {"prompt": TEXT_OR_MESSAGES, "solutions": _RECORDS}
    about = "prompt, solutions as a list of code with runtime or memory, and passed (measured solutions)"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pairs of a row, which share a group.

        Raises:
            UnusableRowError: Fewer than two solutions pass and are measured.
        """
        name, prompt = name_of(row, "id", "idx", "problem_id"), prompt_of(row, "prompt")
        found = False
        for short, measure in MEASURES.items():
            ordered = sorted(_measured(row, measure))
            for number in range(len(ordered) // 2):
                (best, chosen), (worst, rejected) = ordered[number], ordered[-1 - number]
                if chosen == rejected:
                    continue
                found = True
                yield pair_of(
                    prompt,
                    [{"role": "assistant", "content": chosen}],
                    [{"role": "assistant", "content": rejected}],
                    id=f"{name}:{short}:{number}" if name else "",
                    group=name,
                    language=label_of(row, "language", "lang"),
                    aspect=short,
                    subset=name_of(row, "subset", "source", "dataset"),
                    gain=worst / best,
                    results=Results.EQUAL,
                )
        if not found:
            raise UnusableRowError("no-two-measured-solutions")


def _measured(row: Mapping[str, Any], measure: str) -> Iterator[tuple[float, str]]:
    """Yield measurement and code of the solutions that pass; without ``passed``, of all."""
    solutions = row.get("solutions")
    if not isinstance(solutions, list) or not all(isinstance(one, dict) for one in solutions):
        raise UnusableRowError("solutions-is-not-a-list-of-records")
    for solution in solutions:
        value, passed = number_of(solution, measure), number_of(solution, "passed")
        if value is not None and value > 0 and passed in (None, 1):
            yield value, text_of(solution, "code")


FORMATS.register(Solutions())
