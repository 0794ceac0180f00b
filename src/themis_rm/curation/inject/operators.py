"""THE table of bug operators. An operator is one row here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from themis_rm.curation.inject import control, expressions, memory, names
from themis_rm.curation.inject.edits import Edit
from themis_rm.curation.inject.tree import CodeTree


@dataclass(frozen=True, slots=True)
class Operator:
    """One way of making a mistake.

    Attributes:
        name: What rows and reports call it.
        criterion: Short name of the criterion on which the code gets worse.
        weight: How often it is taken, against the other operators that fit.
        propose: Yields the edits that it could make.
    """

    name: str
    criterion: str
    weight: float
    propose: Callable[[CodeTree], Iterator[Edit]]


OPERATORS: tuple[Operator, ...] = (
    Operator("comparison-boundary", "FC", 1.0, expressions.comparison_boundary),
    Operator("comparison-direction", "FC", 0.6, expressions.comparison_direction),
    Operator("equality-flip", "FC", 0.6, expressions.equality_flip),
    Operator("arithmetic-swap", "FC", 1.0, expressions.arithmetic_swap),
    Operator("operand-swap", "FC", 0.8, expressions.operand_swap),
    Operator("logic-swap", "FC", 1.0, expressions.logic_swap),
    Operator("dropped-operand", "FC", 0.8, expressions.dropped_operand),
    Operator("compound-swap", "FC", 0.6, expressions.compound_swap),
    Operator("lost-accumulation", "FC", 0.8, expressions.lost_accumulation),
    Operator("update-direction", "FC", 0.4, expressions.update_direction),
    Operator("inverted-condition", "FC", 0.7, expressions.inverted_condition),
    Operator("swapped-keyword", "FC", 0.6, expressions.swapped_keyword),
    Operator("removed-negation", "FC", 1.0, expressions.removed_negation),
    Operator("branch-swap", "FC", 0.8, expressions.branch_swap),
    Operator("number-change", "FC", 0.7, expressions.number_change),
    Operator("boolean-change", "FC", 0.6, expressions.boolean_change),
    Operator("text-change", "FC", 0.5, expressions.text_change),
    Operator("off-by-one", "FC", 1.2, expressions.off_by_one),
    Operator("dropped-conversion", "FC", 0.8, expressions.dropped_conversion),
    Operator("lost-await", "FC", 0.8, expressions.lost_await),
    Operator("lost-guard", "FC", 1.0, control.lost_guard),
    Operator("lost-exit", "FC", 1.0, control.lost_exit),
    Operator("lost-return-keyword", "FC", 0.6, control.lost_return_keyword),
    Operator("break-or-continue", "FC", 0.8, control.break_or_continue),
    Operator("dropped-else", "FC", 0.8, control.dropped_else),
    Operator("broken-chain", "FC", 0.6, control.broken_chain),
    Operator("joined-branches", "FC", 1.0, control.joined_branches),
    Operator("lost-update", "FC", 0.8, control.lost_update),
    Operator("repeated-update", "FC", 0.6, control.repeated_update),
    Operator("lost-reset", "FC", 1.0, control.lost_reset),
    Operator("reset-in-loop", "FC", 1.2, control.reset_in_loop),
    Operator("return-in-loop", "FC", 1.2, control.return_in_loop),
    Operator("shadowed-variable", "FC", 1.0, control.shadowed_variable),
    Operator("wrong-variable", "FC", 1.2, names.wrong_variable),
    Operator("swapped-arguments", "FC", 1.0, names.swapped_arguments),
    Operator("wrong-method", "FC", 1.0, names.wrong_method),
    Operator("dropped-release", "ME", 1.0, memory.dropped_release),
    Operator("plain-declaration", "ME", 1.0, memory.plain_declaration),
    Operator("unwrapped-resource", "ME", 1.0, memory.unwrapped_resource),
    Operator("lost-clear", "ME", 1.0, memory.lost_clear),
    Operator("collected-stream", "ME", 1.0, memory.collected_stream),
    Operator("lost-capacity", "ME", 0.5, memory.lost_capacity),
    Operator("copied-value", "ME", 0.5, memory.copied_value),
    Operator("needless-copy", "ME", 1.0, memory.needless_copy),
    Operator("oversized-buffer", "ME", 1.0, memory.oversized_buffer),
)
"""One row per operator; names are unique."""
