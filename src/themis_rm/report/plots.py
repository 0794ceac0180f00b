"""Plots as inline SVG without scripts; colors come from the style sheet of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from themis_rm.evaluation.statistics import Accuracy
from themis_rm.storage.json_lines import read_json_lines


@dataclass(frozen=True, slots=True)
class Interval:
    """An accuracy with its interval, drawn as one mark of a dot plot.

    Attributes:
        name: Series (the model or a baseline).
        value: Share between 0 and 1.
        low: Lower end of the interval.
        high: Upper end of the interval.
        n: Number of pairs.
    """

    name: str
    value: float
    low: float
    high: float
    n: int

    @classmethod
    def from_accuracy(cls, name: str, accuracy: Accuracy | None) -> Interval | None:
        """Return the mark of an accuracy, or ``None`` if there are no pairs."""
        if accuracy is None or accuracy.value is None or accuracy.low is None or accuracy.high is None:
            return None
        return cls(name, accuracy.value, accuracy.low, accuracy.high, accuracy.n)


def dot_plot(
    groups: Sequence[tuple[str, Sequence[Interval]]],
    label: str = "Accuracy by criterion with intervals",
    half: bool = True,
) -> str:
    """Draw accuracies with intervals, one band per group.

    Args:
        groups: Title and marks of each group, drawn top to bottom.
        label: What the plot shows, for readers of the page who cannot see it.
        half: Whether one half is marked (random guessing between two responses).
    """
    width, left, right, row, top = 760, 210, 20, 15, 24
    series: list[str] = []
    for _, marks in groups:
        series += [mark.name for mark in marks if mark.name not in series]
    height = top + sum(row * len(marks) + 14 for _, marks in groups) + 30

    def x(share: float) -> float:
        return left + share * (width - left - right)

    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">']
    for tick in range(0, 101, 25):
        at = x(tick / 100)
        parts.append(
            f'<line class="{"half" if half and tick == 50 else "grid"}" x1="{at:.1f}" x2="{at:.1f}" y1="{top - 6}" '
            f'y2="{height - 24}"/>'
            f'<text class="tick" x="{at:.1f}" y="{height - 8}" text-anchor="middle">{tick} %</text>'
        )
    y = top
    for title, marks in groups:
        middle = y + row * len(marks) / 2
        parts.append(f'<text x="{left - 14}" y="{middle + 4:.1f}" text-anchor="end">{escape(title)}</text>')
        for mark in marks:
            at, kind = y + row / 2, f"s{series.index(mark.name)}"
            label = f"{mark.name}: {100 * mark.value:.1f} % [{100 * mark.low:.1f}, {100 * mark.high:.1f}], n = {mark.n}"
            parts.append(
                f'<g class="{kind}"><title>{escape(label)}</title>'
                f'<line class="whisker" x1="{x(mark.low):.1f}" x2="{x(mark.high):.1f}" y1="{at}" y2="{at}"/>'
                f'<circle cx="{x(mark.value):.1f}" cy="{at}" r="4.5"/></g>'
            )
            y += row
        y += 14
    first = left if len(series) < 5 else 10  # more names need the whole width
    legend = "".join(
        f'<g class="s{i}" transform="translate({first + 150 * i},10)"><circle r="4.5"/>'
        f'<text x="9" y="4">{escape(name)}</text></g>'
        for i, name in enumerate(series)
    )
    return "".join(parts) + legend + "</svg>"


def line_plot(title: str, series: dict[str, list[tuple[float, float]]], reference: float | None = None) -> str:
    """Draw lines over training updates.

    Args:
        title: Title of the plot.
        series: Name -> points ``(update, value)``; empty series are omitted.
        reference: Value to mark with a dashed line, such as that of guessing.
    """
    series = {name: points for name, points in series.items() if points}
    if not series:
        return ""
    width, height, left, bottom, top = 370, 210, 46, 26, 34
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points] + ([] if reference is None else [reference])
    low_x, high_x, low_y, high_y = min(xs), max(xs), min(ys), max(ys)
    span_x, span_y = (high_x - low_x) or 1, (high_y - low_y) or 1

    def at(x: float, y: float) -> str:
        return (
            f"{left + (x - low_x) / span_x * (width - left - 10):.1f},"
            f"{height - bottom - (y - low_y) / span_y * (height - bottom - top):.1f}"
        )

    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">',
        f'<text class="title" x="{left}" y="14">{escape(title)}</text>',
    ]
    for y in (low_y, (low_y + high_y) / 2, high_y):
        place = at(low_x, y).split(",")[1]
        parts.append(
            f'<line class="grid" x1="{left}" x2="{width - 10}" y1="{place}" y2="{place}"/>'
            f'<text class="tick" x="{left - 6}" y="{float(place) + 4:.1f}" text-anchor="end">{y:.3g}</text>'
        )
    if reference is not None:
        place = at(low_x, reference).split(",")[1]
        parts.append(f'<line class="half" x1="{left}" x2="{width - 10}" y1="{place}" y2="{place}"/>')
    parts.append(
        f'<text class="tick" x="{left}" y="{height - 8}">update {low_x:g}</text>'
        f'<text class="tick" x="{width - 10}" y="{height - 8}" text-anchor="end">{high_x:g}</text>'
    )
    for i, (name, points) in enumerate(series.items()):
        marks = "".join(f'<circle cx="{at(*p).split(",")[0]}" cy="{at(*p).split(",")[1]}" r="2.5"/>' for p in points)
        line = " ".join(at(*point) for point in points)
        parts.append(
            f'<g class="s{i}"><title>{escape(name)}</title><polyline points="{line}"/>'
            f"{marks if len(points) < 30 else ''}"
            f'<text x="{left + 4 + 110 * i}" y="{top - 6}">{escape(name)}</text></g>'
        )
    return "".join(parts) + "</svg>"


def reliability_plot(title: str, series: dict[str, list[tuple[float, float, int]]]) -> str:
    """Draw observed shares over predicted probabilities; the dashed diagonal is perfect calibration.

    Args:
        title: Title of the plot.
        series: Name -> bins ``(predicted, observed, n)``, in ascending order of the prediction.
    """
    size, left, bottom, top = 300, 46, 30, 34
    span = size - left - 10

    def x(share: float) -> float:
        return left + share * span

    def y(share: float) -> float:
        return top + (1 - share) * span

    height = top + span + bottom
    parts = [
        f'<svg viewBox="0 0 {size} {height}" role="img" aria-label="{escape(title)}">',
        f'<text class="title" x="{left}" y="14">{escape(title)}</text>',
        f'<line class="half" x1="{x(0)}" x2="{x(1)}" y1="{y(0)}" y2="{y(1)}"/>',
    ]
    for tick in (0, 50, 100):
        place = tick / 100
        parts.append(
            f'<line class="grid" x1="{x(0)}" x2="{x(1)}" y1="{y(place):.1f}" y2="{y(place):.1f}"/>'
            f'<text class="tick" x="{left - 6}" y="{y(place) + 4:.1f}" text-anchor="end">{tick} %</text>'
            f'<text class="tick" x="{x(place):.1f}" y="{height - 10}" text-anchor="middle">{tick} %</text>'
        )
    for i, (name, bins) in enumerate(series.items()):
        marks = "".join(
            f'<circle cx="{x(predicted):.1f}" cy="{y(observed):.1f}" r="3.5">'
            f"<title>predicted {100 * predicted:.1f} %, observed {100 * observed:.1f} %, n = {n}</title></circle>"
            for predicted, observed, n in bins
        )
        line = " ".join(f"{x(predicted):.1f},{y(observed):.1f}" for predicted, observed, _ in bins)
        parts.append(
            f'<g class="s{i}"><polyline points="{line}"/>{marks}'
            f'<text x="{left + 4 + 110 * i}" y="{top - 6}">{escape(name)}</text></g>'
        )
    return "".join(parts) + "</svg>"


_TERMS = {
    "bradley_terry": "Preference loss",
    "lm": "Language-modeling loss",
    "center_rewards": "Reward centering",
    "center_rewards_absolute": "Reward centering",
}
"""Loss term -> title of its plot."""
_NOT_TERMS = {
    *("step", "split", "loss", "reward_chosen", "reward_rejected", "reward_std", "margin", "margin_std"),
    *("accuracy", "equal_rate", "n", "ties", "tokens", "learning_rate", "grad_norm", "epoch"),
}
"""Other keys of the line of a training step."""


def training_curves(log: Path) -> list[str]:
    """Draw the curves of a training log: losses, accuracy, margin, rewards, gradient norm and learning rate.

    Preference loss, accuracy and margin are also drawn for the validation split.

    Args:
        log: ``log.jsonl`` of a training run; no plots if it is missing.
    """
    if not log.is_file():
        return []
    lines = [row for _, row in read_json_lines(log) if isinstance(row, dict)]
    steps = [line for line in lines if line.get("split") == "train"]
    evaluations = [line for line in lines if line.get("split") == "validation"]
    terms = list(dict.fromkeys(key for line in steps for key in line if key not in _NOT_TERMS))

    def both(key: str) -> dict[str, list[tuple[float, float]]]:
        return {"train": _points(steps, key), "validation": _points(evaluations, key)}

    plots = [
        line_plot(_TERMS.get(term, term), both(term), math.log(2) if term == "bradley_terry" else None)
        for term in terms
    ]
    plots += [
        line_plot("Pair accuracy", both("accuracy"), 0.5),
        line_plot("Margin (chosen minus rejected)", both("margin"), 0.0),
        line_plot(
            "Mean reward",
            {"chosen": _points(steps, "reward_chosen"), "rejected": _points(steps, "reward_rejected")},
        ),
        line_plot("Gradient norm before clipping", {"train": _points(steps, "grad_norm")}),
        line_plot("Learning rate", {"train": _points(steps, "learning_rate")}),
    ]
    return [plot for plot in plots if plot]


def _points(lines: Sequence[Mapping[str, Any]], key: str) -> list[tuple[float, float]]:
    # A resumed run repeats the updates after its last checkpoint; the last line of an update is used.
    values = {float(line["step"]): float(line[key]) for line in lines if key in line}
    return _smooth(sorted(values.items()))


def _smooth(points: list[tuple[float, float]], max_points: int = 60) -> list[tuple[float, float]]:
    if len(points) <= max_points:
        return points
    step = -(-len(points) // max_points)
    bins = [points[i : i + step] for i in range(0, len(points), step)]
    return [(sum(x for x, _ in b) / len(b), sum(y for _, y in b) / len(b)) for b in bins]
