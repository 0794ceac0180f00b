"""Contract of reward models, as checks that a plugin's tests can run.

Each check raises an :class:`AssertionError` that says what is wrong; :func:`check_reward_model` runs all of them.

Example:
    def test_my_family():
        check_reward_model(lambda **settings: load_model("tests/tiny-checkpoint", ModelSettings(**settings)))
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from themis_rm.messages import Conversation, conversation
from themis_rm.models.protocol import NO_RESPONSE, NOT_UNICODE, PROMPT_TOO_LONG, ModelIdentity, RewardModel
from themis_rm.testing.assertions import require

TOLERANCE = 1e-5
"""Largest allowed difference between two rewards of the same conversation, in float32."""

RESPONSES = (
    "def f(x):\n    return x + 1",
    "x",
    "for (int i = 0; i < n; i++) { total += values[i]; }" * 4,
    "The pad token's text: <|endoftext|> <pad> <unk> [PAD].",
    "def g(a, b):\n    if a is None:\n        raise ValueError('a')\n    return a * b  # änderbar 😀\n" * 3,
    "puts 1",
)

CONVERSATIONS: tuple[Conversation, ...] = tuple(
    conversation(system, f"Request {number}", response)
    for number, response in enumerate(RESPONSES)
    for system in (None, "Grade the answer by its memory alone.")
)
"""Short and long responses, text of special tokens and Unicode, each with and without a system message."""

LoadModel = Callable[..., RewardModel]
"""Loads the model under test; takes fields of :class:`~themis_rm.models.settings.ModelSettings` as keywords."""


def check_reward_model(load: LoadModel, conversations: Sequence[Conversation] = CONVERSATIONS) -> None:
    """Run all checks of reward models.

    Args:
        load: See :data:`LoadModel`.
        conversations: Conversations that the model can score.

    Raises:
        AssertionError: A check fails.
    """
    model = load()
    check_protocol(model)
    check_rewards(model, conversations)
    check_order_invariance(model, conversations)
    check_batch_invariance(model, conversations)
    check_empty_input(model)
    check_failures(model, conversations)
    check_prefix_sharing(load, conversations)
    check_truncation(load)
    check_windows(load)
    check_reload(load, conversations)


def check_protocol(model: object) -> None:
    """Check that a model has ``score`` and an identity with a name, a family and a digest.

    Raises:
        AssertionError: It does not.
    """
    require(isinstance(model, RewardModel), f"{type(model).__name__} has no 'score' and 'identity'")
    identity = model.identity  # type: ignore[attr-defined]
    require(isinstance(identity, ModelIdentity), "the identity is not a ModelIdentity")
    for name in ("name", "family", "digest"):
        require(bool(getattr(identity, name)), f"the identity has no {name}")


def check_rewards(model: RewardModel, conversations: Sequence[Conversation] = CONVERSATIONS) -> None:
    """Check that rewards are finite and that different responses have different rewards.

    Raises:
        AssertionError: They are not, or more than half of the responses tie.
    """
    rewards = _rewards(model, conversations)
    require(all(math.isfinite(reward) for reward in rewards), "a reward is not finite")
    responses = {item[-1]["content"] for item in conversations}
    require(len(set(rewards)) > len(responses) // 2, "more than half of the responses have the same reward")


def check_order_invariance(model: RewardModel, conversations: Sequence[Conversation] = CONVERSATIONS) -> None:
    """Check that scores are returned in the order of the conversations, and do not depend on it.

    Raises:
        AssertionError: A reward changes with the order.
    """
    order = list(range(len(conversations)))
    random.Random(3).shuffle(order)
    rewards = _rewards(model, conversations)
    shuffled = _rewards(model, [conversations[index] for index in order])
    _require_close(shuffled, [rewards[index] for index in order], "the order of the conversations")


def check_batch_invariance(model: RewardModel, conversations: Sequence[Conversation] = CONVERSATIONS) -> None:
    """Check that scores do not depend on the other conversations of a batch.

    Raises:
        AssertionError: The reward of a conversation that is scored alone is another one.
    """
    alone = [reward for item in conversations for reward in _rewards(model, [item])]
    _require_close(_rewards(model, conversations), alone, "the other conversations of the batch")


def check_prefix_sharing(load: LoadModel, conversations: Sequence[Conversation] = CONVERSATIONS) -> None:
    """Check that sharing the prefixes of conversations does not change rewards.

    Raises:
        AssertionError: It does.
    """
    shared, separate = (_rewards(load(share_prefixes=flag), conversations) for flag in (True, False))
    _require_close(shared, separate, "share_prefixes")


def check_empty_input(model: RewardModel) -> None:
    """Check that no conversations give no scores.

    Raises:
        AssertionError: They do not.
    """
    require(model.score([]) == [], "score([]) is not []")


def check_failures(model: RewardModel, conversations: Sequence[Conversation] = CONVERSATIONS) -> None:
    """Check that a conversation that cannot be scored is a failure and does not affect the others.

    Tested are a conversation without a response and, for models that read tokens, text that is not valid Unicode.

    Raises:
        AssertionError: It raises an exception, has a reward or another failure, or affects the others.
    """
    first, last = conversations[0], conversations[-1]
    cases = {NO_RESPONSE: conversation(None, "Only a request")}
    if hasattr(model, "encoder"):
        cases[NOT_UNICODE] = conversation(None, "Request", "\ud800")
    for failure, item in cases.items():
        scores = model.score([first, item, last])
        failures = [score.failure for score in scores]
        require(failures == ["", failure, ""], f"the failures are {failures}, not ['', '{failure}', '']")
        require(scores[1].reward is None, f"the failure {failure} has a reward")


def check_truncation(load: LoadModel) -> None:
    """Check that long responses are truncated and marked, and that a long prompt is a failure.

    Models that read no tokens (without an ``encoder``) pass.

    Raises:
        AssertionError: A response is not truncated to ``max_length``, or truncation is not reported.
    """
    if not hasattr(load(), "encoder"):
        return
    long, short = conversation(None, "Request", "x = 1\n" * 400), conversation(None, "Request", "x")
    (complete,) = load().score([long])
    truncated, untouched, failed = load(max_length=100).score([long, short, conversation(None, "no " * 200, "x")])
    require(truncated.truncated and truncated.tokens == 100, "a long response is not truncated to max_length")
    require(truncated.reward != complete.reward, "truncation does not change the reward")
    require(not untouched.truncated, "a short response is marked as truncated")
    require(failed.failure == PROMPT_TOO_LONG, f"a prompt longer than max_length is not a {PROMPT_TOO_LONG} failure")


def check_windows(load: LoadModel) -> None:
    """Check that long responses can be split into windows, and that their reward does not depend on the batch.

    Models that read no tokens (without an ``encoder``) pass.

    Raises:
        AssertionError: A long response is not read in several windows, or its reward depends on other conversations.
    """
    model = load(max_length=100, long_inputs="windows-mean")
    if not hasattr(model, "encoder"):
        return
    long, other = (conversation(None, "Request", text) for text in ("x = 1\n" * 400, "y = 2\n" * 400))
    (alone,) = model.score([long])
    split, _, short = model.score([long, other, conversation(None, "Request", "x")])
    require(split.windows > 1 and not split.truncated, "a long response is not split into windows")
    require(short.windows == 1, "a short response is split into windows")
    rewards = [score.reward for score in (split, alone) if score.reward is not None]
    _require_close(rewards[:1], rewards[1:], "the other conversations of the batch, split into windows,")


def check_reload(load: LoadModel, conversations: Sequence[Conversation] = CONVERSATIONS) -> None:
    """Check that loading the model again gives the same identity and exactly the same rewards.

    Raises:
        AssertionError: It does not.
    """
    first, second = load(), load()
    require(first.identity == second.identity, "the identity changes when the model is loaded again")
    same = _rewards(first, conversations) == _rewards(second, conversations)
    require(same, "rewards change when the model is loaded again")


def _rewards(model: RewardModel, conversations: Sequence[Conversation]) -> list[float]:
    scores = model.score(conversations)
    require(len(scores) == len(conversations), f"{len(scores)} scores for {len(conversations)} conversations")
    failures = sorted({score.failure for score in scores if score.reward is None})
    require(not failures, f"conversations fail: {', '.join(failures)}")
    return [score.reward for score in scores if score.reward is not None]


def _require_close(values: Sequence[float], expected: Sequence[float], cause: str) -> None:
    require(len(values) == len(expected), f"{len(values)} rewards instead of {len(expected)}")
    largest = max((abs(a - b) for a, b in zip(values, expected, strict=True)), default=0.0)
    require(largest <= TOLERANCE, f"rewards change by {largest:.1e} with {cause}")
