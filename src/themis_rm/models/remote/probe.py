"""The first requests to a server: which options make it return the logit, and whether it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from themis_rm.endpoints.client import RequestRejected
from themis_rm.errors import InputError
from themis_rm.messages import Conversation, conversation
from themis_rm.models.remote.dialect import Dialect, RequestOptions

PROBES: tuple[Conversation, ...] = (
    conversation(None, "Write a function that adds two numbers.", "def add(a, b):\n    return a + b"),
    conversation(None, "Write a function that adds two numbers.", "no"),
    conversation(None, "Reverse a string in Ruby.", "def reversed(text)\n  text.reverse\nend"),
    conversation(None, "Is 7 prime?", "}}}} ;; 0x0 0x0 0x0"),
    conversation(None, "Sort the array.", "void sort(int *a, int n) { for (;;) { free(a); } }"),
    conversation(None, "Sum the values of a map in Go.", "total := 0\nfor _, v := range m {\n\ttotal += v\n}"),
)
"""Good and bad responses, so that rewards differ."""

SIGMOID_TOLERANCE = 0.02
"""Largest difference between a server's sigmoid in half precision and one in double precision."""

ScoreProbes = Callable[[RequestOptions], list[float]]
"""Returns the rewards of the probes for some request options."""


def find_logit_options(
    dialect: Dialect, score: ScoreProbes, where: str, probabilities: bool
) -> tuple[RequestOptions, bool]:
    """Find the request options that make a server return the logit.

    The values are known to be logits if the server's default is their sigmoid. Otherwise, values outside of 0 to 1
    show that they are not probabilities.

    Args:
        dialect: The wire format.
        score: Scores the probes.
        where: Name of the server in error messages.
        probabilities: Accept values between 0 and 1.

    Returns:
        The options, and whether the values are known to be logits.

    Raises:
        InputError: The server rejects the probes, has no finite reward for them, or returns probabilities.
    """
    form, default = _first_accepted_form(dialect, score, where)
    candidates: list[tuple[RequestOptions, list[float]]] = []
    for flag in dialect.logit_options:
        options: RequestOptions = {**form, **flag}
        try:
            values = score(options)
        except RequestRejected:
            continue
        if _are_logits(values, default):
            return options, True
        candidates.append((options, values))
    best, values = candidates[0] if candidates else (form, default)
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        raise InputError(
            f"{where} has no finite reward for any of {len(values)} short conversations.",
            "Check the weights and the precision that the server uses.",
        )
    if any(not 0 <= value <= 1 for value in finite):
        return best, True
    if probabilities:
        return best, False
    raise InputError(
        f"{where} returns {min(finite):.3g} to {max(finite):.3g}, which are probabilities rather than rewards.",
        "Disable the activation on the server (vLLM: --pooler-config '{\"use_activation\": false}'), or accept the "
        "values with remote.probabilities=true.",
    )


def _first_accepted_form(dialect: Dialect, score: ScoreProbes, where: str) -> tuple[RequestOptions, list[float]]:
    rejection: RequestRejected | None = None
    for form in dialect.request_forms:
        try:
            return form, score(form)
        except RequestRejected as error:
            rejection = error
    raise InputError(
        f"{where} rejects a short conversation ({rejection.message if rejection else 'the dialect has no request'}).",
        "Serve a one-label sequence classifier, and check remote.dialect.",
    )


def _are_logits(values: Sequence[float], default: Sequence[float]) -> bool:
    pairs = [(a, b) for a, b in zip(values, default, strict=True) if math.isfinite(a) and math.isfinite(b)]
    change = max((abs(a - b) for a, b in pairs), default=0.0)
    deviation = max((abs(sigmoid(a) - b) for a, b in pairs), default=math.inf)
    return deviation < SIGMOID_TOLERANCE < change


def sigmoid(value: float) -> float:
    """Return the logistic function, without overflow."""
    return 0.5 * (1 + math.tanh(value / 2))


def check_order(forward: Sequence[float], backward: Sequence[float], where: str) -> None:
    """Check that rewards are returned in the order of the conversations.

    Args:
        forward: Rewards of the probes.
        backward: Rewards of the probes in reverse order.
        where: Name of the server in error messages.

    Raises:
        InputError: They are not.
    """
    pairs = zip(forward, reversed(backward), strict=True)
    known = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    spread = max((a for a, _ in known), default=0.0) - min((a for a, _ in known), default=0.0)
    # The server's batching changes a reward a little; the reward of another conversation differs much for some.
    if spread and max(abs(a - b) for a, b in known) > spread / 2:
        raise InputError(
            f"{where} returns rewards in another order than requested, or they depend on the batch.",
            "Set remote.batch_size=1 to send one conversation per request.",
        )
