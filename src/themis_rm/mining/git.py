"""Run git on untrusted repositories.

A local repository is never opened itself. git runs on an isolated git directory, which has a configuration written
here and a detached ``HEAD``, and reads only the object store of the repository. So the configuration of the repository
(``core.fsmonitor``, ``gpg.program``, external diffs, promisor remotes), its hooks, attributes, replacement objects and
ownership have no effect. Clones, for which this is not possible, run without hooks and templates and with restricted
transports.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from themis_rm.errors import InputError
from themis_rm.storage.atomic import atomic_path

_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_ALLOW_PROTOCOL": "https:ssh:git:file",
    "LC_ALL": "C",
}
_INHERITED = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_PROXY_COMMAND")
"""Variables that configure access to servers; all other ``GIT_*`` and ``*ASKPASS`` variables are removed."""

_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tbare = true
\tfsmonitor = false
\thooksPath = /dev/null
\tattributesFile = /dev/null
\tcommitGraph = false
\tbigFileThreshold = 16m
\tpackedGitWindowSize = 8m
\tpackedGitLimit = 64m
\tdeltaBaseCacheLimit = 64m
[protocol]
\tallow = never
[log]
\tshowRoot = false
\tshowSignature = false
[diff]
\trenames = false
[gc]
\tauto = 0
{extensions}"""

