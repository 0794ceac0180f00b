"""The process between us and untrusted code: makes the box, runs jobs in it one after the other, lets none survive.

It is a program of its own (``main``), started by :class:`themis_rm.execute.sandbox.Sandbox`, and talks with it over a
socket that the untrusted code never holds. Limits are set here, in a process with a single thread, as nothing may be
run between fork and exec in one with several. Standard library only: it is started for every box.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from themis_rm.execute.namespaces import (
    HOME,
    build_root,
    die_with_parent,
    set_child_subreaper,
    set_no_new_privs,
    unshare_namespaces,
)

_LOOK_EVERY = 0.05
"""Seconds between two looks at what the box uses."""

_PAGE = os.sysconf("SC_PAGE_SIZE")
_FULL = 16 * _PAGE
"""A box with less than this free is full: not even a small file could be written."""


def send(channel: int, message: Any) -> None:
    """Write a message of plain values to a stream."""
    data = marshal.dumps(message)
    view = memoryview(len(data).to_bytes(8, "little") + data)
    while view:
        view = view[os.write(channel, view) :]


def receive(channel: int) -> Any:
    """Read a message from a stream; ``None`` at its end."""
    head = _read(channel, 8)
    size = int.from_bytes(head, "little")
    data = _read(channel, size) if len(head) == 8 else b""
    return marshal.loads(data) if data and len(data) == size else None  # noqa: S302


def _read(channel: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = os.read(channel, min(size - len(data), 1 << 20))
        if not part:
            break
        data += part
    return bytes(data)


class JobContext:
    """Where jobs run; no dataclass, as importing those takes longer than making a box.

    Args:
        folder: Work folder, as the program sees it.
        user: User id that the program runs under.
        group: Likewise.
        disk: Bytes that may be written.
        isolated: Whether it has namespaces of its own.
    """

    def __init__(self, folder: str, user: int, group: int, disk: int, *, isolated: bool) -> None:
        self.folder = folder
        self.user = user
        self.group = group
        self.disk = disk
        self.isolated = isolated

    def processes(self) -> list[int]:
        """Return every process in the box."""
        listed = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return [pid for pid in listed if pid != 1] if self.isolated else _descendants(listed)

    def clear(self, main: int) -> int:
        """Kill and reap every process in the box; return the wait status of one of them."""
        status = 0
        while True:
            if self.isolated:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)
            else:
                for pid in self._freeze():
                    _signal(pid, signal.SIGKILL)
            try:
                pid, ended = os.wait()
            except ChildProcessError:
                return status
            status = ended if pid == main else status

    def _freeze(self) -> set[int]:
        """Stop every process in the box, as a stopped one starts no other, and return them."""
        stopped: set[int] = set()
        while new := set(self.processes()) - stopped:
            for pid in new:
                _signal(pid, signal.SIGSTOP)
            stopped |= new
        return stopped

    def free(self) -> int:
        """Return how many bytes may still be written."""
        if self.isolated:
            room = os.statvfs("/")
            return room.f_bfree * room.f_bsize if room.f_ffree else 0
        return self.disk - _size(self.folder)

    def over(self, job: dict[str, Any]) -> str:
        """Return the state of a job that uses too much, else an empty text."""
        pids = self.processes()
        if len(pids) > job["processes"]:
            return "process-limit"
        if sum(map(_resident, pids)) > job["memory"]:
            return "memory-limit"
        return "disk-limit" if self.free() < _FULL else ""


def _descendants(listed: list[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid in listed:
        with contextlib.suppress(OSError, ValueError):
            # The name in brackets may hold anything, so fields are counted from its end.
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if stat[0] != "Z":
                children.setdefault(int(stat[1]), []).append(pid)
    found: list[int] = []
    front = [os.getpid()]
    while front:
        front = [child for pid in front for child in children.get(pid, [])]
        found += front
    return found


def _resident(pid: int) -> int:
    """Return the bytes of memory that a process holds for itself; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * _PAGE


def _size(folder: str) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(base, name)).st_blocks * 512
    return total


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def execute(job: dict[str, Any], place: JobContext) -> dict[str, Any]:
    """Run a program to its end or to a limit.

    Args:
        job: ``argv``, ``environment``, ``stdin`` and limits: see :class:`themis_rm.execute.sandbox.Limits`.
        place: Where.

    Returns:
        ``state``, ``code``, ``stdout``, ``stderr``, ``seconds``; or ``error`` where a limit could not be set.
    """
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    fault, fault_end = os.pipe()
    given = os.memfd_create("stdin")
    view = memoryview(job["stdin"])
    while view:
        view = view[os.write(given, view) :]
    os.lseek(given, 0, os.SEEK_SET)
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(job, place, (given, out_end, err_end), fault_end)
    for end in (out_end, err_end, fault_end, given):
        os.close(end)
    texts: dict[int, bytearray] = {out: bytearray(), err: bytearray()}
    try:
        state, status = _watch(pid, texts, job, place)
        seconds = time.monotonic() - started
        problem = os.read(fault, 4096)
    finally:
        for end in (out, err, fault):
            os.close(end)
    if problem:
        return {"error": problem.decode("utf-8", "replace")}
    code = os.waitstatus_to_exitcode(status)
    if state == "exit" and (code == -signal.SIGXFSZ or place.free() < _FULL):
        state = "disk-limit"
    elif state == "exit" and code < 0:
        state = "killed"
    cut = [bytes(text[: job["output"]]) for text in texts.values()]
    return {"state": state, "code": code, "stdout": cut[0], "stderr": cut[1], "seconds": seconds}


