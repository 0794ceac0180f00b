import json

import pytest

from themis_rm.pipeline import StageReport
from themis_rm.workflow.stages import Stage, run_stage


class Work:
    """Work that counts its calls and writes files; it can be interrupted after the first one."""

    def __init__(self):
        self.calls = 0
        self.files_at_start = []
        self.interrupted = False

    def __call__(self, folder):
        self.calls += 1
        self.files_at_start.append(sorted(p.name for p in folder.iterdir()))
        (folder / "half").write_text("x")
        if self.interrupted:
            raise KeyboardInterrupt
        (folder / "out.parquet").write_text("rows")
        return StageReport("s", read=1, kept=1)


def stage(work, fingerprint="f"):
    return Stage("1-s", "S", lambda: fingerprint, work, ("*.parquet",))


def test_an_unchanged_stage_is_not_run_again(tmp_path):
    work = Work()
    run_stage(stage(work), tmp_path)
    again = stage(work)
    run_stage(again, tmp_path)
    assert (work.calls, again.state) == (1, "unchanged")


def test_an_unchanged_stage_still_has_its_report_and_output(tmp_path):
    work = Work()
    first, again = stage(work), stage(work)
    run_stage(first, tmp_path)
    run_stage(again, tmp_path)
    assert (again.output, again.report) == (first.output, first.report)


def test_a_changed_stage_starts_in_an_empty_directory(tmp_path):
    work = Work()
    run_stage(stage(work, "f"), tmp_path)
    run_stage(stage(work, "g"), tmp_path)
    assert work.files_at_start == [["stage.json"], ["stage.json"]]


def test_an_interrupted_stage_keeps_its_files(tmp_path):
    work = Work()
    work.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        run_stage(stage(work), tmp_path)
    work.interrupted = False
    run_stage(stage(work), tmp_path)
    assert work.files_at_start[1] == ["half", "stage.json"]


def test_older_settings_do_not_reuse_a_directory_that_was_cleared(tmp_path):
    work = Work()
    run_stage(stage(work, "f"), tmp_path)
    work.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        run_stage(stage(work, "g"), tmp_path)
    work.interrupted = False
    back = stage(work, "f")
    run_stage(back, tmp_path)
    assert back.state == "done"


def test_a_damaged_state_file_is_ignored(tmp_path):
    work = Work()
    run_stage(stage(work), tmp_path)
    (tmp_path / "1-s" / "stage.json").write_text('{"finger')
    run_stage(stage(work), tmp_path)
    assert work.calls == 2


def test_the_output_fingerprint_depends_on_the_contents_of_the_output_files(tmp_path):
    work = Work()
    first = stage(work)
    run_stage(first, tmp_path)
    state_file = tmp_path / "1-s" / "stage.json"
    state_file.write_text(json.dumps({"fingerprint": "f", "state": "running"}))
    again = stage(lambda folder: (folder / "out.parquet").write_text("others") and StageReport("s"))
    run_stage(again, tmp_path)
    assert again.output != first.output
