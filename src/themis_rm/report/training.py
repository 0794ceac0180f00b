"""Render the report of a training run as one HTML page: warnings, metrics by criterion and language, and curves."""

from __future__ import annotations

from pathlib import Path

import themis_rm
from themis_rm.report.environment import html_environment
from themis_rm.report.plots import Interval, dot_plot, training_curves
from themis_rm.storage.atomic import write_text
from themis_rm.training.metrics import Metrics
from themis_rm.training.report import LOG_FILE, PAGE_FILE, TrainReport
from themis_rm.training.splits import Split

_SPLITS: tuple[Split, ...] = ("validation", "train")


def write_training_page(out: Path) -> Path:
    """Write the page of a finished run next to its report and return its path.

    Args:
        out: Output directory of the run.

    Raises:
        InputError: There is no report.
    """
    page = out / PAGE_FILE
    write_text(page, render_training(TrainReport.load(out), out / LOG_FILE))
    return page


def render_training(report: TrainReport, log: Path) -> str:
    """Return the page as self-contained HTML.

    Args:
        report: Report of the run.
        log: Its log; without one there are no curves.
    """
    groups = {
        split: {"all pairs": report.metrics.get(split, {})}
        | report.by_criterion.get(split, {})
        | report.by_language.get(split, {})
        for split in _SPLITS
    }
    names = list(dict.fromkeys(name for of in groups.values() for name in of))
    return (
        html_environment()
        .get_template("training.html.j2")
        .render(
            version=themis_rm.__version__,
            report=report,
            rows=[(name, [groups[split].get(name, {}) for split in _SPLITS]) for name in names],
            splits=_SPLITS,
            counts=[(split, getattr(report, split)) for split in ("train", "validation")],
            plot=dot_plot([(name, _marks(name, groups)) for name in names if _marks(name, groups)], "Accuracy"),
            curves=training_curves(log),
        )
    )


def _marks(name: str, groups: dict[Split, dict[str, Metrics]]) -> list[Interval]:
    found = ((split, groups[split].get(name, {})) for split in _SPLITS)
    return [
        Interval(split, values["accuracy"], values["low"], values["high"], int(values["n"]))
        for split, values in found
        if values.get("n") and "low" in values
    ]
