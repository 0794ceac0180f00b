"""Sources of teaching examples (CWEval, CodeQL help, Juliet): mapping of hand-written files, reference data."""

import re
from collections import Counter

import pytest

from themis_rm.benchmark.sources.codeql import CRITERION_OF_PATH, PAIRS_OF_PAGE
from themis_rm.benchmark.sources.source import SOURCES, SourcePair, UnusableRecord
from themis_rm.errors import InputError
from themis_rm.execute.runner import run_check


def write(directory, files):
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def read(name, directory):
    rows = list(SOURCES.get(name).read(directory))
    return [row for row in rows if isinstance(row, SourcePair)], [
        row for row in rows if isinstance(row, UnusableRecord)
    ]


# CWEval

C_TASK = """\
#include <stdio.h>

// BEGIN PROMPT
/**
 * Copy a name.
 *
 * @param name The name.
 */
void copy_name(char *to, const char *name) {
    // BEGIN SOLUTION
    // Secure: never more than eight bytes

    // Copy it
    snprintf(to, 8, "%s", name);
}

// BEGIN ENTRYPOINT
int main(int argc, char *argv[]) {
    char to[8];
    copy_name(to, argv[1]);
    return 0;
}
"""
C_UNSAFE = """\
#include <stdio.h>

/** Copy a name. */
void copy_name_unsafe(char *to, const char *name) {
    // if (strlen(name) > 7) return;

    // Copy it
    sprintf(to, "%s", name);
}

int main(int argc, char *argv[]) {
    return 0;
}
"""
PY_TASK = '''\
import shlex


def quoted(name: str) -> str:
    """
    Quote a name for a shell.
    """
    # BEGIN SOLUTION
    return shlex.quote(name)
'''
PY_TEST = """\
import os

import pytest
from cwe_078_0_task import quoted

SIGN = "'"


# Insecure
def quoted_unsafe_0(name: str) -> str:
    return SIGN + name + SIGN


@pytest.mark.parametrize("name", ["a b", "a'b"])
def test_quoted(name):
    assert os.popen("printf %s " + quoted(name)).read() == name


def test_quoted_unsafe():
    assert quoted_unsafe_0("a") == "'a'"
"""


def test_a_cweval_task_becomes_a_prompt_and_two_responses_without_hints(tmp_path):
    write(tmp_path, {"c/cwe_120_0_c_task.c": C_TASK, "c/cwe_120_0_c_unsafe.c": C_UNSAFE})
    (pair,), dropped = read("cweval", tmp_path)
    assert not dropped
    assert pair.prompt == (
        "Copy a name.\n\n@param name The name.\n\n```c\nvoid copy_name(char *to, const char *name)\n```"
    )
    body = '{\n    // Copy it\n    snprintf(to, 8, "%s", name);\n}\n'
    assert pair.chosen == f"#include <stdio.h>\n\nvoid copy_name(char *to, const char *name) {body}"
    assert pair.rejected == pair.chosen.replace("snprintf(to, 8,", "sprintf(to,")
    assert (pair.criterion, pair.language, pair.group, pair.rule) == ("SH", "C", "cwe_120_0", "CWE-120")


def test_a_cweval_task_without_counterpart_or_text_is_counted(tmp_path):
    write(tmp_path, {"c/cwe_120_0_c_task.c": C_TASK, "c/cwe_121_0_c_task.c": "int f() { return 1; }\n"})
    write(tmp_path, {"c/cwe_121_0_c_unsafe.c": C_UNSAFE})
    assert [row.reason for row in read("cweval", tmp_path)[1]] == ["one-side-only", "no-task-text"]


@pytest.fixture
def python_task(tmp_path):
    write(tmp_path, {"py/cwe_078_0_task.py": PY_TASK, "py/cwe_078_0_test.py": PY_TEST})
    return read("cweval", tmp_path)[0][0]


def test_the_insecure_python_function_is_read_from_the_tests(python_task):
    assert python_task.chosen == ("import shlex\n\n\ndef quoted(name: str) -> str:\n    return shlex.quote(name)\n")
    assert python_task.rejected == ('SIGN = "\'"\n\n\ndef quoted(name: str) -> str:\n    return SIGN + name + SIGN\n')
    assert python_task.prompt.startswith("Quote a name for a shell.")


@pytest.mark.slow
def test_the_check_of_a_python_task_distinguishes_its_responses(python_task):
    assert python_task.check.packages == ["pytest"]
    states = [run_check(python_task.check, side).state for side in (python_task.chosen, python_task.rejected)]
    assert states == ["passed", "failed"]


