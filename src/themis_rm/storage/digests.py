"""Content digests of strings and files; equal content gives equal digests on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def stable_id(*parts: str) -> str:
    """Return 32 hexadecimal digits (BLAKE2b, 128 bits) that depend only on the parts and their order."""
    return stable_digest(parts)


def stable_digest(parts: Iterable[str]) -> str:
    """Return :func:`stable_id` of parts that are streamed."""
    return digest_bytes(parts).hex()


def digest_bytes(parts: Iterable[str], size: int = 16) -> bytes:
    """Return a BLAKE2b digest of several texts; it also depends on the borders between them.

    Args:
        parts: The texts; lone surrogates are allowed.
        size: Number of bytes of the digest.
    """
    digest = hashlib.blake2b(digest_size=size)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()


def file_sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def files_sha256(files: Iterable[Path], root: str | Path) -> str:
    """Return one SHA-256 over the relative paths and contents of several files; their order does not matter.

    Args:
        files: The files.
        root: Directory that their paths are taken relative to.
    """
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(f"{file.relative_to(root)}\0".encode("utf-8", "surrogateescape"))
        total.update(bytes.fromhex(file_sha256(file)))
    return total.hexdigest()
