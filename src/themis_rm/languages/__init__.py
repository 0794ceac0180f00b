"""Programming languages, one file each.

A language is a module of this package that registers a :class:`Language` in :data:`LANGUAGES`; another distribution
adds one by an entry point of the group ``themis_rm.languages``. See ``languages/rust.py`` for an example.
"""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath

from themis_rm.errors import SettingError, did_you_mean
from themis_rm.languages.definition import (
    Documentation,
    GrammarNodes,
    Language,
    MissingPartError,
    Renaming,
    Syntax,
    Toolchain,
    UnusedFunction,
)
from themis_rm.registry import Registry

__all__ = [
    "LANGUAGES",
    "NATURAL_LANGUAGE",
    "Documentation",
    "GrammarNodes",
    "Language",
    "MissingPartError",
    "Renaming",
    "Syntax",
    "Toolchain",
    "UnusedFunction",
    "benchmark_language_of_path",
    "benchmark_languages",
    "get_benchmark_language",
    "get_language",
    "is_language",
    "language_of_path",
]

LANGUAGES: Registry[Language] = Registry("language", "themis_rm.languages", "themis_rm.languages")
"""All languages, by name."""

NATURAL_LANGUAGE = "NL"
"""The ``language`` value of training rows whose response is prose."""


def benchmark_languages() -> tuple[Language, ...]:
    """Return the languages of the benchmark, by name: those with a ``benchmark_name``."""
    return tuple(language for language in LANGUAGES if language.benchmark_name)


def is_language(name: str) -> bool:
    """Return whether a language has this name; case does not matter."""
    return name.casefold() in _by_name(len(LANGUAGES))


def get_language(name: str) -> Language:
    """Return the language of a training, benchmark or fence name (``C#``, ``CSharp`` and ``csharp`` are one).

    Args:
        name: Any of its names; case does not matter.

    Raises:
        SettingError: No language has that name.
    """
    language = _by_name(len(LANGUAGES)).get(name.casefold())
    if language is None:
        raise SettingError(f"Unknown language '{name}'.", did_you_mean(name, LANGUAGES.names()))
    return language


def language_of_path(path: str) -> Language | None:
    """Return the language of a file by its extension, or ``None`` if no language has that extension."""
    return _by_extension(len(LANGUAGES)).get(PurePosixPath(path).suffix.lower())


def get_benchmark_language(name: str) -> Language:
    """Return the benchmark language of a training, benchmark or fence name.

    Args:
        name: Any of its names; case does not matter.

    Raises:
        SettingError: No language has that name, or the benchmark does not have that language.
    """
    language = get_language(name)
    if not language.benchmark_name:
        known = [row.name for row in benchmark_languages()]
        raise SettingError(f"The benchmark does not have the language '{name}'.", f"It has: {', '.join(known)}.")
    return language


def benchmark_language_of_path(path: str) -> Language | None:
    """Return the benchmark language of a file by its extension, or ``None`` for other files."""
    language = language_of_path(path)
    return language if language is not None and language.benchmark_name else None


# Both tables are keyed by the number of languages, because a language may be registered after the first look-up.


@cache
def _by_name(_: int) -> dict[str, Language]:
    names: dict[str, Language] = {}
    for language in LANGUAGES:
        for name in (language.name, language.benchmark_name, language.fence, *language.aliases):
            if name and names.setdefault(name.casefold(), language) is not language:
                raise SettingError(
                    f"Two languages are called '{name}': {names[name.casefold()].name}, {language.name}."
                )
    return names


@cache
def _by_extension(_: int) -> dict[str, Language]:
    extensions: dict[str, Language] = {}
    for language in LANGUAGES:
        for extension in language.extensions:
            if extensions.setdefault(extension, language) is not language:
                other = extensions[extension].name
                raise SettingError(f"Two languages have the extension '{extension}': {other}, {language.name}.")
    return extensions
