"""Fingerprints that tell whether a stage has to run again: of its inputs, its settings and the code that it runs."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def combine(*parts: str) -> str:
    """Return one fingerprint of several, sensitive to their order."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def code(*rooms: str) -> str:
    """Return the fingerprint of the source text of the root modules and of these rooms of the package."""
    digest = hashlib.sha256()
    files = sorted(PACKAGE.glob("*.py"))
    for room in rooms:
        files += sorted(f for f in (PACKAGE / room).rglob("*") if f.is_file() and "__pycache__" not in f.parts)
    for file in files:
        digest.update(str(file.relative_to(PACKAGE)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def files(paths: Iterable[Path], base: Path) -> str:
    """Return the fingerprint of files' names (relative to ``base``) and contents."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path.relative_to(base)).encode() + b"\0")
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()


def tree(root: Path) -> str:
    """Return the fingerprint of a source tree: every file's path, size and time of change, without reading it."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc":
            stat = path.stat()
            digest.update(f"{path.relative_to(root)}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode("utf-8", "replace"))
    return digest.hexdigest()


def repository(name: str) -> str:
    """Return the fingerprint of a repository: its references, or just its name where it is not on this machine."""
    path = Path(name)
    if path.is_file():
        return files([path], path.parent)
    if not path.is_dir():
        return combine(name)
    refs = subprocess.run(
        ["git", "-c", "core.fsmonitor=false", "-C", str(path), "for-each-ref", "--format=%(objectname) %(refname)"],
        capture_output=True,
        check=False,
    )
    head = subprocess.run(
        ["git", "-c", "core.fsmonitor=false", "-C", str(path), "rev-parse", "HEAD"], capture_output=True, check=False
    )
    return combine(name, refs.stdout.decode(errors="replace"), head.stdout.decode(errors="replace"))
