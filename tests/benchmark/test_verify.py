"""Verification of labels by execution."""

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest

from themis_rm.benchmark import verify as module
from themis_rm.benchmark.files import BenchmarkFiles
from themis_rm.benchmark.verification_report import VerificationReport, VerifiedPair
from themis_rm.benchmark.verified_column import add_verified_column
from themis_rm.benchmark.verify import VERIFIED_PAIRS, VerifySettings, label_agrees, verify
from themis_rm.errors import InputError, SettingError, UserError
from themis_rm.execute.check import BOTH_PASS, Check
from themis_rm.execute.runner import CheckOutcome
from themis_rm.execute.sandbox import Isolation
from themis_rm.languages import benchmark_languages
from themis_rm.records import CompiledPair
from themis_rm.storage.parquet import read_rows, write_rows

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="code is executed on Linux only")

RIGHT, WRONG = "def f(n):\n    return n + 1\n", "def f(n):\n    return n\n"
TEST = "\nassert f(1) == 2, 'f(1)'\n"


def pair(name, chosen=RIGHT, rejected=WRONG, source="one", language="Python"):
    return CompiledPair(
        id=name,
        prompt="Write f.",
        chosen=chosen,
        rejected=rejected,
        aspect="Functional_Correctness",
        language=language,
        subset=source.upper(),
        source=source,
    )


def check(name, **values):
    return Check(**{"id": name, "language": "Python", "after": TEST, **values})


def write(directory, pairs, checks):
    path = directory / "bench.parquet"
    write_rows(path, pairs, CompiledPair.schema())
    write_rows(BenchmarkFiles(path).checks, checks, Check.schema())
    return path


def settings(**values):
    return VerifySettings(**{"workers": 2, "retry_timeout_factor": 4.0, "without_namespaces": True, **values})


def rows_of(out):
    return {row["id"]: VerifiedPair.from_dict(row) for row in read_rows(out / VERIFIED_PAIRS)}


@pytest.fixture(scope="module")
def verified(tmp_path_factory):
    """Return the report, the path and the output directory of a benchmark with one pair of each kind."""
    directory = tmp_path_factory.mktemp("verify")
    pairs = [
        pair("agrees"),
        pair("both-pass", rejected=RIGHT),
        pair("swapped", chosen=WRONG, rejected=RIGHT),
        pair("both-fail", chosen=WRONG),
        pair("efficient", rejected=RIGHT, source="two"),
        pair("inefficient-and-wrong", source="two"),
        pair("unchecked", source="two"),
        pair("endless", rejected="def f(n):\n    import time; time.sleep(99)\n", source="two"),
        pair("chosen-endless", chosen="def f(n):\n    import time; time.sleep(99)\n", source="two"),
        pair("bad-check", source="two"),
        pair("absent-package", source="two"),
    ]
    checks = [
        *(check(name) for name in ("agrees", "both-pass", "swapped", "both-fail")),
        *(check(name, expects=BOTH_PASS) for name in ("efficient", "inefficient-and-wrong")),
        *(check(name, seconds=0.5) for name in ("endless", "chosen-endless")),
        check("bad-check", names=["x"]),
        check("absent-package", packages=["themis_absent"]),
        check("of-no-pair"),
    ]
    path = write(directory, pairs, checks)
    return verify(path, directory / "out", settings()), path, directory / "out"


@pytest.mark.parametrize(
    ("name", "agrees", "reason"),
    [
        ("agrees", True, ""),
        ("both-pass", False, ""),
        ("swapped", False, ""),
        ("both-fail", False, ""),
        ("efficient", True, ""),
        ("inefficient-and-wrong", False, ""),
        ("unchecked", None, "no-check"),
        ("endless", True, ""),
        ("chosen-endless", None, "timeout"),
        ("bad-check", None, "bad-check"),
        ("absent-package", None, "no-toolchain"),
    ],
)
def test_each_pair_gets_a_result_or_a_reason(verified, name, agrees, reason):
    row = rows_of(verified[2])[name]
    assert (row.agrees, row.reason) == (agrees, reason)


def test_the_note_contains_the_output_of_failed_programs(verified):
    rows = rows_of(verified[2])
    assert "AssertionError: f(1)" in rows["both-fail"].note
    assert rows["absent-package"].note.count("themis_absent not installed") == 2
    assert rows["bad-check"].note == "Check bad-check: 1 names for 0 contents."


def test_results_are_in_the_order_of_the_benchmark(verified):
    report, path, out = verified
    assert list(rows_of(out)) == [row["id"] for row in read_rows(path)]
    assert report.disagreements == ["both-pass", "swapped", "both-fail", "inefficient-and-wrong"]


