"""THE table of languages. A language is one row here (plus its grammar wheel in ``pyproject.toml``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from themis_rm.errors import SettingError, did_you_mean


@dataclass(frozen=True, slots=True)
class Language:
    """One programming language.

    Attributes:
        name: The value in the ``language`` column of training data and commits (``C#``).
        benchmark_name: The value in the ``language`` column of benchmarks (``CSharp``).
        extensions: File endings, lower case, with the dot; each ending belongs to one language.
        grammar: Module of the tree-sitter wheel.
        fence: Info string of a Markdown code block.
        line_comment: What starts a comment that runs to the end of the line.
    """

    name: str
    benchmark_name: str
    extensions: tuple[str, ...]
    grammar: str
    fence: str
    line_comment: str


LANGUAGES: tuple[Language, ...] = (
    Language("C", "C", (".c", ".h"), "tree_sitter_c", "c", "//"),
    Language("C#", "CSharp", (".cs",), "tree_sitter_c_sharp", "csharp", "//"),
    Language(
        "C++", "Cpp", (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++"), "tree_sitter_cpp", "cpp", "//"
    ),
    Language("Go", "Go", (".go",), "tree_sitter_go", "go", "//"),
    Language("Java", "Java", (".java",), "tree_sitter_java", "java", "//"),
    Language("JavaScript", "JavaScript", (".js", ".mjs", ".cjs", ".jsx"), "tree_sitter_javascript", "javascript", "//"),
    Language("Python", "Python", (".py",), "tree_sitter_python", "python", "#"),
    Language("Ruby", "Ruby", (".rb", ".rake", ".gemspec"), "tree_sitter_ruby", "ruby", "#"),
)

NATURAL_LANGUAGE = "NL"
"""The ``language`` value of training rows whose answer is prose."""


@cache
def _by_name() -> dict[str, Language]:
    names: dict[str, Language] = {}
    for row in LANGUAGES:
        for name in (row.name, row.benchmark_name, row.fence):
            names[name.casefold()] = row
    return names


@cache
def _by_extension() -> dict[str, Language]:
    return {ending: row for row in LANGUAGES for ending in row.extensions}


def benchmark_languages() -> tuple[Language, ...]:
    """Return the languages of the benchmark, by name: those with a ``benchmark_name``."""
    return tuple(row for row in LANGUAGES if row.benchmark_name)


def get_language(name: str) -> Language:
    """Return the language that a training, benchmark or fence name means (``C#``, ``CSharp`` and ``csharp`` are one).

    Args:
        name: Any of its names; case does not matter.

    Raises:
        SettingError: No language has that name.
    """
    row = _by_name().get(name.casefold())
    if row is None:
        raise SettingError(f"Unknown language '{name}'.", did_you_mean(name, [r.name for r in LANGUAGES]))
    return row


def language_of_path(path: str) -> Language | None:
    """Return the language of a file by its ending, or ``None`` for a file in none of the languages."""
    return _by_extension().get(PurePosixPath(path).suffix.lower())
