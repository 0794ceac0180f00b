"""Judge interfaces: which prompts a generative judge gets, what it writes and which scores there are.

An interface is one file in :mod:`themis_rm.models.judges.interfaces` that registers itself; an installed package adds
interfaces through the entry-point group ``themis_rm.judges``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from themis_rm.endpoints.chat import TokenLogprob
from themis_rm.messages import Conversation, conversation, text_of
from themis_rm.models.judges.control_tokens import break_in_messages
from themis_rm.models.judges.expectation import ExpectedScore, expected_score
from themis_rm.models.judges.parsing import ParsedScore
from themis_rm.models.judges.prompt_templates import PromptTemplates
from themis_rm.models.protocol import system_of
from themis_rm.models.settings import ControlTokenMode
from themis_rm.registry import Registry
from themis_rm.storage.digests import stable_id


@dataclass(frozen=True, slots=True)
class JudgeInput:
    """The parts of a conversation that a judge reads.

    Attributes:
        criteria: Criteria: the system message, otherwise the default of the prompts, otherwise empty.
        turns: The conversation without its system message, up to and including the response.
        fenced: Number the tags around request and response.
    """

    criteria: str
    turns: Conversation
    fenced: bool = True

    @property
    def response(self) -> str:
        """Return the response that is scored."""
        return text_of(self.turns[-1])

    @property
    def request(self) -> str:
        """Return the only user message, or all turns before the response, each with its role."""
        before = self.turns[:-1]
        if len(before) == 1 and before[0]["role"] == "user":
            return text_of(before[0])
        return "\n\n".join(f"{turn['role'].capitalize()}:\n{text_of(turn)}" for turn in before)

    def values(self, **more: str) -> dict[str, str]:
        """Return the variables of a template.

        ``suffix`` is a number for the names of tags, empty without a fence. It is a digest of all texts, so that it is
        the same in every run, and no text can be written that contains its own.
        """
        texts = (self.criteria, self.request, self.response)
        suffix = _fence_number(texts) if self.fenced else ""
        return {"criteria": texts[0], "request": texts[1], "response": texts[2], "suffix": suffix, **more}


def _fence_number(texts: Sequence[str]) -> str:
    return f"{int(stable_id('fence', *texts), 16) % 10**16:016d}"


def judge_input(
    judged: Conversation, prompts: PromptTemplates, fenced: bool = True, control_tokens: ControlTokenMode = "text"
) -> JudgeInput:
    """Split a conversation into the parts that a judge reads.

    If the prompts do not use criteria, the system message is put in front of the first message.

    Args:
        judged: The conversation.
        prompts: The judge's prompts.
        fenced: See :class:`JudgeInput`.
        control_tokens: ``text`` breaks up control tokens in the messages, ``published`` does not.
    """
    system = system_of(judged)
    turns: Conversation = [{**turn} for turn in judged if turn["role"] != "system"]
    if control_tokens == "text":
        turns = break_in_messages(turns)
    if not prompts.uses("criteria"):
        if system:
            turns[0]["content"] = f"{system}\n\n{turns[0]['content']}"
        return JudgeInput("", turns, fenced)
    if not system and "default" in prompts.names:
        system = prompts.render("default", {})
    return JudgeInput(system, turns, fenced)


@dataclass(frozen=True)
class JudgeInterface:
    """How a generative judge is prompted and its response read.

    Attributes:
        name: Name in the settings (``judge.interface``).
        prompt_file: YAML file with the default prompts.
        templates: Template in that file -> the variables that it may use.
        required: Variables that at least one template must use.
        scale: The possible scores, as they are written.
        parse: Parses the last response.
        messages: Returns the messages whose response has the score, given the response to ``first_turn`` if there is
            one.
        first_turn: Returns a user message that is sent before and does not depend on the response, such as a request
            for criteria; ``None`` for no such turn.
        expect: Computes the expected score from the tokens of a response, its text and its parsed score.
        stated_is_comparable: Whether the stated score may replace an expected score that cannot be computed; true if
            both are on the same scale.
        several_scores: Whether a response has further scores before the last one, such as one for each criterion.
        thinking: Value of the chat template's ``enable_thinking``, unless the user sets it; ``None`` to not send it.
    """

    name: str
    prompt_file: Path
    templates: Mapping[str, frozenset[str]]
    required: frozenset[str]
    scale: Sequence[str]
    parse: Callable[[str], ParsedScore]
    messages: Callable[[PromptTemplates, JudgeInput, str], Conversation]
    first_turn: Callable[[PromptTemplates, JudgeInput], str] | None = None
    expect: Callable[[Sequence[TokenLogprob], str, ParsedScore, Sequence[str]], ExpectedScore | None] = expected_score
    stated_is_comparable: bool = True
    several_scores: bool = False
    thinking: bool | None = None


JUDGES: Registry[JudgeInterface] = Registry("judge interface", "themis_rm.judges", "themis_rm.models.judges.interfaces")
"""Judge interfaces by name."""

INPUT_VARIABLES = frozenset({"criteria", "request", "response", "suffix"})
"""The variables of :meth:`JudgeInput.values`."""


def system_and_user(prompts: PromptTemplates, judged: JudgeInput, _: str) -> Conversation:
    """Return the templates ``system`` and ``user`` as messages, without a system message if it is empty."""
    values = judged.values()
    system, user = prompts.render("system", values), prompts.render("user", values)
    return conversation(system, user)
