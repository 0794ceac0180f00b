"""Calibration of a reward model: what its rewards mean as probabilities, as ``calibration.json`` has it.

:mod:`themis_rm.evaluation.calibration` fits it. A curve belongs to one criteria prompt, named by the label of a score:
the short name of a criterion, ``all`` or ``none``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from themis_rm.errors import InputError
from themis_rm.results import Result, ResultPart
from themis_rm.storage.digest_cache import cached_digest
from themis_rm.storage.digests import files_sha256

CALIBRATION = "calibration.json"
"""File of a calibration in the directory of a model."""


PAIR_MEANING = "P(a is preferred to b) = sigmoid(slope * (reward of a - reward of b)), for two responses to one prompt"
RESPONSE_MEANING = (
    "P(a response is the preferred one of its pair) = sigmoid(response_offset + response_slope * reward), from its "
    "reward alone: not the probability that it is correct"
)


class Coefficient(ResultPart):
    """A fitted coefficient with its confidence interval."""

    value: float = Field(allow_inf_nan=False)
    """Estimate."""
    low: float = Field(allow_inf_nan=False)
    """Lower end of the interval."""
    high: float = Field(allow_inf_nan=False)
    """Upper end."""


class Curve(ResultPart):
    """Probabilities from the rewards under one criteria prompt."""

    pairs: int = Field(ge=0)
    """Pairs that it was fitted to, ties included."""
    slope: Coefficient
    """``s`` of ``P(a is preferred to b) = sigmoid(s * (reward(a) - reward(b)))``."""
    own_slope: float | None = None
    """The slope from these pairs alone, before shrinkage; ``None`` if all of them are ties."""
    response_slope: Coefficient
    """``b`` of ``P(response is the preferred one of its pair) = sigmoid(offset + b * reward)``."""
    response_offset: float = Field(allow_inf_nan=False)
    """``offset`` of the same formula."""

    def pair_probability(self, first: float, second: float) -> float:
        """Return the probability that a response is preferred to another one to the same prompt, from their rewards."""
        return sigmoid(self.slope.value * (first - second))

    def response_probability(self, reward: float) -> float:
        """Return the probability that a response is the preferred one of its pair, from its reward alone."""
        return sigmoid(self.response_offset + self.response_slope.value * reward)

    def best_probabilities(self, rewards: Sequence[float]) -> list[float]:
        """Return the probability of each of several responses to one prompt that it is the best of them.

        This is the choice model of Luce (1959), which for two responses is :meth:`pair_probability`.
        """
        powers = [self.slope.value * reward for reward in rewards]
        masses = [math.exp(power - max(powers)) for power in powers]
        return [mass / math.fsum(masses) for mass in masses]


class ReliabilityBin(ResultPart):
    """Predictions of about the same probability."""

    predicted: float
    """Mean of the predicted probabilities."""
    observed: float
    """Share of the predictions that came true; a tie counts half."""
    n: int
    """Number of predictions."""


class Fit(ResultPart):
    """How well probabilities fit pairs, without calibration (slope 1, offset 0) and with it.

    With calibration, every pair is predicted by a fit without its cluster.
    """

    kind: Literal["pairs", "responses"]
    """Probabilities of pairs, or of single responses."""
    n: int
    """Number of predictions."""
    log_loss_before: float
    """Mean negative log-likelihood of the raw rewards, in nats; guessing has 0.693."""
    log_loss: float
    """The same of the calibrated probabilities."""
    ece_before: float
    """Expected calibration error of the raw rewards: mean distance of predicted and observed shares over the bins."""
    ece: float
    """The same of the calibrated probabilities."""
    bins: list[ReliabilityBin]
    """Bins of equal size of the calibrated probabilities."""


class PairsRecord(ResultPart):
    """The pairs that a model was calibrated with."""

    name: str
    """Name of the file or directory, or ``authored``."""
    digest: str
    """Digest of the pairs."""
    read: int
    """Rows that were read."""
    pairs: int
    """Pairs that were scored, with or without success."""
    clusters: int
    """Tasks, or prompts where rows name no task; they are resampled and left out together."""
    failed: dict[str, int] = Field(default_factory=dict)
    """Criteria prompt mode -> pairs without two rewards, which are in no fit."""


class Calibration(Result):
    """Curves of a model by the label of the criteria prompt."""

    kind: ClassVar[str] = "calibration"

    meaning: tuple[str, str] = (PAIR_MEANING, RESPONSE_MEANING)
    """What the probabilities of pairs and of responses are."""
    model: str
    """Name of the model."""
    model_digest: str
    """Its digest, with base, tokenizer and chat template."""
    weights_digest: str = ""
    """Digest of the safetensors files in its directory; a calibration is used only with these."""
    source: PairsRecord
    """The pairs."""
    prompts: dict[str, str] = Field(default_factory=dict)
    """Criteria prompt mode -> digest of the prompt set."""
    confidence_level: float
    """Confidence level of the intervals."""
    n_resamples: int
    """Bootstrap samples of the intervals."""
    curves: dict[str, Curve]
    """Label -> curve."""
    fits: dict[str, list[Fit]] = Field(default_factory=dict)
    """Label, or prompt mode for all of its labels together -> how well pairs and responses are predicted."""

    def records(self) -> list[dict[str, Any]]:
        """Return one row per label."""
        return [
            {"criterion": label, "pairs": curve.pairs, **_fields("slope", curve.slope)}
            | _fields("response_slope", curve.response_slope)
            | {
                f"{fit.kind}_{name}": getattr(fit, name)
                for fit in self.fits.get(label, [])
                for name in ("log_loss_before", "log_loss", "ece_before", "ece")
            }
            for label, curve in self.curves.items()
        ]

    def summary(self) -> str:
        """Return the model, the pairs and the slopes."""
        slopes = ", ".join(f"{label} {curve.slope.value:.3g}" for label, curve in self.curves.items())
        return f"{self.model} on {self.source.pairs:,} pairs of {self.source.name}: slope {slopes}"

    def response_probabilities(self, rewards: Mapping[str, float | None]) -> dict[str, float]:
        """Return label -> :meth:`Curve.response_probability`, for the labels with a reward and a curve."""
        return {
            label: self.curves[label].response_probability(reward)
            for label, reward in rewards.items()
            if reward is not None and label in self.curves
        }


def _fields(name: str, coefficient: Coefficient) -> dict[str, float]:
    return {name: coefficient.value, f"{name}_low": coefficient.low, f"{name}_high": coefficient.high}


def sigmoid(value: float) -> float:
    """Return the logistic function without overflow."""
    if value < 0:
        return math.exp(value) / (1 + math.exp(value))
    return 1 / (1 + math.exp(-value))


def own_weights_digest(folder: Path) -> str:
    """Return a digest of the safetensors files in the directory of a model, empty if it has none."""
    files = sorted(folder.glob("*.safetensors"))
    return cached_digest("files", files, lambda: files_sha256(files, folder)) if files else ""


def read_calibration(file: Path, folder: Path | None) -> Calibration:
    """Read a calibration, and check that it belongs to the weights of a model.

    Args:
        file: The file.
        folder: Directory of the model, ``None`` for a model without one.

    Raises:
        InputError: The file is damaged, or belongs to other weights.
    """
    try:
        found = Calibration.load(file)
    except InputError as error:
        raise InputError(error.message, "Delete it, or write it again with 'themis-rm calibrate'.") from error
    if found.weights_digest and folder is not None and found.weights_digest != own_weights_digest(folder):
        raise InputError(
            f"{file} was fitted to other weights than those in {folder}.",
            "Delete it, or write it again with 'themis-rm calibrate'.",
        )
    return found
