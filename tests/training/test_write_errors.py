"""A disk that is full while a checkpoint is written: one error of the operating system, and a run that resumes."""

import errno
import resource
from contextlib import contextmanager

import pytest
import torch
from safetensors.torch import save_file
from tests.training import pairs

from themis_rm.system_errors import explain
from themis_rm.training import runner
from themis_rm.training.resume import find_resume_checkpoint
from themis_rm.training.runner import train
from themis_rm.training.trainer import PairTrainer
from themis_rm.training.write_errors import named_write_errors


@contextmanager
def largest_file(size):
    """Let writes fail beyond a size of a file, as they do on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: save_file({"a": torch.zeros(100_000)}, path),
        lambda path: torch.save(torch.zeros(100_000), path),
        lambda path: path.write_bytes(bytes(400_000)),
    ],
    ids=["safetensors", "torch", "python"],
)
def test_writers_of_all_libraries_raise_the_error_of_the_system(tmp_path, write):
    with pytest.raises(OSError, match="File too large") as error, largest_file(50_000), named_write_errors(tmp_path):
        write(tmp_path / "file")
    assert error.value.errno == errno.EFBIG
    assert not (tmp_path / ".probe").exists()


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(RuntimeError, match="shape"), named_write_errors(tmp_path):
        raise RuntimeError("wrong shape")


# The weights of the model need about 100 KB, the states of the optimizer twice that.
@pytest.mark.parametrize("size", [60_000, 150_000])
def test_a_run_whose_checkpoint_cannot_be_written_resumes_from_the_one_before(tmp_path, monkeypatch, size):
    data = pairs.write(tmp_path / "data")
    settings = pairs.recipe(max_steps=6, save_steps=2)
    original = PairTrainer._save_checkpoint

    def save(self, *args):
        if self.state.global_step < 4:
            return original(self, *args)
        with largest_file(size):
            return original(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(PairTrainer, "_save_checkpoint", save)
        with pytest.raises(OSError, match="File too large") as error:
            train(settings, data, tmp_path / "out")
    assert "checkpoint-4" in explain(error.value).message
    assert find_resume_checkpoint(tmp_path / "out").name == "checkpoint-2"
    assert train(settings, data, tmp_path / "out").steps == 6


def test_an_export_that_cannot_be_written_is_an_error_of_the_system(tmp_path, monkeypatch):
    original = runner.save_reward_model

    def save(*args, **kwargs):
        with largest_file(50_000):
            original(*args, **kwargs)

    monkeypatch.setattr(runner, "save_reward_model", save)
    with pytest.raises(OSError, match="File too large"):
        train(pairs.recipe(max_steps=2), pairs.write(tmp_path / "data"), tmp_path / "out")
    assert not (tmp_path / "out/model").exists()
