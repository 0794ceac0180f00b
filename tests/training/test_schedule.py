import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.training.schedule import learning_rate_at, warmup_steps


@pytest.mark.parametrize("name", ["cosine_5pct_warmup_to_5e-7", "cosine_5pct_warmup_to_5e-6"])
def test_learning_rates_equal_the_golden_schedule(goldens, name):
    golden = json.loads((goldens / "schedules.tf4.57.6.json").read_text(encoding="utf-8"))[name]
    warmup = warmup_steps(golden["num_steps"], 0.05)
    assert warmup == golden["warmup"]
    for step, expected in enumerate(golden["lr"]):
        rate = learning_rate_at(
            step, steps=golden["num_steps"], warmup=warmup, peak=golden["peak_lr"], minimum=golden["terminal_lr"]
        )
        assert rate == pytest.approx(expected, rel=0, abs=1e-12)


@given(st.integers(1, 500), st.floats(0, 0.9), st.floats(1e-7, 1e-2), st.floats(0, 1))
def test_the_rate_stays_in_bounds_and_ends_at_the_minimum(steps, ratio, peak, low):
    warmup, minimum = warmup_steps(steps, ratio), peak * low
    rates = [learning_rate_at(k, steps=steps, warmup=warmup, peak=peak, minimum=minimum) for k in range(steps + 1)]
    assert all(0 <= rate <= peak * (1 + 1e-12) for rate in rates)
    assert rates[-1] == pytest.approx(minimum if steps > warmup else peak)
    assert all(a >= b * (1 - 1e-12) for a, b in zip(rates[warmup:], rates[warmup + 1 :], strict=False))
