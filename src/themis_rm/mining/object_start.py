"""Read the start of a commit without decompressing the rest, which git cannot do."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Callable
from pathlib import Path

_BLOCK = 1 << 16
_COMMIT, _OFFSET_DELTA, _HASH_DELTA = 1, 6, 7
_LARGE_OFFSET = 1 << 31
_MOST_DELTAS = 100
_SMALLEST_INDEX = 8 + 256 * 4
_SMALLEST_ENTRY = 24  # a pack ends with a digest of at least 20 bytes


def read_start(objects: Path, oid: str, length: int, depth: int = 0) -> bytes | None:
    """Return the first bytes of a commit in an object store, at least its header if that is not longer.

    Args:
        objects: The object store.
        oid: Hash of the commit.
        length: Most bytes.
        depth: Number of differences that the object is the base of.

    Returns:
        The bytes, or ``None`` if the object store has no such commit, or an index or chain that is not supported.
    """
    loose = objects / oid[:2] / oid[2:]
    if loose.is_file():
        header, zero, start = _inflate(loose, 0, length + 64).partition(b"\0")
        return start[:length] if zero and header.startswith(b"commit ") else None
    for index in (objects / "pack").glob("*.idx"):
        offset = _find(index, bytes.fromhex(oid))
        if offset is not None:
            return _packed(objects, index.with_suffix(".pack"), offset, length, depth)
    return None


def _find(index: Path, oid: bytes) -> int | None:
    """Return the offset of an object in the pack of an index of version 2."""
    if index.stat().st_size < _SMALLEST_INDEX:
        return None
    with index.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:8] != b"\xfftOc\0\0\0\2":
            return None

        def number(position: int) -> int:
            return int.from_bytes(data[position : position + 4], "big")

        size, count, names = len(oid), number(8 + 255 * 4), 8 + 256 * 4
        low, high = number(8 + (oid[0] - 1) * 4) if oid[0] else 0, number(8 + oid[0] * 4)
        while low < high:
            middle = (low + high) // 2
            found = data[names + middle * size : names + (middle + 1) * size]
            if found == oid:
                offsets = names + count * (size + 4)
                offset = number(offsets + middle * 4)
                if offset < _LARGE_OFFSET:
                    return offset
                position = offsets + count * 4 + (offset - _LARGE_OFFSET) * 8
                return int.from_bytes(data[position : position + 8], "big")
            low, high = (middle + 1, high) if found < oid else (low, middle)
    return None


def _packed(objects: Path, pack: Path, offset: int, length: int, depth: int) -> bytes | None:
    """Return the start of a commit at an offset of a pack, which may be stored as a difference to another one."""
    with pack.open("rb") as file:
        file.seek(offset)
        head = file.read(64)
    if len(head) < _SMALLEST_ENTRY:
        return None
    kind = (head[0] >> 4) & 7
    _, position = _number(head, 0)
    if kind == _COMMIT:
        return _inflate(pack, offset + position, length)
    if kind not in (_OFFSET_DELTA, _HASH_DELTA) or depth > _MOST_DELTAS:
        return None
    if kind == _HASH_DELTA:
        size = 32 if _is_sha256(objects) else 20
        base = head[position : position + size].hex()
        return _apply(
            _inflate(pack, offset + position + size, length),
            lambda: read_start(objects, base, length, depth + 1),
            length,
        )
    back, position = _distance(head, position)
    return _apply(
        _inflate(pack, offset + position, length),
        lambda: _packed(objects, pack, offset - back, length, depth + 1),
        length,
    )


def _is_sha256(objects: Path) -> bool:
    return any(len(file.stem) == len("pack-") + 64 for file in (objects / "pack").glob("pack-*.idx"))


def _number(data: bytes, position: int) -> tuple[int, int]:
    """Return a number in groups of seven bits, the lowest first, and the position after it."""
    value = shift = 0
    while position < len(data):
        value |= (data[position] & 127) << shift
        shift, position = shift + 7, position + 1
        if data[position - 1] < 128:
            break
    return value, position


def _distance(data: bytes, position: int) -> tuple[int, int]:
    """Return the distance to the base of a difference, and the position after it."""
    value = data[position] & 127
    while data[position] > 127 and position + 1 < len(data):
        position += 1
        value = ((value + 1) << 7) | (data[position] & 127)
    return value, position + 1


def _apply(delta: bytes, base: Callable[[], bytes | None], length: int) -> bytes | None:
    """Return the start of the object that a difference makes of its base, up to the end of its header."""
    _, position = _number(delta, 0)
    _, position = _number(delta, position)
    result, source = b"", None
    while position < len(delta) and len(result) < length and b"\n\n" not in result:
        code, position = delta[position], position + 1
        if code < 128:
            result += delta[position : position + code]
            position += code
            continue
        values = []
        for bits in ((1, 2, 4, 8), (16, 32, 64)):
            value = 0
            for shift, bit in enumerate(bits):
                if code & bit and position < len(delta):
                    value |= delta[position] << (8 * shift)
                    position += 1
            values.append(value)
        source = base() if source is None else source
        if source is None:
            return None
        part = source[values[0] : values[0] + (values[1] or 1 << 16)]
        if not part:  # beyond the start of the base
            return result
        result += part
    return result[:length]


def _inflate(path: Path, offset: int, length: int) -> bytes:
    """Return the first bytes of a zlib stream in a file; fewer if it is damaged."""
    decoder, start = zlib.decompressobj(), b""
    with path.open("rb") as file:
        file.seek(offset)
        try:
            while len(start) < length and not decoder.eof and (block := file.read(_BLOCK)):
                start += decoder.decompress(block, length - len(start))
        except zlib.error:
            return start
    return start
