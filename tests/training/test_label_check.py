"""The check with swapped and random labels: what passes, and what it finds."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from tests.command_line import cli, error_line
from tests.training import pairs

from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.training.label_check import LabelCheck, RelabeledPairs, check_labels, judge
from themis_rm.training.pair_model import PairRewardModel


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pairs.write(tmp_path_factory.mktemp("data"), train=120, validation=40)


def by_labels(result):
    return {row.labels: row for row in result.rows}


def test_a_recipe_that_learns_the_labels_passes(data, tmp_path):
    result = check_labels(pairs.recipe(max_steps=40), data, tmp_path)
    rows = by_labels(result)
    assert result.passed, result.summary()
    assert rows["as they are"].accuracy > 0.9
    assert rows["swapped"].accuracy < 0.1
    assert rows["one batch"].loss < 0.35
    assert LabelCheck.load(tmp_path / "check/label_check.json") == result
    assert not (tmp_path / "check/checkpoints").exists()


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Return data with wrong labels in every other row, and rows without repetitions."""
    folder = tmp_path_factory.mktemp("noise")
    for name, count, seed in (("train", 120, 0), ("validation", 40, 1)):
        rows = (swapped(row) if i % 2 else row for i, row in enumerate(pairs.rows(count, seed)))
        write_rows(folder / f"{name}.parquet", rows, Preference.schema())
    return folder


def swapped(row):
    return replace(row, chosen=row.rejected, rejected=row.chosen)


def test_labels_that_are_noise_fail(noise, tmp_path):
    rows = by_labels(check_labels(pairs.recipe(), noise, tmp_path, 10))
    assert not rows["as they are"].passed
    assert "labels that are noise cannot be learned" in rows["as they are"].advice


def test_a_batch_that_is_not_learned_by_heart_fails(noise, tmp_path):
    rows = by_labels(check_labels(pairs.recipe(learning_rate=1e-9, min_learning_rate=0), noise, tmp_path, 2))
    assert not rows["one batch"].passed
    assert "raise learning_rate" in rows["one batch"].advice


def test_a_model_that_reads_the_order_of_the_responses_fails(data, tmp_path, monkeypatch):
    original = PairRewardModel.forward

    def leaking(self, batch, *args):
        output = original(self, batch, *args)
        bias = self.score.weight.sum()  # the chosen responses are the first half
        output.chosen, output.rejected = 0.01 * output.chosen + bias, 0.01 * output.rejected - bias
        return output

    monkeypatch.setattr(PairRewardModel, "forward", leaking)
    rows = by_labels(check_labels(pairs.recipe(max_steps=40), data, tmp_path))
    assert not rows["random"].passed
    assert "order of the responses" in rows["random"].advice
    assert not rows["swapped"].passed


def test_labels_that_do_not_mirror_fail():
    good = {"labels": "x", "steps": 1, "n": 100, "accuracy": 0.9, "low": 0.8, "high": 1.0, "loss": 0.1}
    half = {**good, "accuracy": 0.5, "low": 0.4, "high": 0.6}
    first, second, third = judge(good, {**good, "accuracy": 0.3, "low": 0.26, "high": 0.34}, half)
    assert (first.passed, second.passed, third.passed) == (True, False, True)
    assert "something else than the labels" in second.advice


def test_swapped_pairs_exchange_their_responses():
    class Pairs:
        lengths = np.array([3, 4])

        def __getitem__(self, index):
            return {"chosen": ["a", index], "rejected": ["b", index], "margin": 0.5}

    relabeled = RelabeledPairs(Pairs(), np.array([1, 0]), np.array([True, False]))
    assert relabeled[0] == {"chosen": ["b", 1], "rejected": ["a", 1], "margin": 0.5}
    assert relabeled[1] == {"chosen": ["a", 0], "rejected": ["b", 0], "margin": 0.5}
    assert relabeled.lengths.tolist() == [4, 3]


def test_the_command_exits_with_1_if_the_check_fails(noise, tmp_path):
    settings = {**pairs.RECIPE, "data": str(noise)}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    done = cli("train", "r.yaml", "--out", "o", "--check", "--max-steps", "2", cwd=tmp_path)
    assert done.returncode == 1
    assert "99.9 % interval" in done.stdout
    assert "as they are: Use more steps" in done.stdout


def test_a_check_without_validation_pairs_is_refused(tmp_path):
    data = pairs.write(tmp_path / "data", validation=0)
    settings = {**pairs.RECIPE, "data": str(data)}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    done = cli("train", "r.yaml", "--out", "o", "--check", cwd=tmp_path)
    assert "needs training pairs and validation pairs" in error_line(done)
