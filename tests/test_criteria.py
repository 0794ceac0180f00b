import pytest

from themis_rm.criteria import CRITERIA, criterion, is_criterion
from themis_rm.errors import SettingError


@pytest.mark.parametrize("row", CRITERIA, ids=lambda row: row.short)
def test_every_published_name_resolves_to_its_row(row):
    names = (row.short, row.benchmark_aspect, row.training_aspect, row.title, row.short.lower())
    assert {criterion(name) for name in names} == {row}


def test_wire_names_are_the_published_ones():
    assert [c.benchmark_aspect for c in CRITERIA] == [
        "Functional_Correctness",
        "Runtime_Efficiency",
        "Memory_Efficiency",
        "Readability_Maintainability",
        "Security_Hardness",
    ]
    assert [c.training_aspect for c in CRITERIA] == [
        "Functional Correctness",
        "Runtime Efficiency",
        "Memory Efficiency",
        "Readability and Maintainability",
        "Security Hardness",
    ]


def test_an_unknown_name_is_refused_with_the_closest_one():
    with pytest.raises(SettingError, match="Did you mean 'Memory Efficiency'"):
        criterion("Memry Eficiency")


def test_a_principle_is_not_a_criterion():
    assert not is_criterion("Helpfulness")
