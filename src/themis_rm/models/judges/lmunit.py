"""LMUnit: how far does an answer pass a test written in natural language?

Saad-Falcon et al., 2024, "LMUnit: Fine-grained Evaluation with Natural Language Unit Tests" (arXiv 2412.13091) and the
repository ContextualAI/LMUnit. A system message switches rationales on or off; one user message holds the fields
``Query``, ``Response`` and ``Unit Test``; the answer is ``{"score": N}``, 1 (strongly fails) to 5 (strongly passes).
The authors' reward is the expectation over the digits' probabilities, as here.
"""

from __future__ import annotations

from themis_rm.models.judges.interface import CASE, JudgeInterface, system_and_user
from themis_rm.models.judges.parsing import parse_unit_test

INTERFACE = JudgeInterface(
    name="lmunit",
    templates={"default": frozenset(), "system": CASE, "user": CASE},
    needed=frozenset({"request", "response"}),
    grid=tuple("12345"),
    parse=parse_unit_test,
    messages=system_and_user,
)
