"""Calibration: known slopes are recovered, units and sides do not matter, and few pairs are shrunk to the others."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from themis_rm.evaluation.calibration import (
    RewardPairs,
    calibration_error,
    cross_fit,
    fit_curves,
    fit_group,
    fit_logistic,
    log_loss,
    measure_fits,
    measure_group,
    reliability_bins,
    shrink,
)
from themis_rm.models.calibration import Coefficient, Curve, sigmoid

FINITE = st.floats(-50, 50, allow_nan=False)


def simulate(slope, n, seed=0, scale=1.0, offset=0.0, per_cluster=1):
    """Return pairs whose preferences follow the Bradley-Terry model with a slope."""
    generator = np.random.default_rng(seed)
    first, second = (offset + scale * generator.normal(size=n) for _ in range(2))
    wins = generator.random(n) < expit(slope * (first - second))
    clusters = np.array([f"{seed}-{number // per_cluster}" for number in range(n)])
    return RewardPairs(np.where(wins, first, second), np.where(wins, second, first), clusters)


def coefficient(value):
    return Coefficient(value=value, low=value, high=value)


def curve(slope, response_slope=0.5, offset=0.0):
    return Curve(pairs=10, slope=coefficient(slope), response_slope=coefficient(response_slope), response_offset=offset)


@pytest.mark.parametrize("slope", [0.3, 1.0, 2.5, -0.5])
def test_a_known_slope_is_recovered(slope):
    found = fit_group({"FC": simulate(slope, 20_000)})["FC"]
    assert found.slope == pytest.approx(slope, abs=0.07)


def test_the_interval_covers_the_known_slope_as_often_as_it_says():
    covered = 0
    for seed in range(40):
        found = fit_curves({"FC": simulate(1.0, 150, seed)}, 100, 0.9, 0)["FC"].slope
        covered += found.low <= 1.0 <= found.high
    assert covered >= 29  # 90 % of 40; fewer than 29 have a probability under 0.1 %


def test_pairs_of_a_cluster_are_resampled_together():
    pairs = simulate(1.0, 300)
    # Every pair ten times, as one cluster or as ten.
    repeated = RewardPairs(np.repeat(pairs.chosen, 10), np.repeat(pairs.rejected, 10), np.repeat(pairs.clusters, 10))
    alone = RewardPairs(repeated.chosen, repeated.rejected, np.array([str(n) for n in range(3000)]))
    width = [
        (found := fit_curves({"FC": item}, 200, 0.9, 0)["FC"].slope).high - found.low for item in (repeated, alone)
    ]
    assert width[0] / width[1] == pytest.approx(math.sqrt(10), rel=0.25)


@given(st.floats(1e-3, 1e3), st.integers(0, 5))
@settings(max_examples=15)
def test_a_slope_has_the_inverse_unit_of_rewards(scale, seed):
    group = {"FC": simulate(1.0, 60, seed), "SH": simulate(0.2, 60, seed + 10)}
    scaled = {
        label: RewardPairs(scale * pairs.chosen, scale * pairs.rejected, pairs.clusters)
        for label, pairs in group.items()
    }
    before, after = fit_group(group), fit_group(scaled)
    for label in group:
        assert after[label].slope * scale == pytest.approx(before[label].slope, rel=1e-5)
        assert after[label].response_slope * scale == pytest.approx(before[label].response_slope, rel=1e-5)
        assert after[label].response_offset == pytest.approx(before[label].response_offset, abs=1e-5)


def test_a_constant_added_to_rewards_changes_no_probability():
    pairs = simulate(1.0, 200)
    moved = RewardPairs(pairs.chosen + 7, pairs.rejected + 7, pairs.clusters)
    before, after = (fit_group({"FC": item})["FC"] for item in (pairs, moved))
    assert after.slope == pytest.approx(before.slope)
    assert after.response_offset + 7 * after.response_slope == pytest.approx(before.response_offset)


def test_rewards_that_separate_all_pairs_have_a_finite_slope():
    pairs = RewardPairs(np.arange(30.0) + 1, np.arange(30.0) - 1, np.array([str(n) for n in range(30)]))
    found = fit_group({"FC": pairs})["FC"]
    assert 0 < found.slope < 100
    assert sigmoid(2 * found.slope) > 0.9


def test_the_penalty_is_that_of_firth():
    # n equal margins d, all won: the estimate solves (n + 1/2) log-odds, as with half an observation on either side.
    n, margin = 12, 0.5
    values, _ = fit_logistic(np.full((n, 1), margin), np.ones(n), np.ones(n))
    assert values[0] == pytest.approx(math.log((n + 0.5) / 0.5) / margin)


def test_a_weight_of_two_is_the_same_row_twice():
    pairs = simulate(1.0, 50)
    inputs = np.stack([pairs.chosen, np.ones(50)], axis=1)
    outcomes = (pairs.rejected > 0).astype(float)
    twice, _ = fit_logistic(np.repeat(inputs, 2, axis=0), np.repeat(outcomes, 2), np.ones(100))
    weighted, _ = fit_logistic(inputs, outcomes, np.full(50, 2.0))
    assert weighted == pytest.approx(twice)


def test_few_pairs_of_a_criterion_are_shrunk_to_the_slope_of_the_others():
    group = {"FC": simulate(1.0, 4000, 1), "EE": simulate(1.0, 4000, 2), "SH": simulate(-1.0, 6, 3)}
    found = fit_group(group)
    assert abs(found["SH"].slope - found["FC"].slope) < abs(found["SH"].own_slope - found["FC"].slope) / 2


def test_many_pairs_keep_slopes_that_differ():
    found = fit_group({"FC": simulate(2.0, 10_000, 1), "SH": simulate(0.2, 10_000, 2)})
    assert found["FC"].slope == pytest.approx(2.0, abs=0.1)
    assert found["SH"].slope == pytest.approx(0.2, abs=0.1)


def test_equal_estimates_are_not_changed_by_shrinkage():
    values, mean = shrink(np.array([2.0, 2.0, 2.0]), np.array([1.0, 0.1, 3.0]))
    assert values == pytest.approx([2.0, 2.0, 2.0])
    assert mean == pytest.approx(2.0)


def test_a_criterion_of_ties_has_the_common_slope():
    ties = RewardPairs(np.zeros(5), np.zeros(5), np.array(list("abcde")))
    found = fit_group({"FC": simulate(1.0, 500), "SH": ties})
    assert found["SH"].slope == found["FC"].slope
    assert found["SH"].own_slope is None


def test_responses_are_calibrated_on_average():
    pairs = simulate(1.5, 2000, offset=30.0)
    found = fit_group({"FC": pairs})["FC"]
    rewards = np.concatenate([pairs.chosen, pairs.rejected])
    assert expit(found.response_offset + found.response_slope * rewards).mean() == pytest.approx(0.5)
    assert 0 < found.response_slope < found.slope


@given(FINITE, FINITE, st.floats(-5, 5))
def test_the_probabilities_of_two_sides_sum_to_one(first, second, slope):
    item = curve(slope)
    assert item.pair_probability(first, second) + item.pair_probability(second, first) == pytest.approx(1)


@given(st.lists(FINITE, min_size=1, max_size=8), st.floats(-5, 5))
def test_the_probabilities_of_candidates_sum_to_one(rewards, slope):
    assert math.fsum(curve(slope).best_probabilities(rewards)) == pytest.approx(1)


@given(FINITE, FINITE, st.floats(-5, 5))
def test_of_two_candidates_the_probability_is_that_of_the_pair(first, second, slope):
    item = curve(slope)
    assert item.best_probabilities([first, second])[0] == pytest.approx(item.pair_probability(first, second))


@pytest.mark.parametrize("value", [-1e308, -800.0, 0.0, 800.0, 1e308])
def test_the_logistic_function_does_not_overflow(value):
    assert 0 <= sigmoid(value) <= 1


def test_a_prediction_does_not_depend_on_the_outcomes_of_its_cluster():
    pairs = simulate(1.0, 60, per_cluster=3)
    first = pairs.clusters == pairs.clusters[0]
    swapped = RewardPairs(
        np.where(first, pairs.rejected, pairs.chosen), np.where(first, pairs.chosen, pairs.rejected), pairs.clusters
    )
    before, after = (cross_fit({"FC": item}, 5)["FC"][0] for item in (pairs, swapped))
    assert after[first] == pytest.approx(-before[first])
    assert after[~first] != pytest.approx(before[~first], abs=1e-9)


def test_calibration_lowers_the_loss_of_rewards_in_another_unit():
    (pairs, responses) = measure_fits({"FC": simulate(0.05, 1000, scale=20.0, offset=50.0)}, 5)["FC"]
    assert pairs.log_loss < pairs.log_loss_before
    assert responses.ece < responses.ece_before
    assert (pairs.n, responses.n) == (1000, 2000)


def test_labels_together_have_all_their_pairs():
    group = {"FC": simulate(1.0, 40, 1), "SH": simulate(1.0, 30, 2)}
    assert [fit.n for fit in measure_group(group, 5)] == [70, 140]


def test_the_loss_of_guessing():
    assert log_loss(np.zeros(4), np.array([0.0, 1.0, 0.5, 1.0])) == pytest.approx(math.log(2))


def test_the_calibration_error_of_two_bins():
    bins = reliability_bins(np.repeat([0.2, 0.8], 20), np.repeat([0.0, 1.0, 1.0, 1.0], 10), 2)
    assert [(item.predicted, item.observed, item.n) for item in bins] == [
        (pytest.approx(0.2), 0.5, 20),
        (pytest.approx(0.8), 1.0, 20),
    ]
    assert calibration_error(bins) == pytest.approx(0.25)


def test_tied_rewards_are_predicted_with_one_half():
    pairs = RewardPairs(np.zeros(30), np.zeros(30), np.array([str(n) for n in range(30)]))
    fit, _ = measure_fits({"FC": pairs}, 5)["FC"]
    assert fit.log_loss == pytest.approx(math.log(2))
    assert fit.ece == 0


def test_bins_have_at_least_twenty_predictions():
    assert [item.n for item in reliability_bins(np.linspace(0, 1, 59), np.ones(59))] == [30, 29]
    assert [item.n for item in reliability_bins(np.array([0.5]), np.ones(1))] == [1]
