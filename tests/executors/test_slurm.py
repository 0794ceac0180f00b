"""Slurm jobs that succeed, fail, are lost or never start."""

import json

import pytest

from themis_rm.errors import SettingError, UserError
from themis_rm.executors import slurm
from themis_rm.pipeline import ExecutorSettings

OPTIONS = {"time": "0:10:00", "partition": "cpu"}
SLURM = {"type": "slurm", "options": OPTIONS}

RUN_ELEMENTS = """\
script="${@: -1}"
export "${1#--export=ALL,}"
output=$(sed -n 's/^#SBATCH --output=//p' "$script")
last=$(sed -n 's/^#SBATCH --array=0-\\([0-9]*\\).*/\\1/p' "$script")
for element in $(seq 0 "$last"); do
  [ "$element" = "$LOST" ] && continue
  SLURM_ARRAY_TASK_ID=$element bash "$script" > "${output/\\%A_\\%a/4242_$element}" 2>&1
done
echo Submitted batch job 4242
"""
"""An ``sbatch`` that runs the elements of the array job here, except the one that the variable LOST names."""


def test_a_job_that_loses_one_task_is_an_error_and_the_resumed_run_has_the_rows_of_a_local_one(
    fake_slurm, copy_rows, monkeypatch
):
    fake_slurm.command("sbatch", RUN_ELEMENTS)
    fake_slurm.states("4242_0|COMPLETED|None\n4242_1|NODE_FAIL|None")
    monkeypatch.setenv("LOST", "1")
    with pytest.raises(UserError, match=r"4242_1 ended as NODE_FAIL; 1 of 2 tasks are not done"):
        copy_rows("slurm", **SLURM)
    monkeypatch.delenv("LOST")
    assert copy_rows("slurm", **SLURM) == copy_rows("local")


@pytest.mark.parametrize("command", ["squeue", "sacct"])
@pytest.mark.parametrize("state", ["FAILED", "CANCELLED by 1000", "TIMEOUT", "OUT_OF_MEMORY", "BOOT_FAIL"])
def test_a_job_that_ends_early_is_an_error_with_its_state_and_the_last_line_of_its_log(
    fake_slurm, copy_rows, state, command
):
    fake_slurm.accept(log="first\\nbad \\033[31mnode\\n\\n")
    fake_slurm.states(f"4242_0|{state}|None", name=command)
    with pytest.raises(UserError, match=rf"4242_0 ended as {state.split()[0]}; 2 of 2 .*4242_0\.out: bad node Run"):
        copy_rows("slurm", **SLURM)


def test_a_failing_task_shows_its_own_error(fake_slurm, copy_rows, tmp_path):
    fake_slurm.command("sbatch", RUN_ELEMENTS)
    fake_slurm.states("4242_0|FAILED|NonZeroExitCode\n4242_1|COMPLETED|None")
    (tmp_path / "in" / "0.parquet").write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"FAILED; 1 of 2 .*InputError: .*0\.parquet is not a readable Parquet file"):
        copy_rows("slurm", **SLURM)


def test_a_job_that_slurm_does_not_know_is_an_error(fake_slurm, copy_rows):
    fake_slurm.accept()
    with pytest.raises(UserError, match=r"4242 is unknown to squeue and sacct; 2 of 2 .* It has no log"):
        copy_rows("slurm", **SLURM)


def test_a_job_that_completes_without_its_markers_is_an_error(fake_slurm, copy_rows):
    fake_slurm.accept()
    fake_slurm.states("4242_0|COMPLETED|None")
    with pytest.raises(UserError, match="ended as COMPLETED without a completion marker"):
        copy_rows("slurm", **SLURM)


def test_a_job_that_does_not_start_in_time_is_an_error_and_canceled(fake_slurm, copy_rows):
    fake_slurm.accept()
    fake_slurm.states("4242_0|PENDING|Priority")
    with pytest.raises(UserError, match=r"PENDING \(Priority\) and has not started in 0 s"):
        copy_rows("slurm", **SLURM, pending_timeout=0.1)
    assert fake_slurm.calls("scancel") == ["4242"]


