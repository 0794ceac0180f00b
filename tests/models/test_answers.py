from collections.abc import Sequence
from typing import Any

import pytest

from themis_rm.messages import Conversation, conversation
from themis_rm.models.answers import AnswerModel
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import NO_RESPONSE, REASONING_REMOVED, SYNTAX_ERROR, ModelIdentity, Score
from themis_rm.models.settings import ModelSettings

CODE = "def add(a, b):\n    return a + b\n"


class Recorder:
    """A model whose reward is the number of the conversation; it keeps what it read."""

    identity = ModelIdentity("recorder", "test", "0", {"dtype": "float32"})

    def __init__(self) -> None:
        self.read: list[Conversation] = []

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        self.read += conversations
        return [Score(float(number)) for number in range(len(conversations))]


def ask(response: str) -> Conversation:
    return conversation(None, "Add two numbers.", response)


def test_the_model_reads_the_code_only() -> None:
    inner = Recorder()
    AnswerModel(inner, "auto").score([ask(f"Sure:\n```python\n{CODE}```")])
    assert inner.read == [ask(CODE)]


def test_a_response_without_code_fails_alone_and_order_is_kept() -> None:
    scores = AnswerModel(Recorder(), "auto").score([ask(CODE), ask("I cannot."), ask(CODE)])
    assert [(score.reward, score.failure) for score in scores] == [(0.0, ""), (None, "no-code"), (1.0, "")]


def test_reasoning_is_removed_and_noted() -> None:
    inner = Recorder()
    messages: Any = [*ask("")[:1], {"role": "assistant", "content": CODE, "reasoning_content": "Add."}]
    scores = AnswerModel(inner, "auto").score([messages, ask(f"<think>Add.</think>\n{CODE}")])
    assert inner.read == [ask(CODE), ask(CODE)]
    assert [score.notes for score in scores] == [(REASONING_REMOVED,), (REASONING_REMOVED,)]


def test_a_syntax_error_is_noted_and_scored() -> None:
    (score,) = AnswerModel(Recorder(), "auto").score([ask("```python\ndef add(a b:\n    return a\n```")])
    assert (score.reward, score.notes) == (0.0, (SYNTAX_ERROR,))


def test_the_mode_is_part_of_the_identity() -> None:
    assert AnswerModel(Recorder(), "one-block").identity.facts == {"dtype": "float32", "answer": "one-block"}


def test_a_conversation_without_response_keeps_its_failure() -> None:
    (score,) = load_model("length", ModelSettings(answer="auto")).score([ask("x")[:1]])
    assert score.failure == NO_RESPONSE


@pytest.mark.parametrize("wrapper", ["{0}", "```python\n{0}```", "<think>x</think>\n{0}", "Here:\n```\n{0}```\nDone."])
def test_a_loaded_model_gives_every_wrapper_the_reward_of_bare_code(wrapper: str) -> None:
    bare, wrapped = load_model("length", ModelSettings(answer="auto")).score([ask(CODE), ask(wrapper.format(CODE))])
    assert bare.reward == wrapped.reward


def test_raw_is_the_default_and_changes_nothing() -> None:
    text = f"```python\n{CODE}```"
    (score,) = load_model("length").score([ask(text)])
    assert score.reward == len(text)
