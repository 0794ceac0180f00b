r"""CE-RM: criteria for the request first, then a grade of the response under each of them.

Hu et al., 2026, "CE-RM: A Pointwise Generative Reward Model Optimized via Two-Stage Rollout and Unified Criteria"
(arXiv 2601.20327). Two turns: the first asks for criteria, does not contain the response, and so is the same for every
response to a request; the second shows the response, which is graded 0 to 5 under each criterion and finally 0 to 10
overall, in steps of a half, each grade in ``\boxed{}``. Thinking is off.
"""

from __future__ import annotations

from themis_rm.messages import Conversation
from themis_rm.models.judges.interface import INPUT_VARIABLES, JUDGES, JudgeInput, JudgeInterface
from themis_rm.models.judges.parsing import parse_boxed
from themis_rm.models.judges.prompt_templates import PROMPT_DIR, PromptTemplates


def _first_turn(prompts: PromptTemplates, judged: JudgeInput) -> str:
    # The criteria must not depend on the response, nor on the suffix that is derived from it.
    blank = JudgeInput(judged.criteria, [*judged.turns[:-1], {"role": "assistant", "content": ""}], judged.fenced)
    return prompts.render("criteria", blank.values())


def _messages(prompts: PromptTemplates, judged: JudgeInput, criteria: str) -> Conversation:
    return [
        {"role": "user", "content": _first_turn(prompts, judged)},
        {"role": "assistant", "content": criteria},
        {"role": "user", "content": prompts.render("grading", judged.values())},
    ]


JUDGES.register(
    JudgeInterface(
        name="ce-rm",
        prompt_file=PROMPT_DIR / "ce-rm.yaml",
        templates={"criteria": INPUT_VARIABLES - {"response"}, "grading": INPUT_VARIABLES},
        required=frozenset({"request", "response"}),
        scale=tuple(f"{half / 2:g}" for half in range(21)),
        parse=parse_boxed,
        messages=_messages,
        first_turn=_first_turn,
        several_scores=True,
        thinking=False,
    )
)
