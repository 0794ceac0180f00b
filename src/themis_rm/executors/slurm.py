"""Run tasks as Slurm array jobs, and watch the jobs until every task is done or the reason why not is known."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dill
from datatrove.executor.base import DistributedEnvVars
from datatrove.executor.slurm import SlurmPipelineExecutor

from themis_rm.errors import InputError, SettingError, UserError
from themis_rm.executors.logs import last_line
from themis_rm.executors.options import check_options
from themis_rm.executors.slurm_queue import JobState, cancel, query
from themis_rm.storage.atomic import write_json, write_text
from themis_rm.storage.json_text import read_json

POLL_SECONDS = 5.0
"""Time between two questions to Slurm."""
GRACE_SECONDS = 30.0
"""How long a job may be neither in the queue nor done: Slurm and shared file systems show changes with a delay."""
NO_ANSWER_SECONDS = 600.0
"""How long Slurm may not answer, such as while its controller restarts."""

_NEVER = {
    *("BadConstraints", "DependencyNeverSatisfied", "InvalidAccount", "InvalidQOS", "JobHeldAdmin", "JobHeldUser"),
    *("JobHoldMaxRequeue", "PartitionNodeLimit", "PartitionTimeLimit", "launch_failed_requeued_held"),
}
"""Reasons with which a job stays in the queue until somebody changes it."""


def check_slurm(options: Mapping[str, Any]) -> None:
    """Check the options of the Slurm executor, and that Slurm is installed.

    Raises:
        SettingError: An option is missing, unknown or has a wrong type, or there is no ``sbatch``.
    """
    check_options(SlurmPipelineExecutor, options, "slurm", ("depends_job_id", "job_id_retriever"))
    missing = [f"executor.options.{name}" for name in ("time", "partition") if name not in options]
    if missing:
        raise SettingError(
            f"The slurm executor needs {' and '.join(missing)}.",
            "Use --set executor.options.time=4:00:00 --set executor.options.partition=NAME.",
        )
    if shutil.which("sbatch") is None:
        raise SettingError(
            "The slurm executor needs the command sbatch, which is not on PATH.",
            "Run on a login node of the cluster, or use --executor local.",
        )


class SlurmExecutor(SlurmPipelineExecutor):
    """A Slurm executor that waits for its jobs.

    datatrove's own executor returns when the jobs are queued. This one also keeps the ids of its jobs, so that a run
    that was killed waits for them instead of submitting them twice, and cancels them when it ends early.

    Args:
        pending_timeout: Seconds after which a job that has not started is an error.
        options: Arguments of datatrove's executor. Tasks run without ``srun`` unless ``with_srun`` is set, because
            each runs on one node.
    """

    def __init__(self, *, pending_timeout: float, **options: Any) -> None:
        super().__init__(**{"with_srun": options.get("nodes_per_task", 1) > 1, **options})
        self.pending_timeout = pending_timeout

    def launch_and_wait(self) -> None:
        """Run the tasks that have no completion marker.

        Raises:
            UserError: Slurm refused a job, or a job ended, was lost or did not start before its tasks were done.
        """
        if not self.get_incomplete_ranks():
            return
        jobs = self._queued_jobs()
        try:
            if not jobs:
                self._submit(jobs)
            _Watch(self, jobs).wait()
        except BaseException:
            cancel(jobs)  # the run that resumes submits its own
            raise

    def get_distributed_env(self, node_rank: int = -1) -> DistributedEnvVars:
        """Return the environment of a task; each task runs on one node, so that no list of nodes is needed."""
        return DistributedEnvVars(
            datatrove_node_ips="localhost",
            datatrove_cpus_per_task=str(self.cpus_per_task),
            datatrove_mem_per_cpu=str(self.mem_per_cpu_gb),
            datatrove_gpus_on_node=str(self.gpus_per_task),
            datatrove_executor="SLURM",
        )

    @property
    def _folder(self) -> Path:
        return Path(self.logging_dir.resolve_paths(""))

    def _queued_jobs(self) -> list[str]:
        """Return the jobs of an earlier run if Slurm still has some of them."""
        try:
            jobs = [str(job) for job in read_json(self._folder / "jobs.json")]
        except (InputError, TypeError):
            return []
        states = (query(jobs) or {}).values() if jobs else []
        return jobs if any(state.is_running or state.is_waiting for state in states) else []

    def _submit(self, jobs: list[str]) -> None:
        """Submit array jobs for the tasks that have no completion marker, and add their ids to a list."""
        ranks, folder = self.get_incomplete_ranks(), self._folder
        self.save_executor_as_json()
        with self.logging_dir.open("executor.pik", "wb") as file:
            dill.dump(self, file, fmode=dill.CONTENTS_FMODE)
        write_json(folder / "ranks_to_run.json", ranks)
        count = math.ceil(len(ranks) / self.tasks_per_job)
        size = count if self.max_array_size == -1 else min(count, self.max_array_size)
        script = folder / "launch_script.slurm"
        write_text(script, self.get_launch_file_contents(self.get_sbatch_args(size), self._command(folder)))
        for offset in range(math.ceil(count / size)):
            arguments = [f"--export=ALL,RUN_OFFSET={offset}"]
            if jobs and not self.max_array_launch_parallel:
                arguments.append(f"--dependency=afterany:{jobs[-1]}")
            jobs.append(_sbatch([*arguments, str(script)]))
            write_json(folder / "jobs.json", jobs)

    def _command(self, folder: Path) -> str:
        # The interpreter of this run, unless an environment is activated first.
        python = "python" if self.env_command or self.condaenv or self.venv_path else sys.executable
        srun = " ".join(f"--{key}={value}" for key, value in (self.srun_args or {}).items())
        launch = f"'{python}' -m datatrove.tools.launch_pickled_pipeline '{folder / 'executor.pik'}'"
        return f"srun {srun} -n {self.nodes_per_task} {launch}" if self.with_srun else launch

    def log_line(self, element: str) -> str:
        """Return the last line of the log of an element of an array job, with its path; empty if there is none."""
        job, _, index = element.partition("_")
        logs = Path(self.slurm_logs_folder)
        files = [logs / f"{job}_{index}.out"] if index.isdecimal() else []
        files += sorted(logs.glob(f"{job}*"), key=lambda file: file.stat().st_mtime, reverse=True)
        files += [self._folder / "logs" / f"task_{rank:05d}.log" for rank in self.get_incomplete_ranks()]
        found = ((file, last_line(file)) for file in files)
        return next((f"Last line of {file}: {line}" for file, line in found if line), "")


def _sbatch(arguments: Sequence[str]) -> str:
    """Submit a job and return its id.

    Raises:
        UserError: Slurm refused it.
    """
    try:
        result = subprocess.run(["sbatch", *arguments], capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"sbatch failed: {error}.") from error
    found = re.search(r"job (\d+)", result.stdout) or re.search(r"\d+", result.stdout)
    if result.returncode or found is None:
        lines = (result.stderr.strip() or result.stdout.strip()).splitlines() or [f"exit code {result.returncode}"]
        reason = lines[-1].removeprefix("sbatch: ").removeprefix("error: ")
        raise UserError(f"sbatch refused the job: {reason}", "Correct executor.options (partition, time, qos, ...).")
    return found[found.lastindex or 0]


class _Watch:
    """Waits until the tasks of an executor are done.

    Args:
        executor: The executor.
        jobs: Ids of its array jobs.
    """

    def __init__(self, executor: SlurmExecutor, jobs: Sequence[str]) -> None:
        self.executor = executor
        self.jobs = list(jobs)
        self.missing: list[int] = []
        self.answered = self.seen = time.monotonic()
        self.pending_since: float | None = None
        self.canceled = False

    def wait(self) -> None:
        """Return when every task has its completion marker.

        Raises:
            UserError: The tasks that are missing will not be done.
        """
        while missing := self.executor.get_incomplete_ranks():
            if missing != self.missing:
                self.missing, self.seen = missing, time.monotonic()
            states = query(self.jobs)
            if states is not None:
                self.answered = time.monotonic()
                self._check(states)
            elif time.monotonic() - self.answered > NO_ANSWER_SECONDS:
                raise self._error(self.jobs[0], "is in an unknown state: squeue and sacct do not answer")
            time.sleep(POLL_SECONDS)

    def _check(self, states: Mapping[str, JobState]) -> None:
        failed = next((name for name, state in states.items() if state.is_failed), None)
        waiting = next((name for name, state in states.items() if state.is_waiting), None)
        now = time.monotonic()
        if any(state.is_running for state in states.values()):
            self.seen, self.pending_since = now, None
            if failed and waiting and not self.canceled:
                cancel(self.jobs, pending_only=True)  # tasks that run are finished, so that they need not run again
                self.canceled = True
        elif failed:
            raise self._error(failed, f"ended as {states[failed].name}")
        elif waiting:
            self.seen = now
            self.pending_since = self.pending_since or now
            self._check_pending(waiting, states[waiting], now - self.pending_since)
        elif now - self.seen > GRACE_SECONDS:
            name, state = next(iter(states.items()), (self.jobs[0], None))
            ended = f"ended as {state.name} without a completion marker" if state else "is unknown to squeue and sacct"
            raise self._error(name, ended)

    def _check_pending(self, name: str, state: JobState, seconds: float) -> None:
        reason = f" ({state.reason})" if state.reason else ""
        if state.reason in _NEVER:
            raise self._error(name, f"is {state.name}{reason} and will not start")
        if seconds > self.executor.pending_timeout:
            raise self._error(
                name, f"is {state.name}{reason} and has not started in {seconds:.0f} s (executor.pending_timeout)"
            )

    def _error(self, element: str, event: str) -> UserError:
        count = len(self.executor.get_incomplete_ranks())
        parts = [
            f"The Slurm job {element} {event}; {count} of {self.executor.tasks} tasks are not done.",
            self.executor.log_line(element) or "It has no log.",
        ]
        return UserError(" ".join(parts), "Run the same command again to resume.")
