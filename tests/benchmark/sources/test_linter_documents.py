"""Sources of linter documentation and style guides: mapping of their native formats, and the reference data."""

import re
from collections import Counter

import pytest

from themis_rm.benchmark.sources.source import SOURCES, SourcePair, UnusableRecord
from themis_rm.errors import InputError

SAMPLES = {
    "eslint_docs": (
        "no-old.md",
        """\
---
title: no-old
rule_type: problem
---

* `"always"` (default) is strict

::: incorrect

```js
/*eslint no-old: "error"*/

// oops
run(old == 1);
```

:::

::: correct

```js
/*eslint no-old: "error"*/

run(old === 1);
```

:::

### never

::: incorrect

```js
/*eslint no-old: ["error", "never"]*/
run(old === 2);
```

:::
""",
        [("run(old == 1);", "run(old === 1);", "FC")],
        ["non-default-option"],
    ),
    "eslint_unicorn_docs": (
        "prefer-set-has.md",
        """\
# prefer-set-has

📝 Prefer sets.

## Examples

```js
// ❌ slow
list.includes(x); // linear
```

```js
// ✅
set.has(x);
```

```js
// ✅
list.push(x);
```

Words.

```js
// ❌
alone(x);
```

## Options

```js
/* eslint unicorn/prefer-set-has: ["error", {"n": 5}] */
// ❌
a.includes(b);
// ✅
c.has(b);
```
""",
        [("list.includes(x);", "set.has(x);", "EE")],
        ["non-default-option", "one-side-only"],
    ),
    "airbnb_js_guide": (
        "README.md",
        """\
  - [1.1](#variables--const) Say `const`. eslint: [`x`](y)

    ```javascript
    // bad
    var a = f(1);

    // good
    const a = f(1);
    ```

  - [1.2](#other) Words.

    ```javascript
    const b = 2;
    ```
""",
        [("var a = f(1);", "const a = f(1);", "FC")],
        ["no-marked-example"],
    ),
    "rubocop_docs": (
        "cops_style.adoc",
        """\
= Style

== Style/Thing

|===
| Enabled by default | Safe

| Enabled
| Yes
|===

=== Examples

==== EnforcedStyle: a (default)

[source,ruby]
----
# bad
foo( bar )

# good
foo(bar)
----

==== EnforcedStyle: b

[source,ruby]
----
# bad
foo(bar)

# good
foo( bar )
----

== Style/Never

|===
| Enabled by default | Safe

| Disabled
| Yes
|===

[source,ruby]
----
# bad
a

# good
b
----
""",
        [("foo( bar )", "foo(bar)", "R&M")],
        ["non-default-option", "disabled-by-default"],
    ),
    "rubocop_performance_docs": (
        "cops_performance.adoc",
        """\
== Performance/Thing

|===
| Enabled by default | Safe

| Pending
| Yes
|===

[source,ruby]
----
# bad
list.select(&:odd?).first

# good - stops early
list.find(&:odd?)

# good - calls are not checked
list.select(&:odd?).last
----
""",
        [("list.select(&:odd?).first", "list.find(&:odd?)", "EE")],
        [],
    ),
    "ruby_style_guide": (
        "README.adoc",
        """\
= Guide

== Part

=== `reverse_each` [[reverse-each]]

[source,ruby]
----
# bad - makes a copy
list.reverse.each { |item| show(item) }

# good
list.reverse_each { |item| show(item) }
----

[source,console]
----
# bad
----
""",
        [("list.reverse.each { |item| show(item) }", "list.reverse_each { |item| show(item) }", "EE")],
        ["language"],
    ),
    "meziantou_analyzer_docs": (
        "MA0001.md",
        """\
# MA0001 - A rule

````csharp
Find("a");

// Should be
Find("a", Rules.Ordinal);
````

````c#
void F()
{
    Run(1); // non-compliant
    Run(2, 3); // compliant
}
````
""",
        [('Find("a");', 'Find("a", Rules.Ordinal);', "FC"), ("Run(1);", "Run(2, 3);", "FC")],
        [],
    ),
    "go_critic_docs": (
        "overview.md",
        """\
## Checkers

Words.

## shorter

[
  **performance**
  **experimental** ]

Detects longer ways.

**Before:**
```go
x = append(x, 1)
x = append(x, 2)
```

**After:**
```go
x = append(x, 1, 2)
```

## nothing

[
  **style** ]
""",
        [("x = append(x, 1)\nx = append(x, 2)", "x = append(x, 1, 2)", "EE")],
        ["no-example"],
    ),
    "uber_go_guide": (
        "style.md",
        """\
### Prefer Specifying Container Capacity

<table>
<thead><tr><th>Bad</th><th>Good</th></tr></thead>
<tbody>
<tr><td>

```go
m := make(map[string]int)
```

</td><td>

```go

m := make(map[string]int, n)
```

</td></tr>
<tr><td>

It grows.

</td><td>

It does not.

</td></tr>
</tbody></table>
<table>
<thead><tr><th>Description</th><th>Code</th></tr></thead>
</table>
""",
        [("m := make(map[string]int)", "m := make(map[string]int, n)", "EE")],
        ["no-marked-example"],
    ),
    "pmd_rules": (
        "performance.xml",
        """\
<?xml version="1.0"?>
<ruleset xmlns="http://pmd.sourceforge.net/ruleset/2.0.0">
<rule name="SlowText" message="m">
<example>
<![CDATA[
class A {
    void f() {
        String s = "" + 1; // inefficient
        String t = Integer.toString(1); // preferred approach
        String u = g(1); // violation if x = true
    }
}
]]>
</example>
</rule>
<rule name="Old" deprecated="true"><example>a</example></rule>
</ruleset>
""",
        [('String s = "" + 1;', "String t = Integer.toString(1);", "EE")],
        ["withdrawn-rule"],
    ),
    "error_prone_docs": (
        "ConstantPatternCompile.md",
        """\
Words. That is, prefer this:

```java
boolean ok(String s) { return P.matcher(s).matches(); }
```

to this:

```java
boolean ok(String s) { return Pattern.compile("a").matcher(s).matches(); }
```
""",
        [
            (
                'boolean ok(String s) { return Pattern.compile("a").matcher(s).matches(); }',
                "boolean ok(String s) { return P.matcher(s).matches(); }",
                "EE",
            )
        ],
        [],
    ),
}
"""Source -> a file in its format, (rejected, chosen, criterion) of its pairs, and reasons of the other records."""

