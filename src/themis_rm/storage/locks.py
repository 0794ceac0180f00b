"""Locks of outputs: one process at a time writes to a directory or a file."""

from __future__ import annotations

import errno
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import filelock

from themis_rm.errors import InputError

LOCK_FILE = ".lock"
"""Name of the lock file in an output directory; it exists only while a process writes to the directory."""

_held: ContextVar[frozenset[str]] = ContextVar("held", default=frozenset())


@contextmanager
def exclusive(out: str | Path) -> Iterator[None]:
    """Lock a directory for this process while the body runs; the lock ends with the process, however it ends.

    The directory is created, and removed again if it is still empty in the end. The body may lock it again.

    Raises:
        InputError: Another process holds the lock.
        OSError: The directory cannot be created, or no file can be created in it.
    """
    with _locked(Path(out), Path(out) / LOCK_FILE):
        yield


@contextmanager
def exclusive_file(out: str | Path) -> Iterator[None]:
    """Lock an output file for this process while the body runs, as :func:`exclusive` locks a directory.

    A device (``/dev/null``) is not locked.

    Raises:
        InputError: Another process holds the lock, or there is something at this path that cannot be a file.
        OSError: No file can be created next to it.
    """
    out = Path(os.path.realpath(out))
    mode = _mode(out)
    if mode is not None and (stat.S_ISDIR(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        raise InputError(f"Cannot write {out}: It is not a file.", "Name a file.")
    if mode is not None and not stat.S_ISREG(mode):
        yield
        return
    with _locked(out, out.with_name(f".{out.name}{LOCK_FILE}")):
        yield


@contextmanager
def wait_for_lock(path: str | Path) -> Iterator[None]:
    """Lock a file while the body runs, after waiting for the process that holds the lock.

    Args:
        path: Lock file. Its directory is created if missing; the file stays, so that all processes lock the same one.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path):
        yield


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


@contextmanager
def _locked(out: Path, lock_file: Path) -> Iterator[None]:
    name = os.path.realpath(lock_file)
    if name in _held.get():
        yield
        return
    with _parents(lock_file.parent), _lock_file(out, Path(name)):
        token = _held.set(_held.get() | {name})
        try:
            yield
        finally:
            _held.reset(token)


@contextmanager
def _parents(directory: Path) -> Iterator[None]:
    """Create a directory for the body; afterwards remove what was created and is still empty."""
    created = [path for path in (directory, *directory.parents) if not path.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):
            for path in created:
                path.rmdir()


@contextmanager
def _lock_file(out: Path, path: Path) -> Iterator[None]:
    lock = filelock.FileLock(path)
    try:
        with warnings.catch_warnings():  # a file system without flock: the existence of the file is the lock
            warnings.simplefilter("ignore")
            lock.acquire(blocking=False)
    except filelock.Timeout:
        raise InputError(f"{out} is in use by another run.", "Wait for it, or set another output.") from None
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(out)) from error
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # while it is locked, so that it is not that of the next process
        lock.release()
