"""``themis-nano``, the reward model in this package: an adapter whose base is installed separately."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from themis_rm.errors import CheckpointError
from themis_rm.results import Result, ResultPart

NAME = "themis-nano"
"""Its name, wherever the name of a model is accepted; ``./themis-nano`` is a directory of the user."""

FOLDER = Path(__file__).parent / "nano"
MEASUREMENTS = "measurements.json"
"""File with what was measured of the model, written by ``data/build_nano.py``."""


class Measurement(ResultPart):
    """Accuracy on one set of pairs."""

    pairs: str
    """Name of the pairs."""
    n: int
    """Number of pairs."""
    accuracy: float
    """Share of pairs ranked correctly; a tie counts half."""
    low: float
    """Lower end of its confidence interval."""
    high: float
    """Upper end."""
    by_criterion: dict[str, float]
    """Short name of a criterion -> accuracy on its pairs."""

    def text(self) -> str:
        """Return the accuracy with its interval and the weakest criterion, in percent."""
        weakest = min(self.by_criterion, key=lambda name: self.by_criterion[name], default="")
        least = f", {weakest} {100 * self.by_criterion[weakest]:.0f} %" if len(self.by_criterion) > 1 else ""
        interval = f"[{100 * self.low:.0f}, {100 * self.high:.0f}]"
        return f"{100 * self.accuracy:.0f} % {interval} of {self.n:,} pairs of {self.pairs}{least}"


class Measurements(Result):
    """What was measured of the model."""

    kind: ClassVar[str] = "file of measurements"

    description: str
    """What the model is, in a few words."""
    accuracies: list[Measurement]
    """Accuracies that its notice reports."""
    limits: str
    """What it cannot do, in one sentence."""

    def records(self) -> list[dict[str, object]]:
        """Return one row per set of pairs."""
        return [item.model_dump() for item in self.accuracies]


def find_embedded() -> Path:
    """Return the directory of the model.

    Raises:
        CheckpointError: This installation does not contain it.
    """
    if not (FOLDER / "adapter_config.json").is_file():
        raise CheckpointError(
            f"This installation of themis-rm does not contain {NAME}.", "Name another model, such as --model length."
        )
    return FOLDER


def display_name(folder: Path) -> str:
    """Return what messages call the model in a directory: its path, or the name of the embedded model."""
    return NAME if folder == FOLDER else str(folder)


def describe_embedded() -> str:
    """Return what the model is, its measured accuracy and its limits, in one line.

    Raises:
        CheckpointError: This installation does not contain it.
        InputError: Its file of measurements is damaged.
    """
    facts = Measurements.load(find_embedded() / MEASUREMENTS)
    accuracies = "; ".join(item.text() for item in facts.accuracies) or "not measured"
    return f"{NAME} ({facts.description}), pairs ranked correctly: {accuracies}. {facts.limits}"


def default_model_notice(option: str) -> str:
    """Return the line that says that the embedded model is used because no other one was named.

    Args:
        option: How another model is named, such as ``--model``.

    Raises:
        UserError: See :func:`describe_embedded`.
    """
    return f"Default model: {describe_embedded()} Name another one with {option}."