ANALYZERS = """\
<Analyzers>
  <Analyzer>
    <Id>RCS1077</Id><Title>Shorter</Title><IsEnabledByDefault>true</IsEnabledByDefault>
    <Samples><Sample>
      <Before><![CDATA[items.Where(f).First(); // RCS1077]]></Before>
      <After><![CDATA[items.First(f);]]></After>
    </Sample></Samples>
  </Analyzer>
  <Analyzer><Id>RCS2</Id><IsEnabledByDefault>false</IsEnabledByDefault></Analyzer>
  <Analyzer><Id>RCS3</Id><Status>Obsolete</Status><IsEnabledByDefault>true</IsEnabledByDefault></Analyzer>
</Analyzers>
"""
REFACTORINGS = """\
<Refactorings>
  <Refactoring Id="RR1"><Samples><Sample><Before>a</Before><After>b</After></Sample></Samples></Refactoring>
</Refactorings>
"""


def pairs_of(items):
    return [(item.rejected, item.chosen, item.criterion) for item in items if isinstance(item, SourcePair)]


def reasons_of(items):
    return [item.reason for item in items if isinstance(item, UnusableRecord)]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_is_read_into_pairs_and_reasons(name, tmp_path):
    file, text, pairs, reasons = SAMPLES[name]
    (tmp_path / file).write_text(text, encoding="utf-8")
    items = list(SOURCES.get(name).read(tmp_path))
    assert pairs_of(items) == pairs
    assert reasons_of(items) == reasons


def test_analyzers_make_pairs_and_refactorings_do_not(tmp_path):
    (tmp_path / "Analyzers.xml").write_text(ANALYZERS, encoding="utf-8")
    (tmp_path / "Refactorings.xml").write_text(REFACTORINGS, encoding="utf-8")
    items = list(SOURCES.get("roslynator").read(tmp_path))
    assert pairs_of(items) == [("items.Where(f).First();", "items.First(f);", "EE")]
    assert reasons_of(items) == ["disabled-by-default", "withdrawn-rule", "no-direction"]


