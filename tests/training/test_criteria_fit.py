"""Fit of a head with one output for each criterion, on simulated features."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad

from themis_rm.training import criteria_fit
from themis_rm.training.criteria_fit import PairFeatures, fit_criteria_head

WIDTH, COUNT = 6, 3


def simulated(weight, pairs=3000, seed=0, length_effect=0.0):
    """Pairs whose labels are drawn from the Bradley-Terry model of a head."""
    rng = np.random.default_rng(seed)
    one, two = rng.normal(size=(2, pairs, WIDTH))
    criteria = rng.integers(0, COUNT, pairs)
    lengths = np.exp(rng.normal(4, 1, size=(pairs, 2)))
    margin = np.einsum("pf,pf->p", one - two, weight[criteria]) + length_effect * np.log(lengths[:, 0] / lengths[:, 1])
    first = rng.random(pairs) < 1 / (1 + np.exp(-margin))
    swapped = np.where(first[:, None], lengths, lengths[:, ::-1])
    chosen, rejected = np.where(first[:, None], one, two), np.where(first[:, None], two, one)
    return PairFeatures(chosen, rejected, criteria, np.ones(pairs), rng.integers(0, 40, pairs), swapped)


WEIGHT = np.array([[1.0, -1, 0.5, 0, 0, 0], [1.0, 1, 0.5, 0, 0, 0], [1.0, 0, 0.5, -1, 0, 0]])


def fit(pairs, prior=None, penalties=(0.01, 0.001), ratios=(1,), **options):
    return fit_criteria_head(pairs, np.zeros((COUNT, WIDTH)) if prior is None else prior, penalties, ratios, **options)


def test_the_weights_of_a_simulation_are_found():
    found = fit(simulated(WEIGHT))
    np.testing.assert_allclose(found.weight, WEIGHT, atol=0.25)


def test_the_gradient_is_that_of_the_objective(monkeypatch):
    pairs = simulated(WEIGHT, 50)
    errors = []

    def check(objective, start, **_):
        point = np.random.default_rng(1).normal(size=len(start))
        errors.append(check_grad(lambda x: objective(x)[0], lambda x: objective(x)[1], point))
        return type("Found", (), {"x": start, "nit": 0})

    monkeypatch.setattr(criteria_fit, "minimize", check)
    fit(pairs, prior=WEIGHT + 0.1, penalties=(0.3,), ratios=(4,))
    assert max(errors) < 1e-5


def test_the_mean_reward_of_the_responses_is_zero():
    pairs = simulated(WEIGHT, 300)
    found = fit(pairs)
    both = np.concatenate([pairs.chosen, pairs.rejected])
    np.testing.assert_allclose((both @ found.weight.T + found.bias).mean(0), 0, atol=1e-9)


def test_a_large_penalty_keeps_the_prior():
    found = fit(simulated(WEIGHT, 300), prior=WEIGHT[::-1], penalties=(1e9,))
    np.testing.assert_allclose(found.weight, WEIGHT[::-1], atol=1e-4)


def test_a_criterion_without_pairs_has_the_shared_row():
    pairs = simulated(WEIGHT)
    pairs = pairs.select(np.flatnonzero(pairs.criteria != 2))
    found = fit(pairs)
    shared = found.weight[2]
    assert np.abs(shared[1]) < 0.3  # the two others have 1 and -1
    assert shared[0] == pytest.approx(1, abs=0.3)


def test_the_effect_of_the_length_is_left_out_of_the_rewards():
    pairs = simulated(np.zeros((COUNT, WIDTH)), length_effect=2.0)
    # One feature is the length: without control its weight is the effect of the length.
    lengths = np.log(pairs.lengths)
    pairs.chosen[:, 5], pairs.rejected[:, 5] = lengths[:, 0], lengths[:, 1]
    free = fit(pairs, penalties=(0.01,), control_length=False)
    controlled = fit(pairs, penalties=(0.01,))
    assert free.weight[:, 5].min() > 1
    assert np.abs(controlled.weight[:, 5]).max() < 0.5 * free.weight[:, 5].min()


def test_swapped_labels_change_the_sign():
    pairs = simulated(WEIGHT, 300)
    swapped = PairFeatures(
        pairs.rejected, pairs.chosen, pairs.criteria, pairs.weights, pairs.groups, pairs.lengths[:, ::-1]
    )
    np.testing.assert_allclose(fit(swapped).weight, -fit(pairs).weight, atol=1e-3)


def test_a_pair_with_weight_zero_does_not_count():
    pairs = simulated(WEIGHT, 400)
    half = np.arange(400) < 200
    weighted = PairFeatures(pairs.chosen, pairs.rejected, pairs.criteria, half * 1.0, pairs.groups, pairs.lengths)
    one, two = (fit(p, penalties=(0.01,), control_length=False) for p in (weighted, pairs.select(np.flatnonzero(half))))
    # The features are scaled by all pairs, so that the penalty is not quite the same.
    np.testing.assert_allclose(one.weight, two.weight, atol=0.05)


def test_noise_selects_the_largest_penalty():
    pairs = simulated(np.zeros((COUNT, WIDTH)), 200)
    assert fit(pairs, penalties=(10.0, 1e-6)).chosen.penalty == 10.0


def test_margins_of_the_cross_validation_are_of_other_groups():
    pairs = simulated(np.zeros((COUNT, WIDTH)), 60)
    found = fit(pairs, penalties=(1e-6,), control_length=False)
    fitted = np.einsum("pf,pf->p", pairs.chosen - pairs.rejected, found.weight[pairs.criteria])
    assert (fitted > 0).mean() > 0.75 > (found.margins > 0).mean()


def test_one_group_cannot_be_divided():
    pairs = simulated(WEIGHT, 20)
    one = PairFeatures(pairs.chosen, pairs.rejected, pairs.criteria, pairs.weights, pairs.groups * 0, pairs.lengths)
    with pytest.raises(ValueError, match="two groups"):
        fit(one)


@given(st.lists(st.integers(0, 8), min_size=2, max_size=60).filter(lambda g: len(set(g)) > 1), st.integers(2, 6))
def test_folds_divide_groups_not(groups, count):
    folds = criteria_fit._folds(np.array(groups), np.ones(len(groups)), count)
    assert sorted(np.concatenate(folds).tolist()) == list(range(len(groups)))
    assert len(folds) == min(count, len(set(groups)))
    assert sum(len({groups[i] for i in fold}) for fold in folds) == len(set(groups))
