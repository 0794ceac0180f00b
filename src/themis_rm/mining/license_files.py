"""The license of a source tree, from its license files, package metadata and README.

The first of these that is there decides:

1. license files at the top (``LICENSE``, ``COPYING``, ``MIT-LICENSE.txt``, ...), else those in ``LICENSES/``;
2. the license in package metadata (``package.json``, ``Cargo.toml``, ``pyproject.toml``, ...);
3. the section on the license in the README.

Files about manuals, fonts or bundled parts do not rule the code. Files that are named after their licenses
(``LICENSE-MIT``, ``LICENSE-APACHE``) are a choice, as package metadata or a text may say too.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from themis_rm.mining.license_expressions import ids_of, is_choice, join
from themis_rm.mining.licenses import NO_LICENSE, UNKNOWN_LICENSE, stated_license, without_documents
from themis_rm.mining.package_metadata import is_package_metadata, metadata_license

MAX_BYTES = 256 << 10
"""Larger license files are not read."""

FOLDERS = ("licenses", "licences", "license", "licence")  # language: data
"""Top-level folders of license files, in lower case."""

_FILE = re.compile(r"(?:.*[-_.])?(?:licen[cs]es?|copying|unlicense|copyright)(?:[-_.].*)?", re.IGNORECASE)
_NOT_TEXT = (".py", ".c", ".h", ".js", ".rb", ".go", ".java", ".cs", ".cpp", ".json", ".xml", ".png", ".svg", ".sh")
_README = re.compile(r"readme(?:\.(?:md|rst|txt|markdown|adoc|rdoc))?", re.IGNORECASE)
_PARTS = re.compile(
    r"docs?|documentation|manual|third|thirdparty|3rd|3rdparty|vendor(?:ed)?|bundled?|dependenc(?:y|ies)|deps|notices?|"
    r"fonts?|icons?|logos?|images?|media|assets?|artwork|data|content|website|site|header|template|samples?|examples?|"
    r"external|extern|tests?|testdata|fixtures|dco|cla"
)
_FAMILIES = ("mit", "apache", "bsd", "gpl", "mpl", "isc", "cc0", "unlicense", "zlib", "bsl", "epl", "wtfpl", "artistic")
_HEADING = re.compile(
    r"^[ \t#=*>]*(?:\d+\.? *)?(?:the )?(?:licen[cs]e|licensing|copyright and license|license and copyright|copyright)\b"
    r"[^\n]{0,40}$",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT_HEADING = re.compile(r"^(?:#|=+ \S|[^\n]+\n(?:===|---|~~~))", re.MULTILINE)
_SECTION, _NAMED, _HEADINGS = 1500, 1500, 10


@dataclass(frozen=True, slots=True)
class TreeLicense:
    """The license of a tree.

    Attributes:
        expression: SPDX expression, in which :data:`~themis_rm.mining.licenses.UNKNOWN_LICENSE` is a text that is not
            recognized, or :data:`~themis_rm.mining.licenses.NO_LICENSE`.
        unknown: The files that are not recognized, each with its first line.
    """

    expression: str
    unknown: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Return the expression, with the files that are not recognized."""
        return self.expression + (f" ({'; '.join(self.unknown)})" if self.unknown else "")


def is_license_file(name: str) -> bool:
    """Return whether a file with this name (without directories) states the license of its repository."""
    return bool(_FILE.fullmatch(name)) and not name.lower().endswith(_NOT_TEXT)


def is_of_parts(name: str) -> bool:
    """Return whether the name of a license file says that it is about manuals, fonts or bundled parts."""
    return any(_PARTS.fullmatch(word) for word in re.findall(r"[a-z0-9]+", name.lower()))


def states_license(path: str) -> bool:
    """Return whether a file at this path, at the top or in a folder of licenses, may state the license of the tree."""
    folder, _, name = path.rpartition("/")
    if folder:
        return folder.lower() in FOLDERS and not name.lower().endswith(_NOT_TEXT)
    return is_license_file(name) or is_package_metadata(name) or bool(_README.fullmatch(name))


