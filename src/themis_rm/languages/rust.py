"""Rust. The benchmark does not have it."""

from __future__ import annotations

from themis_rm.languages import LANGUAGES
from themis_rm.languages.definition import (
    AND_OR,
    TRUE_FALSE,
    Documentation,
    GrammarNodes,
    Language,
    Renaming,
    Syntax,
    UnusedFunction,
    swap_table,
    word_set,
)

SYNTAX = Syntax(
    comments=word_set("line_comment block_comment"),
    literals=word_set("string_literal raw_string_literal char_literal"),
    functions=word_set("function_item"),
    preceding=word_set("attribute_item"),
    containers=word_set("impl_item trait_item mod_item"),
    annotations=word_set("attribute_item"),
    wrappers=(("impl Wrapper {\n", "\n}"),),
)

NODES = GrammarNodes(
    transparent=word_set("expression_statement"),
    binary=word_set("binary_expression"),
    logical=AND_OR,
    unary=word_set("unary_expression"),
    conditionals=word_set("if_expression"),
    else_clauses=word_set("else_clause"),
    loops=word_set("for_expression while_expression loop_expression"),
    iterating=word_set("for_expression"),
    switches=word_set("match_expression"),
    cases=word_set("match_arm"),
    blocks=word_set("block"),
    braces=word_set("block"),
    expression_statements=frozenset(),
    exits=word_set("return_expression break_expression continue_expression"),
    returns=word_set("return_expression"),
    breaks=word_set("break_expression"),
    continues=word_set("continue_expression"),
    throwing_calls=word_set("exit abort"),
    calls=word_set("call_expression"),
    arguments=word_set("arguments"),
    numbers=word_set("integer_literal float_literal"),
    number_types=r"[iu](?:8|16|32|64|128|size)|f32|f64",
    booleans=TRUE_FALSE,
    strings=word_set("string_literal raw_string_literal char_literal"),
    lists=word_set("array_expression"),
    never_variables=word_set("self Self _ Some None Ok Err"),
    subscripts=word_set("index_expression"),
    slices=word_set("range_expression"),
    accesses=word_set("field_expression"),
    assignments=word_set("assignment_expression compound_assignment_expr"),
    declares={
        "parameter": ("pattern",),
        "let_declaration": ("pattern",),
        "for_expression": ("pattern",),
        "closure_parameters": ("",),
    },
    patterns=word_set("tuple_pattern"),
    functions=word_set("function_item closure_expression"),
    scopes=word_set("block for_expression while_expression if_expression match_arm"),
    opaque=word_set(
        "attribute_item inner_attribute_item use_declaration macro_invocation macro_definition visibility_modifier"
        " type_arguments type_parameters generic_type reference_type array_type tuple_type function_type pointer_type"
        " primitive_type scoped_type_identifier bounded_type trait_bounds where_clause lifetime match_pattern"
        " shorthand_field_initializer enum_item const_item static_item"
    ),
    typed=True,
    implicit_return=True,
    shadowing=("", "let "),
    methods=swap_table(
        "push_back/push_front pop_front/pop_back front/back first/last min/max any/all starts_with/ends_with find/rfind"
        " trim_start/trim_end to_lowercase/to_uppercase to_ascii_lowercase/to_ascii_uppercase floor/ceil"
        " is_some/is_none is_ok/is_err skip/take take_while/skip_while keys/values min_by/max_by min_by_key/max_by_key"
        " position/rposition split/rsplit checked_add/checked_sub saturating_add/saturating_sub"
        " wrapping_add/wrapping_sub first_mut/last_mut split_first/split_last strip_prefix/strip_suffix"
        " is_alphabetic/is_alphanumeric is_lowercase/is_uppercase"
    ),
    conversions=word_set("abs floor ceil round trim to_lowercase to_uppercase rev"),
    commutative=word_set("min max add eq ne gcd lcm swap hypot"),
    releases=word_set("drop close shutdown release abort unlock flush"),
    clears=word_set("clear truncate drain shrink_to_fit evict invalidate purge"),
    allocations=word_set("with_capacity reserve reserve_exact"),
    streams=((r"\.(lines|chars|bytes|split_whitespace)$", r".\1", ".collect::<Vec<_>>().into_iter()"),),
)

RENAMING = Renaming(
    declarations=frozenset({("let_declaration", "pattern")}),
    members={"field_expression": "value", "scoped_identifier": ""},
    never=word_set(
        "macro_invocation shorthand_field_initializer match_pattern tuple_struct_pattern closure_parameters"
    ),
)

UNUSED_FUNCTION = UnusedFunction(
    code="#[allow(dead_code)]\nfn all_results_verified(results: &[bool]) -> bool {\n"
    "    results.iter().all(|result| *result)\n}\n"
)

LANGUAGES.register(
    Language(
        name="Rust",
        fence="rust",
        aliases=("rs",),
        extensions=(".rs",),
        grammar="tree_sitter_rust",
        line_comment="//",
        documentation=Documentation(headings=r"\s*#+ "),
        syntax=SYNTAX,
        injection=NODES,
        renaming=RENAMING,
        unused_function=UNUSED_FUNCTION,
    )
)
