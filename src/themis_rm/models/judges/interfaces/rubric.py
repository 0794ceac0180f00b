"""The default judge for any chat model: criteria, request and response in one turn; a review, then ``Score: N``.

The scale is 1 to 9: every score is one digit, which is one token for any tokenizer, so that the expectation over its
alternatives is exact.
"""

from __future__ import annotations

from themis_rm.models.judges.interface import INPUT_VARIABLES, JUDGES, JudgeInterface, system_and_user
from themis_rm.models.judges.parsing import parse_score_line
from themis_rm.models.judges.prompt_templates import PROMPT_DIR

JUDGES.register(
    JudgeInterface(
        name="rubric",
        prompt_file=PROMPT_DIR / "rubric.yaml",
        templates={"default": frozenset(), "system": INPUT_VARIABLES, "user": INPUT_VARIABLES},
        required=frozenset({"request", "response"}),
        scale=tuple("123456789"),
        parse=parse_score_line,
        messages=system_and_user,
    )
)
