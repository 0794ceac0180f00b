"""What a user may name as a repository, what it is called in the rows, and where git finds it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from themis_rm.errors import InputError
from themis_rm.mining.git import find_git_dir, head_of, remote_url
from themis_rm.storage.digests import stable_id

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")
_SCP = re.compile(r"(?:[A-Za-z0-9_.][\w.-]*@)?[A-Za-z0-9][\w.-]*:(?!//)(?P<path>[^-].*)", re.DOTALL)
_CLONABLE = ("https", "ssh", "git")


@dataclass(frozen=True, slots=True)
class Source:
    """A repository to mine.

    Attributes:
        name: What the ``repos`` column says: ``owner/name`` where a remote URL tells it, else the folder's name.
        kind: How to get at it.
        location: Absolute path, or URL. May hold a password: never shown, see ``shown``.
        shown: The location as reports may show it.
        head: Hash of the newest commit, where that is known before anything is fetched.
        fault: Why it cannot be mined, where that is clear already.
    """

    name: str
    kind: Literal["local", "bundle", "url"]
    location: str
    shown: str
    head: str = ""
    fault: str = ""

    @property
    def key(self) -> str:
        """A file name for what belongs to this source."""
        return stable_id(self.kind, self.location)[:16]


def read_repos_file(path: Path) -> list[str]:
    """Read repositories from a text file, one a line; empty lines and lines that start with ``#`` do not count.

    Raises:
        InputError: The file cannot be read or names no repository.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path}: {error}.") from error
    repos = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not repos:
        raise InputError(f"{path} names no repository.", "Write one path or URL a line.")
    return repos


def resolve(repos: Sequence[str]) -> list[Source]:
    """Tell what each text names; names become unique, and a repository given twice is taken once.

    Nothing is fetched and nothing raised: what cannot be mined says so in its ``fault``.
    """
    unique = {(source.kind, source.location): source for source in map(_source, repos)}
    counts = Counter(source.name for source in unique.values())
    return [
        replace(source, name=f"{source.name}~{source.key[:8]}") if counts[source.name] > 1 else source
        for source in unique.values()
    ]


def _source(text: str) -> Source:
    scheme = _SCHEME.match(text)
    if "\0" in text or not text.strip():
        return Source("?", "local", text, _shown(text), fault="It is no path or URL.")
    if scheme and scheme[1].lower() == "file":
        parts = urlsplit(text)
        if parts.netloc in ("", "localhost"):
            return _local(Path(unquote(parts.path)), _shown(text))
        return Source(_last(text), "url", text, _shown(text), fault="A file:// URL must not name a host.")
    path = Path(text).expanduser()
    if not scheme and _exists(path):
        return _local(path, _shown(text))
    return _remote(text)


def _remote(text: str) -> Source:
    scheme, fault = _SCHEME.match(text), ""
    if scheme and scheme[1].lower() in _CLONABLE:
        fault = "" if _host_is_plain(text) else "The URL names no proper host."
    elif scheme or _HELPER.match(text):
        fault = f"Only {', '.join(_CLONABLE)} and file URLs are fetched."
    elif not _SCP.fullmatch(text) or "/" in text.partition(":")[0]:
        fault = "There is no such file or folder."
    return Source((not fault and url_name(text)) or _last(text), "url", text, _shown(text), fault=fault)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long for the system, or a folder that may not be entered
        return False


def _host_is_plain(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return bool(re.fullmatch(r"[A-Za-z0-9_\[][\w.:\]-]*", host))


def _local(path: Path, shown: str) -> Source:
    path = path.absolute()
    name = (path.parent if path.name == ".git" else path).resolve().name.removesuffix(".git")
    if path.is_file():
        with path.open("rb") as file:
            is_bundle = file.read(5) == b"# v2 " or path.suffix == ".bundle"
        fault = "" if is_bundle else "It is a file, but no git bundle."
        return Source(path.name.removesuffix(".bundle"), "bundle", str(path.resolve()), shown, fault=fault)
    head = ""
    try:
        git_dir = find_git_dir(path)
        name = url_name(remote_url(git_dir)) or name
        head = head_of(git_dir)
    except InputError as error:
        return Source(name, "local", str(path.resolve()), shown, fault=str(error))
    except OSError as error:
        return Source(name, "local", str(path.resolve()), shown, fault=f"It cannot be read ({error.strerror}).")
    return Source(name, "local", str(path.resolve()), shown, head)


def url_name(url: str) -> str:
    """Return ``owner/name`` (or a longer path of groups) out of a remote URL; ``""`` if it is no URL of a server."""
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
