"""Which license a repository has, told from the text of its license files by phrases that only that license uses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class License:
    """One license and the phrases that give it away.

    Attributes:
        spdx: SPDX id.
        open: Whether commits under it may be mined by default.
        phrases: Alternatives; each is a group of phrases that must all occur. Words only, lower case: text is folded
            to words before it is searched, so that line breaks, markup and punctuation do not matter.
        unless: Phrases that rule the license out.
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
"""THE table of licenses that are recognised; those that are not open are here so that they are refused by name."""

OPEN: tuple[str, ...] = tuple(row.spdx for row in LICENSES if row.open)

UNKNOWN, NONE = "unknown", "none"
"""What the ``license`` column says where there is a license file of no known license, and where there is none."""

MAX_BYTES = 256 << 10
"""License files beyond this size are not read."""

_FILE = re.compile(r"(?:.*[-_.])?(?:licen[cs]es?|copying|unlicense|copyright)(?:[-_.].*)?", re.IGNORECASE)
_NOT_TEXT = (".py", ".c", ".h", ".js", ".rb", ".go", ".java", ".cs", ".cpp", ".json", ".xml", ".png", ".svg", ".sh")
_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+-]+)[ \t]*(?:\*/|-->)?[ \t]*$", re.MULTILINE)


def is_license_file(name: str) -> bool:
    """Tell whether a file of this name (no folders) states the license of its repository."""
    return bool(_FILE.fullmatch(name)) and not name.lower().endswith(_NOT_TEXT)


def licenses_in(text: str) -> list[str]:
    """Return the SPDX ids of the licenses that a text contains, in order of appearance."""
    words = " ".join(re.findall(r"[a-z0-9]+", text.lower()))
    found: dict[str, int] = {}
    for row in LICENSES:
        if any(phrase in words for phrase in row.unless):
            continue
        starts = [
            min(words.find(phrase) for phrase in group)
            for group in row.phrases
            if all(phrase in words for phrase in group)
        ]
        if starts:
            found[row.spdx] = min(starts)
    if not found:
        named = _SPDX.search(text)
        known = {row.spdx.casefold(): row.spdx for row in LICENSES}
        if named:
            spdx = re.sub(r"-(only|or-later)$", "", named[1].casefold())
            return [known[spdx]] if spdx in known else []
    return sorted(found, key=lambda spdx: (found[spdx], spdx))


def detect(files: Mapping[str, str]) -> list[str]:
    """Return the licenses of a repository.

    Args:
        files: Names of its license files and their texts.

    Returns:
        SPDX ids without repetition, :data:`UNKNOWN` among them if a file's text is of no known license; ``[NONE]`` for
        no file. The GPL's text beside the LGPL's, in a file of its own, is part of the latter.
    """
    by_file = {}
    for name, text in sorted(files.items()):
        if text.strip():
            # A file named COPYRIGHT mostly lists holders alone; it may speak up, but its silence says nothing.
            by_file[name] = licenses_in(text) or ([] if name.lower().startswith("copyright") else [UNKNOWN])
    found = {spdx: None for ids in by_file.values() for spdx in ids}
    if any(spdx.startswith("LGPL-") for spdx in found):
        for ids in by_file.values():
            if len(ids) == 1 and ids[0].startswith("GPL-"):
                found.pop(ids[0], None)
    return list(found) or [UNKNOWN if by_file else NONE]


def allowed(found: Sequence[str], accepted: Sequence[str]) -> bool:
    """Tell whether all licenses found are accepted ones."""
    return all(spdx in accepted for spdx in found)
