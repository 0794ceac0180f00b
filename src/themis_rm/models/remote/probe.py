"""The first requests to a server: how it gives the bare logit, and whether it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from themis_rm.errors import InputError
from themis_rm.models.remote.api import Api, Options
from themis_rm.models.remote.client import RequestRejected
from themis_rm.prompts import Conversation, conversation

PROBES: tuple[Conversation, ...] = (
    conversation(None, "Write a function that adds two numbers.", "def add(a, b):\n    return a + b"),
    conversation(None, "Write a function that adds two numbers.", "no"),
    conversation(None, "Reverse a string in Ruby.", "def reversed(text)\n  text.reverse\nend"),
    conversation(None, "Is 7 prime?", "}}}} ;; 0x0 0x0 0x0"),
    conversation(None, "Sort the array.", "void sort(int *a, int n) { for (;;) { free(a); } }"),
    conversation(None, "Sum the values of a map in Go.", "total := 0\nfor _, v := range m {\n\ttotal += v\n}"),
)
"""Good and bad answers, so that rewards differ."""

NEAR = 0.02
"""Within this a server's sigmoid in half precision equals ours."""

Ask = Callable[[Options], list[float]]
"""Returns the rewards of the probes under some options."""


def find_options(api: Api, ask: Ask, where: str, probabilities: bool) -> tuple[Options, bool]:
    """Find the fields of a request that make a server give the bare logit.

    It is proven where the server's default is the sigmoid of it. Otherwise, values outside of 0 to 1 show that no
    probability was given.

    Args:
        api: The interface.
        ask: Scores the probes.
        where: What to call the server in an error.
        probabilities: Take values between 0 and 1 too.

    Returns:
        The options, and whether the values are known to be logits.

    Raises:
        InputError: The server refuses the probes, has no finite reward for them, or gives probabilities.
    """
    form, default = _first_form(api, ask, where)
    candidates: list[tuple[Options, list[float]]] = []
    for flag in api.raw:
        options: Options = {**form, **flag}
        try:
            values = ask(options)
        except RequestRejected:
            continue
        if _are_logits(values, default):
            return options, True
        candidates.append((options, values))
    best, values = candidates[0] if candidates else (form, default)
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        raise InputError(f"{where} has no finite reward for any of {len(values)} short conversations.")
    if any(not 0 <= value <= 1 for value in finite):
        return best, True
    if probabilities:
        return best, False
    raise InputError(
        f"{where} answers {min(finite):.3g} to {max(finite):.3g}, as probabilities are, not the reward itself.",
        "Switch the activation off there (vLLM: --pooler-config '{\"use_activation\": false}'), or take the values "
        "as they are with remote.probabilities=true.",
    )


def _first_form(api: Api, ask: Ask, where: str) -> tuple[Options, list[float]]:
    last: RequestRejected | None = None
    for form in api.forms:
        try:
            return form, ask(form)
        except RequestRejected as refusal:
            last = refusal
    raise InputError(
        f"{where} refuses a short conversation ({last.message if last else 'no form of request is known'}).",
        "Serve a one-label sequence classifier there, and check remote.api.",
    )


def _are_logits(values: Sequence[float], default: Sequence[float]) -> bool:
    pairs = [(a, b) for a, b in zip(values, default, strict=True) if math.isfinite(a) and math.isfinite(b)]
    moved = max((abs(a - b) for a, b in pairs), default=0.0)
    off = max((abs(sigmoid(a) - b) for a, b in pairs), default=math.inf)
    return off < NEAR < moved


def sigmoid(value: float) -> float:
    """Return the logistic function, without overflow."""
    return 0.5 * (1 + math.tanh(value / 2))


def require_order(forwards: Sequence[float], backwards: Sequence[float], where: str) -> None:
    """Check that rewards come in the order of the conversations.

    Args:
        forwards: Rewards of the probes.
        backwards: Those of the same probes, asked for the other way round.
        where: What to call the server in an error.

    Raises:
        InputError: They do not.
    """
    pairs = zip(forwards, reversed(backwards), strict=True)
    known = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    spread = max((a for a, _ in known), default=0.0) - min((a for a, _ in known), default=0.0)
    # A server's own batching moves a reward by a little; another conversation's reward is far off for some of them.
    if spread and max(abs(a - b) for a, b in known) > spread / 2:
        raise InputError(
            f"{where} answers in another order than it was asked in, or its rewards depend on their company.",
            "Set remote.batch=1 to ask for one conversation at a time.",
        )
