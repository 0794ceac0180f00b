"""A sandbox for untrusted programs: no network; limited time, memory, output, disk and processes; nothing persists.

The kernel isolates a program: namespaces for the network, the file system and the process tree, resource limits, and a
first process whose end terminates every other one in the sandbox. Where the kernel allows no namespaces, a sandbox has
all limits, but programs can reach the host's files and network. :func:`isolation` reports which of the two applies, and
each :class:`RunOutcome` records it.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Self

import themis_rm
from themis_rm.errors import InputError, UserError
from themis_rm.execute.launcher import receive, send
from themis_rm.execute.memory_groups import create_memory_group, remove_memory_group

_NO_SANDBOX = "No sandbox can be created"
_START = "import sys; sys.path.append(sys.argv.pop()); from themis_rm.execute.launcher import main; main()"
_GRACE = 30.0
"""Seconds that a sandbox may need in addition to a job's time limit, for its own work on a busy machine."""

_LIBRARIES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec")
_SYSTEM = (
    *(f"{above}/{name}" for above in ("", "/usr", "/usr/local") for name in _LIBRARIES),
    "/usr/include",
    "/usr/local/include",
    "/nix/store",
)
_SHARED_DATA = ("cli*", "gcc*", "go", "go-*", "i18n", "java*", "mono*", "node*", "perl*", "ruby*", "zoneinfo*")
"""Directories of /usr/share that toolchains read."""

