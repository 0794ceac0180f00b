"""What the data verbs print about repositories whose commits were dropped for their license."""

from themis_rm.cli.output import license_lines
from themis_rm.pipeline import StageReport


def repository(number: int, **values) -> dict:
    return {"name": f"r{number:02d}", "reason": "", "license_changes": "", "other_licenses": {}} | values


def test_each_repository_is_printed_with_its_licenses_and_the_reason_most_commits_first():
    repositories = [
        repository(
            1, other_licenses={"unknown": 3}, reason="Its license (unknown (LICENSE: Own terms)) is not accepted."
        ),
        repository(2),
        repository(3, other_licenses={"GPL-2.0": 4000, "GPL-3.0": 2}, license_changes="GPL-2.0 -> GPL-3.0 -> MIT"),
    ]
    assert list(license_lines(StageReport("mine", details={"repositories": repositories}))) == [
        "  license r03: 4,000 under GPL-2.0, 2 under GPL-3.0 (it changed: GPL-2.0 -> GPL-3.0 -> MIT)",
        "  license r01: 3 under unknown (Its license (unknown (LICENSE: Own terms)) is not accepted.)",
    ]


def test_a_long_list_ends_with_where_the_others_are():
    repositories = [repository(number, other_licenses={"none": 1}) for number in range(30)]
    lines = list(license_lines(StageReport("mine", details={"repositories": repositories})))
    assert len(lines) == 21
    assert lines[-1] == "  license of 10 more repositories: see report.json"


def test_stages_without_repositories_print_none():
    assert list(license_lines(StageReport("curate"))) == []
