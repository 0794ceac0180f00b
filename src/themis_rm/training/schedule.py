"""Learning-rate schedule: cosine decay to a minimum, with linear warmup, in closed form."""

from __future__ import annotations

import math


def warmup_steps(steps: int, warmup_ratio: float) -> int:
    """Return the number of warmup steps, rounded up.

    Args:
        steps: Total number of optimizer steps.
        warmup_ratio: Share of them with warmup, from 0 to 1.
    """
    # The offset absorbs rounding errors: 0.05 * 200 is 10.000000000000002.
    return math.ceil(steps * warmup_ratio - 1e-9)


def learning_rate_at(step: int, *, steps: int, warmup: int, peak: float, minimum: float) -> float:
    """Return the learning rate of an optimizer step.

    Linear from 0 to ``peak`` during the warmup, then half a cosine down to ``minimum`` (Loshchilov and Hutter, 2017,
    arXiv 1608.03983, without restarts).

    Args:
        step: Number of the step, from 0; ``steps`` returns the rate after the last one.
        steps: Total number of steps.
        warmup: Number of warmup steps.
        peak: Learning rate at the end of the warmup.
        minimum: Learning rate at the end.
    """
    if step < warmup:
        return peak * step / warmup
    progress = min(1.0, (step - warmup) / max(1, steps - warmup))
    return minimum + (peak - minimum) * 0.5 * (1.0 + math.cos(math.pi * progress))
