"""Warnings of a training run that does not learn what it should, found in the lines of its log.

Each detector is a function of the latest steps, so that a resumed run, which reads its log again, warns as if it had
not been interrupted.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from themis_rm.results import ResultPart
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.schedule import share_of_steps

LOG_2 = math.log(2)
"""Preference loss of a model that gives both responses the same reward."""
SMALLEST_WINDOW, LARGEST_WINDOW = 20, 200
"""Limits of the number of steps that a detector averages over; between them it is a twentieth of the run."""
SAME_SCORES_STEPS = 10
"""Steps with ties only that are reported."""

Line = Mapping[str, Any]


class TrainingWarning(ResultPart):
    """A warning about a run."""

    name: str
    """Short name of what was found."""
    step: int
    """Step at which it was found; 0 before the first step."""
    message: str
    """What it means and what to try, in one line."""


@dataclass(frozen=True)
class Limits:
    """What the detectors need to know about a run.

    Attributes:
        warmup: Number of warmup steps.
        window: Number of steps to average over.
        max_grad_norm: Norm at which gradients are clipped; 0 for none.
    """

    warmup: int
    window: int
    max_grad_norm: float

    @classmethod
    def of(cls, recipe: TrainRecipe, steps: int) -> Limits:
        """Return the limits of a run of ``steps`` steps."""
        window = min(LARGEST_WINDOW, max(SMALLEST_WINDOW, steps // 20))
        return cls(share_of_steps(steps, recipe.warmup_ratio), window, recipe.max_grad_norm)


def _mean(lines: Sequence[Line], key: str) -> float:
    return fmean(float(line[key]) for line in lines)


def _rms_margin(lines: Sequence[Line]) -> float:
    return math.sqrt(fmean(line["margin"] ** 2 + line["margin_std"] ** 2 for line in lines))


def _mean_reward(lines: Sequence[Line]) -> float:
    return (_mean(lines, "reward_chosen") + _mean(lines, "reward_rejected")) / 2


def _windows(lines: Sequence[Line], limits: Limits, count: int) -> list[Sequence[Line]]:
    """Return the last ``count`` windows of steps after the warmup, oldest first; none if there are fewer."""
    after = [line for line in lines if line["step"] > limits.warmup]
    size = limits.window
    if len(after) < count * size:
        return []
    return [after[len(after) - (i + 1) * size : len(after) - i * size] for i in reversed(range(count))]


def same_scores(lines: Sequence[Line], limits: Limits) -> str | None:
    """Detect that both responses of nearly all pairs get the same reward.

    The first steps are left out: with a head of zeros and a learning rate of zero, all rewards are equal.
    """
    recent = [line for line in lines if line["step"] > 2][-SAME_SCORES_STEPS:]
    if len(recent) == SAME_SCORES_STEPS and min(line["equal_rate"] for line in recent) >= 0.9:
        return (
            "both responses of nearly every pair get the same reward. Check that they still differ after truncation "
            "(max_length), that learning_rate is not 0, and that the reward head is trained."
        )
    for window in _windows(lines, limits, 1):
        if _rms_margin(window) < 1e-3 * _mean(window, "reward_std"):
            return (
                "the rewards of the two responses of a pair differ a thousand times less than rewards of different "
                "pairs: the model reads the prompt only. Check that the responses still differ after truncation "
                "(max_length), and that they end where the reward is read."
            )
    return None


def loss_stuck(lines: Sequence[Line], limits: Limits) -> str | None:
    """Detect a Bradley-Terry loss that is still that of guessing after the warmup."""
    if "bradley_terry" not in lines[-1]:  # other losses have other values
        return None
    for window in _windows(lines, limits, 1):
        if abs(_mean(window, "bradley_terry") - LOG_2) < 0.003 and not same_scores(lines, limits):
            return (
                f"the preference loss is still {LOG_2:.3f} (log 2, guessing) {limits.window} steps after the warmup. "
                f"Raise learning_rate (now {window[0]['learning_rate']:.2g}) or shorten warmup_ratio, and check the "
                "labels with: themis-rm train RECIPE --check."
            )
    return None


def reward_drift(lines: Sequence[Line], limits: Limits) -> str | None:
    """Detect a mean reward that is far from zero and moves away from it."""
    windows = _windows(lines, limits, 3)
    if not windows:
        return None
    means = [_mean_reward(window) for window in windows]
    growing = abs(means[0]) < abs(means[1]) < abs(means[2]) and means[1] * means[2] > 0
    if growing and abs(means[2]) > max(5.0, 2 * _rms_margin(windows[2])):
        return (
            f"the mean reward is {means[2]:.1f} and moves away from 0, much further than the two responses of a pair "
            "are apart. Raise center_rewards_coefficient, or lower learning_rate."
        )
    return None


def spread_without_accuracy(lines: Sequence[Line], limits: Limits) -> str | None:
    """Detect rewards that move apart while the accuracy stays at one half."""
    windows = _windows(lines, limits, 3)
    if not windows:
        return None
    last, pairs = windows[2], sum(line["n"] for line in windows[2])
    spread = [_rms_margin(window) for window in windows]
    if spread[0] < spread[1] < spread[2] and spread[2] > max(0.5, 2 * spread[0]):
        accuracy = fmean([line["accuracy"] for line in last])
        if abs(accuracy - 0.5) < 1 / math.sqrt(pairs):  # two standard errors
            return (
                f"rewards move apart (margins of {spread[2]:.1f} on average) while the accuracy stays at "
                f"{accuracy:.2f}: the labels may be noise, or swapped in half of the rows. Lower learning_rate, and "
                "check the labels with: themis-rm train RECIPE --check."
            )
    return None


def gradient_spike(lines: Sequence[Line], limits: Limits) -> str | None:
    """Detect a gradient norm far above those of the steps before."""
    before = [float(line["grad_norm"]) for line in lines[-SMALLEST_WINDOW - 1 : -1]]
    if len(before) < SMALLEST_WINDOW or lines[-1]["step"] <= limits.warmup:
        return None
    norm, usual = float(lines[-1]["grad_norm"]), median(before)
    if norm > max(10 * usual, limits.max_grad_norm):
        return (
            f"the gradient norm is {norm:.1f}, {norm / max(usual, 1e-12):.0f} times the "
            f"usual one. Clip lower (max_grad_norm, now {limits.max_grad_norm:g}; 0 does not clip), lower "
            "learning_rate, or look for broken rows in this batch."
        )
    return None


DETECTORS: dict[str, Callable[[Sequence[Line], Limits], str | None]] = {
    "same-scores": same_scores,
    "loss-stuck": loss_stuck,
    "reward-drift": reward_drift,
    "spread-without-accuracy": spread_without_accuracy,
    "gradient-spike": gradient_spike,
}
"""Name of a warning -> function of the latest training steps that returns its message."""


class Monitor:
    """Reads the log of a run line by line and warns once of each thing.

    Args:
        limits: What the detectors need to know about the run.

    Attributes:
        warnings: Warnings so far.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.warnings: list[TrainingWarning] = []
        self._lines: deque[Line] = deque(maxlen=3 * limits.window)

    def replay(self, lines: Iterable[Line]) -> None:
        """Read the log of a run that is resumed."""
        for line in lines:
            if line["split"] == "warning":
                self.warnings.append(TrainingWarning.model_validate(line))
            elif line["split"] == "train":
                self._lines.append(line)

    def update(self, line: Line) -> list[TrainingWarning]:
        """Read the line of a training step and return what is new."""
        self._lines.append(line)
        lines = list(self._lines)
        found = ((name, detect(lines, self.limits)) for name, detect in DETECTORS.items() if not self.has(name))
        return [self.add(name, message, line["step"]) for name, message in found if message is not None]

    def has(self, name: str) -> bool:
        """Return whether there was a warning of this name."""
        return any(warning.name == name for warning in self.warnings)

    def add(self, name: str, message: str, step: int = 0) -> TrainingWarning:
        """Add a warning and return it."""
        warning = TrainingWarning(name=name, step=step, message=message)
        self.warnings.append(warning)
        return warning


def start_warnings(tokenizer: Any, pad_token_id: int, lost_head: Sequence[str] | None) -> dict[str, str]:
    """Return the warnings about tokenizer and backbone, before the first step.

    Args:
        tokenizer: Tokenizer of the run.
        pad_token_id: Token to pad with.
        lost_head: See :class:`~themis_rm.training.pair_model.PairRewardModel`.

    Returns:
        Name -> message.
    """
    found = {}
    if pad_token_id == tokenizer.eos_token_id:
        found["pad-is-eos"] = (
            f"the pad token is the end-of-text token {tokenizer.eos_token}. Training and scoring find the end of a "
            "conversation by mask, but software that finds it by the pad token reads the reward too early where a "
            "text contains it. Set tokenizer.path to a tokenizer with a pad token of its own."
        )
    if lost_head is not None:
        weights = f" ({', '.join(lost_head[:3])})" if lost_head else ""
        found["new-head"] = (
            f"the reward head starts anew: the head of the backbone's checkpoint{weights} is missing or of another "
            "kind. Use a checkpoint with the weight score.weight to start from its rewards."
        )
    return found
