"""Weights of bug operators: measured, equal, or from the settings."""

from collections import Counter

import pytest

from themis_rm.curation.inject import OPERATORS, BugOperator, inject
from themis_rm.curation.inject.operators import list_operators
from themis_rm.curation.inject.step import InjectSettings
from themis_rm.curation.inject.weights import measured_fixes, measured_weights, operator_weights
from themis_rm.errors import SettingError

CODE = "def f(a, b):\n    if a < b and b:\n        return None\n    return a\n"


def test_every_built_in_operator_was_measured():
    assert set(measured_weights()) == {operator.name for operator in list_operators()}


def test_the_table_says_what_was_counted():
    table = measured_fixes()
    assert len(table["repositories"]) > 40
    counted = sum(row["changes"] for row in table["operators"].values() if row["criterion"] == "FC")
    # Operators of the other criterion undo the rest.
    assert 0.9 * table["matched"]["FC"] < counted <= table["matched"]["FC"] < table["changes"]["FC"]


def test_an_operator_that_fits_rarely_weighs_more_than_one_that_real_fixes_undo_as_often():
    rows = measured_fixes()["operators"]
    weights = measured_weights()
    for criterion in ("FC", "ME"):
        names = [name for name, row in rows.items() if row["criterion"] == criterion]
        shares = {name: (rows[name]["changes"] + 0.5) / max(rows[name]["fits"], 0.001) for name in names}
        assert sorted(names, key=shares.__getitem__) == sorted(names, key=weights.__getitem__)


def test_measured_weights_are_one_on_average():
    for criterion in ("FC", "ME"):
        weights = [measured_weights()[row.name] for row in list_operators() if row.criterion == criterion]
        assert sum(weights) / len(weights) == pytest.approx(1, abs=0.001)


def test_uniform_weights_are_equal():
    assert set(operator_weights(list_operators(), "uniform").values()) == {1.0}


def test_a_weight_replaces_the_measured_one_of_its_operator_only():
    weights = operator_weights(list_operators(), {"off-by-one": 7.0})
    assert weights == {**measured_weights(), "off-by-one": 7.0}


def test_an_operator_that_was_not_measured_has_its_own_weight():
    operator = BugOperator("of-a-plugin", "FC", lambda _: iter(()), 3.0)
    assert operator_weights([operator])["of-a-plugin"] == 3.0


def draws(weights, operators=("lost-guard", "dropped-operand"), **options):
    found = [inject(CODE, "Python", seed=str(n), operators=operators, weights=weights, **options) for n in range(400)]
    return Counter(injection.operator for (injection,) in found)


def test_operators_are_drawn_by_their_weights():
    rare = draws({"lost-guard": 1.0, "dropped-operand": 9.0})["lost-guard"]
    assert 15 <= rare <= 70
    assert 150 <= draws("uniform")["lost-guard"] <= 250


def test_length_is_balanced_only_where_the_setting_says_so():
    weights = {"lost-guard": 1000.0, "comparison-boundary": 1.0}
    balanced = draws(weights, list(weights))
    unbalanced = draws(weights, list(weights), balance_length=False)["lost-guard"]
    # Where bugs of both signs fit, 38 of 80 are shorter if they are balanced, and 69 of 96 in real fixes.
    assert 150 <= balanced["lost-guard"] <= 230
    assert 250 <= unbalanced <= 320


@pytest.mark.parametrize("weights", ["frequent", {"off-by-on": 1.0}, {"off-by-one": -1.0}])
def test_bad_weights_are_an_error(weights):
    with pytest.raises(SettingError, match="weights"):
        InjectSettings.build({"weights": weights})


def test_every_operator_has_a_criterion():
    assert {OPERATORS.get(name).criterion for name in OPERATORS.names()} == {"FC", "ME"}
