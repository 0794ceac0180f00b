"""LMUnit: how well a response passes a unit test written in natural language.

Saad-Falcon et al., 2024, "LMUnit: Fine-grained Evaluation with Natural Language Unit Tests" (arXiv 2412.13091) and the
repository ContextualAI/LMUnit. A system message turns rationales on or off; the user message has the fields ``Query``,
``Response`` and ``Unit Test``; the response is ``{"score": N}``, 1 (strongly fails) to 5 (strongly passes). The reward
is the expectation over the probabilities of the digits, as in the repository.
"""

from __future__ import annotations

from themis_rm.models.judges.interface import INPUT_VARIABLES, JUDGES, JudgeInterface, system_and_user
from themis_rm.models.judges.parsing import parse_unit_test
from themis_rm.models.judges.prompt_templates import PROMPT_DIR

JUDGES.register(
    JudgeInterface(
        name="lmunit",
        prompt_file=PROMPT_DIR / "lmunit.yaml",
        templates={"default": frozenset(), "system": INPUT_VARIABLES, "user": INPUT_VARIABLES},
        required=frozenset({"request", "response"}),
        scale=tuple("12345"),
        parse=parse_unit_test,
        messages=system_and_user,
    )
)
