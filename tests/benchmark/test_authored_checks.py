"""The authored pairs' check programs as rows of checks."""

import pytest

from themis_rm.benchmark.authored import pairs
from themis_rm.benchmark.authored_checks import authored_checks
from themis_rm.execute.check import TELLS_APART
from themis_rm.execute.verdict import check_form

CHECKS = list(authored_checks())


def test_each_pair_with_a_program_has_a_check():
    assert [check.id for check in CHECKS] == [pair.row.id for pair in pairs() if pair.check()]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_can_be_executed_and_tells_apart(check):
    check_form(check)
    assert check.expects == TELLS_APART


@pytest.mark.parametrize("check", [c for c in CHECKS if c.language in {"C", "Cpp"}], ids=lambda check: check.id)
def test_a_program_includes_the_answer_by_its_name(check):
    assert f'"{check.file}"' in check.contents[0]
