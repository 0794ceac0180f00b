"""Find the commit at which the history of an untrusted repository starts: that of ``HEAD``, or of a branch."""

from __future__ import annotations

import mmap
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from themis_rm.errors import InputError
from themis_rm.mining.git_command import environment, git_command
from themis_rm.mining.layout import common_dir, read_small

_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PACKED_BRANCH = re.compile(rb"^[0-9a-f]{40,64} (refs/(?:heads|remotes)/[^\r\n]+)$", re.MULTILINE)
_LISTED = 10
_MOST_BRANCHES = 100_000
_REFTABLE_GIT = (2, 45)
_REFTABLE_BYTES = 256 << 20
_REFTABLE_CONFIG = "[core]\nrepositoryformatversion = 1\nbare = true\n[extensions]\nrefStorage = reftable\n"


def find_commit(git_dir: Path, branch: str = "") -> str:
    """Return the hash of the commit at which a history starts.

    If ``HEAD`` names a missing branch, as in a clone of a bundle without ``HEAD``, the branch ``main``, ``master`` or
    the only local branch is used.

    Args:
        git_dir: Git directory of the repository, see :func:`~themis_rm.mining.layout.find_git_dir`.
        branch: A local branch, a remote-tracking one (``origin/main``, or ``main`` if it has one remote), or a full
            name (``refs/tags/v1``); by default ``HEAD``.

    Raises:
        InputError: There is no such branch, or no commit.
    """
    common = common_dir(git_dir)
    references = _Reftable(git_dir, common) if (common / "reftable").exists() else _Files(git_dir, common)
    if branch:
        names = (f"refs/heads/{branch}", f"refs/remotes/{branch}", f"refs/remotes/origin/{branch}", branch)
        found = next((oid for name in names if (oid := references.read(name))), "")
        if not found:
            raise InputError(f"It has no branch '{_printable(branch)}'.", _choice(references))
        return found
    head = references.read("HEAD")
    if head:
        return head
    local = [name for name in references.branches() if name.startswith("refs/heads/")]
    for name in ("refs/heads/main", "refs/heads/master", *(local if len(local) == 1 else ())):
        if oid := references.read(name):
            return oid
    if any(True for _ in references.branches()):
        raise InputError("HEAD does not point to a commit, but it has branches.", _choice(references))
    raise InputError("It has no commits (HEAD does not point to one, and there is no branch).")


def _choice(references: _Files | _Reftable) -> str:
    names = sorted({name.removeprefix("refs/heads/").removeprefix("refs/remotes/") for name in references.branches()})
    if not names:
        return "It has no branches."
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"Choose one with --set branch=NAME: {_printable(', '.join(names[:_LISTED]))}{more}."


def _printable(text: str) -> str:
    return "".join(ch if ch.isprintable() else "?" for ch in text)[:500]


class _Files:
    """References in files of their own and in ``packed-refs``.

    Args:
        git_dir: Git directory.
        common: See :func:`~themis_rm.mining.layout.common_dir`.
    """

    def __init__(self, git_dir: Path, common: Path) -> None:
        self.git_dir = git_dir
        self.common = common

    def read(self, name: str) -> str:
        """Return the hash to which a reference points, directly or through others; empty if there is none."""
        value = f"ref: {name}"
        for _ in range(6):
            if not value.startswith("ref:"):
                break
            value = self._value(value.removeprefix("ref:").strip())
        return value if _OID.fullmatch(value) else ""

    def _value(self, name: str) -> str:
        if name != "HEAD" and not _is_safe(name):
            return ""
        for folder in (self.git_dir, self.common):
            value = read_small(folder / name).strip()
            if value:
                return value
        return self._packed(name)

    def _packed(self, name: str) -> str:
        wanted = b" " + os.fsencode(name) + b"\n"
        with _mapped(self.common / "packed-refs") as data:
            end = data.find(wanted)
            while end >= 0:
                oid = data[data.rfind(b"\n", 0, end) + 1 : end].decode("ascii", "replace")
                if _OID.fullmatch(oid):
                    return oid
                end = data.find(wanted, end + 1)
        return ""

    def branches(self) -> Iterator[str]:
        """Yield the full names of local and remote-tracking branches, at most 100,000 of each storage."""
        for kind in ("heads", "remotes"):
            files = (
                Path(folder, name)
                for folder, _, names in os.walk(self.common / "refs" / kind, followlinks=False)
                for name in names
            )
            for file in islice(files, _MOST_BRANCHES):
                if file.name != "HEAD":
                    yield file.relative_to(self.common).as_posix()
        with _mapped(self.common / "packed-refs") as data:
            for match in islice(_PACKED_BRANCH.finditer(data), _MOST_BRANCHES):
                yield os.fsdecode(match[1])


