"""Templates: honest requests that hold nothing that one answer alone holds."""

import pytest

from themis_rm.benchmark.requests import template
from themis_rm.benchmark.sources.source import SourcePair


def pair(chosen, rejected, language="JavaScript", **facts):
    return SourcePair(key="k", criterion="R&M", language=language, chosen=chosen, rejected=rejected, **facts)


@pytest.mark.parametrize(
    ("asked", "request_text"),
    [
        (pair("x", "y", signature="int f(int a)", language="C"), "Write the C function `int f(int a)`."),
        (pair("x", "y", name="Stack", language="CSharp"), "Write `Stack` in C#."),
        (
            pair("function sum(xs) { return a(xs) }", "function sum(xs) { return b(xs) }"),
            "Write JavaScript code that defines `sum`.",
        ),
        (
            pair("items.map(one).flat()", "items.flatMap(one)"),
            "Write a short piece of JavaScript code that works with `items` and `one`.",
        ),
        (pair("1 + 1", "2 + 2"), "Write a short piece of JavaScript code."),
    ],
)
def test_a_template_names_what_both_answers_share(asked, request_text):
    assert template(asked) == request_text


def test_a_rule_is_not_told():
    asked = pair("items.map(one).flat()", "items.flatMap(one)", rule="Prefer flatMap")
    assert "flatMap" not in template(asked)


def test_the_sides_may_be_swapped():
    chosen, rejected = "for (const x of list) use(x)", "list.forEach(x => use(x))"
    assert template(pair(chosen, rejected)) == template(pair(rejected, chosen))
