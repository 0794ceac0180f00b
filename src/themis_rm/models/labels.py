"""Classifiers with several labels: which output, or which sum of outputs, is the reward.

Outputs are logits: the sigmoid or softmax that a classifier was trained with (``problem_type``) is not applied.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from themis_rm.errors import CheckpointError
from themis_rm.models.chat import EncodedConversation, score_sequences
from themis_rm.models.protocol import Score
from themis_rm.models.settings import ModelSettings

_MAX_LISTED = 100
"""Most labels in an error."""

_ACTIVATIONS = {"multi_label_classification": "sigmoid", "single_label_classification": "softmax"}


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a head and their share in the reward.

    Attributes:
        names: Names in the order of the outputs; empty for a head with one output.
        weights: Factor of each output.
        problem: ``problem_type`` in ``config.json``; may be empty.
    """

    names: tuple[str, ...] = ()
    weights: tuple[float, ...] = (1.0,)
    problem: str = ""

    def reward(self, outputs: Iterable[float]) -> float:
        """Return the reward of the outputs for one conversation."""
        used = [weight * value for weight, value in zip(self.weights, outputs, strict=True) if weight]
        return math.fsum(used) if all(map(math.isfinite, used)) else math.nan

    def named(self, outputs: Sequence[float]) -> dict[str, float]:
        """Return the outputs by label; empty for a head with one output."""
        return dict(zip(self.names, outputs, strict=True)) if self.names else {}

    def facts(self) -> dict[str, str | int]:
        """Return the reward as a sum of labels, for results."""
        problem: dict[str, str | int] = {}
        if activation := _ACTIVATIONS.get(self.problem):
            problem["problem_type"] = f"{self.problem}: {activation} not applied, rewards are logits"
        if not self.names:
            return problem
        parts = [f"{weight:g} * {name}" for name, weight in zip(self.names, self.weights, strict=True) if weight]
        return {"labels": len(self.names), "reward": " + ".join(parts), **problem}


ONE_LABEL = Labels()
"""The labels of a head with one output, which is the reward."""


def choose_labels(config: Mapping[str, Any], outputs: int, settings: ModelSettings, folder: Path) -> Labels:
    """Return the labels of a head and what the user takes as the reward.

    Args:
        config: Content of ``config.json``.
        outputs: Outputs of the head.
        settings: ``label`` and ``label_weights``.
        folder: Directory of the model, for errors.

    Raises:
        CheckpointError: There are several labels and none is chosen, or a chosen label does not exist.
    """
    names = label_names(config, outputs)
    problem = str(config.get("problem_type") or "")
    if settings.label_weights:
        weights = [0.0] * outputs
        for label, weight in settings.label_weights.items():
            weights[_index_of(label, names, folder)] += weight
        return Labels(names if outputs > 1 else (), tuple(weights), problem)
    if settings.label:
        chosen = _index_of(settings.label, names, folder)
    elif outputs == 1:
        chosen = 0
    else:
        raise CheckpointError(
            f"{folder} has {outputs} labels ({_listed(names)}), and a reward is one number.",
            "Set model.label to one of them, or model.label_weights to the weight of some, such as "
            f"{{{names[0]}: 1, {names[1]}: -1}}.",
        )
    weights = [float(index == chosen) for index in range(outputs)]
    return Labels(names if outputs > 1 else (), tuple(weights), problem)


def label_names(config: Mapping[str, Any], outputs: int) -> tuple[str, ...]:
    """Return the names of a head's outputs: those of ``id2label``, if there are as many and they differ."""
    named = config.get("id2label")
    found = [named.get(str(index), named.get(index)) for index in range(outputs)] if isinstance(named, dict) else []
    texts = [name for name in found if isinstance(name, str) and name]
    if len(texts) == outputs == len(set(texts)) and isinstance(named, dict) and len(named) == outputs:
        return tuple(texts)
    return tuple(f"LABEL_{index}" for index in range(outputs))


def _listed(names: Sequence[str]) -> str:
    more = f", and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return ", ".join(names[:_MAX_LISTED]) + more


def _index_of(label: str, names: Sequence[str], folder: Path) -> int:
    if label in names:
        return names.index(label)
    if label.isdecimal() and int(label) < len(names):
        return int(label)
    raise CheckpointError(
        f"{folder} has no label '{label}'.", f"Its labels are {_listed(names)}; their numbers begin with 0."
    )


def score_outputs(
    encoded: Sequence[EncodedConversation],
    labels: Labels,
    outputs_of: Callable[[list[list[int]], list[int]], list[list[float]]],
) -> list[Score]:
    """Return one score per encoded conversation, with the outputs of its labels if there are several.

    Args:
        encoded: The conversations.
        labels: The labels and their share in the reward.
        outputs_of: Returns the outputs per sequence, given token ids and boundaries.
    """
    outputs: list[list[float]] = []

    def rewards_of(sequences: list[list[int]], boundaries: list[int]) -> list[float]:
        outputs.extend(outputs_of(sequences, boundaries))
        return [labels.reward(values) for values in outputs]

    scores = score_sequences(encoded, rewards_of)
    if not labels.names:
        return scores
    rest = iter(outputs)
    windows = [[next(rest) for _ in item.sequences] for item in encoded]
    return [
        score if score.reward is None else replace(score, labels=labels.named(_combine(labels, rows, item.lowest)))
        for score, rows, item in zip(scores, windows, encoded, strict=True)
    ]


def _combine(labels: Labels, windows: Sequence[Sequence[float]], lowest: bool) -> list[float]:
    """Return the outputs of several windows: those of the window with the lowest reward, or their mean."""
    if lowest:
        return list(min(windows, key=labels.reward))
    return [fmean(values) for values in zip(*windows, strict=True)]
