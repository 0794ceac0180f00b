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

    def prepare(settings="{}", job="job", **options):
        prepare_output_dir(tmp_path / "out", job, settings, [source], ["result"], **options)

    prepare()
    result.write_text("partial")
    return prepare, result, source


def test_results_of_the_same_job_are_kept(job):
    prepare, result, _ = job
    prepare()
    assert result.exists()


def test_a_run_with_other_settings_is_refused_by_the_keys_that_differ(job):
    prepare, result, _ = job
    message = r"a run with other settings or inputs \(model\.dtype, seed\)\. Choose another one"
    with pytest.raises(InputError, match=message):
        prepare('{"seed": 1, "model": {"dtype": "x"}}', hint="Choose another one.")
    assert result.exists()


def test_a_run_with_changed_inputs_is_refused(job):
    prepare, result, source = job
    source.write_text("ab")
    with pytest.raises(InputError, match="a run with other settings or inputs"):
        prepare()
    assert result.exists()


def test_intermediate_results_of_other_settings_can_be_replaced(job):
    prepare, result, _ = job
    prepare('{"seed": 1}', replace=True)
    assert not result.exists()


@pytest.mark.parametrize("replace", [True, False])
def test_the_directory_of_another_kind_of_job_is_refused(job, replace):
    prepare, result, _ = job
    with pytest.raises(InputError, match=r"another job \(job\)"):
        prepare(job="other", replace=replace)
    assert result.exists()


@pytest.mark.parametrize("marker", ["", "{", "[1]", "[" * 100_000])
def test_a_directory_with_a_damaged_marker_is_refused(job, tmp_path, marker):
    prepare, result, _ = job
    (tmp_path / "out" / "run.json").write_text(marker, encoding="utf-8")
    with pytest.raises(InputError, match="not written by an earlier run"):
        prepare()
    assert result.exists()


def test_files_of_something_else_are_an_error(tmp_path):
    (tmp_path / "result").touch()
    with pytest.raises(InputError, match="not written by an earlier run"):
        prepare_output_dir(tmp_path, "job", "{}", [], ["result"])
