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
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from themis_rm.errors import InputError
from themis_rm.mining.git_command import environment, git_command, parse_git_error
from themis_rm.mining.large_objects import large_commits, without_message
from themis_rm.mining.layout import common_dir, partial_clone_filter, read_small, require_own_objects
from themis_rm.mining.references import find_commit
from themis_rm.storage.atomic import atomic_path

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
_SHALLOW_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class IsolatedGitDir:
    """A repository open_isolated for reading.

    Attributes:
        path: The isolated git directory, on which git runs.
        objects: Object store of the repository.
        head: Hash of the commit at which the history starts.
        boundary: Commits of a shallow clone whose parents are missing.
        scratch: Directory for temporary files.
        large: Commits that are replaced because of their size, see :mod:`themis_rm.mining.large_objects`.
    """

    path: Path
    objects: Path
    head: str
    boundary: frozenset[bytes]
    scratch: Path
    large: frozenset[bytes] = frozenset()

    def start(self, arguments: Sequence[str], stdin: IO[bytes] | None, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start git on the repository, with its output in a pipe."""
        # With large commits, the objects of the isolated directory replace some of the repository's.
        objects = self.path / "objects" if self.large else self.objects
        process = subprocess.Popen(
            git_command(self.path, arguments, replacements=bool(self.large)),
            stdin=stdin if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment(replacements=bool(self.large)) | {"GIT_OBJECT_DIRECTORY": str(objects)},
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
            if code < 0 and code != -signal.SIGPIPE:  # SIGPIPE: the output was not read completely
                raise InputError(f"git was ended by signal {-code}.")
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
def open_isolated(git_dir: Path, scratch: Path, alternates: bool = False, branch: str = "") -> Iterator[IsolatedGitDir]:
    """Open a repository through an isolated git directory, which is deleted at the end of the body.

    Args:
        git_dir: Git directory of the repository, see :func:`~themis_rm.mining.layout.find_git_dir`.
        scratch: Existing directory for temporary files.
        alternates: Whether the repository may borrow objects from other directories.
        branch: Branch at which the history starts; by default ``HEAD``.

    Raises:
        InputError: The directory is not a repository, has no commits, borrows objects without permission, or is a
            partial clone that lacks objects.
    """
    common = common_dir(git_dir)
    objects = require_own_objects(common, alternates)
    head = find_commit(git_dir, branch)
    shallow = read_small(common / "shallow", _SHALLOW_BYTES)
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
        opened = _replace_large(IsolatedGitDir(isolated, objects.resolve(), head, boundary, Path(folder)))
        name = partial_clone_filter(common)
        if name is not None and _lacks_objects(opened):
            raise InputError(
                f"It is a partial clone ({name}): objects are missing.",
                "Run 'git fetch --refetch --no-filter' in it, or pass its URL.",
            )
        yield opened


def _replace_large(git_dir: IsolatedGitDir) -> IsolatedGitDir:
    """Replace the large commits of a repository in its isolated git directory."""
    commits = large_commits(git_dir)
    if not commits:
        return git_dir
    (git_dir.path / "store").symlink_to(git_dir.objects)
    (git_dir.path / "objects" / "info").mkdir()
    (git_dir.path / "objects" / "info" / "alternates").write_text("../store\n", encoding="utf-8")
    (git_dir.path / "refs" / "replace").mkdir()
    opened = replace(git_dir, large=frozenset(oid.encode() for oid, _ in commits))
    for oid, size in commits:
        with tempfile.TemporaryFile(dir=git_dir.scratch) as file:
            file.write(without_message(git_dir, oid, size))
            file.seek(0)
            with opened.stream(["hash-object", "-t", "commit", "-w", "--stdin"], file) as stream:
                (git_dir.path / "refs" / "replace" / oid).write_bytes(stream.read())
    return opened


def _lacks_objects(git_dir: IsolatedGitDir) -> bool:
    """Return whether an object of the history is missing."""
    try:
        with git_dir.stream(["rev-list", "--objects", "--missing=print", git_dir.head, "--"]) as lines:
            return any(line.startswith(b"?") for line in lines)
    except InputError:  # git ends at some kinds of missing objects
        return True


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
            git_command(None, arguments),
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
        try:
            self._requests.writelines(oid + b"\n" for oid in wanted)
            self._requests.flush()
        except OSError:  # the disk is full; the file must be closed while its directory exists
            with suppress(OSError):
                self._requests.close()
            raise
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
