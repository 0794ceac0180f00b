"""Ask Slurm for the states of jobs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

_RUNNING = {"RUNNING", "COMPLETING", "CONFIGURING", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED"}
_WAITING = {"PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
_FAILED = {
    *("BOOT_FAIL", "CANCELLED", "DEADLINE", "FAILED", "LAUNCH_FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED"),
    *("RECONFIG_FAIL", "REVOKED", "TIMEOUT"),
}
_STATES = _RUNNING | _WAITING | _FAILED | {"COMPLETED"}
_ELEMENT = re.compile(r"\d+(?:_(?:\d+|\[[^\]]*\]))?")
_NO_ANSWER = re.compile(r"(?i)unable to contact|timed out|connection refused|zero bytes|communication|controller")


class JobState(NamedTuple):
    """State of a job, or of an element of an array job."""

    name: str
    """Slurm's name of the state (``RUNNING``)."""
    reason: str = ""
    """Why it waits, in Slurm's words."""

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.name in _RUNNING

    @property
    def is_waiting(self) -> bool:
        """Whether it is in the queue and does not run."""
        return self.name in _WAITING

    @property
    def is_failed(self) -> bool:
        """Whether it ended without success."""
        return self.name in _FAILED


def query(jobs: Sequence[str]) -> dict[str, JobState] | None:
    """Return the states of jobs and of the elements of array jobs, or ``None`` if Slurm does not answer.

    ``squeue`` knows the jobs that wait or run and those that ended lately, ``sacct`` older ones where accounting is
    installed. A job that neither of them lists is missing in the result.
    """
    ids = ",".join(jobs)
    queue = _ask(["squeue", "--noheader", "--array", "--states=all", f"--jobs={ids}", "--format=%i|%T|%r"])
    accounts = _ask(["sacct", "--noheader", "--parsable2", "-X", f"--jobs={ids}", "--format=JobID,State,Reason"])
    if queue.unavailable and not accounts.text.strip():
        return None
    states = parse_states(accounts.text)
    if queue.ran:
        # The accounts lag behind the queue and may keep lost jobs forever: only what ended is taken from them.
        states = {name: state for name, state in states.items() if not (state.is_running or state.is_waiting)}
    return states | parse_states(queue.text)


def parse_states(text: str) -> dict[str, JobState]:
    """Return element -> state of the lines that Slurm prints; lines without both are ignored."""
    states = {}
    for line in text.splitlines():
        fields = line.split("|") if "|" in line else line.split()
        element = next((field.strip() for field in fields if _ELEMENT.fullmatch(field.strip())), "")
        words = [(field.split() or [""])[0].rstrip("+").upper() for field in fields]
        position = next((index for index, word in enumerate(words) if word in _STATES), None)
        if element and position is not None:
            reason = fields[position + 1].strip("() ") if position + 1 < len(fields) else ""
            states[element] = JobState(words[position], "" if reason == "None" else reason)
    return states


def cancel(jobs: Sequence[str], pending_only: bool = False) -> None:
    """Cancel jobs; those that have ended, or that Slurm does not know, are ignored."""
    if jobs:
        _ask(["scancel", *(["--state=PENDING"] if pending_only else []), *jobs])


@dataclass(frozen=True)
class _Answer:
    text: str = ""
    ran: bool = False
    unavailable: bool = False


def _ask(command: Sequence[str]) -> _Answer:
    """Run a command of Slurm; a command that is not installed, or does not know the jobs, gives no text."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return _Answer(ran=True, unavailable=True)
    except OSError:
        return _Answer()
    return _Answer(result.stdout, True, bool(result.returncode and _NO_ANSWER.search(result.stderr)))