def decode(data: bytes) -> str:
    """Return the text of a file, which may be in UTF-8, UTF-16 or Latin-1."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def detect_license(files: Mapping[str, str]) -> TreeLicense:
    """Return the license of a tree.

    Args:
        files: Path -> text of the files of which :func:`states_license` is true; others are ignored.
    """
    texts = {path: text for path, text in sorted(files.items()) if text.strip()}
    top = {path: text for path, text in texts.items() if "/" not in path and is_license_file(path)}
    folder = {path: text for path, text in texts.items() if "/" in path}
    metadata = _first(metadata_license(path, text) for path, text in texts.items() if "/" not in path)
    for group in (top, folder):
        found = _of_files(group, metadata)
        if found:
            return found
    readme = _first(_of_readme(text) for path, text in texts.items() if _README.fullmatch(path))
    return TreeLicense(metadata or readme or NO_LICENSE)


def _first(values: object) -> str | None:
    found = [value for value in values if value]  # type: ignore[attr-defined]
    return join("AND", found) if found else None


def _of_files(texts: Mapping[str, str], metadata: str | None) -> TreeLicense | None:
    """Return the license that license files state, or ``None`` if there are none of the code."""
    by_file: dict[str, str] = {}
    unknown = []
    for path, text in texts.items():
        name = path.rpartition("/")[2]
        if is_of_parts(name):
            continue
        stated = stated_license(text, whole=len(text) < _NAMED and _names_only(text))
        # A file named COPYRIGHT often only lists holders, so an unrecognized one is ignored.
        if stated is None and not name.lower().startswith("copyright"):
            unknown.append(f"{path}: {_first_line(text)}")
        if stated is not None:
            by_file[path] = stated
    code = without_documents(list(dict.fromkeys(by_file.values())))
    by_file = {path: stated for path, stated in by_file.items() if stated in code}
    if not by_file and not unknown:
        return None
    parts = [_combine(by_file, metadata), UNKNOWN_LICENSE if unknown else ""]
    return TreeLicense(join("AND", filter(None, parts)), tuple(unknown))


def _names_only(text: str) -> bool:
    """Return whether a license file is so short that it can only name a license, not contain conditions."""
    return len(text.split()) <= 40


def _combine(by_file: Mapping[str, str], metadata: str | None) -> str:
    parts = list(dict.fromkeys(by_file.values()))
    if any(part.startswith("LGPL-") for part in parts):
        # The text of the LGPL refers to that of the GPL, which is then a file of its own.
        parts = [part for part in parts if not part.startswith("GPL-")]
    if len(parts) < 2:
        return "".join(parts)
    ids = {spdx for part in parts for spdx in ids_of(part)}
    for choice in (*parts, metadata or ""):
        if is_choice(choice) and ids <= set(ids_of(choice)):
            return choice
    named = all(_is_named_after(path, stated) for path, stated in by_file.items() if stated in parts)
    return join("OR" if named else "AND", parts)


def _is_named_after(path: str, expression: str) -> bool:
    """Return whether a top-level file is named after its license, as those of a choice are."""
    words = re.findall(r"[a-z]+\d*|\d+", path.lower())
    families = [family for family in _FAMILIES if family in expression.lower()]
    named = any(word.startswith(family) or word.endswith(family) for family in families for word in words)
    return named and "/" not in path


def _of_readme(text: str) -> str | None:
    for heading in islice(_HEADING.finditer(text), _HEADINGS):
        section = text[heading.end() : heading.end() + _SECTION]
        underline = re.match(r"\s*[-=~^]{3,}[^\n]*\n", section)
        section = section[underline.end() :] if underline else section
        end = _NEXT_HEADING.search(section.lstrip("\n"))
        section = section.lstrip("\n")[: end.start()] if end else section
        stated = stated_license(section, whole=True)
        if stated:
            return stated
    return stated_license(text)


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 60 else line[:57] + "..."
