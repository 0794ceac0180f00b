"""The license of every commit of a repository, and of every file at its newest commit.

A commit has the license of its own tree. License files change rarely: the trees of the commits that change one are
read, and the other commits have the license of their first parent. A merge whose parents differ is read too. Commits
from before the first license have the oldest one. Without license files, package metadata and the README are followed
in the same way.

A file with an SPDX tag near its start, or in a folder with a license file of its own, has that license instead.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from themis_rm.errors import InputError
from themis_rm.mining.git import IsolatedGitDir, ObjectReader
from themis_rm.mining.license_expressions import join
from themis_rm.mining.license_files import (
    FOLDERS,
    MAX_BYTES,
    TreeLicense,
    decode,
    detect_license,
    is_license_file,
    is_of_parts,
    states_license,
)
from themis_rm.mining.licenses import NO_LICENSE, UNKNOWN_LICENSE, tags_in

HEADER_BYTES = 2048
"""An SPDX tag is looked for in this many bytes at the start of a file."""
MAX_TREES = 400
"""Most trees whose license is read; a repository with more changes of license files has the newest license."""
_TOP = ":(top,icase,glob)"
_LICENSE_FILES = [f"{_TOP}*{word}*" for word in ("licens", "licenc", "copying", "copyright")] + [
    f"{_TOP}{folder}/*" for folder in FOLDERS
]
_OTHER_FILES = [f"{_TOP}readme*", f"{_TOP}*.gemspec", f"{_TOP}*.nuspec", f"{_TOP}*.csproj"] + [
    f"{_TOP}{name}" for name in ("package.json", "composer.json", "cargo.toml", "pyproject.toml", "setup.*", "pom.xml")
]
_MAX_FOLDERS, _MAX_GREP = 2000, 1 << 20


def file_tag(data: bytes) -> str | None:
    """Return the license in the SPDX tag of a file as an expression, or ``None`` without one that can be read."""
    if b"SPDX-License-Identifier:" not in data[:HEADER_BYTES]:
        return None
    tags = tags_in(data[:HEADER_BYTES].decode("utf-8", "replace"))
    return join("AND", tags) if tags and UNKNOWN_LICENSE not in tags else None


@dataclass
class LicenseReader:
    """Reads the license of trees of a repository; equal sets of files are read once.

    Args:
        git_dir: The opened repository.
    """

    git_dir: IsolatedGitDir
    _texts: dict[bytes, str] = field(default_factory=dict)
    _known: dict[tuple[tuple[str, bytes], ...], TreeLicense] = field(default_factory=dict)

    def tree(self, commit: str) -> TreeLicense:
        """Return the license of a commit's tree.

        Raises:
            InputError: git cannot list the tree.
        """
        files = dict(_entries(self.git_dir, commit))
        folders = [path for path in files if path.lower() in FOLDERS and files[path][0] == b"tree"]
        for folder in folders:
            files |= {f"{folder}/{name}": entry for name, entry in _entries(self.git_dir, f"{commit}:{folder}")}
        wanted = {path: oid for path, (kind, oid) in files.items() if kind == b"blob" and states_license(path)}
        key = tuple(sorted(wanted.items()))
        if key not in self._known:
            self._known[key] = detect_license(self.texts(wanted))
        return self._known[key]

    def texts(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """Return path -> text of blobs; large ones are left out."""
        missing = list(dict.fromkeys(oid for oid in files.values() if oid not in self._texts))
        with ObjectReader(self.git_dir, missing, contents=False) as sizes:
            readable = [oid for oid in missing if 0 <= sizes.next(oid)[0] <= MAX_BYTES]
        with ObjectReader(self.git_dir, readable, contents=True) as reader:
            self._texts |= {oid: decode(reader.next(oid)[1]) for oid in readable}
        return {path: self._texts[oid] for path, oid in files.items() if oid in self._texts}

    def folders(self, commit: str) -> dict[str, str]:
        """Return folder -> license of the folders below the top that have license files of their own.

        Raises:
            InputError: git cannot list the tree.
        """
        by_folder: dict[str, dict[str, bytes]] = {}
        for path, (kind, oid) in _entries(self.git_dir, commit, recursive=True):
            folder, _, name = path.rpartition("/")
            of_code = kind == b"blob" and is_license_file(name) and not is_of_parts(name)
            if of_code and folder and folder.rpartition("/")[2].lower() not in FOLDERS:
                by_folder.setdefault(folder, {})[name] = oid
        licenses = {}
        for folder in sorted(by_folder)[:_MAX_FOLDERS]:
            found = detect_license(self.texts(by_folder[folder])).expression
            if found != NO_LICENSE:
                licenses[folder] = found
        return licenses

    def tags(self, commit: str) -> list[str]:
        """Return the licenses in the SPDX tags of a commit's files, each once."""
        arguments = ["grep", "-h", "-I", "-F", "-e", "SPDX-License-Identifier:", commit, "--"]
        try:
            with self.git_dir.stream(arguments) as stream:
                text = stream.read(_MAX_GREP).decode("utf-8", "replace")
        except InputError:  # git also fails if there is no match
            return []
        return [tag for tag in tags_in(text) if tag != UNKNOWN_LICENSE]


