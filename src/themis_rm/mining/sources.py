"""Resolve the repositories that a user names: their names in the rows and their locations for git."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from themis_rm.errors import InputError
from themis_rm.mining.layout import find_git_dir, remote_url
from themis_rm.mining.references import find_commit
from themis_rm.storage.digests import stable_id
from themis_rm.storage.input_files import read_text

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")
_SCP = re.compile(r"(?:[A-Za-z0-9_.][\w.-]*@)?[A-Za-z0-9][\w.-]*:(?!//)(?P<path>[^-].*)", re.DOTALL)
_CLONABLE = ("https", "ssh", "git")


@dataclass(frozen=True, slots=True)
class RepositorySource:
    """A repository to mine.

    Attributes:
        name: Value of the column ``repos``: ``owner/name`` from the remote URL, else the name of the directory.
        kind: How to access it.
        location: Absolute path, or URL. It may contain a password and is never shown; see ``display_location``.
        display_location: The location as reports show it, without a password.
        head: Hash of the newest commit, if it is known before fetching.
        error: Why it cannot be mined, if that is known before fetching.
    """

    name: str
    kind: Literal["local", "bundle", "url"]
    location: str
    display_location: str
    head: str = ""
    error: str = ""

    @property
    def key(self) -> str:
        """Name of files and directories that belong to this repository."""
        return stable_id(self.kind, self.location)[:16]


def read_repos_file(path: str | Path) -> list[str]:
    """Read repositories from a text file, one per line; empty lines and lines that start with ``#`` are ignored.

    Raises:
        InputError: The file cannot be read or names no repository.
    """
    lines = (line.strip() for line in read_text(path).split("\n"))
    repos = [line for line in lines if line and not line.startswith("#")]
    if not repos:
        raise InputError(f"{path} names no repository.", "Write one path or URL per line.")
    return repos


def resolve_repositories(repos: Sequence[str], branch: str = "") -> list[RepositorySource]:
    """Resolve paths and URLs; equal names become unique.

    A repository that is given several times, also in other spellings, is taken once. Nothing is fetched and no error is
    raised: a repository that cannot be mined has an ``error``.

    Args:
        repos: Paths and URLs.
        branch: Branch that is mined; by default that of ``HEAD``.
    """
    unique: dict[tuple[str, str], RepositorySource] = {}
    for text in repos:
        source = _source(text, branch)
        unique.setdefault((source.kind, same_url(source.location) if source.kind == "url" else source.location), source)
    counts = Counter(source.name for source in unique.values())
    return [
        replace(source, name=f"{source.name}~{source.key[:8]}") if counts[source.name] > 1 else source
        for source in unique.values()
    ]


def same_url(url: str) -> str:
    """Return a text that is equal for the spellings of a URL: scheme, user, final slash and ``.git`` do not count."""
    scheme = _SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else url.replace(":", "/", 1)
    host, _, path = rest.partition("/")
    return f"{host.rpartition('@')[2].lower()}/{path.strip('/').removesuffix('.git')}"


def _source(text: str, branch: str) -> RepositorySource:
    scheme = _SCHEME.match(text)
    if "\0" in text or not text.strip():
        return RepositorySource("?", "local", text, _shown(text), error="It is not a path or URL.")
    if scheme and scheme[1].lower() == "file":
        parts = urlsplit(text)
        if parts.netloc in ("", "localhost"):
            return _local(Path(unquote(parts.path)), _shown(text), branch)
        return RepositorySource(_last(text), "url", text, _shown(text), error="A file:// URL must not name a host.")
    path = Path(text).expanduser()
    if not scheme and _exists(path):
        return _local(path, _shown(text), branch)
    return _remote(text)


def _remote(text: str) -> RepositorySource:
    scheme, error = _SCHEME.match(text), ""
    if scheme and scheme[1].lower() in _CLONABLE:
        error = "" if _host_is_plain(text) else "The URL has no valid host."
    elif scheme or _HELPER.match(text):
        error = f"Only {', '.join(_CLONABLE)} and file URLs are supported."
    elif not _SCP.fullmatch(text) or "/" in text.partition(":")[0]:
        error = "There is no such file or directory."
    return RepositorySource((not error and url_name(text)) or _last(text), "url", text, _shown(text), error=error)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the name is too long, or a directory is not accessible
        return False


def _host_is_plain(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return bool(re.fullmatch(r"[A-Za-z0-9_\[][\w.:\]-]*", host))


def _local(path: Path, shown: str, branch: str) -> RepositorySource:
    path = path.absolute()
    path = path.parent if path.name == ".git" else path
    name = _last(path.resolve().name)
    if path.is_file():
        with path.open("rb") as file:
            is_bundle = file.read(5) == b"# v2 " or path.suffix == ".bundle"
        error = "" if is_bundle else "It is a file, but not a git bundle."
        return RepositorySource(path.name.removesuffix(".bundle"), "bundle", str(path.resolve()), shown, error=error)
    location, head, error = path, "", ""
    try:
        location = find_git_dir(path.resolve())
        name = url_name(remote_url(location)) or name
        head = find_commit(location, branch)
    except InputError as failure:
        error = str(failure)
    except OSError as failure:
        error = f"It cannot be read ({failure.strerror})."
    return RepositorySource(name, "local", str(location.resolve()), shown, head, error)


def url_name(url: str) -> str:
    """Return ``owner/name`` (or a longer path of groups) of a remote URL; ``""`` if it is not the URL of a server."""
    scheme = _SCHEME.match(url)
    if scheme:
        if scheme[1].lower() == "file":
            return ""
        try:
            path = unquote(urlsplit(url).path)
        except ValueError:
            return ""
    else:
        match = _SCP.fullmatch(url)
        if match is None or "/" in url.partition(":")[0]:
            return ""
        path = match["path"]
    parts = [part for part in path.strip("/").removesuffix(".git").split("/") if part]
    name = "/".join(parts)
    return name if parts and ".." not in parts and name.isprintable() and len(name) <= 200 else ""


def _last(text: str) -> str:
    name = re.split(r"[/:]", text.rstrip("/"))[-1].removesuffix(".git")
    return "".join(ch if ch.isprintable() else "?" for ch in name)[:100] or "?"


def _shown(text: str) -> str:
    shown = re.sub(r"://[^/@\s]*@", "://", text)
    return "".join(ch if ch.isprintable() else "?" for ch in shown)[:300]