def test_a_go_response_imports_only_what_it_uses(tmp_path):
    text = (
        'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\n// BEGIN PROMPT\n/**\nPath.\n*/\nfunc path() string {\n'
        "\t// BEGIN SOLUTION\n\treturn os.Args[%s]\n}\n\n// BEGIN ENTRYPOINT\nfunc main() {\n\tfmt.Println(path())\n}\n"
    )
    write(tmp_path, {"go/cwe_001_0_go_task.go": text % 0, "go/cwe_001_0_go_unsafe.go": text % 1})
    (pair,), _ = read("cweval", tmp_path)
    assert pair.chosen == 'package main\n\nimport (\n\t"os"\n)\n\nfunc path() string {\n\treturn os.Args[0]\n}\n'


# CodeQL

PAGE = '<!DOCTYPE qhelp PUBLIC "-//Semmle//qhelp//EN" "qhelp.dtd">\n<qhelp><example>{}</example></qhelp>\n'


def page(*samples):
    return PAGE.format("".join(f'<p>a &le; b</p><sample src="{name}"/>' for name in samples))


def test_samples_are_paired_by_name_and_lose_their_hints(tmp_path):
    write(
        tmp_path,
        {
            "java/ql/src/Performance/Slow.qhelp": page("SlowBad.java", "SlowGood.java"),
            "java/ql/src/Performance/SlowBad.java": "class SlowBad { // BAD: slow\n  int f() { return g(); }\n}\n",
            "java/ql/src/Performance/SlowGood.java": "class SlowGood {\n  // GOOD\n  int f() { return 1; }\n}\n",
        },
    )
    (pair,), dropped = read("codeql", tmp_path)
    assert not dropped
    assert pair.chosen == "class Example {\n  int f() { return 1; }\n}\n"
    assert pair.rejected == "class Example {\n  int f() { return g(); }\n}\n"
    assert (pair.criterion, pair.language, pair.group) == ("EE", "Java", "java/Performance/Slow")


def test_samples_are_paired_by_number(tmp_path):
    names = ("Foo1.js", "FooGood1.js", "Foo2.js", "FooGood2.js", "Other.js")
    directory = "javascript/ql/src/Security/CWE-000/"
    files = {directory + name: f"run({at});\n" for at, name in enumerate(names)}
    write(tmp_path, files | {directory + "Foo.qhelp": page(*names)})
    pairs, dropped = read("codeql", tmp_path)
    assert [(pair.rejected, pair.chosen) for pair in pairs] == [("run(0);\n", "run(1);\n"), ("run(2);\n", "run(3);\n")]
    assert [row.reason for row in dropped] == ["unmatched-examples"]


@pytest.mark.parametrize(
    ("names", "texts", "reason"),
    [
        (("Foo.js", "Foo2.js"), ("f();", "g();"), "unmatched-examples"),
        (("Foo.ts", "FooGood.ts"), ("f();", "g();"), "language"),
        (("Foo.js", "FooGood.js"), ("f();", "g();" * 10), "other-scope"),
    ],
)
def test_unusable_samples_are_counted_by_reason(tmp_path, names, texts, reason):
    directory = "javascript/ql/src/Security/CWE-000/"
    write(tmp_path, {directory + name: text for name, text in zip(names, texts, strict=True)})
    write(tmp_path, {directory + "Foo.qhelp": page(*names)})
    pairs, dropped = read("codeql", tmp_path)
    assert not pairs
    assert [row.reason for row in dropped] == [reason]


def test_a_page_that_refers_to_a_file_outside_is_rejected(tmp_path):
    write(tmp_path, {"data/python/ql/src/Imports/Foo.qhelp": page("../../../../../secret.py"), "secret.py": "x = 1\n"})
    with pytest.raises(InputError, match="outside"):
        read("codeql", tmp_path / "data")


# Juliet

JULIET = """\
/* TEMPLATE GENERATED TESTCASE FILE */
/* BadSource: many
 * GoodSink: few */

#include "std_testcase.h"

#define BAD_SIZE 10

#ifndef OMITBAD

void CWE{cwe}_Some_Weakness__kind_01_bad()
{{
    char dataBadBuffer[BAD_SIZE];
    char dataGoodBuffer[20];
    /* POTENTIAL FLAW: too many */
    {read}use(dataBadBuffer, 11); /* Use it */
    printLine("Hello from bad()");
}}

#endif /* OMITBAD */

#ifndef OMITGOOD

static void helperGood() {{ printLine("help"); }}

/* goodG2B uses the GoodSource with the BadSink */
static void goodG2B()
{{
    char dataGoodBuffer[BAD_SIZE];
    use(dataGoodBuffer, 1);
}}

/* {other} uses the BadSource with the GoodSink */
static void {other}()
{{
    char dataBadBuffer[BAD_SIZE];
    char dataGoodBuffer[20];
    /* FIX: few */
    helperGood();
#ifdef _WIN32
    use(dataGoodBuffer, 10); /* Use it */
#endif
}}

void CWE{cwe}_Some_Weakness__kind_01_good()
{{
    goodG2B();
    {other}();
}}

#endif /* OMITGOOD */

#ifdef INCLUDEMAIN
int main() {{ printLine("Calling good()..."); return 0; }}
#endif
"""


