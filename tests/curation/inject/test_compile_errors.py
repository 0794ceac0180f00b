"""Errors of compilers that are found in the syntax tree."""

import pytest

from themis_rm.curation.inject.compile_errors import count_errors
from themis_rm.curation.inject.tree import CodeTree

# Language -> what keeps the rule before an edit, and after one that breaks it or does not.
BREAKS = {
    "a variable is no longer used": ("Go", "a := f()\n\tg(a)", "a := f()\n\tg()"),
    "a variable is only assigned": ("Go", "a, b := f()\n\ta = g(a)\n\treturn b", "a, b := f()\n\ta = g()\n\treturn b"),
    "the variable of an inner scope is used instead": (
        "Go",
        "err := f()\n\tif x {\n\t\terr := g()\n\t\th(err)\n\t}\n\treturn err",
        "err := f()\n\tif x {\n\t\terr := g()\n\t\th()\n\t}\n\treturn err",
    ),
    "a package is no longer used": ("Go", "if a {\n\t\treturn errors.New(b)\n\t}\n\treturn nil", "return nil"),
    "a label is no longer used": ("Go", "out:\n\tfor {\n\t\tbreak out\n\t}", "out:\n\tfor {\n\t\tbreak\n\t}"),
    "a function may end without return": ("Go", "if a {\n\t\treturn 1\n\t}\n\treturn 2", "if a {\n\t\treturn 1\n\t}"),
    "a branch no longer returns": (
        "Java",
        "if (a) { return 1; } else { return 2; }",
        "if (a) { return 1; } else { b(); }",
    ),
    "an endless loop gets an end": (
        "Java",
        "while (true) { if (a) { return 1; } }",
        "while (true) { if (a) { break; } }",
    ),
    "a case no longer returns": (
        "Java",
        "switch (a) { case 1: return 1; default: return 2; }",
        "switch (a) { case 1: return 1; default: break; }",
    ),
    "a statement is not reached": ("Java", "if (a) { return; } b();", "return; b();"),
    "a loop no longer ends": (
        "Java",
        "while (true) { if (a) { break; } } b();",
        "while (true) { if (a) { continue; } } b();",
    ),
    "a variable may have no value": (
        "C#",
        "int a; if (b) { a = 1; } else { a = 2; } return a;",
        "int a; if (b) { a = 1; } return a;",
    ),
    "a pattern no longer matches": ("C#", "if (a is B b && b.C) { b.D(); }", "if (a is B b || b.C) { b.D(); }"),
    "an argument may have no value": (
        "C#",
        "if (a && d.TryGetValue(k, out var v)) { G(v); }",
        "if (a || d.TryGetValue(k, out var v)) { G(v); }",
    ),
    "a type is no longer tested": ("Java", "if (a instanceof B b && b.c()) { b.d(); }", "if (b.c()) { b.d(); }"),
}
KEEPS = {
    "a parameter is no longer used": ("Go", "a(p)\n\treturn 1", "a()\n\treturn 1"),
    "the declaration is removed with its use": ("Go", "a := f()\n\tg(a)\n\th()", "h()"),
    "a compound assignment is a use": ("Go", "a := 1\n\ta += f(a)", "a := 1\n\ta += f()"),
    "what logs uses variables": ("Go", "a := f()\n\tlog.Print(a)\n\tg(a)", "a := f()\n\tlog.Print(a)\n\tg()"),
    "a type uses a package": ("Go", "var a b.C\n\tb.D(a)", "var a b.C\n\tf(a)"),
    "another return follows": ("Java", "if (a) { return 1; } return 2;", "return 2;"),
    "a throw ends a function": ("Java", "if (a) { return 1; } throw new E();", "throw new E();"),
    "panic ends a function": ("Go", "if a {\n\t\treturn 1\n\t}\n\tpanic(2)", "panic(2)"),
    "all of a try leaves": (
        "Java",
        "try { return a(1); } catch (E e) { throw e; }",
        "try { return a(2); } catch (E e) { throw e; }",
    ),
    "a test of a type without a variable": ("Java", "if (a instanceof B && c()) { d(); }", "if (c()) { d(); }"),
    "a variable has a value from the start": (
        "Java",
        "int a = 0; if (b) { a = 1; } return a;",
        "int a = 0; if (b) { } return a;",
    ),
}


def tree(language, body):
    header = {"Go": "func f(p int) int {\n\t", "Java": "int f(int p) {\n", "C#": "int F(int p)\n{\n"}[language]
    return CodeTree(f"{header}{body}\n}}\n", language)


def has_new_errors(before, after):
    return bool(count_errors(after) - count_errors(before))


@pytest.mark.parametrize("name", BREAKS)
def test_an_edit_that_does_not_compile_is_found(name):
    language, before, after = BREAKS[name]
    assert has_new_errors(tree(language, before), tree(language, after))


@pytest.mark.parametrize("name", KEEPS)
def test_an_edit_that_compiles_is_accepted(name):
    language, before, after = KEEPS[name]
    assert not has_new_errors(tree(language, before), tree(language, after))


@pytest.mark.parametrize("name", {**BREAKS, **KEEPS})
def test_equal_code_has_no_new_errors(name):
    language, before, after = {**BREAKS, **KEEPS}[name]
    for body in (before, after):
        assert not has_new_errors(tree(language, body), tree(language, body))
