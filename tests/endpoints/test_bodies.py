"""Bodies are decompressed up to a limit; damaged ones and other encodings are errors."""

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.endpoints.bodies import Body, BodyError

DATA = b'{"score": 4}' * 50


def raw_deflate(data):
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


ENCODED = {
    "": DATA,
    "identity": DATA,
    "gzip": gzip.compress(DATA),
    "GZIP": gzip.compress(DATA[:99]) + gzip.compress(DATA[99:]),
    "deflate": zlib.compress(DATA),
    " deflate": raw_deflate(DATA),
}


def read(encoding, data, limit=600, size=7):
    body = Body(encoding, limit)
    for start in range(0, len(data), size):
        body.add(data[start : start + size])
    return body.content()


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_body_is_decompressed(encoding, size):
    assert read(encoding, ENCODED[encoding], size=size) == DATA


@pytest.mark.parametrize("encoding", ENCODED)
def test_a_larger_body_is_an_error(encoding):
    with pytest.raises(BodyError, match="more than 599 bytes"):
        read(encoding, ENCODED[encoding], limit=599)


def test_a_bomb_is_not_decompressed():
    bomb = gzip.compress(bytes(10**8))
    with pytest.raises(BodyError, match="more than 1,000 bytes"):
        read("gzip", bomb, limit=1000, size=len(bomb))


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x\n"])
def test_an_encoding_that_was_not_requested_is_an_error(encoding):
    with pytest.raises(BodyError, match="is encoded as"):
        read(encoding, b"")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_ends_early_is_an_error(encoding):
    with pytest.raises(BodyError, match="damaged"):
        read(encoding, ENCODED[encoding][:-6], size=1000)


@given(st.sampled_from(["gzip", "deflate"]), st.binary())
def test_any_bytes_are_read_or_an_error(encoding, data):
    with contextlib.suppress(BodyError):
        assert len(read(encoding, data)) <= len(DATA)
