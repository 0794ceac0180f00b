"""Our own rubric judge: criteria, request and answer in one turn; reasons, then a last line ``Score: N``.

The scale is 1 to 9: every score is one digit, hence one token for any tokenizer, and the expectation over its
alternatives is exact.
"""

from __future__ import annotations

from themis_rm.models.judges.interface import CASE, Case, JudgeInterface, with_system
from themis_rm.models.judges.parsing import parse_score_line
from themis_rm.models.judges.wording import Wording
from themis_rm.prompts import Conversation


def _messages(wording: Wording, case: Case, _: str) -> Conversation:
    values = case.values()
    return with_system(wording.render("system", values), ("user", wording.render("user", values)))


INTERFACE = JudgeInterface(
    name="rubric",
    templates={"default": frozenset(), "system": CASE, "user": CASE},
    needed=frozenset({"request", "response"}),
    grid=tuple("123456789"),
    parse=parse_score_line,
    messages=_messages,
)
