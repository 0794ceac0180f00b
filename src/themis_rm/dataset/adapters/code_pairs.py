"""Labeled pairs as ``curate`` writes them: two versions of code, and the criteria on which the chosen one is better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from themis_rm.dataset.adapters import FORMATS, PreferencePair
from themis_rm.dataset.adapters.columns import TEXTS
from themis_rm.dataset.adapters.explicit import Instruction
from themis_rm.dataset.adapters.pair import name_of, texts_of

SOURCES: Mapping[str, str] = {"commit": "commits", "injection": "injection"}
"""Origin of a pair -> name of the source of its rows in a dataset."""


class CodePairs(Instruction):
    """One pair per criterion."""

    name = "code-pairs"
    required: ClassVar = {**Instruction.required, "criteria": TEXTS}
    about = "instruction, chosen, rejected, criteria (labeled pairs of curate)"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pairs of a row, which share a group."""
        (pair,) = super().read(row)
        for aspect in texts_of(row, "criteria"):
            name = f"{pair.id}:{aspect}" if pair.id else ""
            yield replace(pair, id=name, aspect=aspect, group=pair.id, subset=SOURCES.get(name_of(row, "origin"), ""))


FORMATS.register(CodePairs())