def _entries(git_dir: IsolatedGitDir, tree: str, recursive: bool = False) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    """Yield path, kind and hash of the entries of a tree; links are left out."""
    listing = git_dir.output(["ls-tree", "-z", "--full-tree", *(["-r"] if recursive else []), tree])
    for line in listing.split(b"\0")[:-1]:
        facts, _, path = line.partition(b"\t")
        mode, kind, oid = facts.split(b" ")
        if not mode.startswith(b"12"):
            yield path.decode("utf-8", "surrogateescape"), (kind, oid)


@dataclass
class RepositoryLicenses:
    """The licenses of a repository.

    Attributes:
        newest: License of the newest commit's tree.
        folders: Folder -> license of the folders with license files of their own, in the newest commit.
        changes: Commit -> license of the trees that changed a license file, newest first.
    """

    newest: TreeLicense
    folders: dict[str, str]
    changes: dict[str, TreeLicense]

    def expressions(self) -> list[str]:
        """Return all licenses that a commit or file may have."""
        trees = [self.newest, *self.changes.values()]
        return list(dict.fromkeys([*(tree.expression for tree in trees), *self.folders.values()]))

    def of_path(self, path: str) -> str | None:
        """Return the license of the nearest folder with a license file of its own, or ``None``."""
        while self.folders and "/" in path:
            path = path.rpartition("/")[0]
            if path in self.folders:
                return self.folders[path]
        return None


def read_licenses(reader: LicenseReader, head: str) -> RepositoryLicenses:
    """Read all licenses of a repository.

    Args:
        reader: Reader of the repository.
        head: The newest commit.

    Raises:
        InputError: git cannot list the history.
    """
    newest = reader.tree(head)
    commits = _changing(reader.git_dir, head, _LICENSE_FILES) or _changing(reader.git_dir, head, _OTHER_FILES)
    changes = {commit: reader.tree(commit) for commit in commits} if len(commits) <= MAX_TREES else {}
    if newest.expression == NO_LICENSE:
        newest = TreeLicense(join("AND", reader.tags(head)) or NO_LICENSE)
    return RepositoryLicenses(newest, reader.folders(head), changes)


def _changing(git_dir: IsolatedGitDir, head: str, paths: Sequence[str]) -> list[str]:
    """Return the commits, without merges, that change files at these paths, newest first."""
    walk = ["log", "--full-history", "--no-merges", "--no-renames", "--format=%H", head, "--", *paths]
    return git_dir.output(walk).decode("ascii").split()


def license_of_commits(
    licenses: RepositoryLicenses,
    numbers: Mapping[bytes, int],
    parents: Mapping[int, Sequence[int]],
    read_merge: Callable[[str], TreeLicense],
) -> Callable[[int], str]:
    """Return a function from the number of a commit to its license.

    Args:
        licenses: Licenses of the repository.
        numbers: Hash of each commit -> its number.
        parents: Number -> numbers of its parents.
        read_merge: Returns the license of a merge, by its hash.
    """
    newest = licenses.newest.expression
    known = [tree.expression for tree in licenses.changes.values() if tree.expression != NO_LICENSE]
    if all(expression == newest for expression in known):
        return lambda _: newest
    first, names = known[-1], list(dict.fromkeys([NO_LICENSE, newest, *known]))
    size = 1 + max([*parents, *(number for group in parents.values() for number in group)], default=0)
    state = array("i", [-1]) * size
    for commit, tree in licenses.changes.items():
        number = numbers.get(bytes.fromhex(commit))
        if number is not None:
            state[number] = names.index(tree.expression)
    hashes = {number: oid for oid, number in numbers.items() if len(parents.get(number, ())) > 1}
    budget = MAX_TREES
    for start in parents:
        pending = [start]
        while pending:
            number = pending[-1]
            group = parents.get(number, ())
            unknown = [parent for parent in group if state[parent] < 0] if state[number] < 0 else []
            if unknown:
                pending += unknown
                continue
            pending.pop()
            if state[number] >= 0:
                continue
            values = {state[parent] for parent in group if parent in parents}
            state[number] = state[group[0]] if group else 0
            if len(values) > 1 and budget:
                budget -= 1
                expression = read_merge(hashes[number].hex()).expression
                if expression not in names:
                    names.append(expression)
                state[number] = names.index(expression)
    return lambda number: first if names[state[number]] == NO_LICENSE else names[state[number]]


def describe_changes(licenses: RepositoryLicenses) -> str:
    """Return how the license changed over time, oldest first, or an empty text if it never did."""
    names = [tree.expression for tree in reversed(list(licenses.changes.values())) if tree.expression != NO_LICENSE]
    steps = _without_repeats([*names, licenses.newest.expression])
    return " -> ".join(steps) if len(steps) > 1 else ""


def _without_repeats(names: Iterable[str]) -> list[str]:
    steps: list[str] = []
    for name in names:
        if steps[-1:] != [name]:
            steps.append(name)
    return steps
