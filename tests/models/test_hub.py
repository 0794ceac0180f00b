"""Models from the hub; a local cache takes the place of the hub."""

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
from themis_rm.models.loading import load_model
from themis_rm.models.prompt_sources import find_prompts
from themis_rm.models.settings import ModelSettings
from themis_rm.messages import conversation
settings = ModelSettings(**json.loads(sys.argv[2]))
try:
    model = load_model(sys.argv[1], settings)
    reward = model.score([conversation(None, "Add.", "a + b")])[0].reward
    name = find_prompts(sys.argv[1], settings=settings).prompts.name
    identity = model.identity
    print(json.dumps([identity.name, identity.family, identity.facts.get("repository"), reward, name]))
except Exception as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""


@pytest.fixture
def cached(tmp_path):
    """Return a function that adds a directory to a hub cache, and one that loads a model by name from that cache."""
    home = tmp_path / "home"

    def put(folder, name):
        repository = home / "hub" / f"models--{name.replace('/', '--')}"
        shutil.copytree(folder, repository / "snapshots" / COMMIT)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(COMMIT, encoding="utf-8")
        return repository / "snapshots" / COMMIT

    def load(name, **settings):
        environment = os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
        call = [sys.executable, "-c", LOAD, name, json.dumps(settings)]
        process = subprocess.run(call, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout.splitlines()[-1])

    return put, load


def test_a_repository_is_loaded_and_its_commit_recorded(cached, tiny_checkpoint):
    put, load = cached
    put(tiny_checkpoint("qwen3"), "someone/reward")
    name, family, repository, reward, _ = load("someone/reward")
    assert (name, family) == ("someone/reward", "sequence-classification")
    assert repository == f"someone/reward@{COMMIT}"
    assert isinstance(reward, float)


def test_the_prompt_set_of_a_repository_is_used(cached, tiny_checkpoint):
    put, load = cached
    folder = put(tiny_checkpoint("qwen3"), "someone/reward")
    (folder / "prompts.json").write_text(
        json.dumps({"name": "custom", "own": {"FC": "Is it right?"}}), encoding="utf-8"
    )
    assert load("someone/reward")[-1] == "custom"


@pytest.mark.parametrize("name", ["Llama-3.3-Nemotron-70B-Reward", "nvidia/Llama-3.3-Nemotron-70B-Reward"])
def test_a_published_name_sets_the_family(cached, name):
    from tests.models import golden_cases as golden

    put, load = cached
    put(golden.FOLDER / "nemotron", "nvidia/Llama-3.3-Nemotron-70B-Reward")
    loaded = load(name)
    assert loaded[:2] == ["nvidia/Llama-3.3-Nemotron-70B-Reward", "next-token-logit"]


def test_the_tokenizer_of_another_repository_can_be_used(cached, tiny_checkpoint, tmp_path):
    put, load = cached
    bare = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "bare")
    for file in bare.glob("*token*"):
        file.unlink()
    put(bare, "someone/bare")
    put(tiny_checkpoint("qwen3"), "someone/complete")
    assert "tokenizer" in load("someone/bare")[1]
    assert isinstance(load("someone/bare", tokenizer="someone/complete")[3], float)


@pytest.mark.parametrize(("commit", "rejected"), [(COMMIT, False), ("f" * 40, True)])
def test_remote_code_runs_only_if_its_commit_is_trusted(cached, commit, rejected):
    from tests.models import golden_cases as golden

    put, load = cached
    put(golden.FOLDER / "automodel", "someone/code")
    loaded = load("someone/code", trust_remote_code=f"someone/code@{commit}")
    assert (loaded[0] == "CheckpointError") is rejected
    assert f"someone/code@{COMMIT}" in (loaded[1] if rejected else f"{loaded[0]}@{COMMIT}")


def test_an_unreachable_model_is_a_checkpoint_error_in_one_line(cached):
    _, load = cached
    kind, message = load("nobody/nothing")
    assert kind == "CheckpointError"
    assert "use its directory" in message
    assert "\n" not in message


def test_a_misspelled_published_model_gets_a_suggestion():
    with pytest.raises(CheckpointError, match=r"Did you mean 'Eurus-RM-7b'"):
        load_model("Eurus-RM-8b")


@pytest.mark.parametrize(
    ("name", "valid"), [("a/b", True), ("a", False), ("a/b/c", False), ("./a", False), ("-a/b", False)]
)
def test_ids_have_one_slash(name, valid):
    assert hub.is_id(name) is valid


def test_an_existing_path_is_not_an_id(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert not hub.is_id("a/b")
