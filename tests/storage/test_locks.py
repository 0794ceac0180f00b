"""Locks of outputs: one process at a time, nothing left behind."""

import fcntl
import os
import threading

import pytest

from themis_rm.errors import InputError
from themis_rm.storage.locks import LOCK_FILE, exclusive, exclusive_file


@pytest.fixture(
    params=[(exclusive, "out", f"out/{LOCK_FILE}"), (exclusive_file, "out.jsonl", f".out.jsonl{LOCK_FILE}")]
)
def lock(request, tmp_path):
    """Return the context manager, the output and the lock file."""
    context, out, file = request.param
    return context, tmp_path / "new" / out, tmp_path / "new" / file


def hold(file):
    """Lock a file as another process does: the lock belongs to the open file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def test_an_output_has_one_writer_at_a_time(lock):
    context, out, file = lock
    descriptor = hold(file)
    with pytest.raises(InputError, match="in use by another run"), context(out):
        pass
    os.close(descriptor)
    with context(out):
        pass


def test_another_thread_is_another_writer(lock):
    context, out, _ = lock
    refused = []

    def enter():
        try:
            with context(out):
                pass
        except InputError as error:
            refused.append(error)

    with context(out):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_the_holder_may_lock_again(lock):
    context, out, file = lock
    with context(out), context(out):
        assert file.exists()


def test_the_lock_file_of_a_process_that_was_killed_does_not_block(lock):
    context, out, file = lock
    os.close(hold(file))
    with context(out):
        pass
    assert not file.exists()


def test_a_job_that_writes_nothing_leaves_nothing(lock, tmp_path):
    context, out, _ = lock
    with pytest.raises(InputError), context(out):
        raise InputError("refused")
    assert list(tmp_path.iterdir()) == []


def test_what_a_job_writes_stays(lock):
    context, out, _ = lock
    with context(out):
        (out.parent / "result").touch()
    assert [file.name for file in out.parent.iterdir() if file.is_file()] == ["result"]


def test_a_directory_cannot_be_an_output_file(tmp_path):
    with pytest.raises(InputError, match="It is not a file"), exclusive_file(tmp_path):
        pass


def test_a_device_is_not_locked():
    with exclusive_file("/dev/null"):
        pass


@pytest.mark.parametrize("code", ["EROFS", "ENOLCK", "EOPNOTSUPP"])
def test_a_file_system_that_refuses_a_lock_is_named(code, lock, monkeypatch):
    import errno

    context, out, _ = lock

    def refuse(*_):
        raise OSError(getattr(errno, code), "refused")

    monkeypatch.setattr("filelock._unix.fcntl.flock", refuse)
    with pytest.raises(OSError, match="refused") as caught, context(out):
        pass
    assert caught.value.filename == str(out)
