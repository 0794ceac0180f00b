"""SPDX expressions: normal form, choices, acceptance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.mining.license_expressions import MAX_NESTING, ids_of, is_accepted, is_choice, join, normalize

ACCEPTED = ["MIT", "Apache-2.0", "Zlib"]


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("mit", "MIT"), ("MIT/Apache-2.0", "MIT OR Apache-2.0"), ("gpl-2.0-or-later", "GPL-2.0"), ("LGPL-2.1+", "LGPL-2.1"),
        ("(mit and apache-2.0) or zlib", "(MIT AND Apache-2.0) OR Zlib"), ("SEE LICENSE IN FILE", None), ("", None),
        ("GPL-2.0-only with classpath-exception-2.0", "GPL-2.0 WITH Classpath-exception-2.0"), ("MIT OR", None),
        ("(" * 5000 + "MIT" + ")" * 5000, None), ("LicenseRef-Mine", "LicenseRef-Mine"), ("UNLICENSED", None),
    ],
)  # fmt: skip
def test_expressions_have_one_form(text, expression):
    assert normalize(text) == expression


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ("MIT", True), ("GPL-2.0", False), ("MIT OR GPL-2.0", True), ("MIT AND GPL-2.0", False), ("MIT AND Zlib", True),
        ("(GPL-2.0 OR MIT) AND Zlib", True), ("GPL-2.0 OR MIT AND Zlib", True), ("GPL-2.0 AND MIT OR GPL-3.0", False),
        ("MIT WITH LLVM-exception", True), ("GPL-2.0 WITH LLVM-exception", False), ("unknown", False), ("none", False),
        ("MIT AND unknown", False), ("", False), ("MIT)", False), ("(MIT", False),
    ],
)  # fmt: skip
def test_all_of_and_one_of(expression, accepted):
    assert is_accepted(expression, ACCEPTED) is accepted


def test_a_license_with_its_exception_can_be_accepted_by_name():
    assert is_accepted("GPL-2.0 WITH LLVM-exception", ["GPL-2.0 WITH LLVM-exception"])


@given(
    st.recursive(
        st.sampled_from(["MIT", "GPL-3.0"]), lambda e: st.tuples(e, st.sampled_from(["AND", "OR"]), e), max_leaves=8
    )
)
def test_acceptance_agrees_with_logic(tree):
    def text(node):
        return node if isinstance(node, str) else f"({text(node[0])} {node[1]} {text(node[2])})"

    def value(node):
        if isinstance(node, str):
            return node == "MIT"
        both = value(node[0]), value(node[2])
        return all(both) if node[1] == "AND" else any(both)

    assert text(tree).count("(") <= MAX_NESTING
    assert is_accepted(text(tree), ["MIT"]) is value(tree)
    assert is_accepted(normalize(text(tree)), ["MIT"]) is value(tree)


@given(st.text(alphabet="MIT ()ORANDWH-20./", max_size=30))
def test_no_text_raises(text):
    normalize(text)
    is_accepted(text, ACCEPTED)


def test_parts_of_expressions():
    assert ids_of("(MIT OR GPL-2.0 WITH LLVM-exception) AND MIT") == ["MIT", "GPL-2.0"]
    assert join("AND", ["MIT OR ISC", "Zlib", "Zlib"]) == "(MIT OR ISC) AND Zlib"
    assert join("AND", []) == ""
    assert is_choice("MIT OR ISC")
    assert not is_choice("MIT OR (ISC AND Zlib)")
