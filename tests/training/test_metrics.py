"""Metrics of scored pairs: overall, and by criterion and language."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.evaluation.statistics import accuracy_interval
from themis_rm.training.losses.bradley_terry import bradley_terry
from themis_rm.training.metrics import measure, pair_metrics
from themis_rm.training.token_cache import Categories

CRITERIA = Categories(["", "Functional Correctness", "helpfulness"], np.array([0, 1, 1, 2, 2, 1]))
LANGUAGES = Categories([""], np.zeros(6, int))


class Pairs:
    criteria, languages, groups = CRITERIA, LANGUAGES, np.arange(6)


def alone(chosen, rejected):
    return pair_metrics(np.array(chosen, float), np.array(rejected, float), np.arange(len(chosen)))


def test_ties_count_half():
    values = alone([1, 0, 0, 0], [0, 0, 0, 1])
    assert (values["accuracy"], values["strict_accuracy"], values["tie_rate"]) == (0.5, 0.25, 0.5)
    assert (values["low"], values["high"]) == accuracy_interval(1, 2, 4, 0.95)


def test_pairs_without_finite_rewards_are_counted_and_left_out():
    assert alone([1, float("nan"), 0], [0, 0, float("inf")]) == {**alone([1], [0]), "failed": 2}
    assert alone([float("nan")], [0]) == {"n": 0, "failed": 1}
    assert alone([], []) == {"n": 0}


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1))
def test_the_loss_is_that_of_training(rewards):
    import torch

    chosen, rejected = np.array(rewards).T
    expected = bradley_terry(torch.from_numpy(chosen), torch.from_numpy(rejected)).mean()
    assert alone(chosen, rejected)["bradley_terry"] == pytest.approx(float(expected), abs=1e-12)


def test_pairs_of_one_group_are_resampled_together():
    chosen, rejected = np.tile([1.0, 0.0], 20), np.full(40, 0.5)
    independent = pair_metrics(chosen, rejected, np.arange(40))
    grouped = pair_metrics(np.sort(chosen), rejected, np.arange(40) // 10)
    assert independent["accuracy"] == grouped["accuracy"] == 0.5
    assert grouped["high"] - grouped["low"] > 1.5 * (independent["high"] - independent["low"])


def test_metrics_by_criterion_cover_each_scored_pair_once():
    indices = np.array([5, 3, 0, 1])
    result = measure(np.array([1.0, 0, 1, 0]), np.array([0.0, 1, 0, 1]), Pairs, indices)
    assert {name: values["n"] for name, values in result.by_criterion.items()} == {
        "unknown": 1,
        "Functional Correctness": 2,
        "helpfulness": 1,
    }
    assert result.by_criterion["Functional Correctness"]["accuracy"] == 0.5
    assert result.by_criterion["helpfulness"]["accuracy"] == 0.0


def test_a_column_without_values_has_no_groups():
    result = measure(np.ones(6), np.zeros(6), Pairs, np.arange(6))
    assert result.by_language == {}
    assert result.groups().keys() == {"by_criterion"}


def test_reporters_get_one_flat_name_per_group():
    flat = measure(np.ones(6), np.zeros(6), Pairs, np.arange(6)).flat()
    assert {"accuracy", "accuracy/FC", "accuracy/helpfulness", "accuracy/unknown", "n"} <= flat.keys()
