"""Bodies of HTTP responses, decompressed with a limit on their size.

HTTP clients decompress each received piece completely, so that a few kilobytes can become gigabytes.
"""

from __future__ import annotations

import zlib

ACCEPTED = "gzip, deflate"
"""The compressions that are requested and read."""

_ENCODINGS = {"": 0, "identity": 0, "gzip": 31, "x-gzip": 31, "deflate": 15}
"""Value of Content-Encoding -> format of :mod:`zlib`, 0 for none."""

_RAW_DEFLATE = -15
_HEADER_BYTES = 2


class BodyError(Exception):
    """A body that cannot be read; the message completes "its response"."""


class Body:
    """A body that arrives in pieces.

    Args:
        encoding: Value of ``Content-Encoding``.
        limit: Most bytes, decompressed.

    Raises:
        BodyError: The encoding was not requested.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in _ENCODINGS:
            raise BodyError(f"is encoded as '{encoding[:40]}', not as {ACCEPTED}")
        self._format = _ENCODINGS[encoding]
        self._limit = limit
        self._data = bytearray()
        self._start = b""
        self._decompressor: zlib._Decompress | None = None

    def add(self, piece: bytes) -> None:
        """Add a piece as it was received.

        Raises:
            BodyError: The body is too large, or damaged.
        """
        if not self._format:
            self._append(piece)
            return
        if self._decompressor is None:
            self._start += piece
            if len(self._start) < _HEADER_BYTES:
                return
            piece = self._start
            if self._format == _ENCODINGS["deflate"] and not _has_zlib_header(piece):
                self._format = _RAW_DEFLATE
            self._decompressor = zlib.decompressobj(self._format)
        while piece:
            piece = self._decompress(self._decompressor, piece)

    def _append(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > self._limit:
            raise BodyError(f"has more than {self._limit:,} bytes")

    def _decompress(self, decompressor: zlib._Decompress, piece: bytes) -> bytes:
        """Add a piece up to the end of a compressed stream, and return the rest."""
        try:
            self._append(decompressor.decompress(piece, self._limit + 1 - len(self._data)))
        except zlib.error:
            raise BodyError("is damaged: it cannot be decompressed") from None
        if not decompressor.eof:
            return decompressor.unconsumed_tail
        if decompressor.unused_data:
            self._decompressor = zlib.decompressobj(self._format)
        return decompressor.unused_data

    def content(self) -> bytes:
        """Return the complete body.

        Raises:
            BodyError: A compressed body ends early.
        """
        complete = self._decompressor is not None and self._decompressor.eof
        if self._format and self._start and not complete:
            raise BodyError("is damaged: it ends within compressed data")
        return bytes(self._data)


def _has_zlib_header(data: bytes) -> bool:
    """Return whether compressed data has the header that HTTP requires for deflate (RFC 1950); some servers omit it."""
    return data[0] & 15 == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
