"""A judge interface whose score is in a tag: ``<score>4</score>``."""

from __future__ import annotations

import re
from pathlib import Path

from themis_rm.models.judges.interface import INPUT_VARIABLES, JUDGES, JudgeInterface, system_and_user
from themis_rm.models.judges.parsing import ParsedScore

_TAG = re.compile(r"<score>\s*([1-5])\s*</score>")


def parse(text: str) -> ParsedScore:
    """Return the score of the last tag."""
    matches = list(_TAG.finditer(text))
    if not matches:
        return ParsedScore(None, failure="parse-failed")
    return ParsedScore(float(matches[-1].group(1)), matches[-1].start(1), matches[-1].end(1))


JUDGES.register(
    JudgeInterface(
        name="score-tag",
        prompt_file=Path(__file__).with_name("judge.yaml"),
        templates={"default": frozenset(), "system": INPUT_VARIABLES, "user": INPUT_VARIABLES},
        required=frozenset({"request", "response"}),
        scale=tuple("12345"),
        parse=parse,
        messages=system_and_user,
    )
)
