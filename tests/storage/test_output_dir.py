"""Output directories: partial results of the same job are kept, those of another one are not."""

import pytest

from themis_rm.errors import InputError
from themis_rm.storage.output_dir import prepare_output_dir


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
