"""Render a calibration as one HTML page: reliability plots, coefficients and what they were fitted to."""

from __future__ import annotations

from pathlib import Path

import themis_rm
from themis_rm.models.calibration import Calibration
from themis_rm.report.environment import html_environment
from themis_rm.report.plots import reliability_plot
from themis_rm.storage.atomic import write_text

_TITLES = {
    "own": "Prompt of the pair's criterion",
    "none": "No criteria prompt",
    "all": "Prompt of all criteria",
}


def write_calibration_page(calibration: Calibration, page: Path) -> Path:
    """Write the page and return its path."""
    write_text(page, render_calibration(calibration))
    return page


def render_calibration(calibration: Calibration) -> str:
    """Return the page as self-contained HTML."""
    plots = [
        reliability_plot(
            _TITLES[mode],
            {
                fit.kind: [(item.predicted, item.observed, item.n) for item in fit.bins]
                for fit in calibration.fits[mode]
            },
        )
        for mode in _TITLES
        if mode in calibration.fits
    ]
    rows = [(label, curve, calibration.fits[label]) for label, curve in calibration.curves.items()]
    return (
        html_environment()
        .get_template("calibration.html.j2")
        .render(version=themis_rm.__version__, calibration=calibration, rows=rows, plots=plots)
    )
