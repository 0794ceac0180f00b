"""Detect the license of a repository by phrases in its license files that only one license contains."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class License:
    """A license and the phrases that identify it.

    Attributes:
        spdx: SPDX id.
        open: Whether commits under it are mined by default.
        phrases: Alternatives, each of which is a group of phrases that must all occur. They have lower-case words only,
            because the text is reduced to words before the search: line breaks, markup and punctuation do not matter.
        unless: Phrases whose presence excludes the license.
    """

    spdx: str
    open: bool
    phrases: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...] = ()


_MIT_GRANT = "permission is hereby granted free of charge to any person obtaining a copy"
_BSD = (
    "redistribution and use in source and binary forms",
    "redistributions of source code must retain",
    "redistributions in binary form must reproduce",
)
_BSD_MORE = ("neither the name", "may not be used to endorse or promote", "all advertising materials mentioning")

LICENSES: tuple[License, ...] = (
    License(
        "MIT",
        True,
        ((_MIT_GRANT, "copyright notice and this permission notice shall be included"),),
        ("used for good not evil",),
    ),
    License(
        "Apache-2.0",
        True,
        (
            ("apache license version 2 0 january 2004",),
            ("licensed under the apache license version 2 0",),
        ),
    ),
    License("BSD-2-Clause", True, (_BSD,), _BSD_MORE),
    License("BSD-3-Clause", True, ((*_BSD, _BSD_MORE[0]), (*_BSD, _BSD_MORE[1])), (_BSD_MORE[2],)),
    License(
        "ISC",
        True,
        (
            (
                "permission to use copy modify and or distribute this software for any purpose with or without fee",
                "copyright notice and this permission notice appear in all copies",
            ),
            (
                "permission to use copy modify and distribute this software for any purpose with or without fee",
                "copyright notice and this permission notice appear in all copies",
            ),
        ),
    ),
    License("CC0-1.0", True, (("cc0 1 0 universal",), ("creative commons cc0",))),
    License("EPL-1.0", True, (("eclipse public license v 1 0",), ("eclipse public license version 1 0",))),
    License("MPL-2.0", True, (("mozilla public license version 2 0",),)),
    License("Unlicense", True, (("free and unencumbered software released into the public domain",),)),
    License("AGPL-3.0", True, (("gnu affero general public license version 3 19 november 2007",),)),
    License("LGPL-2.1", True, (("gnu lesser general public license version 2 1 february 1999",),)),
    License("Artistic-2.0", True, (("artistic license 2 0",),)),
    License("GPL-2.0", False, (("gnu general public license version 2 june 1991",),)),
    License("GPL-3.0", False, (("gnu general public license version 3 29 june 2007",),)),
    License("LGPL-2.0", False, (("gnu library general public license version 2 june 1991",),)),
    License("LGPL-3.0", False, (("gnu lesser general public license version 3 29 june 2007",),)),
    License("BSD-4-Clause", False, ((*_BSD, _BSD_MORE[2]),)),
    License("EPL-2.0", False, (("eclipse public license v 2 0",), ("eclipse public license version 2 0",))),
    License("MPL-1.1", False, (("mozilla public license version 1 1",),)),
    License("SSPL-1.0", False, (("server side public license",),)),
    License("BUSL-1.1", False, (("business source license 1 1",),)),
    License("Elastic-2.0", False, (("elastic license 2 0",),)),
    License("JSON", False, ((_MIT_GRANT, "used for good not evil"),)),
    License("LicenseRef-Commons-Clause", False, (("commons clause license condition",), ("the commons clause",))),
    License("LicenseRef-RSAL-2.0", False, (("redis source available license",),)),
)
"""All licenses that are recognized; those that are not open are listed so that reports can name them."""

OPEN_LICENSES: tuple[str, ...] = tuple(row.spdx for row in LICENSES if row.open)

UNKNOWN_LICENSE, NO_LICENSE = "unknown", "none"
"""Values of the column ``license`` for an unrecognized license file and for a repository without one."""

MAX_BYTES = 256 << 10
"""Larger license files are not read."""

_FILE = re.compile(r"(?:.*[-_.])?(?:licen[cs]es?|copying|unlicense|copyright)(?:[-_.].*)?", re.IGNORECASE)
_NOT_TEXT = (".py", ".c", ".h", ".js", ".rb", ".go", ".java", ".cs", ".cpp", ".json", ".xml", ".png", ".svg", ".sh")
_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+-]+)[ \t]*(?:\*/|-->)?[ \t]*$", re.MULTILINE)


def is_license_file(name: str) -> bool:
    """Return whether a file with this name (without directories) states the license of its repository."""
    return bool(_FILE.fullmatch(name)) and not name.lower().endswith(_NOT_TEXT)


def licenses_in(text: str) -> list[str]:
    """Return the SPDX ids of the licenses that a text contains, in order of appearance."""
    words = " ".join(re.findall(r"[a-z0-9]+", text.lower()))
    positions: dict[str, int] = {}
    for row in LICENSES:
        if any(phrase in words for phrase in row.unless):
            continue
        starts = [
            min(words.find(phrase) for phrase in group)
            for group in row.phrases
            if all(phrase in words for phrase in group)
        ]
        if starts:
            positions[row.spdx] = min(starts)
    if not positions:
        named = _SPDX.search(text)
        known = {row.spdx.casefold(): row.spdx for row in LICENSES}
        if named:
            spdx = re.sub(r"-(only|or-later)$", "", named[1].casefold())
            return [known[spdx]] if spdx in known else []
    return sorted(positions, key=lambda spdx: (positions[spdx], spdx))


def detect_licenses(files: Mapping[str, str]) -> list[str]:
    """Return the licenses of a repository.

    The text of the GPL in a separate file belongs to the LGPL if the latter is present, because it refers to the GPL.

    Args:
        files: Name -> text of its license files.

    Returns:
        Distinct SPDX ids, with :data:`UNKNOWN_LICENSE` for a text that is not recognized; only :data:`NO_LICENSE` if
        there is no file.
    """
    by_file = {}
    for name, text in sorted(files.items()):
        if text.strip():
            # A file named COPYRIGHT often only lists holders, so an unrecognized one is ignored.
            by_file[name] = licenses_in(text) or ([] if name.lower().startswith("copyright") else [UNKNOWN_LICENSE])
    licenses = {spdx: None for ids in by_file.values() for spdx in ids}
    if any(spdx.startswith("LGPL-") for spdx in licenses):
        for ids in by_file.values():
            if len(ids) == 1 and ids[0].startswith("GPL-"):
                licenses.pop(ids[0], None)
    return list(licenses) or [UNKNOWN_LICENSE if by_file else NO_LICENSE]


def are_accepted(licenses: Sequence[str], accepted: Sequence[str]) -> bool:
    """Return whether all licenses are accepted."""
    return all(spdx in accepted for spdx in licenses)