@pytest.mark.parametrize(("name", "file"), [("roslynator", "Analyzers.xml"), ("pmd_rules", "performance.xml")])
def test_damaged_xml_is_reported(name, file, tmp_path):
    (tmp_path / file).write_text("<a><b></a>", encoding="utf-8")
    with pytest.raises(InputError, match=file):
        list(SOURCES.get(name).read(tmp_path))


def test_a_page_with_another_number_of_blocks_is_counted(tmp_path):
    (tmp_path / "IntLongMath.md").write_text("```java\na();\n```\n```java\nb();\n```\n```java\nc();\n```\n")
    assert reasons_of(SOURCES.get("error_prone_docs").read(tmp_path)) == ["page-changed"]


FROZEN = {
    "eslint_docs": (
        186,
        {
            "contested-rule": 75,
            "label-leak": 2,
            "no-rule-type": 18,
            "non-default-option": 608,
            "one-side-only": 21,
            "read-and-rejected": 68,
            "unmatched-examples": 178,
        },
    ),
    "eslint_unicorn_docs": (
        873,
        {
            "contested-rule": 22,
            "no-example": 11,
            "non-default-option": 73,
            "one-side-only": 152,
            "unmatched-examples": 170,
        },
    ),
    "airbnb_js_guide": (
        157,
        {"label-leak": 3, "no-marked-example": 18, "not-an-example": 1, "one-side-only": 9, "unmatched-examples": 44},
    ),
    "rubocop_docs": (
        719,
        {
            "disabled-by-default": 53,
            "label-leak": 2,
            "no-example": 1,
            "no-marked-example": 61,
            "non-default-option": 348,
            "one-side-only": 106,
            "unmatched-examples": 333,
        },
    ),
    "rubocop_performance_docs": (
        57,
        {
            "disabled-by-default": 9,
            "no-marked-example": 11,
            "non-default-option": 7,
            "one-side-only": 6,
            "read-and-rejected": 3,
            "unmatched-examples": 49,
        },
    ),
    "ruby_style_guide": (
        256,
        {"language": 3, "no-marked-example": 27, "one-side-only": 11, "read-and-rejected": 2, "unmatched-examples": 69},
    ),
    "roslynator": (
        194,
        {
            "contested-rule": 3,
            "disabled-by-default": 87,
            "no-direction": 51,
            "no-example": 7,
            "one-side-only": 12,
            "unmatched-examples": 13,
            "withdrawn-rule": 83,
        },
    ),
    "meziantou_analyzer_docs": (
        111,
        {
            "contested-rule": 18,
            "no-example": 21,
            "no-marked-example": 70,
            "one-side-only": 4,
            "read-and-rejected": 19,
            "unmatched-examples": 22,
        },
    ),
    "go_critic_docs": (98, {"read-and-rejected": 4, "unmatched-examples": 6}),
    "uber_go_guide": (68, {"no-marked-example": 3, "read-and-rejected": 2, "unmatched-examples": 4}),
    "pmd_rules": (
        36,
        {
            "no-example": 3,
            "no-marked-example": 260,
            "one-side-only": 1,
            "read-and-rejected": 6,
            "unmatched-examples": 6,
            "withdrawn-rule": 25,
        },
    ),
    "error_prone_docs": (
        115,
        {
            "label-leak": 1,
            "no-example": 197,
            "no-marked-example": 81,
            "one-side-only": 67,
            "read-and-rejected": 4,
            "unmatched-examples": 4,
        },
    ),
}
"""Source -> pairs and reasons in the reference data."""

MARKER = re.compile(
    r"(?im)^\s*(?://|#|/\*)\s*(?:bad|good|better|best|non-?compliant|compliant|violation|before:?|after:?)\b"
    r"|❌|✅|eslint \w+-\w+:"
)


@pytest.mark.parametrize("name", FROZEN)
def test_reference_data_yields_the_known_counts(name, shared):
    row = SOURCES.get(name)
    items = list(row.read(row.directory_in(shared / "sources")))
    found = [item for item in items if isinstance(item, SourcePair)]
    assert (len(found), Counter(reasons_of(items))) == FROZEN[name]
    assert max(Counter(item.key for item in items).values()) == 1
    assert {pair.criterion for pair in found} == set(row.criteria)
    assert {pair.language for pair in found} == set(row.languages)
    assert not [pair.key for pair in found if MARKER.search(pair.chosen) or MARKER.search(pair.rejected)]
    assert all(pair.chosen.strip() and pair.rejected.strip() and not pair.prompt for pair in found)
