"""Windows around a change, on small files of every language with a parser."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from themis_rm.curation.windows import cut_window
from themis_rm.languages import LANGUAGES
from themis_rm.languages.syntax import error_count, parse_fragment


def words(text: str) -> int:
    return len(text.split())


def python_file(functions: int, changed: int = -1) -> str:
    parts = ["import os\nimport sys\nfrom json import dumps\n\nLIMIT = 3\nOTHER = 4\n"]
    parts += [
        f"def f{n}(x):\n    path = os.sep\n    return {'-' if n == changed else ''}x + LIMIT + {n}\n"
        for n in range(functions)
    ]
    return "\n\n".join(parts)


def test_only_the_changed_function_stays() -> None:
    window = cut_window(python_file(30), python_file(30, changed=7), "Python", 60, words)
    assert window is not None
    assert "def f7" in window.new
    assert "def f6" not in window.new + window.old
    assert window.complete


def test_imports_and_constants_that_it_mentions_stay() -> None:
    window = cut_window(python_file(30), python_file(30, changed=7), "Python", 60, words)
    assert window is not None
    for text in (window.old, window.new):
        assert "import os\n" in text
        assert "LIMIT = 3" in text
        assert "dumps" not in text
        assert "OTHER" not in text


def test_comments_between_items_are_not_context() -> None:
    old, new = ("# f7 and LIMIT\n\n\n" + python_file(30, changed) for changed in (-1, 7))
    window = cut_window(old, new, "Python", 60, words)
    assert window is not None
    assert "LIMIT = 3" in window.new
    assert "#" not in window.new


def test_context_is_left_out_where_it_does_not_fit() -> None:
    window = cut_window(python_file(30), python_file(30, changed=7), "Python", 12, words)
    assert window is not None
    assert "import" not in window.new
    assert words(window.new) <= 12


def test_no_window_fits() -> None:
    assert cut_window(python_file(30), python_file(30, changed=7), "Python", 5, words) is None


def test_the_difference_of_the_windows_is_that_of_the_files() -> None:
    old, new = python_file(30), python_file(30, changed=7)
    window = cut_window(old, new, "Python", 60, words)
    assert window is not None
    before, after = window.old.split("\n"), window.new.split("\n")
    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == [
        ("    return x + LIMIT + 7", "    return -x + LIMIT + 7")
    ]


def test_several_changes_share_a_window() -> None:
    old = python_file(30)
    new = old.replace("LIMIT + 3\n", "LIMIT - 3\n").replace("LIMIT + 20\n", "LIMIT - 20\n")
    window = cut_window(old, new, "Python", 80, words)
    assert window is not None
    assert "def f3" in window.new
    assert "def f20" in window.new
    assert window.complete


def test_changes_that_do_not_fit_are_left_out_on_both_sides() -> None:
    old = python_file(30)
    new = old.replace("LIMIT + 3\n", "LIMIT - 3\n").replace("LIMIT + 20\n", "LIMIT - 20\n")
    window = cut_window(old, new, "Python", 14, words)
    assert window is not None
    assert not window.complete
    assert ("def f3" in window.old, "def f20" in window.old) == ("def f3" in window.new, "def f20" in window.new)


def test_an_added_function_is_a_window() -> None:
    old = python_file(30)
    new = old.replace("def f9", "def added(x):\n    return os.sep\n\n\ndef f9")
    window = cut_window(old, new, "Python", 60, words)
    assert window is None or ("added" in window.new and "added" not in window.old)


CLASSES = {
    "Java": ("class A {{\n{body}\n}}\n", "    int f{n}(int x) {{\n        return x + {v};\n    }}"),
    "C#": ("namespace N\n{{\n    class A\n    {{\n{body}\n    }}\n}}\n", "        int F{n}(int x)\n        {{\n            return x + {v};\n        }}"),
    "C++": ("#ifndef A_H\n#define A_H\nnamespace n {{\nclass A {{\n public:\n{body}\n}};\n}}\n#endif\n", "  int f{n}(int x) {{\n    return x + {v};\n  }}"),
    "JavaScript": ("class A {{\n{body}\n}}\nmodule.exports = A;\n", "  f{n}(x) {{\n    return x + {v};\n  }}"),
    "TypeScript": ("export class A {{\n{body}\n}}\n", "  f{n}(x: number): number {{\n    return x + {v};\n  }}"),
    "Ruby": ("module M\n  class A\n{body}\n  end\nend\n", "    def f{n}(x)\n      x + {v}\n    end"),
    "Python": ("class A:\n{body}\n", "    def f{n}(self, x):\n        return x + {v}"),
    "Go": ("package a\n\n{body}\n", "func f{n}(x int) int {{\n\treturn x + {v}\n}}"),
    "C": ("#include <stdio.h>\n\n{body}\n", "int f{n}(int x) {{\n    return x + {v};\n}}"),
    "Rust": ("struct A;\n\nimpl A {{\n{body}\n}}\n", "    fn f{n}(x: i32) -> i32 {{\n        x + {v}\n    }}"),
}  # fmt: skip


def class_file(language: str, values: list[int]) -> str:
    frame, method = CLASSES[language]
    return frame.format(body="\n\n".join(method.format(n=n, v=v) for n, v in enumerate(values)))


def test_every_language_has_a_case() -> None:
    assert {language.name for language in LANGUAGES if language.grammar} == set(CLASSES)


@pytest.mark.parametrize("language", CLASSES)
def test_a_member_keeps_the_class_around_it(language: str) -> None:
    values = [1] * 20
    old, new = class_file(language, values), class_file(language, [*values[:8], 2, *values[9:]])
    window = cut_window(old, new, language, 60, words)
    assert window is not None
    assert words(window.new) < words(new) / 3
    frame = [line for line in CLASSES[language][0].replace("{{", "{").replace("}}", "}").split("\n") if line.strip()]
    for line in frame:
        if line != "{body}" and not line.startswith(("#include", "package", "struct", "module.exports")):
            assert line in window.new.split("\n"), line


@pytest.mark.parametrize("language", CLASSES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_random_edits_give_windows_that_parse_and_that_files_contain(language: str, seed: int) -> None:
    rng = random.Random(seed)
    values = [rng.randrange(3) for _ in range(12)]
    edited = [rng.randrange(3) if rng.random() < 0.2 else value for value in values]
    if rng.random() < 0.3:
        edited.insert(rng.randrange(12), 5)
    if rng.random() < 0.3:
        del edited[rng.randrange(len(edited))]
    old, new = class_file(language, values), class_file(language, edited)
    window = cut_window(old, new, language, rng.choice([15, 30, 60, 200]), words)
    if window is None:
        return
    for text, whole, lines in ((window.old, old, window.old_lines), (window.new, new, window.new_lines)):
        assert text.rstrip("\n") == "\n".join(whole.split("\n")[line] for line in lines).rstrip("\n")
        assert error_count(parse_fragment(text, language).tree) <= error_count(parse_fragment(whole, language).tree)
    assert window.old != window.new


def test_windows_differ_only_where_the_files_do() -> None:
    values = list(range(20))
    edited = [*values[:5], 99, *values[6:12], 98, *values[13:]]
    window = cut_window(class_file("Java", values), class_file("Java", edited), "Java", 200, words)
    assert window is not None
    pairs = zip(window.old.split("\n"), window.new.split("\n"), strict=True)
    assert [new.strip() for old, new in pairs if old != new] == ["return x + 99;", "return x + 98;"]
