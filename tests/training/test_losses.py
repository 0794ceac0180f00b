import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.training.losses import LOSSES, PairOutput
from themis_rm.training.losses.bradley_terry import bradley_terry
from themis_rm.training.losses.center_rewards import center_rewards, center_rewards_absolute
from themis_rm.training.losses.language_modeling import completion_nll

reward = st.floats(-50, 50)


def rewards(*values):
    return [torch.tensor([value], dtype=torch.float64) for value in values]


@given(reward, reward)
def test_bradley_terry_is_the_log_odds_of_a_win(chosen, rejected):
    value = bradley_terry(*rewards(chosen, rejected))
    assert float(value) == pytest.approx(math.log1p(math.exp(rejected - chosen)), rel=1e-9, abs=1e-12)


@given(reward, reward, st.floats(0, 5))
def test_a_margin_is_subtracted_from_the_difference_of_rewards(chosen, rejected, margin):
    value = bradley_terry(*rewards(chosen, rejected, margin))
    assert float(value) == pytest.approx(float(bradley_terry(*rewards(chosen - margin, rejected))))


@given(reward, reward)
def test_both_forms_of_reward_centering(chosen, rejected):
    assert float(center_rewards(*rewards(chosen, rejected))) == pytest.approx((chosen + rejected) ** 2)
    value = float(center_rewards_absolute(*rewards(chosen, rejected)))
    assert value == pytest.approx((abs(chosen) + abs(rejected)) ** 2)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(torch.bfloat16, torch.float32), (torch.float32, torch.float32), (torch.float64, torch.float64)],
)
def test_losses_are_computed_in_float32_or_float64(dtype, expected):
    values = torch.tensor([1.0], dtype=dtype)
    assert bradley_terry(values, values).dtype == expected
    assert center_rewards(values, values).dtype == expected
    assert center_rewards_absolute(values, values).dtype == expected
    assert completion_nll(torch.zeros(1, 4, dtype=dtype), torch.tensor([0])).dtype == expected


def test_bradley_terry_does_not_overflow():
    assert float(bradley_terry(torch.tensor([-1e4]), torch.tensor([1e4]))) == pytest.approx(2e4)


def test_the_built_in_terms_are_registered():
    assert LOSSES.names() == ["bradley_terry", "center_rewards", "center_rewards_absolute", "lm"]


def test_registered_terms_call_the_pure_functions():
    chosen, rejected, margin = rewards(1.0, 0.25, 0.5)
    output = PairOutput(chosen, rejected, torch.tensor(7.0), margin)
    values = {term.name: float(term.function(output).sum()) for term in LOSSES}
    assert values == {
        "bradley_terry": float(bradley_terry(chosen, rejected, margin)),
        "center_rewards": 1.25**2,
        "center_rewards_absolute": 1.25**2,
        "lm": 7.0,
    }
