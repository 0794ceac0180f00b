"""Score the code of answers instead of their complete text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from themis_rm.answers import AnswerMode
from themis_rm.answers.extract import extract_answer
from themis_rm.messages import Conversation
from themis_rm.models.protocol import REASONING_REMOVED, SYNTAX_ERROR, ModelIdentity, RewardModel, Score


@dataclass(frozen=True)
class AnswerModel:
    """A reward model that reads only the code of the last message.

    An answer without code, or with code that cannot be separated from the rest, is a failure of its conversation, under
    the reason of :attr:`themis_rm.answers.extract.Answer.failure`.

    Attributes:
        model: The model that scores the code.
        mode: How the code is found.
    """

    model: RewardModel
    mode: AnswerMode

    @property
    def identity(self) -> ModelIdentity:
        """Return the model's entry in results, with the mode among the facts."""
        identity = self.model.identity
        return replace(identity, facts={**identity.facts, "answer": self.mode})

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return one score per conversation, in their order."""
        results: list[Score | None] = [None] * len(conversations)
        pending: list[tuple[int, Conversation, tuple[str, ...]]] = []
        for index, conversation in enumerate(conversations):
            if not conversation or conversation[-1]["role"] != "assistant":
                pending.append((index, conversation, ()))  # the model names the failure
                continue
            last = conversation[-1]
            answer = extract_answer(last["content"], self.mode)
            if answer.failure:
                results[index] = Score.failed(answer.failure)
                continue
            # Reasoning in a field of its own is not scored either.
            message = {key: value for key, value in last.items() if key != "reasoning_content"}
            notes = [REASONING_REMOVED] if answer.reasoning or message.keys() != last.keys() else []
            notes += [SYNTAX_ERROR] if answer.syntax == "error" else []
            message["content"] = answer.code
            pending.append((index, [*conversation[:-1], message], tuple(notes)))  # type: ignore[list-item]
        scores = self.model.score([conversation for _, conversation, _ in pending])
        for (index, _, added), score in zip(pending, scores, strict=True):
            results[index] = replace(score, notes=(*score.notes, *added)) if added else score
        return [score for score in results if score is not None]
