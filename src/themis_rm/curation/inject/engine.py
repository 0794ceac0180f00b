"""Seeded choice of bugs: a second parse and rules of compilers check each edit, and growth in length is balanced."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from themis_rm.curation.inject.compile_errors import count_errors
from themis_rm.curation.inject.edits import SourceEdit
from themis_rm.curation.inject.operators import OPERATORS, BugOperator, list_operators
from themis_rm.curation.inject.tree import CodeTree
from themis_rm.curation.inject.weights import Weights, measured_growth, operator_weights
from themis_rm.languages.syntax import code_tokens, error_count, parse, to_text

GROWTH_SHARES = {1: 0.42, -1: 0.38, 0: 0.2}
"""Sign of the growth in length -> its share. It is drawn first, so that length does not predict the label.

Fewer sites can grow than shrink, so growth has the larger share; signs without an edit are left out of the draw.
"""

_MOST_DRAWS = 100
"""Draws per copy: each draw parses the code, which is slow for a generated function with thousands of terms."""
_LONGEST_EDIT = 10_000
"""Most bytes that an edit inserts: operands of a deep expression overlap, so that longer ones could fill the memory."""
_REPEAT_FACTOR = 0.25  # of an operator's weight, each time that it was used on a piece of code


@dataclass(frozen=True, slots=True)
class Injection:
    """A piece of code with one bug in it.

    Attributes:
        code: The code.
        operator: Name of the operator that made the bug.
        criterion: Short name of the criterion on which the code is worse than the original.
        line: 1-based line of the first difference.
        growth: By how many bytes the code is longer than the original.
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
    operators: Collection[str] | None = None,
    weights: Weights | Mapping[str, float] = "frequency",
    balance_length: bool = True,
) -> list[Injection]:
    """Inject bugs into copies of a piece of code, one bug per copy.

    The result is a function of the arguments. Only the bytes of an edit change; a copy parses with no more errors than
    the original and differs from it in more than layout and comments.

    Args:
        code: A function, or any piece of code.
        language: Any name of its language.
        seed: Seed of the draws.
        count: Maximum number of copies; there are fewer if fewer edits fit.
        operators: Names of the operators to draw from; ``None`` for all that harm functional correctness.
        weights: How often each operator is drawn among those that fit.
        balance_length: Whether the code becomes longer about as often as shorter, so that length does not predict which
            version has the bug; otherwise as often as in real bugs.

    Returns:
        The copies, in the order of the draws.

    Raises:
        SettingError: The language or an operator is unknown, or a weight is negative.
        MissingPartError: The language does not support injection.
    """
    selected = select_operators(operators)
    of_operator = operator_weights(selected, weights)
    tree = CodeTree(code, language)
    sites = {operator.name: _find_sites(operator, tree) for operator in selected}
    weight_left = {name: weight for name, weight in of_operator.items() if sites[name] and weight > 0}
    criteria = {operator.name: operator.criterion for operator in selected}
    rng = random.Random(seed)
    shares = GROWTH_SHARES if balance_length else measured_growth(selected[0].criterion if selected else "FC")
    errors = error_count(tree.fragment.tree)
    rules: Counter[str] | None = None
    tokens: list[str] | None = None
    injections: list[Injection] = []
    seen = {code}
    for _ in range(_MOST_DRAWS * count):
        if not weight_left or len(injections) == count:
            break
        name, edit = _draw(rng, sites, weight_left, shares)
        source = edit.apply(tree.data)
        end = len(source) - (len(tree.data) - tree.fragment.end)
        changed = to_text(source[tree.fragment.start : end])
        tokens = code_tokens(code, language) if tokens is None else tokens
        if changed in seen or error_count(parse(source, language)) > errors or code_tokens(changed, language) == tokens:
            continue
        rules = count_errors(tree) if rules is None else rules
        if tree.grammar.compile_errors and count_errors(CodeTree(changed, language)) - rules:
            continue
        seen.add(changed)
        injections.append(Injection(changed, name, criteria[name], _first_different_line(code, changed), edit.growth))
        if name in weight_left:
            weight_left[name] *= _REPEAT_FACTOR
    return injections


def select_operators(names: Collection[str] | None) -> list[BugOperator]:
    """Return operators by name.

    Args:
        names: Names of operators; ``None`` for all that harm functional correctness.

    Raises:
        SettingError: A name is unknown.
    """
    for name in names or ():
        OPERATORS.get(name)
    return [op for op in list_operators() if (op.criterion == "FC" if names is None else op.name in names)]


def _find_sites(operator: BugOperator, tree: CodeTree) -> list[SourceEdit]:
    start, end = tree.fragment.start, tree.fragment.end
    edits = dict.fromkeys(edit for edit in operator.propose(tree) if len(edit.text) <= _LONGEST_EDIT)
    return [edit for edit in edits if start <= edit.start <= edit.end <= end]


def _draw(
    rng: random.Random, sites: dict[str, list[SourceEdit]], weights: dict[str, float], shares: Mapping[int, float]
) -> tuple[str, SourceEdit]:
    """Draw a sign of growth, then an operator, then one of its edits, and remove that edit from its sites."""
    by_growth: dict[int, dict[str, list[SourceEdit]]] = {}
    for name in weights:
        for edit in sites[name]:
            by_growth.setdefault(_sign(edit.growth), {}).setdefault(name, []).append(edit)
    signs = sorted(by_growth)
    sign = rng.choices(signs, [shares[s] for s in signs])[0]
    names = list(by_growth[sign])
    name = rng.choices(names, [weights[n] for n in names])[0]
    edit = rng.choice(by_growth[sign][name])
    sites[name].remove(edit)
    if not sites[name]:
        del weights[name]
    return name, edit


def _sign(growth: int) -> int:
    return (growth > 0) - (growth < 0)


def _first_different_line(before: str, after: str) -> int:
    line = 1
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        line += old == "\n"
    return line
