"""The launcher process: creates a sandbox, runs jobs in it one after the other, and ends every process it started.

:class:`themis_rm.execute.sandbox.Sandbox` starts it as a separate program (``main``) and communicates over a socket
that untrusted code cannot access. Limits are set here, in a process with a single thread, because no code may run
between fork and exec in a process with several. It imports the standard library only, because it is started for every
sandbox.
"""

from __future__ import annotations

import contextlib
import fcntl
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

from themis_rm.execute.memory_groups import MemoryGroup
from themis_rm.execute.namespaces import (
    HOME,
    build_root,
    die_with_parent,
    set_child_subreaper,
    set_no_new_privs,
    unshare_namespaces,
)
from themis_rm.execute.syscall_filter import INET, INET6, NETLINK, UNIX, install_filter

_CHECK_INTERVAL = 0.05
"""Seconds between two checks of what the sandbox uses."""

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SHARED_MEMORY = (b"/dev/zero (deleted)", b"/memfd:", b"/SYSV", b"[anon_shmem")
_FEW_FILES = 64
_SOCKET_SIZE = 2 * 212992
"""Bytes that the buffer of a socket may have."""

_MIN_FREE = 16 * _PAGE
"""Free bytes below which the disk counts as full: not even a small file could be written."""


REPORT = 3
"""File descriptor to which a program may report, where a job asks for it."""

REPORT_SIZE = 32
"""Bytes of a report."""

_ADD_SEALS, _SEALS, _SEAL_WRITE = 1033, 1 | 2 | 4, 8
_FIRST_FREE = 10
"""File descriptors below it are given to programs."""


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
    """The environment in which jobs run.

    It is not a dataclass, because importing dataclasses takes longer than creating a sandbox.

    Args:
        directory: Work directory, as the program sees it.
        user: User id of the program.
        group: Group id of the program.
        disk: Bytes that may be written.
        isolated: Whether the sandbox has namespaces.
        memory: Control group of its programs; ``None`` where there is none.
    """

    def __init__(
        self, directory: str, user: int, group: int, disk: int, *, isolated: bool, memory: MemoryGroup | None
    ) -> None:
        self.directory = directory
        self.memory = memory
        self.user = user
        self.group = group
        self.disk = disk
        self.isolated = isolated

    def processes(self) -> list[int]:
        """Return the ids of all processes in the sandbox."""
        listed = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return [pid for pid in listed if pid != 1] if self.isolated else _descendants(listed)

    def clear(self, main: int) -> int:
        """Kill and reap every process in the sandbox; return the wait status of the process ``main``."""
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
        """Stop every process in the sandbox and return their ids; a stopped process cannot start another one."""
        stopped: set[int] = set()
        while new := set(self.processes()) - stopped:
            for pid in new:
                _signal(pid, signal.SIGSTOP)
            stopped |= new
        return stopped

    def free(self) -> int:
        """Return how many bytes may still be written."""
        if self.isolated:
            disk = os.statvfs("/")
            return disk.f_bfree * disk.f_bsize if disk.f_ffree else 0
        return self.disk - _size(self.directory)

    def exceeded_limit(self, job: dict[str, Any]) -> str:
        """Return the state of a job that exceeds a limit, or an empty text."""
        pids = self.processes()
        if len(pids) > job["processes"]:
            return "process-limit"
        free = self.free()
        # Files of a sandbox with namespaces are in memory.
        files = self.disk - free if self.isolated else 0
        if _memory(pids) + files > job["memory"]:
            return "memory-limit"
        return "disk-limit" if free < _MIN_FREE else ""


