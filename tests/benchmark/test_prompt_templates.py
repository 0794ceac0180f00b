"""Template prompts contain nothing that occurs in one response only."""

import pytest

from themis_rm.benchmark.prompt_templates import template_prompt
from themis_rm.benchmark.sources.source import SourcePair


def pair(chosen, rejected, language="JavaScript", **facts):
    return SourcePair(key="k", criterion="R&M", language=language, chosen=chosen, rejected=rejected, **facts)


@pytest.mark.parametrize(
    ("source_pair", "prompt"),
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
def test_a_template_names_what_both_responses_share(source_pair, prompt):
    assert template_prompt(source_pair) == prompt


def test_a_template_does_not_contain_the_rule():
    source_pair = pair("items.map(one).flat()", "items.flatMap(one)", rule="Prefer flatMap")
    assert "flatMap" not in template_prompt(source_pair)


def test_a_template_does_not_depend_on_which_response_is_chosen():
    chosen, rejected = "for (const x of list) use(x)", "list.forEach(x => use(x))"
    assert template_prompt(pair(chosen, rejected)) == template_prompt(pair(rejected, chosen))
