"""Nemotron GenRM (Qwen3-Nemotron-32B-GenRM-Principle): does the answer fulfill a principle, yes or no?

Wang et al., 2025, "RLBFF: Binary Flexible Feedback" (arXiv 2509.21319) and the model card. The conversation is sent as
it is, its last turn the assistant's, and behind it a message of the role ``principle``. The model reasons and ends in
yes or no; the reward is the log-odds of that token.
"""

from __future__ import annotations

from collections.abc import Sequence

from themis_rm.judge.endpoint import Token
from themis_rm.models.judges.interface import Case, JudgeInterface
from themis_rm.models.judges.likelihood import Weighed, verdict_odds
from themis_rm.models.judges.parsing import Parsed, parse_verdict
from themis_rm.models.judges.wording import Wording
from themis_rm.prompts import Conversation


def _messages(wording: Wording, case: Case, _: str) -> Conversation:
    return [*case.turns, {"role": "principle", "content": wording.render("principle", {"criteria": case.criteria})}]


def _weigh(tokens: Sequence[Token], text: str, parsed: Parsed, _: Sequence[str]) -> Weighed | None:
    return verdict_odds(tokens, text, parsed)


INTERFACE = JudgeInterface(
    name="nemotron-genrm",
    templates={"default": frozenset(), "principle": frozenset({"criteria"})},
    needed=frozenset(),
    grid=("Yes", "No"),
    parse=parse_verdict,
    messages=_messages,
    weigh=_weigh,
    stated_for_lack=False,
)
