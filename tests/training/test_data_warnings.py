import numpy as np
import pytest

from themis_rm.training.data_warnings import data_warnings
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.token_cache import Categories, TokenizationCounts


def warnings(groups=None, steps=10, counts=None, **changes):
    recipe = TrainRecipe.build({"backbone": {"path": "x"}, "global_batch_size": 10, **changes})
    return data_warnings(recipe, TokenizationCounts(read=100, kept=100, **counts or {}), groups, steps)


@pytest.mark.parametrize(
    ("changes", "counts", "expected"),
    [
        ({}, {}, set()),
        ({"preference_loss": "bradley_terry_ties"}, {}, {"no-ties"}),
        ({"preference_loss": "bradley_terry_ties"}, {"ties": 1}, set()),
        ({"preference_loss": "bradley_terry_scaled"}, {}, {"no-margins"}),
        ({"preference_loss": "bradley_terry_scaled", "margin_coefficient": 0}, {"margins": 9}, {"no-margins"}),
        ({"preference_loss": "bradley_terry_scaled"}, {"margins": 9}, set()),
        ({}, {"dropped": {"identical-after-truncation": 9}}, set()),
        ({}, {"dropped": {"identical-after-truncation": 10}}, {"lost-differences"}),
    ],
)
def test_a_setting_without_effect_and_lost_pairs_are_reported(changes, counts, expected):
    assert set(warnings(counts=counts, **changes)) == expected


@pytest.mark.parametrize(("overflow", "advised"), [("truncate", True), ("window", False)])
def test_windows_are_advised_where_they_are_not_used(overflow, advised):
    found = warnings(counts={"dropped": {"identical-after-truncation": 50}}, overflow=overflow)
    assert ("overflow=window" in found["lost-differences"]) == advised


def test_groups_that_are_repeated_often_are_reported():
    groups = Categories(["Go", "Python"], np.repeat([0, 1], [4, 96]))
    found = warnings(groups, sampling={"by": "language"})
    assert "1 of 2 groups" in found["repeated-groups"]
    assert "Go: 12 times" in found["repeated-groups"]
    assert warnings(groups, sampling={"by": "language", "temperature": 1}) == {}
    assert warnings(groups, steps=8, sampling={"by": "language"}) == {}
