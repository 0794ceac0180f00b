"""Examples of a rule: told apart, paired, cleaned."""

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


def test_markers_split_a_block_and_go():
    context, parts = split_sections("let n = 1;\n\n// bad\nf(n)\n\n// good\ng(n)\n", MARKS)
    assert context == "let n = 1;"
    assert [(part.good, part.code) for part in parts] == [(False, "f(n)"), (True, "g(n)")]


def test_words_before_the_first_marker_are_no_context():
    assert split_sections("// Both work.\n\n// bad\nf(n)\n// good\ng(n)", MARKS)[0] == ""


def test_a_remark_goes_with_the_lines_that_carry_it_on():
    _, parts = split_sections("// bad - it is slow\n// in old engines\nf()\n// good\n// counts\ng()", MARKS)
    assert [part.code for part in parts] == ["f()", "// counts\ng()"]


@pytest.mark.parametrize("line", ["// ok", "// good - calls are not checked", "// good (ignored)"])
def test_what_a_rule_lets_pass_is_no_better_version(line):
    _, parts = split_sections(f"// bad\nf(1)\n{line}\nf(2)", MARKS)
    assert [part.good for part in parts] == [False]


def test_a_marker_inside_an_example_is_no_marker():
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
def test_parts_are_grouped_into_cases(order, grouped):
    code = "\n".join(f"// {'bad' if side == 'b' else 'good'}\n{side}({i})" for i, side in enumerate(order))
    found = group_sections(split_sections(code, MARKS)[1])
    assert [("b" * len(case.bad), "g" * len(case.good)) for case in found] == grouped


def test_context_goes_before_both_sides():
    found = list(pair_examples(rule(), [ExampleGroup(("use(key);",), ("use(other, key);",), "const key = 1;")]))
    assert sides(found) == [("const key = 1;\n\nuse(key);", "const key = 1;\n\nuse(other, key);")]


def test_a_list_of_examples_is_paired_one_by_one():
    bad = "if (a == 1) run(a);\n\nwhile (b == 2) step(b);"
    good = "if (a === 1) run(a);\n\nwhile (b === 2) step(b);"
    assert sides(pair_examples(rule("separate"), [ExampleGroup((bad,), (good,))])) == [
        ("if (a == 1) run(a);", "if (a === 1) run(a);"),
        ("while (b == 2) step(b);", "while (b === 2) step(b);"),
    ]


def test_an_example_without_a_partner_is_counted():
    bad = "if (a == 1) run(a);\n\nlabel: for (;;) { break label; }"
    found = list(pair_examples(rule("separate"), [ExampleGroup((bad,), ("if (a === 1) run(a);",))]))
    assert sides(found) == [("if (a == 1) run(a);", "if (a === 1) run(a);")]
    assert reasons(found) == ["unmatched-examples"]


def test_examples_that_do_different_things_are_no_pair():
    found = list(
        pair_examples(
            rule("separate"), [ExampleGroup(("label: for (;;) { break label; }",), ("const f = { label: 1 };",))]
        )
    )
    assert reasons(found) == ["unmatched-examples"]


def test_one_line_is_not_paired_with_a_list_but_with_its_like():
    many = "\n".join(f"alpha{i}.run(beta{i}, gamma{i});" for i in range(10))
    assert sides(pair_examples(rule(), [ExampleGroup(("alpha3.go(beta3, gamma3);",), (many,))])) == [
        ("alpha3.go(beta3, gamma3);", "alpha3.run(beta3, gamma3);")
    ]


def test_pieces_that_use_one_another_stay_together():
    bad = "const list = read();\n\nfor (const item in list) show(item);"
    good = "const list = read();\n\nfor (const item of list) show(item);"
    assert sides(pair_examples(rule("separate"), [ExampleGroup((bad,), (good,))])) == [(bad, good)]


def test_layout_is_compared_as_a_whole():
    assert sides(pair_examples(rule(), [ExampleGroup(("a();\n\n\n\nb();",), ("a();\n\nb();",))])) == [
        ("a();\n\n\n\nb();", "a();\n\nb();")
    ]


def test_of_several_better_versions_the_first_in_order_counts():
    found = pair_examples(rule(), [ExampleGroup(("x.map(f).flat()",), ("x.flatMap(f)", "x.map(f).flat(2)"))])
    assert sides(found) == [("x.map(f).flat()", "x.flatMap(f)")]


def test_one_side_alone_is_told():
    assert (
        reasons(pair_examples(rule(), [ExampleGroup(("a()",), ()), ExampleGroup((), ("b()",))]))
        == ["one-side-only"] * 2
    )


def test_what_a_reader_rejected_is_told():
    found = list(pair_examples(rule(), [ExampleGroup(("f(1)",), ("f(2)",))], frozenset({"r/1.1"})))
    assert reasons(found) == ["read-and-rejected"]


def test_a_comment_on_one_side_alone_goes_and_a_shared_one_stays():
    bad, good = remove_hints("// ...\nf(); // throws", "// ...\ng(); // 2", "JavaScript")
    assert (bad, good) == ("// ...\nf();", "// ...\ng();")


def test_a_telling_comment_goes_from_both_sides():
    assert remove_hints("f(); // avoid", "g(); // avoid", "JavaScript") == ("f();", "g();")


def test_names_that_tell_the_side_are_made_neutral():
    bad, good = remove_hints("const badCount = 1; use(badCount);", "const goodCount = 2; use(goodCount);", "JavaScript")
    assert (bad, good) == ("const count = 1; use(count);", "const count = 2; use(count);")


def test_a_name_of_both_sides_stays():
    assert remove_hints("f(bad);", "g(bad);", "JavaScript") == ("f(bad);", "g(bad);")


def test_a_text_that_tells_the_side_makes_no_pair():
    assert reveals_side("say('bad idea')", "say('idea')")
    assert reasons(pair_examples(rule(), [ExampleGroup(("say('bad idea')",), ("say('idea')",))])) == ["label-leak"]


def test_pieces_are_split_at_blank_lines_between_statements():
    assert split_statements("class A {\n\n  f() {}\n}\n\nb();\nc();", "JavaScript") == [
        "class A {\n\n  f() {}\n}",
        "b();\nc();",
    ]


def test_code_that_does_not_parse_stays_whole():
    assert split_statements("class {{{\n\n) b(", "JavaScript") == ["class {{{\n\n) b("]


def test_statements_are_found_beside_and_below_their_comments():
    code = "class A {\n  void f() {\n    int x = g(1); // bad\n    // good\n    int y = h(1);\n    int z = 3;\n  }\n}"
    found = find_marked_statements(code, "Java", re.compile("bad"), re.compile("good"))
    assert [(part.good, part.code) for part in found] == [(False, "int x = g(1);"), (True, "int y = h(1);")]
