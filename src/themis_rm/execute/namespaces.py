"""Linux namespaces: an isolated process in a separate file system that contains the toolchains, read-only.

This module runs in the launcher and imports the standard library only. Python has no mount calls (and ``os.unshare``
only since 3.12), so the C library is called directly. The sequence that creates a new root (tmpfs, pivot_root, bind
mounts from the old root, unmounting it) follows bubblewrap; see mount(2), mount_setattr(2), pivot_root(2) and
user_namespaces(7) for the calls.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

_NEW_MOUNT, _NEW_UTS, _NEW_IPC, _NEW_USER, _NEW_PID, _NEW_NET = (
    0x00020000,
    0x04000000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_READ_ONLY, _NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_DETACH = 2
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _ATTR_READ_ONLY = 442, -100, 0x8000, 1
_SET_DEATH_SIGNAL, _SET_SUBREAPER, _SET_NO_NEW_PRIVILEGES = 1, 36, 38

HOME = "/sandbox"
"""Work directory inside the file system that :func:`build_root` creates."""

_DEVICES = ("null", "zero", "full", "random", "urandom")
_NOBODY = 65534
_FIRST_USER = 0x70000000
_INODES = 20000


class _MountAttributes(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def die_with_parent(signal: int) -> None:
    """Make the kernel send a signal to this process when the thread that started it ends.

    A change of user clears this.
    """
    _check(_LIBC.prctl(_SET_DEATH_SIGNAL, signal, 0, 0, 0), "prctl")


def set_child_subreaper() -> None:
    """Become the parent of every descendant whose parent ends, so that all descendants stay known."""
    _check(_LIBC.prctl(_SET_SUBREAPER, 1, 0, 0, 0), "prctl")


def set_no_new_privs() -> None:
    """Make set-user-id programs run without their owner's rights."""
    _check(_LIBC.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "prctl")


def unshare_namespaces() -> tuple[int, int]:
    """Enter new namespaces; the next child is the first process of a new process tree.

    Root needs no user namespace and later changes to a user id that is unique per sandbox; other users, and root
    without that right, use a user namespace.

    Returns:
        User and group id of the program in the sandbox.

    Raises:
        OSError: The kernel does not allow it.
    """
    flags = _NEW_MOUNT | _NEW_PID | _NEW_NET | _NEW_IPC | _NEW_UTS
    user, group = os.geteuid(), os.getegid()
    if user == 0 and _LIBC.unshare(flags) == 0:
        unique = _unique_user()
        return unique, unique
    _check(_LIBC.unshare(flags | _NEW_USER), "unshare")
    # Inside, an id other than 0 loses every capability when the program is started.
    inner, inner_group = user or _NOBODY, group or _NOBODY
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inner} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{inner_group} {group} 1")
    return inner, inner_group


def _unique_user() -> int:
    """Return a user id that no other sandbox has, so that limits per user apply to this sandbox only."""
    wanted = _FIRST_USER + (os.getpid() & 0x3FFFFF)
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = map(int, line.split())
        if first <= wanted < first + count:
            return wanted
    return _NOBODY


def build_root(reads: Sequence[str], hides: Sequence[str], disk: int, user: int, group: int) -> None:
    """Change to a new file system in memory, of limited size, that contains paths of the old one read-only.

    Args:
        reads: Absolute paths that are readable; symbolic links are copied as links.
        hides: Directories below these that are shown empty.
        disk: Bytes that may be written in total.
        user: Owner of the work directory.
        group: Group of the work directory.

    Raises:
        OSError: The kernel does not allow one of the steps.
    """
    _mount("none", "/", None, _REC | _PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", _NOSUID | _NODEV, f"size={disk},nr_inodes={_INODES},mode=755")
    os.chdir("/tmp")
    os.mkdir("old")
    _check(_LIBC.pivot_root(b".", b"old"), "pivot_root")
    os.chdir("/")
    mounted: list[Path] = []
    for path in sorted(map(Path, reads)):
        if not any(path.is_relative_to(above) for above in mounted):
            _mount_read_only(path)
            if not path.is_symlink():
                mounted.append(path)
    for hidden in hides:
        if os.path.isdir(hidden):
            _mount("tmpfs", hidden, "tmpfs", _READ_ONLY | _NOSUID | _NODEV, "size=4096,nr_inodes=2,mode=755")
    _make_devices()
    for directory, mode in ((HOME, 0o700), ("/tmp", 0o777), ("/dev/shm", 0o777)):
        Path(directory).mkdir(exist_ok=True)  # a toolchain may be below it
        os.chown(directory, user, group)
        Path(directory).chmod(mode)
    etc = Path("/etc")
    etc.mkdir(exist_ok=True)
    (etc / "passwd").write_text(f"sandbox:x:{user}:{group}::{HOME}:/bin/sh\n")
    (etc / "group").write_text(f"sandbox:x:{group}:\n")
    Path("/proc").mkdir()
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC, "hidepid=2")
    _check(_LIBC.umount2(b"/old", _DETACH), "umount")
    Path("/old").rmdir()
    _check(_LIBC.sethostname(b"sandbox", 7), "sethostname")


def _mount_read_only(path: Path) -> None:
    source = Path("/old") / path.relative_to("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        path.symlink_to(source.readlink())
        return
    if source.is_dir():
        path.mkdir()
    else:
        path.touch()
    _mount(str(source), str(path), None, _BIND | _REC)
    wanted = _MountAttributes(attr_set=_ATTR_READ_ONLY | _NOSUID | _NODEV)
    result = _LIBC.syscall(
        _MOUNT_SETATTR,
        _AT_FDCWD,
        os.fsencode(path),
        _AT_RECURSIVE,
        ctypes.byref(wanted),
        ctypes.sizeof(wanted),
    )
    _check(result, f"read-only {path}")


def _make_devices() -> None:
    devices = Path("/dev")
    devices.mkdir()
    for name in _DEVICES:
        (devices / name).touch()
        _mount(f"/old/dev/{name}", f"/dev/{name}", None, _BIND)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        (devices / name).symlink_to(f"/proc/self/fd{target}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    _check(_LIBC.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]), f"mount {target}")
