"""How the authored pairs are executed: their ``check`` programs as rows of checks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from themis_rm.benchmark.authored import AuthoredPair, pairs
from themis_rm.execute.check import Check

_PUBLIC_TYPE = re.compile(r"^public\s+(?:\w+\s+)*?(?:class|interface|record|enum)\s+(\w+)", re.MULTILINE)


def authored_checks() -> Iterator[Check]:
    """Yield the check of each authored pair that has one, in the order of the pairs."""
    for pair in pairs():
        program = pair.check()
        if program is not None:
            yield Check(
                id=pair.row.id,
                language=pair.row.language,
                file=_answer_name(pair),
                names=[program.name],
                contents=[program.read_text(encoding="utf-8")],
                run=program.name,
            )


def _answer_name(pair: AuthoredPair) -> str:
    # Checks import, require or include "solution"; in Java they name a class, which has its file's name if public.
    public = _PUBLIC_TYPE.search(pair.row.chosen) if pair.row.language == "Java" else None
    if public:
        return f"{public[1]}.java"
    stem = "Solution" if pair.row.language == "Java" else "solution"
    return stem + pair.answer("chosen").suffix