def juliet(tmp_path, **words):
    text = JULIET.format(**{"cwe": "121", "read": "", "other": "goodB2G"} | words)
    return write(tmp_path, {f"s01/CWE{words.get('cwe', '121')}_Some_Weakness__kind_01.c": text})


def test_a_test_case_becomes_two_programs_with_the_same_name(tmp_path):
    (pair,), _ = read("juliet", juliet(tmp_path))
    bad, good = re.findall(r"char (\w+)\[", pair.chosen)
    assert {bad, good} == {"dataBuffer", "dataBuffer2"}
    assert pair.chosen == (
        '#include "std_testcase.h"\n\n#define SIZE 10\n\nstatic void helper() { printLine("help"); }\n\n'
        f"void action()\n{{\n    char {bad}[SIZE];\n    char {good}[20];\n    helper();\n#ifdef _WIN32\n"
        f"    use({good}, 10); /* Use it */\n#endif\n}}\n"
    )
    assert f"use({bad}, 11)" in pair.rejected
    assert "void action()\n{" in pair.rejected
    assert 'printLine("Hello from action()");' in pair.rejected
    assert not re.search("(?i)good|bad|flaw|fix|cwe|main", pair.chosen + pair.rejected)
    assert (pair.criterion, pair.rule) == ("SH", "CWE-121 Some Weakness")


def test_the_number_of_a_name_does_not_reveal_the_side(tmp_path):
    text = JULIET.format(cwe="121", read="", other="goodB2G")
    write(tmp_path, {f"CWE121_Some_Weakness__kind{number}_01.c": text for number in range(12)})
    names = {re.search(r"use\((\w+)", pair.chosen)[1] for pair in read("juliet", tmp_path)[0]}
    assert names == {"dataBuffer", "dataBuffer2"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"other": "goodOther", "read": "fgets(x, 1, stdin); "}, "good-side-reads-no-input"),
        ({"cwe": "546"}, "comments-only"),
    ],
)
def test_unusable_test_cases_are_counted_by_reason(tmp_path, words, reason):
    pairs, dropped = read("juliet", juliet(tmp_path, **words))
    assert not pairs
    assert [row.reason for row in dropped] == [reason]


def test_the_table_decides_the_criterion_of_a_weakness(tmp_path):
    assert read("juliet", juliet(tmp_path, cwe="401"))[0][0].criterion == "ME"


# The reference data

FROZEN = {
    "cweval": (115, {}, r"(?i)unsafe|vulnerab|insecure|\bBEGIN (?:PROMPT|SOLUTION)|\bpytest\b|cwe_\d"),
    "codeql": (
        375,
        {"unmatched-examples": 43, "other-scope": 8, "language": 6, "duplicate": 1},
        r"//.*\b(?:BAD|GOOD)\b|(?:class|def|function|void) \w*(?:Good|Bad|Fixed|Wrong|_good|_bad)\b",
    ),
    "juliet": (
        346,
        {"good-side-reads-no-input": 67, "comments-only": 6, "one-side-only": 5},
        r"(?i)good|(?<![a-z])bad|flaw|\bfix\b|CWE\d+_|OMIT",
    ),
}


@pytest.mark.parametrize("name", FROZEN)
def test_reference_data_yields_the_known_counts(name, shared):
    count, reasons, revealing = FROZEN[name]
    row = SOURCES.get(name)
    pairs, dropped = read(name, row.directory_in(shared / "sources"))
    assert len(pairs) == count
    assert Counter(item.reason for item in dropped) == reasons
    assert len({pair.key for pair in pairs}) == count
    assert {pair.criterion for pair in pairs} == set(row.criteria)
    assert {pair.language for pair in pairs} == set(row.languages)
    assert not [pair.key for pair in pairs for side in (pair.chosen, pair.rejected) if re.search(revealing, side)]


def test_every_row_of_the_tables_matches_a_page(shared):
    directory = shared / "sources" / "codeql_examples"
    pages = {
        path.relative_to(directory).as_posix().removesuffix(".qhelp").replace("/ql/src/", "/", 1)
        for path in directory.rglob("*.qhelp")
    }
    assert set(PAIRS_OF_PAGE) <= pages
    assert all(any(page.startswith(row) for page in pages) for row in CRITERION_OF_PATH)


@pytest.mark.parametrize("name", FROZEN)
def test_an_empty_directory_is_reported(name, tmp_path):
    with pytest.raises(InputError):
        read(name, tmp_path)
