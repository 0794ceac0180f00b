"""NoFunEval: edits by criterion, and reasons of unusable records."""

import json
from collections import Counter

import pytest

from themis_rm.benchmark.sources.source import SOURCES, SourcePair, UnusableRecord

BEFORE = "class A {\n  int a;\n  int b;\n  void go() { slow(); }\n}\n"
AFTER = "class A {\n  int a;\n  int b;\n  void go() { quick(); }\n}\n"


def _commit(**changes):
    record = {
        "non_functional_requirement": "memory",
        "commit": "https://github.com/someone/thing/commit/1",
        "pl": "Java",
        "source_code": BEFORE,
        "target_code": AFTER,
    }
    return {**record, **changes}


def _warning(**changes):
    return {"query": "Unused thing", "codeql_check": "ql/Unused.ql", **_commit(pl="python"), **changes}


def _submission(**changes):
    return {"problem_id": "p1", "cpu_time_v0": "200", "cpu_time_v1": "20", **_commit(pl="python"), **changes}


@pytest.fixture
def read(tmp_path):
    def write(**files):
        names = ("latency", "resource_util", "runtime_efficiency", "maintainability", "security")
        for name in names:
            lines = "".join(json.dumps(record) + "\n" for record in files.get(name, []))
            (tmp_path / f"{name}.jsonl").write_text(lines)
        return list(SOURCES.get("nofuneval").read(tmp_path))

    return write


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("executiontime", ("EE", "NOFUNEVAL_LATENCY")),
        ("framerate", ("EE", "NOFUNEVAL_LATENCY")),
        ("memory", ("ME", "NOFUNEVAL_MEMORY")),
    ],
)
def test_the_requirement_decides_the_criterion(read, requirement, expected):
    (pair,) = read(latency=[_commit(non_functional_requirement=requirement)])
    assert (pair.criterion, pair.subset) == expected
    assert (pair.chosen, pair.rejected, pair.group) == (AFTER, BEFORE, "someone/thing")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"non_functional_requirement": "energy"}, "no-criterion"),
        ({"pl": "Kotlin"}, "language"),
        ({"pl": "Elvish"}, "language"),
        ({"target_code": "import a\n"}, "remnant"),
    ],
)
def test_unusable_commits_are_counted_by_reason(read, changes, reason):
    assert read(resource_util=[_commit(**changes)]) == [UnusableRecord("resource_util:1", reason)]


def test_warnings_are_about_maintainability_or_security(read):
    first, second = read(maintainability=[_warning()], security=[_warning(cwe="cwe-89")])
    assert (first.criterion, first.rule, first.group) == ("R&M", "Unused thing", "Unused.ql")
    assert (second.criterion, second.rule) == ("SH", "CWE-89 Unused thing")


def test_an_explanation_of_the_fix_is_removed(read):
    (pair,) = read(security=[_warning(target_code=AFTER.replace("quick();", "quick(); // fixes the leak"), pl="c")])
    assert "fixes" not in pair.chosen


def test_submissions_with_similar_times_are_noise(read):
    assert read(runtime_efficiency=[_submission(cpu_time_v1="190")]) == [
        UnusableRecord("runtime_efficiency:1", "within-noise")
    ]


def test_nofuneval_reference_data_yields_the_known_counts(shared):
    items = list(SOURCES.get("nofuneval").read(shared / "sources" / "nofuneval"))
    pairs = [item for item in items if isinstance(item, SourcePair)]
    assert Counter(item.reason for item in items if isinstance(item, UnusableRecord)) == {
        "within-noise": 28,
        "language": 11,
        "no-criterion": 9,
        "remnant": 2,
    }
    assert Counter(pair.subset for pair in pairs) == {
        "NOFUNEVAL_MAINTAIN": 143,
        "NOFUNEVAL_RUNTIME": 85,
        "NOFUNEVAL_LATENCY": 44,
        "NOFUNEVAL_SECURITY": 41,
        "NOFUNEVAL_MEMORY": 34,
    }
    assert len({item.key for item in items}) == len(items) == 397
