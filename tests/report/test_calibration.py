"""The page of a calibration: plots of predicted and observed shares, coefficients, and escaped names."""

import re

from themis_rm.models.calibration import Calibration, Coefficient, Curve, Fit, PairsRecord, ReliabilityBin
from themis_rm.report.calibration import render_calibration
from themis_rm.report.plots import reliability_plot


def calibration(name):
    one = Coefficient(value=1.5, low=1.25, high=1.75)
    bins = [ReliabilityBin(predicted=0.25, observed=0.5, n=20), ReliabilityBin(predicted=1.0, observed=0.75, n=20)]
    fits = [
        Fit(kind=kind, n=40, log_loss_before=2.0, log_loss=0.5, ece_before=0.4, ece=0.25, bins=bins)
        for kind in ("pairs", "responses")
    ]
    return Calibration(
        model=name,
        model_digest="d",
        source=PairsRecord(name="pairs", digest="p", read=40, pairs=40, clusters=20, failed={"none": 3}),
        confidence_level=0.95,
        n_resamples=10,
        curves={"none": Curve(pairs=40, slope=one, response_slope=one, response_offset=0.0)},
        fits={"none": fits},
    )


def test_the_page_shows_coefficients_losses_and_failures():
    text = re.sub(r"<[^>]+>", " ", render_calibration(calibration("m")))
    words = " ".join(text.split())
    assert "none 40 1.5 1.25 to 1.75 2 → 0.500 40.0 → 25.0" in words
    assert "not scored (none) 3" in words


def test_names_are_escaped():
    assert "<b>x" not in render_calibration(calibration("<b>x"))


def test_points_are_at_their_shares():
    plot = reliability_plot("t", {"a": [(0.0, 1.0, 5), (1.0, 0.0, 5)]})
    (left, top), (right, bottom) = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', plot)
    diagonal = re.search(r'<line class="half" x1="(\d+)\D+x2="(\d+)\D+y1="(\d+)\D+y2="(\d+)', plot.replace(".0", ""))
    ends = [float(value) for value in diagonal.groups()]
    assert [float(left), float(right), float(bottom), float(top)] == ends