def _descendants(listed: list[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid in listed:
        with contextlib.suppress(OSError, ValueError):
            # The name in brackets may contain any character, so fields are counted from its end.
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if stat[0] != "Z":
                children.setdefault(int(stat[1]), []).append(pid)
    found: list[int] = []
    front = [os.getpid()]
    while front:
        front = [child for pid in front for child in children.get(pid, [])]
        found += front
    return found


def _memory(pids: list[int]) -> int:
    """Return how many bytes of memory processes use at most, without what is read from files.

    Shared memory counts with its size, once for all processes, because pages in it may be used without being mapped.
    """
    private = 0
    segments: dict[str, int] = {}
    sockets: set[str] = set()
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            private += _private(pid)
            for segment, size in _shared_segments(pid).items():
                segments[segment] = max(size, segments.get(segment, 0))
            sockets |= _sockets(pid)
    return private + sum(segments.values()) + len(sockets) * _SOCKET_SIZE


def _private(pid: int) -> int:
    """Return the private resident memory of a process."""
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()
    return (int(fields[1]) - int(fields[2])) * _PAGE


def _shared_segments(pid: int) -> dict[str, int]:
    """Return the inode -> size of the shared memory without a file that a process has mapped."""
    found: dict[str, int] = {}
    with open(f"/proc/{pid}/maps", "rb") as lines:
        for line in lines:
            fields = line.split(None, 5)
            if fields[1].endswith(b"s") and len(fields) > 5 and fields[5].startswith(_SHARED_MEMORY):
                start, _, end = fields[0].partition(b"-")
                inode = fields[4].decode()
                found[inode] = found.get(inode, 0) + int(end, 16) - int(start, 16)
    return found


def _sockets(pid: int) -> set[str]:
    """Return the sockets of a process; none if it has only a few files open."""
    directory = f"/proc/{pid}/fd"
    names = os.listdir(directory)
    links = (os.readlink(f"{directory}/{name}") for name in names) if len(names) > _FEW_FILES else ()
    return {link for link in links if link.startswith("socket:")}


def _size(directory: str) -> int:
    total = 0
    for base, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(base, name)).st_blocks * 512
    return total


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def execute(job: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Run a program to its end or to a limit.

    Args:
        job: ``argv``, ``environment``, ``stdin`` and limits: see :class:`themis_rm.execute.sandbox.Limits`.
        context: Where it runs.

    Returns:
        ``state``, ``code``, ``stdout``, ``stderr``, ``seconds``, ``report``; or ``error`` where a limit could not be
        set.
    """
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    fault, fault_end = os.pipe()
    stdin = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(job["stdin"])
    while view:
        view = view[os.write(stdin, view) :]
    os.lseek(stdin, 0, os.SEEK_SET)
    fcntl.fcntl(stdin, _ADD_SEALS, _SEALS | _SEAL_WRITE)
    report = _open_report() if job["report"] else -1
    kills = context.memory.kills() if context.memory else 0
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(job, context, (stdin, out_end, err_end, report), fault_end)
    for end in (out_end, err_end, fault_end, stdin):
        os.close(end)
    texts: dict[int, bytearray] = {out: bytearray(), err: bytearray()}
    try:
        state, status = _watch(pid, texts, job, context)
        seconds = time.monotonic() - started
        problem = os.read(fault, 4096)
        reported = os.pread(report, REPORT_SIZE, 0) if report >= 0 else b""
    finally:
        for end in (out, err, fault, *([report] if report >= 0 else [])):
            os.close(end)
    if problem:
        return {"error": problem.decode("utf-8", "replace")}
    code = os.waitstatus_to_exitcode(status)
    if state == "exit" and context.memory and context.memory.kills() > kills:
        state = "memory-limit"
    if state == "exit" and (code == -signal.SIGXFSZ or context.free() < _MIN_FREE):
        state = "disk-limit"
    elif state == "exit" and code < 0:
        state = "killed"
    cut = [bytes(text[: job["output"]]) for text in texts.values()]
    return {
        "state": state,
        "code": code,
        "stdout": cut[0],
        "stderr": cut[1],
        "seconds": seconds,
        "report": reported,
    }


def _open_report() -> int:
    """Return a file in memory whose size is fixed."""
    report = os.memfd_create("report", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(report, REPORT_SIZE)
    fcntl.fcntl(report, _ADD_SEALS, _SEALS)
    return report


def _watch(pid: int, texts: dict[int, bytearray], job: dict[str, Any], context: JobContext) -> tuple[str, int]:
    """Wait until a process ends or exceeds a limit, and end the others; return the state and the wait status."""
    poll = select.poll()
    ended = os.pidfd_open(pid)
    for fd in (*texts, ended):
        poll.register(fd, select.POLLIN)
    deadline = time.monotonic() + job["seconds"]
    next_check = time.monotonic() + _CHECK_INTERVAL
    state = ""
    while not state:
        wait = max(0.0, min(next_check, deadline) - time.monotonic())
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
        if not state and now >= next_check:
            state, next_check = context.exceeded_limit(job), now + _CHECK_INTERVAL
    os.close(ended)
    status = context.clear(pid)
    for fd, text in texts.items():
        while _take(fd, text, job["output"]):
            pass
    if state == "exit" and any(len(text) > job["output"] for text in texts.values()):
        state = "output-limit"
    return state, status


def _take(fd: int, text: bytearray, cap: int) -> bool:
    """Move a pipe's content to a buffer, up to one byte beyond the cap; return whether there may be more."""
    part = os.read(fd, 1 << 16)
    text += part[: cap + 1 - len(text)]
    return bool(part)


def _become(job: dict[str, Any], context: JobContext, streams: tuple[int, ...], fault: int) -> NoReturn:
    """Replace this new child process by the program."""
    try:
        try:
            os.setsid()
            fault = fcntl.fcntl(fault, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
            high = [fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for stream in streams if stream >= 0]
            for number, stream in enumerate(high):
                os.dup2(stream, number)
            _limit(job, context)
            for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError, LookupError) as error:
            os.write(fault, str(error).encode())
            os._exit(1)
        # An error from here on may be caused by the program: an earlier job may have removed what it needs.
        os.chdir(context.directory)
        os.execve(job["argv"][0], job["argv"], job["environment"])
    except OSError as error:
        os.write(2, f"cannot run {job['argv'][0]}: {error}\n".encode())
    finally:
        os._exit(127)


def _limit(job: dict[str, Any], context: JobContext) -> None:
    if context.memory:
        context.memory.limit(job["memory"])
        context.memory.join()
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: job["cpu"],
        # Counts writable memory and not what a runtime reserves, so one limit fits node and Java too.
        resource.RLIMIT_DATA: job["memory"],
        resource.RLIMIT_FSIZE: context.disk,
        resource.RLIMIT_NOFILE: 512,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if context.isolated:
        # Without namespaces it would count all processes of the user, and none for root; exceeded_limit() counts then.
        limits[resource.RLIMIT_NPROC] = job["processes"]
    for which, value in limits.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)  # noqa: PLW2901
        resource.setrlimit(which, (value, value))
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    stack = min((limit for limit in (job["stack"], hard) if limit != resource.RLIM_INFINITY), default=hard)
    resource.setrlimit(resource.RLIMIT_STACK, (stack, hard))
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")
    if context.isolated and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(context.group, context.group, context.group)
        os.setresuid(context.user, context.user, context.user)
    set_no_new_privs()
    die_with_parent(signal.SIGKILL)
    install_filter((UNIX,) if context.isolated else (UNIX, INET, INET6, NETLINK))


def _open_sandbox(config: dict[str, Any]) -> JobContext | None:
    """Create the sandbox; return it in the process that will use it, and ``None`` in the others."""
    memory = MemoryGroup(config["group"]) if config["group"] else None
    disk = config["disk"]
    if not config["isolated"]:
        set_child_subreaper()
        return JobContext(config["directory"], os.geteuid(), os.getegid(), disk, isolated=False, memory=memory)
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
    if watch.poll(0):  # the parent ended before the kernel was instructed to end this process with it
        os._exit(1)
    build_root(config["reads"], config["hides"], disk, user, group)
    return JobContext(HOME, user, group, disk, isolated=True, memory=memory)


def _write_files(context: JobContext, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = Path(context.directory) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if context.isolated:
        for base, directories, names in os.walk(context.directory):
            for name in (*directories, *names):
                os.chown(Path(base) / name, context.user, context.group)


@contextlib.contextmanager
def _cleanup(context: JobContext) -> Iterator[None]:
    """End all processes and remove the work directory when the body ends or SIGTERM arrives."""

    def clean_up(*_: object) -> NoReturn:
        context.clear(0)
        if not context.isolated:
            import shutil

            shutil.rmtree(context.directory, ignore_errors=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, clean_up)
    try:
        yield
    finally:
        clean_up()


def main() -> None:
    """Create the sandbox described on the socket whose number is the argument, then run the jobs sent over it."""
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
        context = _open_sandbox({**config, "channel": channel})
    except OSError as error:
        send(channel, {"error": ": ".join(map(str, filter(None, (error.strerror, error.filename))))})
        return
    if context is None:
        return
    with _cleanup(context):
        _write_files(context, config["files"])
        send(channel, {"directory": context.directory})
        while (job := receive(channel)) is not None:
            send(channel, execute(job, context))
