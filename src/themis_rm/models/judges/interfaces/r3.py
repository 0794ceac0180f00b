"""R3: a task, its input, a response and a rubric that defines each score; JSON with an explanation and a score.

Anugraha et al., 2025, "R3: Robust Rubric-Agnostic Reward Models" (arXiv 2505.13388). One user message; thinking is
allowed; pointwise scores are integers from 1 to 5. The authors sample at temperature 0.6.
"""

from __future__ import annotations

from themis_rm.messages import Conversation
from themis_rm.models.judges.interface import INPUT_VARIABLES, JUDGES, JudgeInput, JudgeInterface
from themis_rm.models.judges.parsing import parse_explained
from themis_rm.models.judges.prompt_templates import PROMPT_DIR, PromptTemplates


def _messages(prompts: PromptTemplates, judged: JudgeInput, _: str) -> Conversation:
    return [{"role": "user", "content": prompts.render("user", judged.values())}]


JUDGES.register(
    JudgeInterface(
        name="r3",
        prompt_file=PROMPT_DIR / "r3.yaml",
        templates={"default": frozenset(), "user": INPUT_VARIABLES},
        required=frozenset({"request", "response"}),
        scale=tuple("12345"),
        parse=parse_explained,
        messages=_messages,
    )
)
