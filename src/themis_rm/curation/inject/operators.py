"""The bug operators: a table of the built-in ones, and the registry to which plugins add more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from themis_rm.curation.inject import control, expressions, memory, names
from themis_rm.curation.inject.edits import SourceEdit
from themis_rm.curation.inject.tree import CodeTree
from themis_rm.registry import Registry


@dataclass(frozen=True, slots=True)
class BugOperator:
    """One kind of bug.

    Attributes:
        name: Name in rows, reports and settings.
        criterion: Short name of the criterion on which the code becomes worse.
        weight: Relative frequency with which it is drawn among the operators that fit.
        propose: Yields the edits that it could make.
    """

    name: str
    criterion: str
    weight: float
    propose: Callable[[CodeTree], Iterator[SourceEdit]]


_BUILT_IN: tuple[BugOperator, ...] = (
    BugOperator("comparison-boundary", "FC", 1.0, expressions.comparison_boundary),
    BugOperator("comparison-direction", "FC", 0.6, expressions.comparison_direction),
    BugOperator("equality-flip", "FC", 0.6, expressions.equality_flip),
    BugOperator("arithmetic-swap", "FC", 1.0, expressions.arithmetic_swap),
    BugOperator("operand-swap", "FC", 0.8, expressions.operand_swap),
    BugOperator("logic-swap", "FC", 1.0, expressions.logic_swap),
    BugOperator("dropped-operand", "FC", 0.8, expressions.dropped_operand),
    BugOperator("compound-swap", "FC", 0.6, expressions.compound_swap),
    BugOperator("lost-accumulation", "FC", 0.8, expressions.lost_accumulation),
    BugOperator("update-direction", "FC", 0.4, expressions.update_direction),
    BugOperator("inverted-condition", "FC", 0.7, expressions.inverted_condition),
    BugOperator("swapped-keyword", "FC", 0.6, expressions.swapped_keyword),
    BugOperator("removed-negation", "FC", 1.0, expressions.removed_negation),
    BugOperator("branch-swap", "FC", 0.8, expressions.branch_swap),
    BugOperator("number-change", "FC", 0.7, expressions.number_change),
    BugOperator("boolean-change", "FC", 0.6, expressions.boolean_change),
    BugOperator("text-change", "FC", 0.5, expressions.text_change),
    BugOperator("off-by-one", "FC", 1.2, expressions.off_by_one),
    BugOperator("dropped-conversion", "FC", 0.8, expressions.dropped_conversion),
    BugOperator("lost-await", "FC", 0.8, expressions.lost_await),
    BugOperator("lost-guard", "FC", 1.0, control.lost_guard),
    BugOperator("lost-exit", "FC", 1.0, control.lost_exit),
    BugOperator("lost-return-keyword", "FC", 0.6, control.lost_return_keyword),
    BugOperator("break-or-continue", "FC", 0.8, control.break_or_continue),
    BugOperator("dropped-else", "FC", 0.8, control.dropped_else),
    BugOperator("broken-chain", "FC", 0.6, control.broken_chain),
    BugOperator("joined-branches", "FC", 1.0, control.joined_branches),
    BugOperator("lost-update", "FC", 0.8, control.lost_update),
    BugOperator("repeated-update", "FC", 0.6, control.repeated_update),
    BugOperator("lost-reset", "FC", 1.0, control.lost_reset),
    BugOperator("reset-in-loop", "FC", 1.2, control.reset_in_loop),
    BugOperator("return-in-loop", "FC", 1.2, control.return_in_loop),
    BugOperator("shadowed-variable", "FC", 1.0, control.shadowed_variable),
    BugOperator("wrong-variable", "FC", 1.2, names.wrong_variable),
    BugOperator("swapped-arguments", "FC", 1.0, names.swapped_arguments),
    BugOperator("wrong-method", "FC", 1.0, names.wrong_method),
    BugOperator("dropped-release", "ME", 1.0, memory.dropped_release),
    BugOperator("plain-declaration", "ME", 1.0, memory.plain_declaration),
    BugOperator("unwrapped-resource", "ME", 1.0, memory.unwrapped_resource),
    BugOperator("lost-clear", "ME", 1.0, memory.lost_clear),
    BugOperator("collected-stream", "ME", 1.0, memory.collected_stream),
    BugOperator("lost-capacity", "ME", 0.5, memory.lost_capacity),
    BugOperator("copied-value", "ME", 0.5, memory.copied_value),
    BugOperator("needless-copy", "ME", 1.0, memory.needless_copy),
    BugOperator("oversized-buffer", "ME", 1.0, memory.oversized_buffer),
)
"""One row per operator."""

OPERATORS: Registry[BugOperator] = Registry("bug operator", "themis_rm.operators")
"""All operators, by name."""

for _operator in _BUILT_IN:
    OPERATORS.register(_operator)


def list_operators() -> list[BugOperator]:
    """Return all operators: the built-in ones in the order of the table, then those of plugins by name.

    Seeded draws depend on the order, so a new operator must not change the order of the others.
    """
    positions = {operator.name: position for position, operator in enumerate(_BUILT_IN)}
    return sorted(OPERATORS, key=lambda operator: (positions.get(operator.name, len(positions)), operator.name))