def _watch(pid: int, texts: dict[int, bytearray], job: dict[str, Any], place: JobContext) -> tuple[str, int]:
    """Follow a process, and end everything in the box with it; return the state and the wait status."""
    poll = select.poll()
    ended = os.pidfd_open(pid)
    for fd in (*texts, ended):
        poll.register(fd, select.POLLIN)
    deadline = time.monotonic() + job["seconds"]
    look = time.monotonic() + _LOOK_EVERY
    state = ""
    while not state:
        wait = max(0.0, min(look, deadline) - time.monotonic())
        for fd, _ in poll.poll(wait * 1000 + 1):
            if fd == ended:
                state = "exit"
            elif not _take(fd, texts[fd], job["output"]):
                poll.unregister(fd)
        if any(len(text) > job["output"] for text in texts.values()):
            state = "output-limit"
        now = time.monotonic()
        if not state and now >= deadline:
            state = "timeout"
        if not state and now >= look:
            state, look = place.over(job), now + _LOOK_EVERY
    os.close(ended)
    status = place.clear(pid)
    for fd, text in texts.items():
        while _take(fd, text, job["output"]):
            pass
    if state == "exit" and any(len(text) > job["output"] for text in texts.values()):
        state = "output-limit"
    return state, status


def _take(fd: int, text: bytearray, cap: int) -> bool:
    """Move what a pipe holds to a text, one byte beyond the cap at most; return whether there may be more."""
    part = os.read(fd, 1 << 16)
    text += part[: cap + 1 - len(text)]
    return bool(part)


def _become(job: dict[str, Any], place: JobContext, streams: tuple[int, int, int], fault: int) -> NoReturn:
    """Turn this fresh child into the program."""
    try:
        try:
            os.setsid()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            _limit(job, place)
            for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError, LookupError) as error:
            os.write(fault, str(error).encode())
            os._exit(1)
        # From here on it may be the program's own doing: an earlier job may have moved or removed what it needs.
        os.chdir(place.folder)
        os.execve(job["argv"][0], job["argv"], job["environment"])
    except OSError as error:
        os.write(2, f"cannot run {job['argv'][0]}: {error}\n".encode())
    finally:
        os._exit(127)


def _limit(job: dict[str, Any], place: JobContext) -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: job["cpu"],
        # Counts memory that can be written to, not what a runtime reserves: one limit fits node and Java too.
        resource.RLIMIT_DATA: job["memory"],
        resource.RLIMIT_FSIZE: place.disk,
        resource.RLIMIT_NOFILE: 512,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if place.isolated:
        # Elsewhere it would count all that the user runs, and nothing for root; there the look at the box stands in.
        limits[resource.RLIMIT_NPROC] = job["processes"]
    for which, value in limits.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)  # noqa: PLW2901
        resource.setrlimit(which, (value, value))
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    stack = job["stack"] if hard == resource.RLIM_INFINITY else min(job["stack"], hard)
    resource.setrlimit(resource.RLIMIT_STACK, (stack, hard))
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")
    if place.isolated and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(place.group, place.group, place.group)
        os.setresuid(place.user, place.user, place.user)
    set_no_new_privs()
    die_with_parent(signal.SIGKILL)


def _open_place(config: dict[str, Any]) -> JobContext | None:
    """Make the box; in the process that shall go on with it, return it."""
    if not config["isolated"]:
        set_child_subreaper()
        return JobContext(config["folder"], os.geteuid(), os.getegid(), config["disk"], isolated=False)
    user, group = unshare_namespaces()
    alive, end = os.pipe()
    first = os.fork()
    if first:
        os.close(config["channel"])
        os.close(alive)
        os.waitpid(first, 0)
        return None
    os.close(end)
    die_with_parent(signal.SIGKILL)
    watch = select.poll()
    watch.register(alive, 0)
    if watch.poll(0):  # the parent ended before the kernel knew what to do then
        os._exit(1)
    build_root(config["reads"], config["disk"], user, group)
    return JobContext(HOME, user, group, config["disk"], isolated=True)


def _write_files(place: JobContext, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = Path(place.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if place.isolated:
        for base, folders, names in os.walk(place.folder):
            for name in (*folders, *names):
                os.chown(Path(base) / name, place.user, place.group)


@contextlib.contextmanager
def _leaving_nothing(place: JobContext) -> Iterator[None]:
    """End what runs and remove the work folder when the body ends or we are told to end."""

    def leave(*_: object) -> NoReturn:
        place.clear(0)
        if not place.isolated:
            import shutil

            shutil.rmtree(place.folder, ignore_errors=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        leave()


def main() -> None:
    """Read what box to make from the socket whose number is our argument, then run the jobs that come over it."""
    channel = int(sys.argv[1])
    os.set_inheritable(channel, False)
    config = receive(channel)
    if config is None:
        return
    os.umask(0o022)
    die_with_parent(signal.SIGKILL if config["isolated"] else signal.SIGTERM)
    if os.getppid() != config["parent"]:
        return
    try:
        place = _open_place({**config, "channel": channel})
    except OSError as error:
        send(channel, {"error": ": ".join(map(str, filter(None, (error.strerror, error.filename))))})
        return
    if place is None:
        return
    with _leaving_nothing(place):
        _write_files(place, config["files"])
        send(channel, {"folder": place.folder})
        while (job := receive(channel)) is not None:
            send(channel, execute(job, place))
