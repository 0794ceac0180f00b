"""Two evaluations of the same pairs; the models are the baselines 'random' and 'length'."""

import pytest
from tests.evaluation.scored_pairs import scored

from themis_rm.errors import InputError
from themis_rm.evaluation.before_after import AccuracyChange, BeforeAfter
from themis_rm.evaluation.evaluate import EvaluateSettings, evaluate
from themis_rm.evaluation.scores import read_scores


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    for name, limit in (("random", 40), ("length", 40), ("longer", 50)):
        model = "random" if name == "random" else "length"
        evaluate(model, "authored", out / name, EvaluateSettings(limit=limit, baselines=("length",)))
    return out


@pytest.fixture(scope="module")
def change(folders):
    return BeforeAfter.load("authored", folders / "random", folders / "length", {})


def test_the_difference_is_that_of_the_accuracies(change):
    difference = change.overall.after.value - change.overall.before.value
    assert change.overall.comparison.difference == pytest.approx(difference)


def test_every_criterion_has_a_change(change):
    assert [(group.name, group.after.n) for group in change.groups] == [
        ("Functional correctness", 8),
        ("Runtime efficiency", 8),
        ("Memory efficiency", 8),
        ("Readability and maintainability", 8),
        ("Security hardness", 8),
    ]


def test_the_conclusion_names_the_sample(change):
    assert change.conclusion().startswith("authored, 40 of 240 pairs: ")


def test_start_model_trained_model_and_baselines_are_listed(change, folders):
    assert [name for name, _ in change.systems()] == ["before training", "after training"]
    other = BeforeAfter.load("authored", folders / "length", folders / "random", {})
    assert [name for name, _ in other.systems()] == ["before training", "after training", "length"]


def test_every_pair_has_its_margins_under_both_models(change, folders):
    scores = [read_scores(folders / name / "scores.parquet") for name in ("random", "length")]
    assert change.margins == {one.id: (one.score_diff, two.score_diff) for one, two in zip(*scores, strict=True)}


def test_evaluations_of_different_pairs_are_not_compared(folders):
    with pytest.raises(InputError, match="not evaluations of the same pairs"):
        BeforeAfter.load("authored", folders / "random", folders / "longer", {})


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ([0] * 9 + [1], [1] * 10, "better after training."),
        ([1] * 10, [0] * 9 + [1], "worse after training."),
        ([0, 1, 0, 1], [1, 0, 0, 1], "not distinguishable from no change."),
        ([None, None], [1, 0], "no comparison"),
    ],
)
def test_the_conclusion_follows_the_paired_test(change, before, after, verdict):
    overall = AccuracyChange.from_scores("pairs", scored(before), scored(after), 0.95, {})
    assert verdict in BeforeAfter(change.before, change.after, overall, [], {}, 0.95).conclusion()


def test_pairs_of_one_task_are_one_unit():
    tasks = {f"p{i}": "one" for i in range(10)}
    overall = AccuracyChange.from_scores("pairs", scored([0] * 10), scored([1] * 10), 0.95, tasks)
    assert overall.comparison.p_value == 1
