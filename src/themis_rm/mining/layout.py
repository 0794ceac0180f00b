"""Find the git directory and the object store of an untrusted repository, without running git.

Everything in the repository may be forged: files may be links or pipes, and may name directories of other repositories
on the machine, whose code must not be mined as this one's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from themis_rm.errors import InputError
from themis_rm.mining.git_command import environment, git_command

_SMALL = 1 << 20
_BLOCK = 1 << 20


def read_small(path: Path, limit: int = _SMALL) -> str:
    """Return the text of a small regular file; ``""`` if there is none. Opening a pipe would block.

    Raises:
        InputError: The file is larger than ``limit`` bytes or cannot be read.
    """
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read {path.name} of the repository ({type(error).__name__}).") from error
    if len(data) > limit:
        raise InputError(f"The file {path.name} of the repository has more than {limit:,} bytes.")
    return data.decode("utf-8", "surrogateescape")


def find_git_dir(path: Path) -> Path:
    """Return the git directory of a working tree, a worktree, a submodule or a bare repository.

    Raises:
        InputError: The directory is none of these, or is connected to a git directory that does not point back to it.
    """
    inner = path / ".git"
    if inner.is_symlink():
        target = inner.resolve()
        raise InputError(f"Its .git is a link to {target}.", "Pass that directory itself.")
    if inner.is_dir():
        return inner
    if inner.is_file():
        named = read_small(inner)
        if named.startswith("gitdir: "):
            target = path / named.removeprefix("gitdir: ").strip()
            if not _points_back(target, path):
                raise InputError(
                    f"Its .git file names {target}, which is not a worktree or submodule of it.",
                    "Pass that directory itself.",
                )
            return target
    if (path / "HEAD").is_file() and ((path / "objects").is_dir() or (path / "commondir").is_file()):
        return path
    raise InputError("It is not a git repository.", "Pass a clone, a bare repository or a bundle.")


def _points_back(git_dir: Path, path: Path) -> bool:
    """Return whether a git directory belongs to a working tree with a ``.git`` file: a worktree or a submodule."""
    back = read_small(git_dir / "gitdir").strip()
    if back:
        return _same(git_dir / back, path / ".git")
    tree = read_config(git_dir, "core.worktree")
    return bool(tree) and _same(git_dir / tree, path)


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def common_dir(git_dir: Path) -> Path:
    """Return the directory with the objects and references: that of the main repository for a linked worktree.

    Raises:
        InputError: The file ``commondir`` names the directory of another repository.
    """
    named = read_small(git_dir / "commondir").strip()
    if not named:
        return git_dir
    common = git_dir / named
    if not _same(git_dir.parent, common / "worktrees") or git_dir.is_symlink():
        raise InputError(f"Its commondir names {common}, of which it is not a worktree.", "Pass that directory itself.")
    return common


def require_own_objects(common: Path, borrowing: bool) -> Path:
    """Return the object store of a repository after checking that all objects are inside it.

    Args:
        common: See :func:`common_dir`.
        borrowing: Whether it may borrow objects from other directories.

    Raises:
        InputError: There is no object store, it borrows objects without permission, or it contains a special file.
    """
    objects, root = common / "objects", os.path.realpath(common)
    if not objects.is_dir():
        raise InputError(f"{common} has no directory of objects, so it is not a git repository.")
    for name in ("alternates", "http-alternates"):
        file = objects / "info" / name
        if os.path.lexists(file) and not file.is_file():
            raise InputError(f"Its objects/info/{name} is not a regular file.")  # git would block on a pipe
        if not borrowing and _has_text(file):
            raise InputError(
                f"It borrows objects from other directories (objects/info/{name}).",
                "Set alternates=true to allow it, or run 'git repack -a -d' in it and delete that file.",
            )
    for path, is_special in _links_and_special_files(objects):
        shown = os.path.relpath(path, common)
        if is_special:
            raise InputError(f"Its {shown} is not a regular file.")
        if not borrowing and not Path(os.path.realpath(path)).is_relative_to(root):
            raise InputError(
                f"It borrows objects from other directories ({shown} is a link).",
                "Set alternates=true to allow it, or pass a clone of it.",
            )
    return objects


def _has_text(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as handle:
        return any(block.strip() for block in iter(lambda: handle.read(_BLOCK), b""))


def _links_and_special_files(objects: Path) -> Iterator[tuple[str, bool]]:
    """Yield links in an object store, and files that are neither regular nor directories, with whether they are."""
    if objects.is_symlink():
        yield str(objects), False
    pending = [str(objects)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield entry.path, False
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif not entry.is_file() and not entry.is_dir() and Path(entry.path).exists():
                    yield entry.path, True


def partial_clone_filter(common: Path) -> str | None:
    """Return the filter of a partial clone, ``"unknown filter"`` if it names none, or ``None`` for other clones."""
    markers = (read_config(common, "extensions.partialclone"), *read_configs(common, r"^remote\..*\.promisor$"))
    pack = common / "objects" / "pack"
    if not any(markers) and not (pack.is_dir() and any(pack.glob("*.promisor"))):
        return None
    filters = read_configs(common, r"^remote\..*\.partialclonefilter$")
    return next((name for name in filters if name.isprintable()), "unknown filter")[:100]


def read_config(common: Path, key: str) -> str:
    """Return a value of the configuration of a repository, or ``""``; see :func:`read_configs`."""
    return next(iter(read_configs(common, f"^{key.replace('.', '[.]')}$")), "")


def read_configs(common: Path, keys: str) -> list[str]:
    """Return the values of all keys of the configuration of a repository that match a regular expression.

    Only this file is read, without includes, and none of its settings is applied.
    """
    config = common / "config"
    if not config.is_file() or config.stat().st_size > _SMALL:
        return []
    arguments = ["config", "--file", str(config.resolve()), "--no-includes", "--null", "--get-regexp", keys]
    result = subprocess.run(
        git_command(None, arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(),
        cwd="/",
        check=False,
    )
    values = result.stdout.decode("utf-8", "replace").split("\0")[:-1] if result.returncode == 0 else []
    return [value.partition("\n")[2].strip() for value in values]


def remote_url(git_dir: Path) -> str:
    """Return the URL of the remote ``origin`` in the configuration of a repository, or ``""``."""
    return read_config(common_dir(git_dir), "remote.origin.url")
