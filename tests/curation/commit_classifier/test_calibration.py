"""Platt scaling and thresholds."""

import numpy as np
import pytest

from themis_rm.curation.commit_classifier.calibration import fit_platt, sigmoid, threshold_of


def test_the_slope_and_offset_of_a_logistic_model_are_found():
    scores = np.linspace(-4, 4, 400)
    slope, offset = fit_platt(scores, sigmoid(1.7 * scores - 0.6), np.ones(400))
    assert (slope, offset) == pytest.approx((1.7, -0.6), abs=1e-3)


def test_weights_change_the_offset():
    scores, classes = np.array([0.0, 0.0]), np.array([1.0, 0.0])
    _, offset = fit_platt(scores, classes, np.array([3.0, 1.0]))
    assert sigmoid(np.array(offset)) == pytest.approx(0.75, abs=1e-3)


def test_separable_scores_end():
    slope, offset = fit_platt(np.array([-1.0, 1.0]), np.array([0.0, 1.0]), np.ones(2))
    assert np.isfinite([slope, offset]).all()
    assert slope > 0


def test_the_threshold_is_the_least_probability_with_the_precision():
    chances = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    least, facts = threshold_of(chances, np.array([1.0, 1, 0, 1, 0]), np.ones(5), 0.7)
    assert least == 0.6
    assert (facts["precision"], facts["recall"]) == (0.75, 1.0)


def test_a_label_is_never_less_likely_than_one_half():
    chances = np.array([0.9, 0.8, 0.4])
    assert threshold_of(chances, np.ones(3), np.ones(3), 0.5)[0] == 0.8


def test_without_the_precision_the_threshold_has_the_best_one():
    chances = np.array([0.9, 0.8, 0.7, 0.6])
    least, facts = threshold_of(chances, np.array([0.0, 1, 1, 0]), np.ones(4), 0.9)
    assert least == 0.7
    assert facts["precision"] == pytest.approx(2 / 3, abs=1e-3)


def test_scores_below_one_half_still_have_a_threshold():
    assert threshold_of(np.array([0.3, 0.2]), np.array([1.0, 0.0]), np.ones(2), 0.9)[0] == 0.3
