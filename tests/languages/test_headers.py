"""The language of headers named ``.h``: by their text, and by the sources around them."""

from __future__ import annotations

import pytest

from themis_rm.languages.headers import HeaderLanguages, language_of_file
from themis_rm.languages.syntax import error_count, parse

PLAIN = "struct point { int x; int y; };\n"

CPP = [
    "template <typename T>\nclass Queue {\n};\n",
    "namespace a {\nint b();\n}\n",
    "class Queue;\nvoid f(Queue *q);\n",
    "struct A : public B {\n  int c;\n};\n",
    "inline int f() { return a::b; }\n",
    "#include <vector>\nint f();\n",
    "struct A {\n  virtual void f() = 0;\n};\n",
    "bool f(const Point& p);\n",
    "struct A {\n private:\n  int b;\n};\n",
    "constexpr int a = 1;\n",
]
C = [
    PLAIN,
    '#ifdef __cplusplus\nextern "C" {\n#endif\nint f(void);\n#ifdef __cplusplus\n}\n#endif\n',
    "#if defined(__cplusplus)\nnamespace a { class B; }\n#endif\nint f(void);\n",
    "/* A class of std::vector, in C. */\nint f(int class);\n",
    "struct namespace { int operator; };\n#define MASK(a, b) (a & b)\n",
    "#include <stdio.h>\nstruct flags { unsigned a : 1; };\n",
]


@pytest.mark.parametrize("code", CPP)
def test_headers_in_cpp(code: str) -> None:
    assert language_of_file("a.h", code).name == "C++"


@pytest.mark.parametrize("code", C)
def test_headers_in_c(code: str) -> None:
    assert language_of_file("a.h", code).name == "C"


def test_objective_c_is_neither() -> None:
    assert language_of_file("a.h", "@interface A : NSObject\n@end\n") is None


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("lib/queue.h", "C++"),  # next to queue.cpp
        ("lib/other.h", "C"),  # most sources of the directory
        ("include/any.h", "C++"),  # most sources of the repository
    ],
)
def test_sources_around_a_plain_header_decide(header: str, language: str) -> None:
    sources = ["lib/queue.cpp", "lib/a.c", "lib/b.c", "src/d.cc", "src/e.cpp", header]
    assert language_of_file(header, PLAIN, HeaderLanguages(sources)).name == language


def test_other_files_have_the_language_of_their_extension() -> None:
    assert language_of_file("a.c", CPP[0]).name == "C"
    assert language_of_file("a.txt", "") is None


def test_macros_that_parse_better_in_cpp_make_no_header_cpp() -> None:
    code = "struct a { HANDLE_FIELDS };\nUNUSED(static void f(struct heap* a));\n"
    assert error_count(parse(code, "C++")) < error_count(parse(code, "C"))
    assert language_of_file("a.h", code).name == "C"
