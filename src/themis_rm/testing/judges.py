"""Contract of judge interfaces, as checks that a plugin's tests can run.

Example:
    def test_my_judge():
        check_judge_interface(JUDGES.get("my-judge"), examples=[("Score: 7", 7.0)])
"""

from __future__ import annotations

from collections.abc import Sequence

from themis_rm.messages import conversation
from themis_rm.models.judges.interface import JUDGES, JudgeInterface, judge_input
from themis_rm.models.judges.prompt_templates import load_prompts
from themis_rm.testing.assertions import require


def check_judge_interface(interface: JudgeInterface, examples: Sequence[tuple[str, float]]) -> None:
    """Run all checks of judge interfaces.

    Args:
        interface: The interface.
        examples: Responses of a judge with the score that each contains.

    Raises:
        AssertionError: It is not registered, its prompts lack a part of the conversation, or its parser fails.
    """
    require(interface.name in JUDGES.names(), f"the interface '{interface.name}' is not registered")
    prompts = load_prompts(interface.prompt_file, interface.templates, interface.required)
    judged = judge_input(conversation("The criteria.", "The request.", "The response."), prompts)
    messages = interface.messages(prompts, judged, "first turn")
    text = "\n".join(message["content"] for message in messages)
    for part in ("The criteria.", "The request.", "The response."):
        require(part in text, f"the prompts do not contain '{part}'")
    for response, score in examples:
        parsed = interface.parse(response)
        require(parsed.value == score, f"'{response}' is parsed as {parsed.value}, not {score}")
        require(0 <= parsed.start < parsed.end <= len(response), f"the position of the score in '{response}' is wrong")
    for response in ("", "No score.", "\ud800", "<think>" * 100, "{" * 5000, "9" * 5000):
        parsed = interface.parse(response)
        require((parsed.value is None) == bool(parsed.failure), f"'{response[:20]}' has a score and a failure")