_SYSTEM_ETC = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "nsswitch.conf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one run.

    Attributes:
        seconds: Wall time.
        memory: Bytes of memory, both of the writable memory of one process and of the resident memory of all.
        output: Bytes of standard output and of standard error, each.
        processes: Processes at a time (with namespaces, including threads).
        stack: Bytes of a main thread's stack.
    """

    seconds: float = 10.0
    memory: int = 1 << 30
    output: int = 1 << 20
    processes: int = 128
    stack: int = 8 << 20


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """Outcome of a run.

    Attributes:
        state: ``exit``; ``killed`` (by a signal that it caused, or with its sandbox); or the limit that it exceeded:
            ``timeout``, ``output-limit``, ``disk-limit``, ``memory-limit``, ``process-limit``.
        code: Exit status, or minus the signal.
        stdout: Standard output, truncated at the limit.
        stderr: Standard error, likewise.
        seconds: Wall time.
        isolated: Whether the sandbox had namespaces: a separate network, file system and process tree.
        report: What the program wrote to file descriptor 3, if the run had one.
    """

    state: str
    code: int
    stdout: bytes
    stderr: bytes
    seconds: float
    isolated: bool
    report: bytes = b""


@dataclass(frozen=True, slots=True)
class Isolation:
    """How far sandboxes on this machine isolate programs.

    Attributes:
        complete: Whether they have namespaces.
        reason: Why not, as the kernel reports it.
    """

    complete: bool
    reason: str = ""

    def __str__(self) -> str:
        if self.complete:
            return "separate network (none), file system (toolchains, read-only) and process tree; resource limits"
        return f"resource limits only; the network and the files of this machine are accessible ({self.reason})"


class Sandbox:
    """Run programs one after the other in the same work directory; a context manager.

    A sandbox belongs to the thread that created it and ends when that thread ends, for whatever reason.

    Args:
        files: Name -> content of files in the work directory; names are relative to it.
        reads: Paths of this machine that programs may read in addition to the system's.
        disk: Bytes that may be written in total.
        isolated: Whether to use namespaces.
        hides: Directories below readable paths that are shown empty.

    Attributes:
        directory: Work directory, as programs see it.

    Raises:
        InputError: A file name is outside the work directory.
        UserError: The system is not Linux, or namespaces are requested and not allowed.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        reads: Sequence[str] = (),
        disk: int = 128 << 20,
        isolated: bool = True,
        hides: Sequence[str] = (),
    ) -> None:
        if sys.platform != "linux":
            raise UserError("Code is executed on Linux only.", "Run this step on a Linux machine.")
        for name in files:
            _check_name(name)
        self.isolated = isolated
        self._reads = [*system_paths(), *reads]
        self._hides = list(hides)
        self._group = create_memory_group()
        self._scratch = "" if isolated else tempfile.mkdtemp(prefix="themis-sandbox-")
        self._open(dict(files), disk)

    def _open(self, files: dict[str, bytes], disk: int) -> None:
        here, there = socket.socketpair()
        with there:
            source = str(Path(themis_rm.__file__).parents[1])
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _START, str(there.fileno()), source],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[there.fileno()],
                env={"PATH": os.defpath},
                start_new_session=True,
            )
        self._socket = here
        config = {
            "isolated": self.isolated,
            "parent": os.getpid(),
            "directory": self._scratch,
            "files": files,
            "reads": self._reads,
            "hides": self._hides,
            "disk": disk,
            "group": self._group,
        }
        reply = self._request(config, _GRACE)
        if reply is None or "error" in reply:
            self.close()
            raise UserError(f"{_NO_SANDBOX}: {reply['error'] if reply else 'the launcher ended'}.")
        self.directory: str = reply["directory"]

    def _request(self, message: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """Send a message and return the reply, or ``None`` if the sandbox has ended or does not reply."""
        self._socket.settimeout(None)
        try:
            send(self._socket.fileno(), message)
            with self._socket.dup() as waiting:
                waiting.settimeout(seconds)
                # The reply is sent in one piece, so only its first byte can be late.
                if not waiting.recv(1, socket.MSG_PEEK):
                    return None
            self._socket.settimeout(None)
            return receive(self._socket.fileno())
        except (TimeoutError, ConnectionError):
            return None

    def run(
        self,
        argv: Sequence[str],
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        report: bool = False,
    ) -> RunOutcome:
        """Run a program until it ends or exceeds a limit; processes that it started end with it.

        Args:
            argv: Absolute path of the program, then its arguments.
            stdin: Its standard input.
            environment: Variables in addition to ``HOME``, ``TMPDIR``, ``PATH`` and ``LANG``; the environment of this
                process is not passed on.
            limits: Limits of the run.
            report: Whether the program gets file descriptor 3, a file of
                :data:`~themis_rm.execute.launcher.REPORT_SIZE` bytes.

        Raises:
            UserError: A limit cannot be set.
        """
        limits = limits or Limits()
        job = {
            "argv": list(argv),
            "stdin": stdin,
            "environment": {**self._environment(), **(environment or {})},
            "seconds": limits.seconds,
            # The limit is wall time; this one holds even if the launcher has stopped.
            "cpu": 2 + math.ceil(limits.seconds * 4),
            "memory": limits.memory,
            "output": limits.output,
            "processes": limits.processes,
            "stack": limits.stack,
            "report": report,
        }
        reply = self._request(job, limits.seconds + _GRACE)
        if reply is None:
            self.close()
            return RunOutcome("killed", -9, b"", b"the sandbox ended", 0.0, self.isolated)
        if "error" in reply:
            raise UserError(f"A limit cannot be set: {reply['error']}.")
        return RunOutcome(**reply, isolated=self.isolated)

    def _environment(self) -> dict[str, str]:
        temporary = "/tmp" if self.isolated else self.directory
        return {"HOME": self.directory, "TMPDIR": temporary, "PATH": os.defpath, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}

    def close(self) -> None:
        """End the sandbox and every process in it."""
        self._socket.close()
        if self.isolated:
            self._process.kill()
        else:
            # Only the launcher knows its descendants, so it gets time to end them.
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
            self._process.kill()
        self._process.wait()
        remove_memory_group(self._group)
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise InputError(f"'{name}' does not name a file inside the work directory.")


@cache
def system_paths() -> list[str]:
    """Return the paths of the system that every sandbox can read."""
    etc = [f"/etc/{name}" for name in _SYSTEM_ETC]
    shared = [str(path) for name in _SHARED_DATA for path in Path("/usr/share").glob(name)]
    return [path for path in (*_SYSTEM, *shared, *etc) if os.path.lexists(path)]


@cache
def isolation() -> Isolation:
    """Return how far sandboxes on this machine isolate programs; tried once."""
    if sys.platform != "linux":
        return Isolation(complete=False, reason="not Linux")
    try:
        with Sandbox({}) as sandbox:
            sandbox.run(["/bin/true"])
    except UserError as error:
        return Isolation(complete=False, reason=error.message.removeprefix(f"{_NO_SANDBOX}: ").rstrip("."))
    return Isolation(complete=True)
