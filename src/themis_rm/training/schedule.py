"""Learning rates: cosine with linear warm-up to a terminal rate, in closed form."""

from __future__ import annotations

import math


def warmup_steps(steps: int, share: float) -> int:
    """Return how many of the updates warm up, rounded up.

    Args:
        steps: Updates in all.
        share: Share of them that warms up, 0 to 1.
    """
    # Guards against 0.05 * 200 coming out as 10.000000000000002.
    return math.ceil(steps * share - 1e-9)


def learning_rate(step: int, *, steps: int, warmup: int, peak: float, terminal: float) -> float:
    """Return the learning rate in force for an update.

    Linear from 0 to ``peak`` over the warm-up, then half a cosine down to ``terminal`` (Loshchilov and Hutter, 2017,
    arXiv 1608.03983, without restarts).

    Args:
        step: Number of the update, from 0; ``steps`` gives the rate after the last one.
        steps: Updates in all.
        warmup: Updates that warm up.
        peak: Rate at the end of the warm-up.
        terminal: Rate at the end.
    """
    if step < warmup:
        return peak * step / warmup
    done = min(1.0, (step - warmup) / max(1, steps - warmup))
    return terminal + (peak - terminal) * 0.5 * (1.0 + math.cos(math.pi * done))