def test_sources_are_counted(verified):
    report = verified[0]
    one, two = report.sources
    assert (one.source, one.pairs, one.checked, one.agree) == ("one", 4, 4, 1)
    assert (one.chosen_fails, one.rejected_passes, one.both_pass, one.rejected_fails) == (2, 2, 1, 0)
    assert (two.source, two.pairs, two.checked, two.agree, two.rejected_fails) == ("two", 7, 3, 2, 1)
    assert two.not_run == {"bad-check": 1, "no-check": 1, "no-toolchain": 1, "timeout": 1}
    assert (report.total.pairs, report.total.checked, report.total.agree) == (11, 7, 3)
    assert report.foreign == 1


def test_the_report_can_be_loaded_and_displayed(verified):
    report, _, out = verified
    assert VerificationReport.load(out / "report.json") == report
    assert [row["source"] for row in report.records()] == ["one", "two", "all"]
    assert report.summary() == "bench.parquet, 11 pairs, 7 executed, 3 agree (42.9%)"


def test_the_report_is_written_as_json_and_as_a_table(verified):
    report, _, out = verified
    assert json.loads((out / "report.json").read_text())["total"]["agree"] == 3
    table = (out / "report.md").read_text()
    assert table == report.to_markdown()
    assert "| one | 4 | 4 | 1 | 25.0% |" in table


def test_a_marked_copy_differs_in_the_verified_column_only(verified, tmp_path):
    _, path, out = verified
    counts = add_verified_column(path, out / VERIFIED_PAIRS, tmp_path / "marked.parquet")
    assert counts == {"agrees": 3, "disagrees": 4, "unchecked": 4}
    before, after = list(read_rows(path)), list(read_rows(tmp_path / "marked.parquet"))
    assert {row["id"]: row["verified"] for row in after}["swapped"] == "disagrees"
    assert [{**row, "verified": ""} for row in after] == [{**row, "verified": ""} for row in before]


def test_the_benchmark_itself_is_not_overwritten(verified):
    _, path, out = verified
    with pytest.raises(InputError, match="another path"):
        add_verified_column(path, out / VERIFIED_PAIRS, path)


def results(out):
    return {name: (out / name).read_bytes() for name in (VERIFIED_PAIRS, "report.json", "report.md")}


def test_cached_pairs_are_not_executed_again(verified, tmp_path, monkeypatch):
    _, path, out = verified
    shutil.copytree(out, tmp_path / "again")
    executed = set()

    def record(check, *_, **__):
        executed.add(check.id)
        return CheckOutcome("no-toolchain")

    monkeypatch.setattr(module, "run_check", record)
    verify(path, tmp_path / "again", settings())
    assert executed == {"absent-package"}  # the package may have been installed since


def test_results_do_not_depend_on_the_number_of_workers(verified, tmp_path):
    _, path, out = verified
    verify(path, tmp_path / "out", settings(workers=1))
    assert results(tmp_path / "out") == results(out)


