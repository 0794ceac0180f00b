"""Whose criteria prompts a model is used with, and that a checkpoint is not silently given others."""

import logging
import shutil

import pytest

from themis_rm.models import hub
from themis_rm.models.prompt_sources import BUILT_IN, TRAINED_WITH_OTHERS, TRAINED_WITHOUT, UNKNOWN, find_prompts
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import PromptSet, built_in


@pytest.fixture
def hub_folder(tmp_path, monkeypatch):
    """Return the directory that every repository of the hub is downloaded to."""
    folder = tmp_path / "snapshot"
    folder.mkdir()
    monkeypatch.setattr(hub, "fetch", lambda *_: hub.HubSnapshot(folder, "0" * 40))
    return folder


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("Themis-RM-8B", TRAINED_WITH_OTHERS),
        ("project-themis/Themis-RM-0.6B", TRAINED_WITH_OTHERS),
        ("Skywork/Skywork-Reward-V2-Qwen3-8B", TRAINED_WITHOUT),
        ("someone/reward", UNKNOWN),
    ],
)
def test_a_checkpoint_without_prompts_gets_the_built_in_ones_with_a_warning(name, source, hub_folder, caplog):
    found = find_prompts(name)
    assert (found.prompts, found.source, found.expected) == (built_in(), source, False)
    with caplog.at_level(logging.WARNING):
        found.warn()
    assert f"Criteria prompts: {source}" in caplog.text


def test_a_directory_without_prompts_is_not_judged_by_its_name(tmp_path):
    (tmp_path / "Themis-RM-8B").mkdir()
    assert find_prompts(str(tmp_path / "Themis-RM-8B")).source == UNKNOWN


@pytest.mark.parametrize("name", ["length", "likelihood:someone/model", "nowhere"])
def test_what_was_not_trained_with_criteria_prompts_gets_no_warning(name):
    found = find_prompts(name)
    assert (found.source, found.expected) == (BUILT_IN, True)


def test_a_judge_gets_no_warning():
    settings = ModelSettings.model_validate({"judge": {"url": "http://localhost:1/v1"}})
    assert find_prompts("someone/model", settings=settings).expected


def test_the_prompts_of_the_checkpoint_come_before_the_built_in_ones(hub_folder):
    own = PromptSet("trained", own={"FC": "Is it right?"})
    (hub_folder / "prompts.json").write_text(own.to_json(), encoding="utf-8")
    found = find_prompts("Themis-RM-8B")
    assert (found.prompts, found.source, found.expected) == (own, "prompts.json of the checkpoint", True)


def test_a_file_comes_before_the_prompts_of_the_checkpoint(hub_folder, tmp_path):
    shutil.copy(_write(tmp_path / "mine.json", "mine"), hub_folder / "prompts.json")
    found = find_prompts("Themis-RM-8B", tmp_path / "mine.json")
    assert (found.prompts.name, found.source, found.expected) == ("mine", f"from {tmp_path / 'mine.json'}", True)


def _write(path, name):
    path.write_text(PromptSet(name, own={"FC": "Is it right?"}).to_json(), encoding="utf-8")
    return path
