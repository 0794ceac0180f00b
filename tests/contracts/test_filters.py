"""Checks that every registered filter of curation passes, those of plugins included."""

import pytest

from themis_rm.curation.filters import COMMITS, FILTERS, FilterSettings
from themis_rm.curation.filters.criteria import CriteriaFilter
from themis_rm.curation.requests import commit_request
from themis_rm.curation.settings import CurateSettings
from themis_rm.records import CodePair, Commit, Solution
from themis_rm.settings import describe_settings
from themis_rm.testing.filters import check_filter

OLD = "def mean(values):\n    total = sum(values)\n    return total / len(values)\n"
NEW = OLD.replace("    total", "    if not values:\n        return 0.0\n    total")
ORIGIN = {"repos": "r", "file_path": "src/mean.py", "license": "MIT", "language": "Python"}
COMMIT = Commit(
    commit="c0",
    subject="Fix crash on empty input",
    message="Fix crash on empty input",
    unix_time=0,
    new_contents=NEW,
    old_contents=OLD,
    **ORIGIN,
).to_dict()
OTHER_COMMIT = COMMIT | {"new_contents": OLD, "file_path": "tests/mean.py", "reverted": True}
for _row in (COMMIT, OTHER_COMMIT):
    CriteriaFilter(CriteriaFilter.Settings(), COMMITS, None).check(_row)  # adds the columns of labels
    _row["instruction"] = commit_request(_row)
SOLUTION = Solution(
    id="s0",
    instruction="Return the mean of the values.",
    solution=NEW,
    name="mean",
    line=1,
    instruction_source="docstring",
    **ORIGIN,
).to_dict()
PAIR = CodePair(
    id="p0",
    instruction="Return the mean of the values.",
    chosen=NEW,
    rejected=OLD,
    criteria=["FC"],
    origin="commit",
    instruction_source="subject",
    **ORIGIN,
).to_dict()
ROWS = {
    "commits": [COMMIT, OTHER_COMMIT],
    "solutions": [SOLUTION, SOLUTION | {"language": "COBOL"}],
    "commit-pairs": [PAIR, PAIR | {"rejected": ""}],
    "injected-pairs": [PAIR, PAIR | {"rejected": "x" * 100_000}],
}
filters = pytest.mark.parametrize("item", list(FILTERS), ids=lambda item: item.name)


@filters
def test_the_filter_fulfills_the_contract(item):
    check_filter(item, ROWS)


@filters
def test_the_class_name_ends_in_filter(item):
    assert item.__name__.endswith("Filter")


@filters
def test_the_name_is_a_key_of_the_settings(item):
    assert isinstance(getattr(CurateSettings().filters, item.name), FilterSettings)


@filters
def test_every_setting_is_documented(item):
    assert [info.key for info in describe_settings(item.Settings) if not info.meaning] == []


@filters
def test_reasons_have_a_meaning(item):
    assert item.reasons
    assert all(item.reasons.values())


def test_a_reason_belongs_to_one_filter():
    reasons = [reason for item in FILTERS for reason in item.reasons]
    assert len(reasons) == len(set(reasons))


def test_the_order_is_unambiguous():
    orders = [item.order for item in FILTERS]
    assert len(orders) == len(set(orders))
