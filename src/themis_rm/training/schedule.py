"""Learning-rate schedules in closed form: linear warmup, then cosine, warmup-stable-decay or constant."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

LrSchedulerType = Literal["cosine", "warmup_stable_decay", "constant_with_warmup"]
DecayType = Literal["linear", "cosine", "1-sqrt"]

_DECAYS: Mapping[DecayType, Callable[[float], float]] = {
    "linear": lambda progress: 1.0 - progress,
    "cosine": lambda progress: 0.5 * (1.0 + math.cos(math.pi * progress)),
    "1-sqrt": lambda progress: 1.0 - math.sqrt(progress),
}
"""Form of a decay -> what is left of ``peak - minimum``, by the progress of the decay from 0 to 1."""


def share_of_steps(steps: int, ratio: float) -> int:
    """Return a share of a number of steps, rounded up.

    Args:
        steps: Total number of optimizer steps.
        ratio: The share, from 0 to 1.
    """
    # The offset absorbs rounding errors: 0.05 * 200 is 10.000000000000002.
    return math.ceil(steps * ratio - 1e-9)


def learning_rate_at(
    step: int,
    *,
    steps: int,
    peak: float,
    minimum: float,
    warmup_ratio: float,
    schedule: LrSchedulerType = "cosine",
    decay_ratio: float = 0.1,
    decay_type: DecayType = "linear",
) -> float:
    """Return the learning rate of an optimizer step.

    Linear from 0 to ``peak`` during the warmup, then ``peak`` until the decay starts, then down to ``minimum``. The
    decay of ``cosine`` starts after the warmup and is half a cosine (Loshchilov and Hutter, 2017, arXiv 1608.03983,
    without restarts). ``warmup_stable_decay`` decays at the end (Hu et al., 2024, MiniCPM, arXiv 2404.06395; Hägele et
    al., 2024, arXiv 2405.18392, compare forms of the decay). ``constant_with_warmup`` does not decay.

    Args:
        step: Number of the step, from 0; ``steps`` returns the rate after the last one.
        steps: Total number of steps.
        peak: Learning rate after the warmup.
        minimum: Learning rate at the end of the decay.
        warmup_ratio: Share of steps with warmup.
        schedule: Name of the schedule.
        decay_ratio: Share of steps with decay, for ``warmup_stable_decay``.
        decay_type: Form of the decay of ``warmup_stable_decay``.
    """
    warmup = share_of_steps(steps, warmup_ratio)
    if step < warmup:
        return peak * step / warmup
    decay = {
        "cosine": steps - warmup,
        "warmup_stable_decay": min(share_of_steps(steps, decay_ratio), steps - warmup),
        "constant_with_warmup": 0,
    }[schedule]
    stable = steps - decay
    if step <= stable:
        return peak
    form = _DECAYS["cosine" if schedule == "cosine" else decay_type]
    return minimum + (peak - minimum) * form(min(1.0, (step - stable) / decay))
