"""Find the language of files whose extension several languages share, such as headers of C and C++ named ``.h``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from themis_rm.languages import Language, get_language, language_of_path

_FOR_CPP = re.compile(
    r"^[ \t]*#[ \t]*(?:ifdef[ \t]+__cplusplus|if[ \t]+defined[ \t]*\(?[ \t]*__cplusplus).*?"
    r"^[ \t]*#[ \t]*(?:endif|else|elif)\b",
    re.MULTILINE | re.DOTALL,
)
"""What a C header has for C++ compilers only."""

_COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
_CPP = re.compile(
    r"\b(?:class|struct)\s+(?:[A-Z_]+\s+)?\w+\s*(?:final\s*)?(?::\s*(?:public|private|protected|virtual|[A-Z])|<)"
    r"|^[ \t]*class\s+(?:[A-Z_]+\s+)?\w+\s*(?:final\s*)?[{;\n]"
    r"|^[ \t]*(?:inline[ \t]+)?namespace\b\s*(?:[\w:]+\s*)?(?:\{|$)|\btemplate\s*<"
    r"|\b[A-Za-z_]\w*::\w|^[ \t]*(?:public|private|protected)\s*(?:slots\s*)?:"
    r"|\busing\s+(?:namespace\b|[\w:]+\s*[=;])|\b(?:static|dynamic|reinterpret|const)_cast\s*<"
    r"|\bvirtual\b[^;{]*\(|\boperator\s*(?:\(\)|\[\]|<<|>>|[-+*/%=<>!&|^]=?)\s*\(|\bconstexpr\b|\bnullptr\b|\bnoexcept\b"
    r"|\bconst\s+\w+\s*&|=\s*default\s*;",
    re.MULTILINE,
)
_CPP_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<[a-z_]+>[ \t]*\r?$", re.MULTILINE)
_OBJECTIVE_C = re.compile(r"^[ \t]*(?:@(?:interface|protocol|class|property|end)\b|#[ \t]*import\b)", re.MULTILINE)


class HeaderLanguages:
    """The languages of the sources of a repository, for headers whose text fits several languages.

    Args:
        paths: Paths of all files.
    """

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._stems: dict[str, str] = {}
        self._folders: dict[str, Counter[str]] = {}
        self._all: Counter[str] = Counter()
        for text in paths:
            path = PurePosixPath(text)
            language = language_of_path(text)
            if language is None or path.suffix.lower() in language.shared_extensions:
                continue
            self._stems[str(path.with_suffix(""))] = language.name
            self._folders.setdefault(str(path.parent), Counter())[language.name] += 1
            self._all[language.name] += 1

    def of(self, path: str) -> str:
        """Return the more frequent language of sources next to a header: of its name, its directory, the repository.

        Empty if its extension belongs to one language, or no source is in one of its languages.
        """
        header = PurePosixPath(path)
        own = language_of_path(path)
        other = own.shared_extensions.get(header.suffix.lower()) if own else None
        if own is None or other is None:
            return ""
        stem = self._stems.get(str(header.with_suffix("")))
        if stem in (own.name, other):
            return str(stem)
        for counts in (self._folders.get(str(header.parent), Counter()), self._all):
            if counts[own.name] != counts[other]:
                return own.name if counts[own.name] > counts[other] else other
        return ""


def language_of_file(path: str, code: str, headers: HeaderLanguages | None = None) -> Language | None:
    """Return the language of a file by extension and, where several languages share that, by its text.

    Args:
        path: Path of the file.
        code: Its text.
        headers: Languages of the sources around it, for a header that fits several languages.

    Returns:
        The language, or ``None`` if there is none with that extension, or the text is in another one (Objective-C).
    """
    language = language_of_path(path)
    other = language.shared_extensions.get(PurePosixPath(path).suffix.lower()) if language else None
    if language is None or other is None:
        return language
    if _OBJECTIVE_C.search(code):
        return None
    plain = _COMMENTS.sub(" ", _FOR_CPP.sub("", code))
    if _CPP.search(plain) or _CPP_INCLUDE.search(code):
        return get_language(other)
    name = headers.of(path) if headers is not None else ""
    return get_language(name) if name else language
