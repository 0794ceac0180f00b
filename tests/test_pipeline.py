"""Data stages on datatrove: counts, exclusions, resume, workers that die."""

import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from themis_rm.errors import InputError, UserError
from themis_rm.pipeline import (
    ExecutorSettings,
    RowFilter,
    RowReader,
    RowWriter,
    StageReport,
    exclusion_writer,
    run_steps,
)
from themis_rm.records import BenchmarkPair
from themis_rm.storage.parquet import read_rows, write_rows


class GoFilter(RowFilter):
    name = "go"

    def check(self, row):
        return True if row["language"] == "Go" else (False, "not-go")


class CrashingFilter(RowFilter):
    """Kills its own process, as the system does when memory runs out."""

    name = "crashing"

    def check(self, row):
        if row["id"] == "1-0":
            os.kill(os.getpid(), signal.SIGKILL)
        return True


class SleepingFilter(RowFilter):
    """Writes its process id to a directory and sleeps."""

    name = "sleeping"

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def check(self, row):
        (self.folder / str(os.getpid())).touch()
        time.sleep(60)
        return True


class FailingFilter(RowFilter):
    name = "failing"

    def check(self, row):
        raise InputError(f"Row {row['id']} is odd.", "Remove it.")


def write_input(folder, files=3, rows=4):
    for i in range(files):
        write_rows(
            folder / f"{i}.parquet",
            [
                BenchmarkPair(
                    id=f"{i}-{j}",
                    prompt="p",
                    chosen="c" * j,
                    rejected="r",
                    aspect="a",
                    language=["Go", "C"][j % 2],
                    subset="s",
                )
                for j in range(rows)
            ],
            BenchmarkPair.schema(),
        )


def run(tmp_path, name, workers=1, group_bytes=32 << 20):
    folder = tmp_path / name
    schema = BenchmarkPair.schema()
    steps = [
        RowReader(tmp_path / "in", BenchmarkPair.required()),
        GoFilter(exclusion_writer(folder / "dropped", schema, "rows")),
        RowWriter(folder / "rows", schema, group_bytes=group_bytes),
    ]
    return run_steps("filter", steps, folder, 3, ExecutorSettings(workers=workers)), folder


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*.parquet"))}


def test_every_row_is_either_kept_or_counted_under_its_reason(tmp_path):
    write_input(tmp_path / "in")
    report, _ = run(tmp_path, "a")
    assert (report.read, report.kept, report.dropped) == (12, 6, {"not-go": 6})


def test_a_dropped_row_is_written_out_with_its_reason(tmp_path):
    write_input(tmp_path / "in")
    _, folder = run(tmp_path, "a")
    excluded = list(read_rows(folder / "dropped" / "not-go"))
    assert len(excluded) == 6
    assert {row["filter_reason"] for row in excluded} == {"not-go"}


def test_outputs_do_not_depend_on_the_number_of_workers(tmp_path):
    write_input(tmp_path / "in")
    assert contents(run(tmp_path, "a", workers=1)[1]) == contents(run(tmp_path, "b", workers=2)[1])


def test_a_finished_task_is_not_run_again_and_the_report_still_counts_it(tmp_path):
    write_input(tmp_path / "in")
    first, folder = run(tmp_path, "a")
    (folder / "logs/filter/completions/00001").unlink()
    (folder / "rows/00001.parquet").write_bytes(b"truncated")
    (folder / "rows/00000.parquet").unlink()
    again, _ = run(tmp_path, "a")
    assert (again.read, again.kept, again.dropped) == (first.read, first.kept, first.dropped)
    assert not (folder / "rows/00000.parquet").exists()
    assert pq.read_metadata(folder / "rows/00001.parquet").num_rows == 2


def test_row_groups_are_bounded_by_bytes(tmp_path):
    write_input(tmp_path / "in", files=1, rows=40)
    _, folder = run(tmp_path, "a", group_bytes=60)
    assert pq.read_metadata(folder / "rows/00000.parquet").num_row_groups > 5


def test_a_saved_report_is_loaded(tmp_path):
    write_input(tmp_path / "in")
    report, folder = run(tmp_path, "a")
    report.save(folder)
    assert json.loads((folder / "report.json").read_text())["dropped"] == {"not-go": 6}
    assert type(report).load(folder) == report


def test_a_report_is_shown_as_a_table_of_reasons():
    report = StageReport("filter", read=10, kept=4, dropped={"a": 1, "b": 5}, seconds=2.0)
    assert report.records() == [{"reason": "b", "rows": 5}, {"reason": "a", "rows": 1}]
    assert repr(report) == "<StageReport: filter: 10 read, 4 kept, 6 dropped in 2.0 s>"
    assert "<td>b</td>" in report._repr_html_()


def run_sleeping(folder):
    (folder / "workers").mkdir()
    steps = [RowReader(folder / "in", BenchmarkPair.required()), SleepingFilter(folder / "workers")]
    run_steps("sleeping", steps, folder / "out", 3, ExecutorSettings(workers=2))


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def wait_until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    return true()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_end_when_their_run_is_killed(tmp_path):
    write_input(tmp_path / "in")
    run = multiprocessing.get_context("spawn").Process(target=run_sleeping, args=(tmp_path,))
    run.start()
    folder = tmp_path / "workers"
    assert wait_until(lambda: folder.is_dir() and len(list(folder.iterdir())) == 2)
    workers = [int(file.name) for file in folder.iterdir()]
    run.kill()
    run.join()
    assert wait_until(lambda: not any(map(alive, workers)), seconds=20)


def test_a_worker_that_dies_is_a_user_error(tmp_path):
    write_input(tmp_path / "in")
    steps = [RowReader(tmp_path / "in", BenchmarkPair.required()), CrashingFilter()]
    with pytest.raises(UserError, match="A worker process died by signal SIGKILL, possibly"):
        run_steps("filter", steps, tmp_path / "out", 3, ExecutorSettings(workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_user_error_in_a_worker_keeps_its_message_and_hint_and_prints_nothing(tmp_path, workers, capfd):
    write_input(tmp_path / "in")
    steps = [RowReader(tmp_path / "in", BenchmarkPair.required()), FailingFilter()]
    with pytest.raises(InputError, match=r"is odd\. Remove it"):
        run_steps("filter", steps, tmp_path / "out", 3, ExecutorSettings(workers=workers))
    assert capfd.readouterr().err == ""
    assert "is odd" in (tmp_path / "out/logs/filter/logs/task_00000.log").read_text()
