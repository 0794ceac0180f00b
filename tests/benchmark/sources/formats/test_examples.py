"""Examples of rules: splitting, grouping, pairing and removal of hints."""

import re

import pytest

from themis_rm.benchmark.sources.formats.examples import (
    ExampleGroup,
    ExampleRule,
    find_marked_statements,
    group_sections,
    marker_pattern,
    pair_examples,
    remove_hints,
    reveals_side,
    split_sections,
    split_statements,
)
from themis_rm.benchmark.sources.source import SourcePair, UnusableRecord

MARKS = marker_pattern("bad", "good|better", "ok")


def rule(layout="adjacent", language="JavaScript"):
    return ExampleRule(key="r", title="t", criterion="R&M", language=language, layout=layout)


def sides(found):
    return [(item.rejected, item.chosen) for item in found if isinstance(item, SourcePair)]


def reasons(found):
    return [item.reason for item in found if isinstance(item, UnusableRecord)]


def test_markers_split_a_block_and_are_removed():
    context, parts = split_sections("let n = 1;\n\n// bad\nf(n)\n\n// good\ng(n)\n", MARKS)
    assert context == "let n = 1;"
    assert [(part.good, part.code) for part in parts] == [(False, "f(n)"), (True, "g(n)")]


def test_comments_before_the_first_marker_are_not_context():
    assert split_sections("// Both work.\n\n// bad\nf(n)\n// good\ng(n)", MARKS)[0] == ""


def test_a_remark_is_removed_with_its_continuation_lines():
    _, parts = split_sections("// bad - it is slow\n// in old engines\nf()\n// good\n// counts\ng()", MARKS)
    assert [part.code for part in parts] == ["f()", "// counts\ng()"]


@pytest.mark.parametrize("line", ["// ok", "// good - calls are not checked", "// good (ignored)"])
def test_exempt_code_is_not_a_better_version(line):
    _, parts = split_sections(f"// bad\nf(1)\n{line}\nf(2)", MARKS)
    assert [part.good for part in parts] == [False]


def test_a_comment_inside_an_example_is_not_a_marker():
    _, parts = split_sections("// bad\nclass A {\n  // good\n  f() {}\n}", MARKS)
    assert len(parts) == 1


@pytest.mark.parametrize(
    ("order", "grouped"),
    [
        ("bg", [("b", "g")]),
        ("bbgg", [("bb", "gg")]),
        ("bgbg", [("b", "g"), ("b", "g")]),
        ("gb", [("b", "g")]),
        ("gbgb", [("b", "g"), ("b", "g")]),
        ("gbg", [("b", "gg")]),
        ("bgb", [("b", "g"), ("b", "")]),
    ],
)
def test_sections_are_grouped(order, grouped):
    code = "\n".join(f"// {'bad' if side == 'b' else 'good'}\n{side}({i})" for i, side in enumerate(order))
    found = group_sections(split_sections(code, MARKS)[1])
    assert [("b" * len(case.bad), "g" * len(case.good)) for case in found] == grouped


def test_context_precedes_both_sides():
    found = list(pair_examples(rule(), [ExampleGroup(("use(key);",), ("use(other, key);",), "const key = 1;")]))
    assert sides(found) == [("const key = 1;\n\nuse(key);", "const key = 1;\n\nuse(other, key);")]


def test_lists_of_examples_are_paired_one_by_one():
    bad = "if (a == 1) run(a);\n\nwhile (b == 2) step(b);"
    good = "if (a === 1) run(a);\n\nwhile (b === 2) step(b);"
    assert sides(pair_examples(rule("separate"), [ExampleGroup((bad,), (good,))])) == [
        ("if (a == 1) run(a);", "if (a === 1) run(a);"),
        ("while (b == 2) step(b);", "while (b === 2) step(b);"),
    ]


def test_an_example_without_a_counterpart_is_counted():
    bad = "if (a == 1) run(a);\n\nlabel: for (;;) { break label; }"
    found = list(pair_examples(rule("separate"), [ExampleGroup((bad,), ("if (a === 1) run(a);",))]))
    assert sides(found) == [("if (a == 1) run(a);", "if (a === 1) run(a);")]
    assert reasons(found) == ["unmatched-examples"]