def test_a_truncated_cache_resumes_to_the_same_results(verified, tmp_path):
    _, path, out = verified
    shutil.copytree(out, tmp_path / "cut")
    cache = tmp_path / "cut" / "outcomes.jsonl"
    data = cache.read_bytes()
    cache.write_bytes(data[: len(data) // 2])
    verify(path, tmp_path / "cut", settings())
    assert results(tmp_path / "cut") == results(out)


KILLED = """
import sys
from pathlib import Path
from themis_rm.benchmark.verify import VerifySettings, verify
verify(Path(sys.argv[1]), Path(sys.argv[2]), VerifySettings(workers=2, without_namespaces=True))
"""


def test_a_killed_run_resumes_to_the_same_results(tmp_path):
    slow = "import time; time.sleep(0.2)\n" + RIGHT
    names = [f"p{n}" for n in range(8)]
    path = write(tmp_path, [pair(name, chosen=slow) for name in names], [check(name) for name in names])
    cache = tmp_path / "killed" / "outcomes.jsonl"
    run = subprocess.Popen([sys.executable, "-c", KILLED, str(path), str(tmp_path / "killed")])
    end = time.monotonic() + 60
    while not (cache.exists() and cache.stat().st_size) and time.monotonic() < end:
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    done = cache.read_bytes().count(b"\n")
    assert 1 <= done < 8
    verify(path, tmp_path / "killed", settings())
    verify(path, tmp_path / "complete", settings())
    assert results(tmp_path / "killed") == results(tmp_path / "complete")


def test_a_response_that_timed_out_is_run_again_with_a_longer_limit(tmp_path):
    slow = "import time; time.sleep(1)\n" + RIGHT
    path = write(tmp_path, [pair("slow", chosen=slow)], [check("slow", seconds=0.5)])
    report = verify(path, tmp_path / "out", settings(retry_timeout_factor=40.0))
    assert report.total.agree == 1
    cached = [json.loads(line) for line in (tmp_path / "out" / "outcomes.jsonl").read_text().splitlines()]
    assert [(line["chosen"]["state"], line["retried"]) for line in cached] == [("timeout", False), ("passed", True)]


def test_a_changed_response_is_executed_again(tmp_path):
    path = write(tmp_path, [pair("p")], [check("p")])
    assert verify(path, tmp_path / "out", settings()).total.agree == 1
    write(tmp_path, [pair("p", rejected=RIGHT)], [check("p")])
    assert verify(path, tmp_path / "out", settings()).total.agree == 0


def test_selections_are_counted_and_do_not_depend_on_order(tmp_path):
    pairs = [pair("a"), pair("b"), pair("c", source="two"), pair("d", language="Ruby")]
    checks = [check(p.id, language=p.language) for p in pairs]
    path = write(tmp_path, pairs, checks)
    selection = settings(languages=("python",), sources=("one",), limit=1)
    report = verify(path, tmp_path / "out", selection)
    assert report.total.checked == 1
    assert report.total.not_run == {"not-selected": 3}
    write(tmp_path, pairs[::-1], checks[::-1])
    verify(path, tmp_path / "reversed", selection)
    ran = [{key for key, row in rows_of(tmp_path / out).items() if row.chosen_state} for out in ("out", "reversed")]
    assert ran[0] == ran[1]


def test_an_unknown_source_is_an_error(tmp_path):
    path = write(tmp_path, [pair("a")], [check("a")])
    with pytest.raises(SettingError, match="Did you mean 'one'"):
        verify(path, tmp_path / "out", settings(sources=("onne",)))


def test_a_benchmark_without_checks_is_an_error(tmp_path):
    path = write(tmp_path, [pair("a")], [])
    BenchmarkFiles(path).checks.unlink()
    with pytest.raises(InputError, match="There is no file"):
        verify(path, tmp_path / "out", settings())


def test_two_checks_for_a_pair_are_an_error(tmp_path):
    path = write(tmp_path, [pair("a")], [check("a"), check("a")])
    with pytest.raises(InputError, match="two checks for the pair a"):
        verify(path, tmp_path / "out", settings())


def test_a_damaged_cache_is_an_error(tmp_path):
    path = write(tmp_path, [pair("a")], [check("a")])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "outcomes.jsonl").write_text("nonsense\n")
    with pytest.raises(InputError, match="is damaged"):
        verify(path, tmp_path / "out", settings())


def test_without_namespaces_execution_needs_permission(tmp_path, monkeypatch):
    path = write(tmp_path, [pair("a")], [check("a")])
    monkeypatch.setattr(module, "isolation", lambda: Isolation(complete=False, reason="unshare: not permitted"))
    with pytest.raises(UserError, match="without_namespaces=true"):
        verify(path, tmp_path / "out", VerifySettings())
    report = verify(path, tmp_path / "out", settings())
    assert report.total.agree == 1
    assert "are accessible" in report.isolation


def test_authored_python_pairs_agree(tmp_path):
    report = verify("authored", tmp_path, settings(languages=("Python",), timeout_factor=6.0))
    assert report.total.checked >= 2
    assert report.disagreements == []
    assert {row.source for row in rows_of(tmp_path).values()} == {"authored"}


# Python has a test of its own above; one test per language, so that the processes of a test run share them.
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("language", [row.name for row in benchmark_languages() if row.name != "Python"])
def test_every_authored_pair_with_a_check_agrees(tmp_path, language):
    report = verify("authored", tmp_path, settings(languages=(language,), timeout_factor=6.0))
    assert report.disagreements == []
    assert "timeout" not in report.total.not_run


@pytest.mark.parametrize(
    ("expects", "chosen", "rejected", "result"),
    [
        ("distinguishes", "passed", "failed", (True, "")),
        ("distinguishes", "passed", "compile-error", (True, "")),
        ("distinguishes", "passed", "memory-limit", (True, "")),
        ("distinguishes", "passed", "timeout", (True, "")),
        ("distinguishes", "failed", "timeout", (False, "")),
        ("distinguishes", "timeout", "failed", (None, "timeout")),
        ("distinguishes", "passed", "no-toolchain", (None, "no-toolchain")),
        ("both-pass", "passed", "passed", (True, "")),
        ("both-pass", "passed", "failed", (False, "")),
        ("both-pass", "failed", "failed", (False, "")),
        ("both-pass", "passed", "timeout", (None, "timeout")),
    ],
)
def test_a_label_agrees_with_the_states_of_its_responses(expects, chosen, rejected, result):
    assert label_agrees(expects, chosen, rejected) == result
