"""Recognize licenses in texts: by phrases that only one license contains, by SPDX tags, and by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from themis_rm.mining.license_expressions import join, normalize


@dataclass(frozen=True, slots=True)
class License:
    """A license and the phrases that identify it.

    Attributes:
        spdx: SPDX id.
        open: Whether commits under it are mined by default.
        phrases: Alternatives, each of which is a group of phrases that must all occur. They have lower-case words only,
            because the text is reduced to words before the search: line breaks, markup and punctuation do not matter.
        unless: Phrases whose presence excludes the license.
        documents: Whether it is a license of texts and fonts, which rules code only where no other one is present.
    """

    spdx: str
    open: bool
    phrases: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...] = ()
    documents: bool = False


_MIT_GRANT = "permission is hereby granted free of charge to any person obtaining a copy"
_ISC_GRANT = "permission to use copy modify and or distribute this software for any purpose with or without fee"
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
                _ISC_GRANT,
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
    License(
        "Zlib",
        False,
        (
            (
                "this software is provided as is without any express or implied warranty",
                "altered source versions must be",
            ),
            ("zlib license", "permission is granted to anyone to use this software for any purpose"),
        ),
    ),
    License("BSL-1.0", False, (("boost software license version 1 0",),)),
    License("0BSD", False, ((_ISC_GRANT,),), ("copyright notice and this permission notice appear in all copies",)),
    License("MIT-0", False, ((_MIT_GRANT,),), ("permission notice shall be included", "used for good not evil")),
    License("WTFPL", False, (("do what the fuck you want to public license",),)),
    License("NCSA", False, (("university of illinois", "permission is hereby granted free of charge"),)),
    License("PostgreSQL", False, (("without a written agreement is hereby granted", "postgresql"),)),
    License("EUPL-1.2", False, (("european union public licence v 1 2",), ("eupl v 1 2",))),  # language: data
    License("MS-PL", False, (("microsoft public license ms pl",),)),
    License("Ruby", False, (("verbatim copies of the source form of the software without restriction",),)),
    License("CC-BY-4.0", False, (("attribution 4 0 international",),), documents=True),
    License("CC-BY-SA-4.0", False, (("attribution sharealike 4 0 international",),), documents=True),
    License("CC-BY-3.0", False, (("attribution 3 0 unported",),), documents=True),
    License("GFDL-1.3", False, (("gnu free documentation license",),), documents=True),
    License("OFL-1.1", False, (("sil open font license",),), documents=True),
    License("SSPL-1.0", False, (("server side public license",),)),
    License("BUSL-1.1", False, (("business source license 1 1",),)),
    License("Elastic-2.0", False, (("elastic license 2 0",),)),
    License("JSON", False, ((_MIT_GRANT, "used for good not evil"),)),
    License("LicenseRef-Commons-Clause", False, (("commons clause license condition",), ("the commons clause",))),
    License("LicenseRef-RSAL-2.0", False, (("redis source available license",),)),
)
"""All licenses that are recognized; those that are not open are listed so that reports can name them."""

_DOCUMENTS = frozenset(row.spdx for row in LICENSES if row.documents)
OPEN_LICENSES: tuple[str, ...] = tuple(row.spdx for row in LICENSES if row.open)

UNKNOWN_LICENSE, NO_LICENSE = "unknown", "none"
"""Values of the column ``license`` for an unrecognized license file and for a repository without one."""

_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n\r]{1,200})")
_TAG_END = re.compile(r"[ \t]*(?:\*/|-->|#\}|--\}\}|\*\)|\"\"\").*$|[ \t*;#]+$")
_NAMES = {
    "MIT": r"mit|expat",
    "Apache-2.0": r"apache(?: software)?(?: public)?(?: licen[cs]e)?(?: version| v)? ?2(?: 0)?",
    "BSD-3-Clause": r"bsd 3(?: clause)?|(?:3|three) clause bsd|(?:new|modified|revised) bsd",
    "BSD-2-Clause": r"bsd 2(?: clause)?|(?:2|two) clause bsd|simplified bsd|freebsd licen[cs]e",
    "ISC": r"isc",
    "Zlib": r"zlib(?: libpng)?",
    "BSL-1.0": r"boost(?: software)? licen[cs]e(?: 1 0)?|bsl 1 0",
    "MPL-2.0": r"(?:mpl|mozilla public licen[cs]e)(?: version| v)? ?2(?: 0)?",
    "EPL-1.0": r"(?:epl|eclipse public licen[cs]e)(?: version| v)? ?1(?: 0)?",
    "EPL-2.0": r"(?:epl|eclipse public licen[cs]e)(?: version| v)? ?2(?: 0)?",
    "CC0-1.0": r"cc0(?: 1 0)?(?: universal)?",
    "Unlicense": r"(?:the )?unlicense",
    "WTFPL": r"wtfpl",
    "AGPL-3.0": r"(?:gnu )?(?:agpl|affero general public licen[cs]e)(?: version| v)? ?v?3(?: 0)?",
    "LGPL-2.1": r"(?:gnu )?(?:lgpl|lesser general public licen[cs]e)(?: version| v)? ?v?2 1",
    "LGPL-3.0": r"(?:gnu )?(?:lgpl|lesser general public licen[cs]e)(?: version| v)? ?v?3(?: 0)?",
    "GPL-2.0": r"(?:gnu )?(?:gpl|general public licen[cs]e)(?: version| v)? ?v?2(?: 0)?",
    "GPL-3.0": r"(?:gnu )?(?:gpl|general public licen[cs]e)(?: version| v)? ?v?3(?: 0)?",
    "GPL-1.0": r"(?:gnu )?(?:gpl|general public licen[cs]e)",
    "Artistic-2.0": r"artistic(?: licen[cs]e)? 2(?: 0)?",
}
"""Names of licenses, as patterns over words."""
_NAME = re.compile(r"\b(?:" + "|".join(f"(?P<n{n}>{pattern})" for n, pattern in enumerate(_NAMES.values())) + r")\b")
_STATEMENT = re.compile(
    r"\b(?:licen[cs]ed|released|distributed|available|published|provided|covered|open sourced?)"
    r"(?: \w+){0,4}? under((?: \w+){1,24})"
)
_PART = re.compile(r"\b(?:parts?|portions?|contains|includes|except|third party|documentation|docs)\b")
_CHOICE = re.compile(
    r"\bdual(?:ly)? licen[cs]|\bat your (?:option|choice|discretion)|\byour choice\b|\byou may choose|"
    r"\bunder (?:the terms of )?either\b|\bchoose (?:either|one|which)|\bmit or |\bor mit\b|"
    r"\bone of the following licen"
)
_LATER_VERSION = re.compile(r"(?:either )?(?:version \d(?: \d)? of the license )?or at your option any later version")
_THIRD_PARTY = re.compile(
    r"\bthird part(?:y|ies)|\bexternally maintained|"
    r"\bfollowing (?:third|external|bundled|libraries|components|software)|"
    r"\bbundled (?:with|software|librar|component)|\bvendored\b|\bincorporates (?:code|work|material)|"
    r"\b(?:contains|includes|uses) (?:code|software|portions|work) (?:from|of|derived)"
)


def _to_words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def licenses_in(text: str) -> list[str]:
    """Return the SPDX ids of the licenses whose texts occur in a text, in order of appearance.

    Licenses of bundled parts, which follow the first license after a remark on third parties, are left out, and so are
    licenses of documents next to one of code.
    """
    words = _to_words(text)
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
    found = sorted(positions, key=lambda spdx: (positions[spdx], spdx))
    if len(found) > 1:
        parts = _THIRD_PARTY.search(words, positions[found[0]])
        end = parts.start() if parts else len(words)
        found = [spdx for spdx in found if positions[spdx] <= end]
    return without_documents(found)


def without_documents(found: Sequence[str]) -> list[str]:
    """Return licenses without those of documents and fonts, unless there are no others."""
    return [spdx for spdx in found if spdx not in _DOCUMENTS] or list(found)


def tags_in(text: str) -> list[str]:
    """Return the expressions of the SPDX tags of a text in normal form; one that is not valid is ``unknown``."""
    tags = (_TAG_END.sub("", match.strip()) for match in _TAG.findall(text))
    return list(dict.fromkeys(normalize(tag) or UNKNOWN_LICENSE for tag in tags))


def names_in(text: str) -> list[str]:
    """Return the SPDX ids of the licenses that a text names, in order of appearance."""
    spdx = list(_NAMES)
    names = (spdx[int(str(match.lastgroup)[1:])] for match in _NAME.finditer(_to_words(text)))
    return list(dict.fromkeys(names))


def is_choice_text(text: str) -> bool:
    """Return whether a text offers several licenses to choose from."""
    return bool(_CHOICE.search(_LATER_VERSION.sub("", _to_words(text))))


def stated_license(text: str, whole: bool = False) -> str | None:
    """Return the license that a text says the work is under, as an expression, or ``None``.

    The full text of a license counts, then an SPDX tag, then sentences such as "released under the MIT license".

    Args:
        text: A license file, the section of a README, or the value in a package's metadata.
        whole: Whether all of the text is about the license, so that a name alone is a statement.
    """
    found = licenses_in(text)
    if not found:
        tags = tags_in(text)
        if tags:
            return join("AND", tags)
        found = names_in(text) if whole else _stated_names(text)
    if not found:
        return None
    return join("OR" if len(found) > 1 and is_choice_text(text) else "AND", found)


def _stated_names(text: str) -> list[str]:
    words = _to_words(text)
    found: dict[str, None] = {}
    for match in _STATEMENT.finditer(words):
        if not _PART.search(words, max(0, match.start() - 60), match.end()):
            found |= dict.fromkeys(names_in(match[1]))
    return list(found)