def test_examples_that_do_different_things_are_not_paired():
    found = list(
        pair_examples(
            rule("separate"), [ExampleGroup(("label: for (;;) { break label; }",), ("const f = { label: 1 };",))]
        )
    )
    assert reasons(found) == ["unmatched-examples"]


def test_one_line_is_paired_with_the_most_similar_line_of_a_list():
    many = "\n".join(f"alpha{i}.run(beta{i}, gamma{i});" for i in range(10))
    assert sides(pair_examples(rule(), [ExampleGroup(("alpha3.go(beta3, gamma3);",), (many,))])) == [
        ("alpha3.go(beta3, gamma3);", "alpha3.run(beta3, gamma3);")
    ]


def test_pieces_that_use_one_another_stay_together():
    bad = "const list = read();\n\nfor (const item in list) show(item);"
    good = "const list = read();\n\nfor (const item of list) show(item);"
    assert sides(pair_examples(rule("separate"), [ExampleGroup((bad,), (good,))])) == [(bad, good)]


def test_an_example_about_layout_is_not_split():
    assert sides(pair_examples(rule(), [ExampleGroup(("a();\n\n\n\nb();",), ("a();\n\nb();",))])) == [
        ("a();\n\n\n\nb();", "a();\n\nb();")
    ]


def test_the_first_of_several_better_versions_is_used():
    found = pair_examples(rule(), [ExampleGroup(("x.map(f).flat()",), ("x.flatMap(f)", "x.map(f).flat(2)"))])
    assert sides(found) == [("x.map(f).flat()", "x.flatMap(f)")]


def test_an_example_with_only_one_side_is_counted():
    assert (
        reasons(pair_examples(rule(), [ExampleGroup(("a()",), ()), ExampleGroup((), ("b()",))]))
        == ["one-side-only"] * 2
    )


def test_a_manually_rejected_pair_is_counted():
    found = list(pair_examples(rule(), [ExampleGroup(("f(1)",), ("f(2)",))], frozenset({"r/1.1"})))
    assert reasons(found) == ["read-and-rejected"]


def test_a_comment_on_one_side_is_removed_and_a_shared_one_stays():
    bad, good = remove_hints("// ...\nf(); // throws", "// ...\ng(); // 2", "JavaScript")
    assert (bad, good) == ("// ...\nf();", "// ...\ng();")


def test_a_revealing_comment_is_removed_from_both_sides():
    assert remove_hints("f(); // avoid", "g(); // avoid", "JavaScript") == ("f();", "g();")


def test_names_that_reveal_the_side_are_neutralized():
    bad, good = remove_hints("const badCount = 1; use(badCount);", "const goodCount = 2; use(goodCount);", "JavaScript")
    assert (bad, good) == ("const count = 1; use(count);", "const count = 2; use(count);")


def test_a_name_on_both_sides_stays():
    assert remove_hints("f(bad);", "g(bad);", "JavaScript") == ("f(bad);", "g(bad);")


def test_text_that_reveals_the_side_is_a_label_leak():
    assert reveals_side("say('bad idea')", "say('idea')")
    assert reasons(pair_examples(rule(), [ExampleGroup(("say('bad idea')",), ("say('idea')",))])) == ["label-leak"]


def test_blocks_are_split_at_blank_lines_between_statements():
    assert split_statements("class A {\n\n  f() {}\n}\n\nb();\nc();", "JavaScript") == [
        "class A {\n\n  f() {}\n}",
        "b();\nc();",
    ]


def test_code_that_does_not_parse_is_not_split():
    assert split_statements("class {{{\n\n) b(", "JavaScript") == ["class {{{\n\n) b("]


def test_statements_are_found_on_the_line_of_a_comment_and_below():
    code = "class A {\n  void f() {\n    int x = g(1); // bad\n    // good\n    int y = h(1);\n    int z = 3;\n  }\n}"
    found = find_marked_statements(code, "Java", re.compile("bad"), re.compile("good"))
    assert [(part.good, part.code) for part in found] == [(False, "int x = g(1);"), (True, "int y = h(1);")]
