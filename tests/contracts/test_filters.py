"""Every registered curation filter passes the contract checks."""

from typing import ClassVar

import pytest

from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter, OptionalFilterSettings
from themis_rm.records import CodePair, Commit, Solution
from themis_rm.testing.filters import check_filter

CODE = "def mean(values):\n    return sum(values) / len(values)\n"
COMMIT = Commit(
    commit="c" * 40,
    subject="Fix off by one error in the mean",
    message="Fix off by one error in the mean\n\nThe divisor was wrong.",
    repos="a/b",
    file_path="src/stats.py",
    license="MIT",
    unix_time=1_500_000_000,
    new_contents=CODE,
    old_contents=CODE.replace("len(values)", "(len(values) - 1)"),
    language="Python",
)
PAIR = CodePair(
    id="p",
    instruction="Compute the mean of the values.",
    chosen=COMMIT.new_contents,
    rejected=COMMIT.old_contents,
    language="Python",
    criteria=["FC"],
    origin="commit",
    instruction_source="subject",
    repos="a/b",
    file_path="src/stats.py",
    license="MIT",
)
SOLUTION = Solution(
    id="s",
    instruction="Compute the mean of the values.",
    solution=CODE,
    language="Python",
    repos="a/b",
    file_path="src/stats.py",
    license="MIT",
    name="mean",
    line=1,
    instruction_source="docstring",
)


def variants(row):
    normal = row.to_dict()
    return [normal, {**normal, "file_path": "tests/test_stats.py"}, {**normal, "reverted": True, "merged": "none"}]


ROWS = {
    "commits": variants(COMMIT),
    "commit-pairs": variants(PAIR),
    "solutions": variants(SOLUTION),
    "injected-pairs": variants(PAIR),
}


@pytest.mark.parametrize("kind", FILTERS, ids=lambda kind: kind.name)
def test_a_filter_keeps_its_contract(kind):
    check_filter(kind, ROWS)


class UndeclaredReason(CurationFilter):
    name = "undeclared"
    order = 1
    stages = (COMMITS,)
    reasons: ClassVar = {}
    Settings = OptionalFilterSettings

    def check(self, row):
        return False, "too-long"


def test_an_undeclared_reason_is_found():
    with pytest.raises(AssertionError, match="undeclared reason too-long"):
        check_filter(UndeclaredReason, ROWS)
