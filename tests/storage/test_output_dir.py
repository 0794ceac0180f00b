"""Output directories: partial results of the same job are kept, those of another one are not."""

import multiprocessing

import pytest

from themis_rm.errors import InputError
from themis_rm.storage.output_dir import exclusive, prepare_output_dir


@pytest.fixture
def job(tmp_path):
    """Return a function that prepares ``tmp_path/out`` for a job, and a file that the job has written."""
    source = tmp_path / "input"
    source.write_text("a")
    result = tmp_path / "out" / "result"

    def prepare(settings="{}", **options):
        prepare_output_dir(tmp_path / "out", settings, [source], ["result"], **options)

    prepare()
    result.write_text("partial")
    return prepare, result, source


def test_results_of_the_same_job_are_kept(job):
    prepare, result, _ = job
    prepare()
    assert result.exists()


def test_results_of_other_settings_are_deleted(job):
    prepare, result, _ = job
    prepare('{"seed": 1}')
    assert not result.exists()


def test_results_of_changed_inputs_are_deleted(job):
    prepare, result, source = job
    source.write_text("ab")
    prepare()
    assert not result.exists()


def test_results_of_other_settings_can_be_an_error(job):
    prepare, result, _ = job
    with pytest.raises(InputError, match=r"other settings or inputs\. Choose another one"):
        prepare('{"seed": 1}', replace=False, hint="Choose another one.")
    assert result.exists()


def test_files_of_something_else_are_an_error(tmp_path):
    (tmp_path / "result").touch()
    with pytest.raises(InputError, match="not written by an earlier run"):
        prepare_output_dir(tmp_path, "{}", [], ["result"])


def hold(path, locked, release):
    with exclusive(path):
        locked.set()
        release.wait(60)


def test_a_directory_has_one_writer_at_a_time(tmp_path):
    context = multiprocessing.get_context("spawn")
    locked, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, locked, release))
    other.start()
    assert locked.wait(60)
    with pytest.raises(InputError, match="in use by another run"), exclusive(tmp_path):
        pass
    release.set()
    other.join()
    with exclusive(tmp_path):
        pass
