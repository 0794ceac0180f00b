"""Checkpoints that are damaged, or of another run, are refused in one line."""

import json
import shutil

import pytest
from tests.training import pairs

from themis_rm.errors import InputError
from themis_rm.training.resume import COMPLETE_MARKER, find_resume_checkpoint
from themis_rm.training.runner import train


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Return the output directory of a run that has a checkpoint and no exported model."""
    folder = tmp_path_factory.mktemp("run")
    train(pairs.recipe(max_steps=3, keep_checkpoint=True), pairs.write(folder / "data"), folder / "out")
    (folder / "out/training_report.json").unlink()
    return folder


@pytest.fixture
def out(stopped, tmp_path):
    return shutil.copytree(stopped / "out", tmp_path / "out")


FILES = ("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json")


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(out, file):
    # transformers resumes without optimizer, schedule or random numbers, with another result.
    (out / "checkpoints/checkpoint-3" / file).unlink()
    with pytest.raises(InputError, match=f"checkpoint-3/{file} is missing") as error:
        find_resume_checkpoint(out)
    assert "Remove the checkpoint" in error.value.hint


def test_a_file_that_was_cut_off_is_named(out):
    file = out / "checkpoints/checkpoint-3/optimizer.pt"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match="has another size"):
        find_resume_checkpoint(out)


def test_a_checkpoint_of_another_run_is_refused(stopped, out, tmp_path):
    train(pairs.recipe(max_steps=3, keep_checkpoint=True, seed=1), stopped / "data", tmp_path / "other")
    shutil.rmtree(out / "checkpoints")
    shutil.copytree(tmp_path / "other/checkpoints", out / "checkpoints")
    with pytest.raises(InputError, match="checkpoint-3 was written by a run with other settings or data"):
        train(pairs.recipe(max_steps=3), stopped / "data", out)


@pytest.mark.parametrize("content", ["", '{"files": ', "[]"])
def test_a_checkpoint_whose_marker_was_not_written_completely_does_not_count(out, content):
    (out / "checkpoints/checkpoint-3" / COMPLETE_MARKER).write_text(content, encoding="utf-8")
    assert find_resume_checkpoint(out) is None
    assert not (out / "checkpoints/checkpoint-3").exists()


def test_the_marker_lists_all_files(out):
    checkpoint = find_resume_checkpoint(out)
    marker = json.loads((checkpoint / COMPLETE_MARKER).read_text(encoding="utf-8"))
    assert set(FILES) <= marker["files"].keys()
    assert {path.name for path in checkpoint.iterdir()} == {*marker["files"], COMPLETE_MARKER}
