"""Training on preference data of every format."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tests.dataset.adapters.test_formats import ROWS
from tests.training import pairs

from themis_rm.training.runner import train


@pytest.mark.parametrize("name", ROWS)
def test_one_step_on_data_of_any_format_gives_a_model(tmp_path: Path, name: str) -> None:
    (tmp_path / "data.jsonl").write_text(json.dumps(ROWS[name]) + "\n")
    recipe = pairs.recipe(max_steps=1, max_length=256, validation_fraction=0.0, prompt_set="dataset")
    report = train(recipe, tmp_path / "data.jsonl", tmp_path / "out")
    assert (report.train.kept, report.train.dropped) == (1, {})
    assert "score.weight" in load_file(tmp_path / "out/model/model.safetensors")
