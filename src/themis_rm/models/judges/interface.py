"""What an interface to a generative judge is: how it is asked, where its score stands, what scores there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from themis_rm.judge.endpoint import Token
from themis_rm.models.judges.likelihood import Weighed, expected_score
from themis_rm.models.judges.parsing import Parsed
from themis_rm.models.judges.wording import Wording
from themis_rm.models.protocol import system_of
from themis_rm.prompts import Conversation, conversation


@dataclass(frozen=True, slots=True)
class Case:
    """What a judge is shown of a conversation.

    Attributes:
        criteria: What to grade by: the conversation's system message, else the wording's default, else empty.
        turns: The conversation without its system message, up to and including the answer.
    """

    criteria: str
    turns: Conversation

    @property
    def response(self) -> str:
        """Return the answer to be graded."""
        return self.turns[-1]["content"]

    @property
    def request(self) -> str:
        """Return what was asked: the one user message, or all turns before the answer under their speakers."""
        before = self.turns[:-1]
        if len(before) == 1 and before[0]["role"] == "user":
            return before[0]["content"]
        return "\n\n".join(f"{turn['role'].capitalize()}:\n{turn['content']}" for turn in before)

    def values(self, **more: str) -> dict[str, str]:
        """Return the variables of a template.

        ``suffix`` makes a tag's name one that stands in none of the texts, so that an answer cannot close its own tag.
        """
        texts = (self.criteria, self.request, self.response)
        count = 0
        while any(f"{tag}{count or ''}>" in text for tag in ("criteria", "request", "answer") for text in texts):
            count += 1
        suffix = str(count or "")
        return {"criteria": texts[0], "request": texts[1], "response": texts[2], "suffix": suffix, **more}


def case_of(judged: Conversation, wording: Wording) -> Case:
    """Return what a judge is shown.

    Where the wording has no place for criteria, a system message goes in front of the first message.
    """
    system = system_of(judged)
    turns = [dict(turn) for turn in judged if turn["role"] != "system"]
    if not wording.uses("criteria"):
        if system:
            turns[0]["content"] = f"{system}\n\n{turns[0]['content']}"
        return Case("", turns)
    if not system and "default" in wording.names:
        system = wording.render("default", {})
    return Case(system, turns)


@dataclass(frozen=True)
class JudgeInterface:
    """One way to ask.

    Attributes:
        name: As in the settings.
        templates: Names of the wording's templates -> the variables that each may use.
        needed: Variables that some template must have a place for.
        grid: The scores to choose from, as they are written.
        parse: Reads the last answer.
        messages: The messages that are answered with a score; given the answer to ``first``, if there is one.
        first: Text of a user message that comes before and does not see the answer, such as one that asks for criteria.
        weigh: From the tokens of an answer, its text and what was parsed, what else might have been written.
        stated_for_lack: Take the written score where an answer's log-probabilities cannot be used; right only where
            both are on the same scale.
        thinking: Whether the chat template is told to let the model think, where the user does not say.
    """

    name: str
    templates: Mapping[str, frozenset[str]]
    needed: frozenset[str]
    grid: Sequence[str]
    parse: Callable[[str], Parsed]
    messages: Callable[[Wording, Case, str], Conversation]
    first: Callable[[Wording, Case], str] | None = None
    weigh: Callable[[Sequence[Token], str, Parsed, Sequence[str]], Weighed | None] = expected_score
    stated_for_lack: bool = True
    thinking: bool | None = None


CASE = frozenset({"criteria", "request", "response", "suffix"})
"""The variables that a template may use of a case."""


def system_and_user(wording: Wording, case: Case, _: str) -> Conversation:
    """Return the templates ``system`` and ``user`` as messages, without a system message where it is empty."""
    values = case.values()
    system, user = wording.render("system", values), wording.render("user", values)
    return conversation(system, user)
