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
        propose: Yields the edits that it could make.
        weight: Relative frequency with which it is drawn among the operators that fit, where none was measured.
    """

    name: str
    criterion: str
    propose: Callable[[CodeTree], Iterator[SourceEdit]]
    weight: float = 1.0


_BUILT_IN: tuple[BugOperator, ...] = (
    BugOperator("comparison-boundary", "FC", expressions.comparison_boundary),
    BugOperator("comparison-direction", "FC", expressions.comparison_direction),
    BugOperator("equality-flip", "FC", expressions.equality_flip),
    BugOperator("arithmetic-swap", "FC", expressions.arithmetic_swap),
    BugOperator("operand-swap", "FC", expressions.operand_swap),
    BugOperator("logic-swap", "FC", expressions.logic_swap),
    BugOperator("dropped-operand", "FC", expressions.dropped_operand),
    BugOperator("compound-swap", "FC", expressions.compound_swap),
    BugOperator("lost-accumulation", "FC", expressions.lost_accumulation),
    BugOperator("update-direction", "FC", expressions.update_direction),
    BugOperator("inverted-condition", "FC", expressions.inverted_condition),
    BugOperator("swapped-keyword", "FC", expressions.swapped_keyword),
    BugOperator("removed-negation", "FC", expressions.removed_negation),
    BugOperator("branch-swap", "FC", expressions.branch_swap),
    BugOperator("number-change", "FC", expressions.number_change),
    BugOperator("boolean-change", "FC", expressions.boolean_change),
    BugOperator("text-change", "FC", expressions.text_change),
    BugOperator("off-by-one", "FC", expressions.off_by_one),
    BugOperator("dropped-conversion", "FC", expressions.dropped_conversion),
    BugOperator("lost-await", "FC", expressions.lost_await),
    BugOperator("lost-guard", "FC", control.lost_guard),
    BugOperator("lost-exit", "FC", control.lost_exit),
    BugOperator("lost-return-keyword", "FC", control.lost_return_keyword),
    BugOperator("break-or-continue", "FC", control.break_or_continue),
    BugOperator("dropped-else", "FC", control.dropped_else),
    BugOperator("broken-chain", "FC", control.broken_chain),
    BugOperator("joined-branches", "FC", control.joined_branches),
    BugOperator("lost-update", "FC", control.lost_update),
    BugOperator("repeated-update", "FC", control.repeated_update),
    BugOperator("lost-reset", "FC", control.lost_reset),
    BugOperator("reset-in-loop", "FC", control.reset_in_loop),
    BugOperator("return-in-loop", "FC", control.return_in_loop),
    BugOperator("shadowed-variable", "FC", control.shadowed_variable),
    BugOperator("wrong-variable", "FC", names.wrong_variable),
    BugOperator("swapped-arguments", "FC", names.swapped_arguments),
    BugOperator("wrong-method", "FC", names.wrong_method),
    BugOperator("lost-branch", "FC", control.lost_branch),
    BugOperator("lost-condition", "FC", control.lost_condition),
    BugOperator("lost-call", "FC", control.lost_call),
    BugOperator("lost-assignment", "FC", control.lost_assignment),
    BugOperator("dropped-argument", "FC", names.dropped_argument),
    BugOperator("dropped-release", "ME", memory.dropped_release),
    BugOperator("plain-declaration", "ME", memory.plain_declaration),
    BugOperator("unwrapped-resource", "ME", memory.unwrapped_resource),
    BugOperator("lost-clear", "ME", memory.lost_clear),
    BugOperator("collected-stream", "ME", memory.collected_stream),
    BugOperator("lost-capacity", "ME", memory.lost_capacity),
    BugOperator("copied-value", "ME", memory.copied_value),
    BugOperator("needless-copy", "ME", memory.needless_copy),
    BugOperator("oversized-buffer", "ME", memory.oversized_buffer),
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
