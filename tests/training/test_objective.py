import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.training.objective import bradley_terry, combine, completion_nll, magnitude

reward = st.floats(-50, 50)


@given(reward, reward)
def test_bradley_terry_is_the_log_odds_of_a_win(chosen, rejected):
    value = bradley_terry(torch.tensor([chosen], dtype=torch.float64), torch.tensor([rejected], dtype=torch.float64))
    assert float(value) == pytest.approx(math.log1p(math.exp(rejected - chosen)), rel=1e-9, abs=1e-12)


@given(reward, reward)
def test_magnitude_forms(chosen, rejected):
    pair = torch.tensor([chosen], dtype=torch.float64), torch.tensor([rejected], dtype=torch.float64)
    assert float(magnitude(*pair)) == pytest.approx((chosen + rejected) ** 2)
    assert float(magnitude(*pair, "absolute")) == pytest.approx((abs(chosen) + abs(rejected)) ** 2)


@pytest.mark.parametrize(
    ("given_dtype", "wanted"),
    [(torch.bfloat16, torch.float32), (torch.float32, torch.float32), (torch.float64, torch.float64)],
)
def test_arithmetic_is_float32_at_least(given_dtype, wanted):
    rewards = torch.tensor([1.0], dtype=given_dtype)
    assert bradley_terry(rewards, rewards).dtype == wanted
    assert magnitude(rewards, rewards).dtype == wanted
    assert completion_nll(torch.zeros(1, 4, dtype=given_dtype), torch.tensor([0])).dtype == wanted


def test_bradley_terry_does_not_overflow():
    rewards = torch.tensor([-1e4]), torch.tensor([1e4])
    assert float(bradley_terry(*rewards)) == pytest.approx(2e4)


def test_nll_is_a_sum_over_tokens():
    logits = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([1, 2, 3, 4, 5])
    wanted = sum(-math.log(float(torch.softmax(logits[i].double(), -1)[t])) for i, t in enumerate(targets))
    assert float(completion_nll(logits, targets)) == pytest.approx(wanted, rel=1e-5)


def test_shares_of_parts_sum_to_the_whole():
    values = torch.tensor([0.1, 0.7, 1.3, 0.2], dtype=torch.float64)
    told = {"pairs": 4, "tokens": 30, "lam": 0.25, "mu": 0.01}
    whole = combine(values, torch.tensor(9.0), values**2, **told)
    # HeadSpec of different sizes with different numbers of tokens.
    parts = combine(values[:1], torch.tensor(2.0), values[:1] ** 2, **told) + combine(
        values[1:], torch.tensor(7.0), values[1:] ** 2, **told
    )
    assert float(parts) == pytest.approx(float(whole))
    assert float(whole) == pytest.approx(float(values.mean() + 0.01 * (values**2).mean() + 0.25 * 9 / 30))