_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def environment() -> dict[str, str]:
    """Return the environment for git: the user's, without variables that change what git does."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or not (name.startswith("GIT_") or name.endswith("ASKPASS"))
    }
    return kept | _ENVIRONMENT


def _command(git_dir: Path | None, arguments: Sequence[str]) -> list[str]:
    where = [] if git_dir is None else [f"--git-dir={git_dir}"]
    return [
        "git", "--no-pager", "--no-replace-objects", *where,
        "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", *arguments,
    ]  # fmt: skip


def require_git() -> None:
    """Check that git is installed.

    Raises:
        InputError: There is no git program on the path.
    """
    if shutil.which("git") is None:
        raise InputError("The git program is not installed (or not on PATH).", "Install git 2.36 or newer.")


def parse_git_error(stderr: bytes, hidden: Sequence[str] = ()) -> str:
    """Return the most informative line of git's error output, without passwords and control characters.

    Args:
        stderr: Error output of git.
        hidden: Texts to remove, such as temporary directories or a URL with a password.
    """
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    message = next((line for line in lines if line.startswith("fatal:")), lines[-1] if lines else "git gave no reason")
    for text in hidden:
        message = message.replace(text, "...")
    printable = "".join(ch if ch.isprintable() else "?" for ch in message)
    return re.sub(r"://[^/@\s]+@", "://", printable).removeprefix("fatal: ")[:300]


@dataclass(frozen=True, slots=True)
class IsolatedGitDir:
    """A repository open_isolated for reading.

    Attributes:
        path: The isolated git directory, on which git runs.
        objects: Object store of the repository.
        head: Hash of the commit at which the history starts.
        boundary: Commits of a shallow clone whose parents are missing.
        scratch: Directory for temporary files.
    """

    path: Path
    objects: Path
    head: str
    boundary: frozenset[bytes]
    scratch: Path

    def start(self, arguments: Sequence[str], stdin: IO[bytes] | None, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start git on the repository, with its output in a pipe."""
        process = subprocess.Popen(
            _command(self.path, arguments),
            stdin=stdin if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment() | {"GIT_OBJECT_DIRECTORY": str(self.objects)},
            cwd=self.scratch,
            bufsize=1 << 18,
        )
        if hasattr(fcntl, "F_SETPIPE_SZ") and process.stdout is not None:
            # The default of 64 KiB makes git and the reader wait for each other. A system may not allow more.
            with suppress(OSError):
                fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 1 << 20)
        return process

    @contextmanager
    def stream(self, arguments: Sequence[str], stdin: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
        """Run git and yield its output as a stream.

        Raises:
            InputError: git failed; raised at the end of the body.
        """
        with tempfile.TemporaryFile(dir=self.scratch) as stderr:
            process = self.start(arguments, stdin, stderr)
            assert process.stdout is not None  # noqa: S101
            try:
                yield process.stdout
            except BaseException:
                process.terminate()
                raise
            finally:
                process.stdout.close()  # ends git if its output was not read completely
                code = process.wait()
            if code > 0:
                stderr.seek(0)
                raise InputError(parse_git_error(stderr.read(), [str(self.path), str(self.objects)]))

    def output(self, arguments: Sequence[str]) -> bytes:
        """Run git and return its output, which must be small.

        Raises:
            InputError: git failed.
        """
        with self.stream(arguments) as stream:
            return stream.read()


@contextmanager
def open_isolated(git_dir: Path, scratch: Path, alternates: bool = False) -> Iterator[IsolatedGitDir]:
    """Open a repository through an isolated git directory, which is deleted at the end of the body.

    Args:
        git_dir: Git directory of the repository, see :func:`find_git_dir`.
        scratch: Existing directory for temporary files.
        alternates: Whether the repository may borrow objects from other directories.

    Raises:
        InputError: The directory is not a repository, has no commits, or borrows objects without permission.
    """
    common = _common_dir(git_dir)
    objects = common / "objects"
    if not objects.is_dir():
        raise InputError(f"{git_dir} has no directory of objects, so it is not a git repository.")
    borrowed = objects / "info" / "alternates"
    if os.path.lexists(borrowed) and not borrowed.is_file():
        raise InputError("Its objects/info/alternates is not a regular file.")  # git would block on a FIFO
    if not alternates and _text(borrowed).strip():
        raise InputError(
            "It borrows objects from other directories (objects/info/alternates).",
            "Set alternates=true to allow it, or run 'git repack -a -d' in it and delete that file.",
        )
    head = head_of(git_dir)
    shallow = _text(common / "shallow")
    with tempfile.TemporaryDirectory(prefix="isolated-", dir=scratch) as folder:
        isolated = Path(folder) / "git"
        for part in ("refs", "objects"):
            (isolated / part).mkdir(parents=True)
        sha256 = len(head) == 64
        (isolated / "config").write_text(
            _CONFIG.format(version=int(sha256), extensions="[extensions]\n\tobjectFormat = sha256\n" * sha256)
        )
        (isolated / "HEAD").write_text(head + "\n")
        if shallow:
            (isolated / "shallow").write_text(shallow)
        boundary = frozenset(line.encode() for line in shallow.split())
        yield IsolatedGitDir(isolated, objects.resolve(), head, boundary, Path(folder))


def find_git_dir(path: Path) -> Path:
    """Return the git directory of a working tree, a worktree, a submodule or a bare repository.

    Raises:
        InputError: The directory is none of these.
    """
    inner = path / ".git"
    if inner.is_dir():
        return inner
    if inner.is_file():
        target = _text(inner)
        if target.startswith("gitdir: "):
            return path / target.removeprefix("gitdir: ").strip()
    if (path / "HEAD").is_file() and ((path / "objects").is_dir() or (path / "commondir").is_file()):
        return path
    raise InputError("It is not a git repository.", "Pass a clone, a bare repository or a bundle.")


def _common_dir(git_dir: Path) -> Path:
    # A linked worktree has a separate HEAD; the rest is in the main repository.
    named = _text(git_dir / "commondir").strip()
    return git_dir / named if named else git_dir


def _text(path: Path, limit: int = 64 << 20) -> str:
    # Regular files only: opening a FIFO in an untrusted directory would block.
    try:
        if not path.is_file() or path.stat().st_size > limit:
            return ""
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read {path.name} of the repository ({type(error).__name__}).") from error


def head_of(git_dir: Path) -> str:
    """Return the hash of the commit that the ``HEAD`` of a repository points to, without running git.

    If ``HEAD`` names a missing branch, as in a clone of a bundle without ``HEAD``, the branch ``main``, ``master`` or
    the only branch is used.

    Raises:
        InputError: There is no commit.
    """
    common = _common_dir(git_dir)
    packed = {
        name: oid
        for oid, _, name in (line.partition(" ") for line in _text(common / "packed-refs").splitlines())
        if _OID.fullmatch(oid)
    }
    value = _text(git_dir / "HEAD").strip()
    for _ in range(5):
        if not value.startswith("ref:"):
            break
        value = _read_ref(value.removeprefix("ref:").strip(), git_dir, common, packed)
    if _OID.fullmatch(value):
        return value
    branches = {name for name in packed if name.startswith("refs/heads/")}
    heads = common / "refs" / "heads"
    branches |= {f"refs/heads/{file.relative_to(heads)}" for file in heads.rglob("*") if file.is_file()}
    candidates = ["refs/heads/main", "refs/heads/master", *(branches if len(branches) == 1 else ())]
    for name in (name for name in candidates if name in branches):
        value = _read_ref(name, git_dir, common, packed)
        if _OID.fullmatch(value):
            return value
    raise InputError("It has no commits (HEAD does not point to one).")


def _read_ref(name: str, git_dir: Path, common: Path, packed: dict[str, str]) -> str:
    if not name.startswith("refs/") or ".." in name.split("/"):
        return ""
    for folder in (git_dir, common):
        value = _text(folder / name).strip()
        if value:
            return value
    return packed.get(name, "")


def remote_url(git_dir: Path) -> str:
    """Return the URL of the remote ``origin`` in the configuration of a repository, or ``""``."""
    config = _common_dir(git_dir) / "config"
    if not config.is_file():
        return ""
    # `git config --file` reads only this file, without includes, and applies none of its settings.
    result = subprocess.run(
        _command(None, ["config", "--file", str(config.resolve()), "--no-includes", "--get", "remote.origin.url"]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(),
        cwd="/",
        check=False,
    )
    return result.stdout.decode("utf-8", "replace").strip() if result.returncode == 0 else ""


def clone(source: str, target: Path) -> None:
    """Clone the complete history of a URL or bundle into a bare repository, atomically.

    Args:
        source: An https, ssh or git URL, or the absolute path of a bundle.
        target: Directory of the clone; an existing one is kept.

    Raises:
        InputError: git could not clone it.
    """
    if target.exists():
        return
    options = ["-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60", "-c", "http.followRedirects=initial"]
    with atomic_path(target) as partial:
        arguments = [*options, "clone", "--bare", "--quiet", "--no-tags", "--template=", "--", source, str(partial)]
        result = subprocess.run(
            _command(None, arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment(),
            check=False,
        )
        if result.returncode != 0:
            raise InputError(f"git cannot clone it: {parse_git_error(result.stderr, [str(partial), source])}")


class ObjectReader:
    """Reads many objects, or their sizes, in a given order through one process of ``git cat-file``.

    git reads the wanted hashes from a file, so that it works ahead of the caller as far as the buffer of the pipe
    allows. If an object makes git fail, it is skipped and git is restarted after it.

    Args:
        git_dir: The opened repository.
        wanted: Hashes in the order in which they will be read.
        contents: Whether to read the contents, or only the sizes, which decompresses nothing.
    """

    def __init__(self, git_dir: IsolatedGitDir, wanted: Iterable[bytes], contents: bool) -> None:
        self._git_dir = git_dir
        self._contents = contents
        self._requests = tempfile.NamedTemporaryFile(dir=git_dir.scratch)  # noqa: SIM115
        self._errors = tempfile.TemporaryFile(dir=git_dir.scratch)  # noqa: SIM115
        self._requests.writelines(oid + b"\n" for oid in wanted)
        self._requests.flush()
        self._offset = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ObjectReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._requests.close()
        self._errors.close()

    def next(self, oid: bytes) -> tuple[int, bytes]:
        """Return size and contents of the next wanted blob; the size is -1 if it is missing, damaged or not a blob."""
        answer = None
        while answer is None:
            fresh = self._process is None
            answer = _answer(self._stream(), oid, self._contents)
            if answer is None:
                # git died and its unflushed output is lost, so only the first object after a start is known to be bad.
                self._stop()
                if fresh:
                    answer = -1, b""
        self._offset += len(oid) + 1
        return answer

    def _stream(self) -> IO[bytes]:
        if self._process is None:
            os.lseek(self._requests.fileno(), self._offset, os.SEEK_SET)
            mode = "--batch" if self._contents else "--batch-check"
            self._process = self._git_dir.start(["cat-file", mode, "--buffer"], self._requests.file, self._errors)
        assert self._process.stdout is not None  # noqa: S101
        return self._process.stdout

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.stdout is not None:
            process.stdout.close()
            process.terminate()
            process.wait()


def _answer(stream: IO[bytes], oid: bytes, contents: bool) -> tuple[int, bytes] | None:
    """Read git's answer for an object: size and contents, -1 without such a blob, ``None`` if it is incomplete."""
    header = stream.readline()
    if header == oid + b" missing\n":
        return -1, b""
    fields = header.split()
    if not header.endswith(b"\n") or len(fields) != 3 or fields[0] != oid:
        return None
    size, data = int(fields[2]), b""
    if contents:
        data = stream.read(size)
        if len(data) != size or stream.read(1) != b"\n":
            return None
    return (size, data) if fields[1] == b"blob" else (-1, b"")
