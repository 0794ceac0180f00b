"""Untrusted programs in a box: no network, bounded time, memory, output, disk and processes, and nothing left behind.

What keeps a program in is the kernel: namespaces for the network, the file system and the process tree, resource
limits, and a first process whose end is the end of every other in the box. Where the kernel allows no namespaces a box
still has all limits but shows the host's files and network: :func:`isolation` says which of the two it is, and nothing
here claims the first where it is the second.
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

_START = "import sys; sys.path.append(sys.argv.pop()); from themis_rm.execute.launcher import main; main()"
_GRACE = 30.0
"""Seconds that a box may take longer than its job's limit before it is given up: its own work, on a busy machine."""

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
_SYSTEM_ETC = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "nsswitch.conf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may use.

    Attributes:
        seconds: Wall time.
        memory: Bytes of memory: per process what it may write to, and what all hold together.
        output: Bytes of standard output and of standard error, each.
        processes: Processes (in a box with namespaces, threads too) at a time.
        stack: Bytes of a main thread's stack.
    """

    seconds: float = 10.0
    memory: int = 1 << 30
    output: int = 1 << 20
    processes: int = 128
    stack: int = 8 << 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        state: ``exit``; ``killed`` (by a signal of its own doing, or with its box); or the limit that it went over:
            ``timeout``, ``output-limit``, ``disk-limit``, ``memory-limit``, ``process-limit``.
        code: Exit status, or minus the signal.
        stdout: Standard output, cut at the limit.
        stderr: Standard error, likewise.
        seconds: Wall time.
        isolated: Whether the box had namespaces: its own network, files and process tree.
    """

    state: str
    code: int
    stdout: bytes
    stderr: bytes
    seconds: float
    isolated: bool


@dataclass(frozen=True, slots=True)
class Isolation:
    """What boxes on this machine keep in.

    Attributes:
        complete: Whether they have namespaces of their own.
        why: What the kernel said, where they have not.
    """

    complete: bool
    why: str = ""

    def __str__(self) -> str:
        if self.complete:
            return "own network (none), file system (toolchains, read-only) and process tree; limits on resources"
        return f"limits on resources alone; the network and this machine's files can be reached ({self.why})"


class Sandbox:
    """A place where programs run one after the other over the same work folder; a context manager.

    A box belongs to the thread that made it: it ends when that thread does, however that comes about.

    Args:
        files: Name -> contents of files in the work folder; names are relative and stay inside it.
        reads: Paths of this machine that programs may read beside the system's own.
        disk: Bytes that may be written in all.
        isolated: Whether to use namespaces.

    Raises:
        InputError: A file's name leads out of the folder.
        UserError: The system is no Linux, or namespaces are asked for and not allowed.
    """

    def __init__(
        self, files: Mapping[str, bytes], reads: Sequence[str] = (), disk: int = 128 << 20, isolated: bool = True
    ) -> None:
        if sys.platform != "linux":
            raise UserError("Code can be executed safely on Linux alone.", "Run this step on a Linux machine.")
        for name in files:
            _check_name(name)
        self.isolated = isolated
        self._reads = [*_shown_of_system(), *reads]
        self._scratch = "" if isolated else tempfile.mkdtemp(prefix="themis-box-")
        self._open(dict(files), disk)

    def _open(self, files: dict[str, bytes], disk: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            source = str(Path(themis_rm.__file__).parents[1])
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _START, str(theirs.fileno()), source],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={"PATH": os.defpath},
                start_new_session=True,
            )
        self._socket = ours
        config = {
            "isolated": self.isolated,
            "parent": os.getpid(),
            "folder": self._scratch,
            "files": files,
            "reads": self._reads,
            "disk": disk,
        }
        answer = self._ask(config, _GRACE)
        if answer is None or "error" in answer:
            self.close()
            raise UserError(f"No box can be made: {answer['error'] if answer else 'its launcher ended'}.")
        self.folder: str = answer["folder"]

    def _ask(self, message: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """Send a message and return the answer, or ``None`` from a box that has ended or does not answer."""
        self._socket.settimeout(None)
        try:
            send(self._socket.fileno(), message)
            with self._socket.dup() as waiting:
                waiting.settimeout(seconds)
                # The answer comes in one go: once its first byte is there, the rest is on its way.
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
    ) -> Outcome:
        """Run a program to its end, or to the first limit that it goes over; nothing that it started outlives it.

        Args:
            argv: Absolute path of the program, then its arguments.
            stdin: What it gets on standard input.
            environment: Variables beside ``HOME``, ``TMPDIR``, ``PATH`` and ``LANG``; nothing of ours is passed on.
            limits: What it may use.
        """
        limits = limits or Limits()
        job = {
            "argv": list(argv),
            "stdin": stdin,
            "environment": {**self._environment(), **(environment or {})},
            "seconds": limits.seconds,
            # Wall time is the limit; this one is for what a stopped launcher would no longer see.
            "cpu": 2 + math.ceil(limits.seconds * 4),
            "memory": limits.memory,
            "output": limits.output,
            "processes": limits.processes,
            "stack": limits.stack,
        }
        answer = self._ask(job, limits.seconds + _GRACE)
        if answer is None:
            self.close()
            return Outcome("killed", -9, b"", b"the box ended", 0.0, self.isolated)
        if "error" in answer:
            raise UserError(f"A limit cannot be set: {answer['error']}.")
        return Outcome(**answer, isolated=self.isolated)

    def _environment(self) -> dict[str, str]:
        temporary = "/tmp" if self.isolated else self.folder
        return {"HOME": self.folder, "TMPDIR": temporary, "PATH": os.defpath, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}

    def close(self) -> None:
        """End the box and all that is in it."""
        self._socket.close()
        if self.isolated:
            self._process.kill()
        else:
            # Only the launcher knows its descendants, so it gets the time to end them.
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
            self._process.kill()
        self._process.wait()
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise InputError(f"'{name}' does not name a file inside the work folder.")


@cache
def _shown_of_system() -> list[str]:
    etc = [f"/etc/{name}" for name in _SYSTEM_ETC]
    return [path for path in (*_SYSTEM, *etc) if os.path.lexists(path)]


@cache
def isolation() -> Isolation:
    """Try once what boxes keep in on this machine."""
    if sys.platform != "linux":
        return Isolation(complete=False, why="not Linux")
    try:
        with Sandbox({}) as box:
            box.run(["/bin/true"])
    except UserError as error:
        return Isolation(complete=False, why=error.message.removeprefix("No box can be made: ").rstrip("."))
    return Isolation(complete=True)
