"""``calibration.json``: read with the weights that it belongs to, refused otherwise, in one line."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.command_line import cli, error_line
from tests.models.calibrations import write_calibration

from themis_rm.errors import InputError
from themis_rm.models.calibration import CALIBRATION, read_calibration


@pytest.fixture
def model(tiny_checkpoint, tmp_path):
    folder = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")
    write_calibration(folder / CALIBRATION, folder)
    return folder


def test_a_calibration_is_read_with_its_weights(model):
    assert read_calibration(model / CALIBRATION, model).curves["FC"].slope.value == 2.0


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:50],
        lambda _: "",
        lambda _: "[]",
        lambda text: text.replace('"slope"', '"slop"'),
        lambda text: text.replace("2.0", '"x"'),
        lambda text: text.replace("2.0", "NaN"),
        lambda text: text.replace("2.0", "1e999"),
    ],
)
def test_a_damaged_calibration_is_one_line(model, change):
    file = model / CALIBRATION
    file.write_text(change(file.read_text()))
    line = error_line(cli("score", "--model", model, "--prompt", "p", stdin="x = 1"))
    assert CALIBRATION in line
    assert "Delete it, or write it again with 'themis-rm calibrate'." in line


def test_a_calibration_of_other_weights_is_refused(model):
    weights = load_file(model / "model.safetensors")
    weights["score.weight"] = weights["score.weight"] + torch.ones(1)
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="fitted to other weights"):
        read_calibration(model / CALIBRATION, model)


def test_keys_of_a_newer_version_are_ignored(model):
    file = model / CALIBRATION
    file.write_text(json.dumps(json.loads(file.read_text()) | {"newer": 1}))
    assert read_calibration(file, model).curves


def test_the_page_of_a_model_names_the_pairs_of_its_calibration(model):
    assert "FC, none, all, with 40 pairs of pairs" in cli("models", "show", model).stdout