def _is_safe(name: str) -> bool:
    """Return whether a name can be that of a reference, and a path below the git directory."""
    parts = name.split("/")
    return parts[0] == "refs" and "\0" not in name and all(part not in ("", "..") and len(part) < 128 for part in parts)


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap | bytes]:
    """Map a file of any size into memory; yields nothing if there is no regular file."""
    if not path.is_file() or not path.stat().st_size:
        yield b""
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


class _Reftable:
    """References in a reftable, which git reads from a copy.

    Args:
        git_dir: Git directory.
        common: See :func:`~themis_rm.mining.layout.common_dir`.

    Raises:
        InputError: The installed git cannot read it, it is too large, or ``HEAD`` is that of a linked worktree.
    """

    def __init__(self, git_dir: Path, common: Path) -> None:
        version = _git_version()
        if version < _REFTABLE_GIT:
            raise InputError(
                f"It stores its references as a reftable, which git {'.'.join(map(str, version))} cannot read.",
                "Install git 2.45 or newer, or run 'git refs migrate --ref-format=files' in it.",
            )
        if git_dir != common:
            raise InputError("It is a linked worktree of a repository with a reftable.", "Pass the main repository.")
        self._references = self._list(common)

    @staticmethod
    def _list(common: Path) -> dict[str, str]:
        tables = [file for file in (common / "reftable").iterdir() if file.is_file()]
        if sum(file.stat().st_size for file in tables) > _REFTABLE_BYTES:
            raise InputError(f"Its reftable has more than {_REFTABLE_BYTES:,} bytes.")
        with tempfile.TemporaryDirectory(prefix="reftable-") as folder:
            for name in ("refs", "objects", "reftable"):
                Path(folder, name).mkdir()
            for file in tables:
                shutil.copyfile(file, Path(folder, "reftable", file.name))
            Path(folder, "HEAD").write_text("ref: refs/heads/.invalid\n", encoding="utf-8")
            Path(folder, "refs", "heads").write_text("this repository uses the reftable format\n", encoding="utf-8")
            oid_format = _object_format(common)
            config = (
                f"[core]\nrepositoryformatversion = 1\nbare = true\n[extensions]\nrefStorage = reftable\n{oid_format}"
            )
            Path(folder, "config").write_text(config, encoding="utf-8")
            git_dir, objects = Path(folder), common / "objects"
            lines = _git(git_dir, ["for-each-ref", "--format=%(objectname) %(refname)"], objects)
            head = _git(git_dir, ["rev-parse", "--verify", "--quiet", "HEAD"], objects)
        found = dict(line.split(" ", 1)[::-1] for line in lines.splitlines() if " " in line)
        return found | ({"HEAD": head.strip()} if head.strip() else {})

    def read(self, name: str) -> str:
        """Return the hash to which a reference points; empty if there is none."""
        return self._references.get(name, "")

    def branches(self) -> Iterator[str]:
        """Yield the full names of local and remote-tracking branches."""
        return (name for name in self._references if name.startswith(("refs/heads/", "refs/remotes/")))


def _object_format(common: Path) -> str:
    return "objectFormat = sha256\n" if "sha256" in read_small(common / "config").lower() else ""


def _git(git_dir: Path | None, arguments: list[str], objects: Path | None = None) -> str:
    variables = {"GIT_OBJECT_DIRECTORY": str(objects.resolve())} if objects is not None else {}
    command = git_command(git_dir, arguments)
    result = subprocess.run(command, capture_output=True, env=environment() | variables, check=False)
    return result.stdout.decode("utf-8", "surrogateescape")


def _git_version() -> tuple[int, int]:
    match = re.search(r"(\d+)\.(\d+)", _git(None, ["--version"]))
    return (int(match[1]), int(match[2])) if match else (0, 0)
