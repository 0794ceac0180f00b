"""Our own rubric judge: criteria, request and answer in one turn; reasons, then a last line ``Score: N``.

The scale is 1 to 9: every score is one digit, hence one token for any tokenizer, and the expectation over its
alternatives is exact.
"""

from __future__ import annotations

from themis_rm.models.judges.interface import CASE, JudgeInterface, system_and_user
from themis_rm.models.judges.parsing import parse_score_line

INTERFACE = JudgeInterface(
    name="rubric",
    templates={"default": frozenset(), "system": CASE, "user": CASE},
    needed=frozenset({"request", "response"}),
    grid=tuple("123456789"),
    parse=parse_score_line,
    messages=system_and_user,
)
