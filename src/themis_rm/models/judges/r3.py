"""R3: a task, its input, a response and a rubric that says what each score means; JSON with explanation and score.

Anugraha et al., 2025, "R3: Robust Rubric-Agnostic Reward Models" (arXiv 2505.13388). One user message; thinking is
allowed; pointwise scores are whole numbers from 1 to 5. The authors sample at temperature 0.6.
"""

from __future__ import annotations

from themis_rm.models.judges.interface import CASE, Case, JudgeInterface
from themis_rm.models.judges.parsing import parse_explained
from themis_rm.models.judges.wording import Wording
from themis_rm.prompts import Conversation


def _messages(wording: Wording, case: Case, _: str) -> Conversation:
    return [{"role": "user", "content": wording.render("user", case.values())}]


INTERFACE = JudgeInterface(
    name="r3",
    templates={"default": frozenset(), "user": CASE},
    needed=frozenset({"request", "response"}),
    grid=tuple("12345"),
    parse=parse_explained,
    messages=_messages,
)
