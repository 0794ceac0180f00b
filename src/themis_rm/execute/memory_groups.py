"""Control groups that limit the memory of a sandbox, where this machine lets its user create them."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PREFIX = "themis-sandbox-"
_REMOVAL_SECONDS = 2.0


def create_memory_group() -> str:
    """Create a control group for memory and return its directory; an empty text where that is not possible."""
    for parent in _parents():
        group = parent / f"{_PREFIX}{os.getpid()}-{uuid.uuid4().hex}"
        try:
            group.mkdir()
        except OSError:
            continue
        _remove_abandoned(parent)
        if any((group / name).exists() for name in ("memory.max", "memory.limit_in_bytes")):
            return str(group)
        remove_memory_group(str(group))
    return ""


@cache
def _remove_abandoned(parent: Path) -> None:
    """Remove groups of processes that were killed before they could; done once."""
    for group in parent.glob(f"{_PREFIX}*"):
        if not Path("/proc", group.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            with contextlib.suppress(OSError):
                group.rmdir()


def remove_memory_group(directory: str) -> None:
    """Remove a control group when its last process has ended."""
    end = time.monotonic() + _REMOVAL_SECONDS
    while directory:
        try:
            os.rmdir(directory)
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > end:
                return
            time.sleep(0.01)


def _parents(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> Iterator[Path]:
    """Yield directories below which a group for memory may be created."""
    with contextlib.suppress(OSError, ValueError):
        for line in membership.read_text(encoding="utf-8").splitlines():
            number, controllers, path = line.split(":", 2)
            if "memory" in controllers.split(","):
                yield from (root / "memory" / path.lstrip("/"), root / "memory")
            elif number == "0":
                # A group with processes cannot pass a controller on, so one of the groups above it must.
                own = root / path.lstrip("/")
                yield from (above for above in (own, *own.parents) if _passes_memory_on(above))


def _passes_memory_on(group: Path) -> bool:
    try:
        return "memory" in (group / "cgroup.subtree_control").read_text(encoding="utf-8").split()
    except OSError:
        return False


class MemoryGroup:
    """The files of a control group, opened before the file system of a sandbox hides them.

    Args:
        directory: The group's directory.

    Raises:
        OSError: A file cannot be opened.
    """

    def __init__(self, directory: str) -> None:
        version_2 = os.path.exists(os.path.join(directory, "memory.max"))
        limits = ("memory.max", "memory.swap.max") if version_2 else ("memory.limit_in_bytes", "")
        self._limit = self._open(directory, limits[0], os.O_WRONLY)
        self._members = self._open(directory, "cgroup.procs", os.O_WRONLY)
        self._events = self._open(directory, "memory.events" if version_2 else "memory.oom_control", os.O_RDONLY)
        with contextlib.suppress(OSError):
            if limits[1]:
                Path(directory, limits[1]).write_text("0", encoding="utf-8")

    @staticmethod
    def _open(directory: str, name: str, flags: int) -> int:
        return os.open(os.path.join(directory, name), flags | os.O_CLOEXEC)

    def limit(self, size: int) -> None:
        """Set the limit in bytes."""
        os.pwrite(self._limit, str(size).encode(), 0)

    def join(self) -> None:
        """Move this process into the group."""
        os.write(self._members, b"0")

    def kills(self) -> int:
        """Return how many processes were killed because the limit was exceeded."""
        words = os.pread(self._events, 4096, 0).split()
        return int(words[words.index(b"oom_kill") + 1]) if b"oom_kill" in words else 0
