"""Files that the user names: read at once or refused at once."""

import os
import socket
import tempfile
from pathlib import Path

import pytest

from themis_rm.errors import InputError
from themis_rm.storage.input_files import open_input, read_bytes, read_text, require_file


@pytest.fixture
def special(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("x")
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:  # a socket's path is short
        server.bind(f"{short}/socket")
        (tmp_path / "socket").symlink_to(f"{short}/socket")
        yield tmp_path


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none", "No such file or directory. Check the path."),
        ("folder", "It is a directory."),
        ("pipe", "It is a named pipe."),
        ("socket", "It is a socket."),
        ("loop", "Too many levels of symbolic links."),
        ("file/x", "Not a directory."),
        ("x" * 300, "File name too long."),
        ("a\0b", "embedded null byte."),
        ("/dev/zero", "It is a device."),
    ],
)
def test_what_is_not_a_file_is_refused_with_its_kind(name, reason, special):
    with pytest.raises(InputError, match="Cannot read") as caught:
        require_file(special / name)
    assert reason in str(caught.value)


def test_a_pipe_that_the_shell_passes_is_read():
    reading, writing = os.pipe()
    os.write(writing, b"a: 1\n")
    os.close(writing)
    assert read_text(f"/dev/fd/{reading}") == "a: 1\n"
    os.close(reading)


def test_a_file_is_read_with_its_size_bounded(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(tmp_path / "a", 5) == b"12345"
    with pytest.raises(InputError, match="more than 4 bytes"):
        read_bytes(tmp_path / "a", 4)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("ä".encode("utf-8-sig"), "ä"),
        ("ä".encode("utf-16"), "not UTF-8"),
        (b"\xff", "not UTF-8"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    ],
)
def test_text_is_utf_8_with_or_without_a_byte_order_mark(data, expected, tmp_path):
    (tmp_path / "a").write_bytes(data)
    try:
        text = read_text(tmp_path / "a")
    except InputError as error:
        text = str(error)
    assert expected in text


def test_a_file_that_cannot_be_read_does_not_stay_open(tmp_path):
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    with pytest.raises(InputError):
        open_input(tmp_path)
    assert len(list(descriptors.iterdir())) == before
