import json
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.training import pairs
from transformers.optimization import get_wsd_schedule

from themis_rm.errors import SettingError
from themis_rm.training.schedule import learning_rate_at, share_of_steps
from themis_rm.training.trainer import PairTrainer

SHAPE = {
    "steps": st.integers(1, 500),
    "ratio": st.floats(0, 0.9),
    "peak": st.floats(1e-7, 1e-2),
    "low": st.floats(0, 1),
}
SCHEDULES = st.sampled_from(["cosine", "warmup_stable_decay", "constant_with_warmup"])
DECAYS = st.sampled_from(["linear", "cosine", "1-sqrt"])


@pytest.mark.parametrize("name", ["cosine_5pct_warmup_to_5e-7", "cosine_5pct_warmup_to_5e-6"])
def test_learning_rates_equal_the_golden_schedule(goldens, name):
    golden = json.loads((goldens / "schedules.tf4.57.6.json").read_text(encoding="utf-8"))[name]
    assert share_of_steps(golden["num_steps"], 0.05) == golden["warmup"]
    for step, expected in enumerate(golden["lr"]):
        rate = learning_rate_at(
            step, steps=golden["num_steps"], warmup_ratio=0.05, peak=golden["peak_lr"], minimum=golden["terminal_lr"]
        )
        assert rate == pytest.approx(expected, rel=0, abs=1e-12)


@given(**SHAPE, schedule=SCHEDULES, decay_ratio=st.floats(0.01, 1), decay_type=DECAYS)
def test_a_rate_rises_to_the_peak_and_never_again(steps, ratio, peak, low, schedule, decay_ratio, decay_type):
    warmup, minimum = share_of_steps(steps, ratio), peak * low
    shape = {"steps": steps, "warmup_ratio": ratio, "peak": peak, "minimum": minimum, "schedule": schedule}
    rates = [learning_rate_at(k, **shape, decay_ratio=decay_ratio, decay_type=decay_type) for k in range(steps + 1)]
    assert all(0 <= rate <= peak * (1 + 1e-12) for rate in rates)
    assert rates[min(warmup, steps)] == pytest.approx(peak)
    assert all(a <= b for a, b in pairwise(rates[: warmup + 1]))
    assert all(a >= b * (1 - 1e-12) for a, b in pairwise(rates[warmup:]))
    assert rates[-1] == pytest.approx(peak if schedule == "constant_with_warmup" or steps <= warmup else minimum)


@given(**SHAPE, decay_ratio=st.floats(0.01, 0.1), decay_type=DECAYS)
def test_warmup_stable_decay_equals_that_of_transformers(steps, ratio, peak, low, decay_ratio, decay_type):
    warmup = share_of_steps(steps, ratio)
    decay = min(share_of_steps(steps, decay_ratio), steps - warmup)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=peak)
    expected = get_wsd_schedule(
        optimizer, warmup, decay, num_training_steps=steps, decay_type=decay_type, min_lr_ratio=low
    ).lr_lambdas[0]
    # During the warmup, transformers starts at the minimum and not at zero.
    for step in range(warmup, steps):
        rate = learning_rate_at(
            step,
            steps=steps,
            warmup_ratio=ratio,
            peak=peak,
            minimum=peak * low,
            schedule="warmup_stable_decay",
            decay_ratio=decay_ratio,
            decay_type=decay_type,
        )
        assert rate == pytest.approx(peak * expected(step), rel=1e-9)


def test_with_warmup_stable_decay_all_but_the_last_steps_are_at_the_peak():
    shape = {"steps": 100, "warmup_ratio": 0.05, "peak": 1.0, "minimum": 0.0, "schedule": "warmup_stable_decay"}
    rates = [learning_rate_at(step, **shape, decay_ratio=0.1) for step in range(101)]
    assert rates[5:91] == [1.0] * 86
    assert rates[95] == pytest.approx(0.5)
    assert rates[100] == 0.0


def test_the_trainer_follows_the_schedule_of_the_recipe():
    recipe = pairs.recipe(lr_scheduler_type="warmup_stable_decay", decay_ratio=0.5, decay_type="1-sqrt", warmup_ratio=0)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=recipe.learning_rate)
    scheduler = PairTrainer.create_scheduler(SimpleNamespace(recipe=recipe, lr_scheduler=None), 8, optimizer)
    rates = []
    for _ in range(9):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    assert rates[:5] == [recipe.learning_rate] * 5
    # Half of the decay leaves 1 - sqrt(1/2) of the difference.
    middle = recipe.min_learning_rate + (recipe.learning_rate - recipe.min_learning_rate) * (1 - 0.5**0.5)
    assert rates[6] == pytest.approx(middle)
    assert rates[8] == pytest.approx(recipe.min_learning_rate)


def test_a_warmup_and_a_decay_that_overlap_are_refused():
    with pytest.raises(SettingError, match="add up to over 1"):
        pairs.recipe(lr_scheduler_type="warmup_stable_decay", warmup_ratio=0.6, decay_ratio=0.5)
