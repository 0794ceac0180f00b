"""Models by their names on the hub; the cache of a machine without a network stands for the hub."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from themis_rm.errors import CheckpointError
from themis_rm.models import hub
from themis_rm.models.loading import load_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LOAD = """
import json, sys
from themis_rm.models.loading import load_model, prompt_set_of
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import conversation
settings = ModelSettings(**json.loads(sys.argv[2]))
try:
    model = load_model(sys.argv[1], settings)
    reward = model.score([conversation(None, "Add.", "a + b")])[0].reward
    name = prompt_set_of(sys.argv[1], settings).name
    identity = model.identity
    print(json.dumps([identity.name, identity.family, identity.facts.get("repository"), reward, name]))
except Exception as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""


@pytest.fixture
def cached(tmp_path):
    """Return a function that puts a folder into a hub cache of its own, and one that loads a name from there."""
    home = tmp_path / "home"

    def put(folder, name):
        place = home / "hub" / f"models--{name.replace('/', '--')}"
        shutil.copytree(folder, place / "snapshots" / COMMIT)
        (place / "refs").mkdir()
        (place / "refs" / "main").write_text(COMMIT, encoding="utf-8")
        return place / "snapshots" / COMMIT

    def load(name, **settings):
        environment = os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
        call = [sys.executable, "-c", LOAD, name, json.dumps(settings)]
        done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return put, load


def test_a_repository_is_loaded_and_its_commit_recorded(cached, tiny_checkpoint):
    put, load = cached
    put(tiny_checkpoint("qwen3"), "someone/reward")
    name, family, repository, reward, _ = load("someone/reward")
    assert (name, family) == ("someone/reward", "sequence-classification")
    assert repository == f"someone/reward@{COMMIT}"
    assert isinstance(reward, float)


def test_its_own_prompts_come_with_it(cached, tiny_checkpoint):
    put, load = cached
    folder = put(tiny_checkpoint("qwen3"), "someone/reward")
    (folder / "prompts.json").write_text(
        json.dumps({"name": "theirs", "own": {"FC": "Is it right?"}}), encoding="utf-8"
    )
    assert load("someone/reward")[-1] == "theirs"


@pytest.mark.parametrize("name", ["Llama-3.3-Nemotron-70B-Reward", "nvidia/Llama-3.3-Nemotron-70B-Reward"])
def test_a_published_name_brings_what_the_catalog_knows(cached, name):
    from tests.models import golden_cases as golden

    put, load = cached
    put(golden.FOLDER / "nemotron", "nvidia/Llama-3.3-Nemotron-70B-Reward")
    found = load(name)
    assert found[:2] == ["nvidia/Llama-3.3-Nemotron-70B-Reward", "next-token-logit"]


def test_a_tokenizer_of_another_repository_is_found(cached, tiny_checkpoint, tmp_path):
    put, load = cached
    bare = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "bare")
    for file in bare.glob("*token*"):
        file.unlink()
    put(bare, "someone/bare")
    put(tiny_checkpoint("qwen3"), "someone/whole")
    assert "tokenizer" in load("someone/bare")[1]
    assert isinstance(load("someone/bare", tokenizer="someone/whole")[3], float)


@pytest.mark.parametrize(("given", "refused"), [(COMMIT, False), ("f" * 40, True)])
def test_code_runs_on_leave_for_its_commit_alone(cached, given, refused):
    from tests.models import golden_cases as golden

    put, load = cached
    put(golden.FOLDER / "automodel", "someone/code")
    found = load("someone/code", trust_remote_code=f"someone/code@{given}")
    assert (found[0] == "CheckpointError") is refused
    assert f"someone/code@{COMMIT}" in (found[1] if refused else f"{found[0]}@{COMMIT}")


def test_a_model_that_is_not_in_reach_is_one_clean_line(cached):
    _, load = cached
    kind, message = load("nobody/nothing")
    assert kind == "CheckpointError"
    assert "give its folder" in message
    assert "\n" not in message


def test_a_misspelt_published_model_is_told_the_name():
    with pytest.raises(CheckpointError, match=r"Did you mean 'Eurus-RM-7b'"):
        load_model("Eurus-RM-8b")


@pytest.mark.parametrize(
    ("name", "right"), [("a/b", True), ("a", False), ("a/b/c", False), ("./a", False), ("-a/b", False)]
)
def test_ids_have_one_slash(name, right):
    assert hub.is_id(name) is right


def test_a_folder_that_exists_is_no_id(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert not hub.is_id("a/b")
