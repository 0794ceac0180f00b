r"""CE-RM: criteria for the request first, then a grading of the answer by them.

Hu et al., 2026, "CE-RM: A Pointwise Generative Reward Model Optimized via Two-Stage Rollout and Unified Criteria"
(arXiv 2601.20327). Two turns: the user asks for criteria, which are made without sight of the answer and hence the same
for every answer to a request; the user then shows the answer, which is graded 0 to 5 by each criterion and last 0 to 10
overall, in halves, each in ``\boxed{}``. It is asked with thinking off.
"""

from __future__ import annotations

from themis_rm.models.judges.interface import CASE, Case, JudgeInterface
from themis_rm.models.judges.parsing import parse_boxed
from themis_rm.models.judges.wording import Wording
from themis_rm.prompts import Conversation


def _first(wording: Wording, case: Case) -> str:
    # Nothing of the answer, not even the suffix that depends on it, gets into the making of criteria.
    values = Case(case.criteria, [*case.turns[:-1], {"role": "assistant", "content": ""}]).values()
    return wording.render("criteria", values)


def _messages(wording: Wording, case: Case, made: str) -> Conversation:
    return [
        {"role": "user", "content": _first(wording, case)},
        {"role": "assistant", "content": made},
        {"role": "user", "content": wording.render("grading", case.values())},
    ]


INTERFACE = JudgeInterface(
    name="ce-rm",
    templates={"criteria": CASE - {"response"}, "grading": CASE},
    needed=frozenset({"request", "response"}),
    grid=tuple(f"{half / 2:g}" for half in range(21)),
    parse=parse_boxed,
    messages=_messages,
    first=_first,
    thinking=False,
)