def test_a_job_that_can_never_start_is_an_error_at_once(fake_slurm, copy_rows):
    fake_slurm.accept()
    fake_slurm.states("4242_0|PENDING|PartitionTimeLimit")
    with pytest.raises(UserError, match=r"PENDING \(PartitionTimeLimit\) and will not start"):
        copy_rows("slurm", **SLURM)


def test_the_waiting_tasks_of_a_failed_job_are_canceled_and_the_running_ones_finish(fake_slurm, copy_rows):
    fake_slurm.accept()
    states = "4242_0|FAILED|None\n4242_1|RUNNING|None\n4242_2|PENDING|JobArrayTaskLimit"
    fake_slurm.states(states)
    fake_slurm.command(
        "scancel", f'echo "$@" >> "{fake_slurm.folder}/scancel.log"; echo exit > "$(dirname "$0")/squeue"'
    )
    fake_slurm.states("4242_0|FAILED|None\n4242_1|COMPLETED|None\n4242_2|CANCELLED|None", name="sacct")
    with pytest.raises(UserError, match="4242_0 ended as FAILED"):
        copy_rows("slurm", **SLURM)
    assert fake_slurm.calls("scancel") == ["--state=PENDING 4242", "4242"]


def test_a_refused_job_is_an_error_with_the_reason_of_slurm(fake_slurm, copy_rows):
    fake_slurm.command("sbatch", "echo 'sbatch: error: invalid partition specified: cpu' >&2; exit 1")
    with pytest.raises(UserError, match="sbatch refused the job: invalid partition specified: cpu Correct"):
        copy_rows("slurm", **SLURM)


def test_slurm_that_does_not_answer_for_long_is_an_error(fake_slurm, copy_rows, monkeypatch):
    monkeypatch.setattr(slurm, "NO_ANSWER_SECONDS", 0.1)
    fake_slurm.accept()
    fake_slurm.command("squeue", "echo 'squeue: error: Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(UserError, match="unknown state: squeue and sacct do not answer"):
        copy_rows("slurm", **SLURM)


def test_a_resumed_run_waits_for_the_job_of_the_run_that_was_killed(fake_slurm, copy_rows, tmp_path):
    fake_slurm.record("sbatch")
    (tmp_path / "slurm/logs/copy").mkdir(parents=True)
    (tmp_path / "slurm/logs/copy/jobs.json").write_text(json.dumps(["4242"]), encoding="utf-8")
    fake_slurm.states("4242_0|PENDING|Priority")
    with pytest.raises(UserError, match="4242_0 is PENDING"):
        copy_rows("slurm", **SLURM, pending_timeout=0.1)
    assert fake_slurm.calls("sbatch") == []


@pytest.mark.parametrize("jobs", ["", "{}", "[", "null"])
def test_a_damaged_list_of_jobs_is_ignored(fake_slurm, copy_rows, tmp_path, jobs):
    fake_slurm.accept()
    fake_slurm.states("4242_0|FAILED|None")
    (tmp_path / "slurm/logs/copy").mkdir(parents=True)
    (tmp_path / "slurm/logs/copy/jobs.json").write_text(jobs, encoding="utf-8")
    with pytest.raises(UserError, match="ended as FAILED"):
        copy_rows("slurm", **SLURM)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs executor.options.time and executor.options.partition"),
        ({"partition": "cpu"}, "needs executor.options.time"),
        (OPTIONS | {"time": 600}, "executor.options.time: 600 must be a valid string"),
        (OPTIONS | {"mem": 4}, "no option executor.options.mem"),
        (OPTIONS | {"tasks": 4}, "no option executor.options.tasks"),
        (OPTIONS | {"tasks_per_job": "two"}, "executor.options.tasks_per_job: 'two' must be a valid integer"),
    ],
)
@pytest.mark.usefixtures("fake_slurm")
def test_wrong_options_are_refused_before_the_job(fake_slurm, options, message):
    fake_slurm.accept()
    with pytest.raises(SettingError, match=message):
        ExecutorSettings.build({"type": "slurm", "options": options})


def test_a_machine_without_slurm_is_refused_before_the_job(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingError, match="needs the command sbatch"):
        ExecutorSettings.build({"type": "slurm", "options": OPTIONS})
