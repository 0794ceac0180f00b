"""Choosing and making the edits: seeded, checked by a second parse, balanced in length."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from themis_rm.curation.inject.edits import Edit
from themis_rm.curation.inject.operators import OPERATORS, Operator
from themis_rm.curation.inject.tree import CodeTree
from themis_rm.errors import SettingError, did_you_mean
from themis_rm.languages.syntax import code_tokens, error_count, parse, to_text

GROWTH_SHARES = {1: 0.42, -1: 0.38, 0: 0.2}
"""How often the bugged code shall be longer, shorter, as long: drawn first, so that length does not tell the label.

Fewer sites can grow than shrink, so growing is asked for more often than half of the time; where no edit of the drawn
kind fits, one of the others is taken.
"""

_AGAIN = 0.25  # an operator that was used on a piece of code is that much less likely to be used on it again


@dataclass(frozen=True, slots=True)
class Injection:
    """A piece of code with one bug in it.

    Attributes:
        code: The code.
        operator: Name of the operator that put the bug in.
        criterion: Short name of the criterion on which the code is worse now.
        line: 1-based line of the first difference.
        growth: By how many bytes it is longer than the original.
    """

    code: str
    operator: str
    criterion: str
    line: int
    growth: int


def inject(
    code: str,
    language: str,
    *,
    seed: str,
    count: int = 1,
    kinds: Collection[str] | None = None,
    weights: Mapping[str, float] | None = None,
) -> list[Injection]:
    """Put bugs into a piece of code, one into each of several copies of it.

    The same arguments give the same bugs. Only the bytes of an edit change; the result parses with no more errors than
    the original and differs from it in more than layout and comments.

    Args:
        code: A function, or any piece of code.
        language: Any name of its language.
        seed: Seed of the draws.
        count: Most copies; fewer come back where fewer edits fit.
        kinds: Names of the operators to draw from; all that harm functional correctness if not given.
        weights: Operator name -> weight, in place of the table's.

    Raises:
        SettingError: The language or an operator is unknown, or a weight is negative.
    """
    rows = chosen_operators(kinds, weights)
    view = CodeTree(code, language)
    sites = {row.name: _sites(row, view) for row in rows}
    left = {row.name: row.weight for row in rows if sites[row.name] and row.weight > 0}
    criteria = {row.name: row.criterion for row in rows}
    rng = random.Random(seed)
    errors = error_count(view.fragment.tree)
    tokens: list[str] | None = None
    made: list[Injection] = []
    seen = {code}
    while left and len(made) < count:
        name, edit = _draw(rng, sites, left)
        source = edit.apply(view.data)
        end = len(source) - (len(view.data) - view.fragment.end)
        changed = to_text(source[view.fragment.start : end])
        tokens = code_tokens(code, language) if tokens is None else tokens
        if changed in seen or error_count(parse(source, language)) > errors or code_tokens(changed, language) == tokens:
            continue
        seen.add(changed)
        made.append(Injection(changed, name, criteria[name], _first_line(code, changed), edit.growth))
        if name in left:
            left[name] *= _AGAIN
    return made


def chosen_operators(kinds: Collection[str] | None, weights: Mapping[str, float] | None) -> list[Operator]:
    """Return the rows of the operators that are asked for, with the weights that are asked for.

    Raises:
        SettingError: A name is unknown or a weight negative.
    """
    known = {row.name: row for row in OPERATORS}
    for name in [*(kinds or ()), *(weights or ())]:
        if name not in known:
            raise SettingError(f"Unknown bug operator '{name}'.", did_you_mean(name, known))
    for name, weight in (weights or {}).items():
        if weight < 0:
            raise SettingError(f"The weight of bug operator '{name}' is negative.")
    rows = [row for row in OPERATORS if (row.criterion == "FC" if kinds is None else row.name in kinds)]
    return [Operator(row.name, row.criterion, (weights or {}).get(row.name, row.weight), row.propose) for row in rows]


def _sites(row: Operator, view: CodeTree) -> list[Edit]:
    start, end = view.fragment.start, view.fragment.end
    edits = dict.fromkeys(row.propose(view))
    return [edit for edit in edits if start <= edit.start <= edit.end <= end]


def _draw(rng: random.Random, sites: dict[str, list[Edit]], left: dict[str, float]) -> tuple[str, Edit]:
    """Draw a direction of growth, then an operator, then one of its edits, and take that edit off the list."""
    by_growth: dict[int, dict[str, list[Edit]]] = {}
    for name in left:
        for edit in sites[name]:
            by_growth.setdefault(_sign(edit.growth), {}).setdefault(name, []).append(edit)
    signs = sorted(by_growth)
    sign = rng.choices(signs, [GROWTH_SHARES[s] for s in signs])[0]
    names = list(by_growth[sign])
    name = rng.choices(names, [left[n] for n in names])[0]
    edit = rng.choice(by_growth[sign][name])
    sites[name].remove(edit)
    if not sites[name]:
        del left[name]
    return name, edit


def _sign(growth: int) -> int:
    return (growth > 0) - (growth < 0)


def _first_line(before: str, after: str) -> int:
    line = 1
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        line += old == "\n"
    return line
