"""Nemotron GenRM (Qwen3-Nemotron-32B-GenRM-Principle): whether a response follows a principle, yes or no.

Wang et al., 2025, "RLBFF: Binary Flexible Feedback" (arXiv 2509.21319) and the model card. The conversation is sent
unchanged, followed by a message with the role ``principle``. The model reasons and ends with yes or no; the reward is
the log-odds of that token.
"""

from __future__ import annotations

from collections.abc import Sequence

from themis_rm.endpoints.chat import TokenLogprob
from themis_rm.messages import Conversation
from themis_rm.models.judges.expectation import ExpectedScore, verdict_odds
from themis_rm.models.judges.interface import JUDGES, JudgeInput, JudgeInterface
from themis_rm.models.judges.parsing import ParsedScore, parse_verdict
from themis_rm.models.judges.prompt_templates import PROMPT_DIR, PromptTemplates


def _messages(prompts: PromptTemplates, judged: JudgeInput, _: str) -> Conversation:
    principle = prompts.render("principle", {"criteria": judged.criteria})
    return [*judged.turns, {"role": "principle", "content": principle}]


def _expect(tokens: Sequence[TokenLogprob], text: str, parsed: ParsedScore, _: Sequence[str]) -> ExpectedScore | None:
    return verdict_odds(tokens, text, parsed)


JUDGES.register(
    JudgeInterface(
        name="nemotron-genrm",
        prompt_file=PROMPT_DIR / "nemotron-genrm.yaml",
        templates={"default": frozenset(), "principle": frozenset({"criteria"})},
        required=frozenset(),
        scale=("Yes", "No"),
        parse=parse_verdict,
        messages=_messages,
        expect=_expect,
        stated_is_comparable=False,
    )
)
