"""One function decides which files hold the weights of a directory; head, decoder and digest use it."""

import json
import shutil

import pytest
from safetensors.torch import load_file, save_file

from themis_rm.errors import CheckpointError
from themis_rm.messages import conversation
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.models.weights import find_weights

INDEX = "model.safetensors.index.json"
TALK = [conversation(None, "Add.", "a + b")]


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    return shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")


def names(folder, **options):
    return [file.name for file in find_weights(folder, **options)]


def rejected(folder, **options):
    with pytest.raises(CheckpointError) as error:
        find_weights(folder, **options)
    message = str(error.value)
    assert "\n" not in message
    return message


def write_index(folder, weight_map, name=INDEX):
    (folder / name).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}), encoding="utf-8")


def shard(folder, total=2):
    """Replace the weights of a checkpoint by shards with an index."""
    weights = load_file(folder / "model.safetensors")
    files = [f"model-{number + 1:05}-of-{total:05}.safetensors" for number in range(total)]
    mapping = {name: files[number % total] for number, name in enumerate(sorted(weights))}
    for file in files:
        save_file({name: weights[name] for name, home in mapping.items() if home == file}, folder / file)
    write_index(folder, mapping)
    (folder / "model.safetensors").unlink()
    return files


def reward(folder, **settings):
    return load_model(folder, ModelSettings(**settings)).score(TALK)[0].reward


def test_shards_and_a_single_file_are_two_sets(folder):
    shutil.copyfile(folder / "model.safetensors", folder / "kept.safetensors")
    shard(folder)
    (folder / "kept.safetensors").rename(folder / "model.safetensors")
    message = rejected(folder)
    assert "model.safetensors and the shards of model.safetensors.index.json" in message
    assert "--set model.weights=" in message


def test_a_set_can_be_chosen_and_is_read_for_head_and_decoder(folder):
    expected = reward(folder)
    other = {name: value * 0.5 for name, value in load_file(folder / "model.safetensors").items()}
    shard(folder)
    save_file(other, folder / "model.safetensors", metadata={"format": "pt"})
    assert reward(folder, weights=INDEX) == pytest.approx(expected, abs=1e-6)
    halved = reward(folder, weights="model.safetensors")
    for file in folder.glob("model-*"):
        file.unlink()
    (folder / INDEX).unlink()
    assert halved == reward(folder)


def test_shards_are_read_like_a_single_file(folder):
    expected = reward(folder)
    files = shard(folder)
    assert names(folder) == files
    assert reward(folder) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("extra", ["model.fp16.safetensors", "consolidated.safetensors", "pytorch_model.bin"])
def test_files_with_other_names_are_not_read(folder, extra):
    before = Checkpoint(folder).digest()
    shutil.copyfile(folder / "model.safetensors", folder / extra)
    assert names(folder) == ["model.safetensors"]
    assert Checkpoint(folder).digest() == before


def test_shards_that_the_index_does_not_name_are_not_read(folder):
    files = shard(folder)
    shutil.copyfile(folder / files[0], folder / "model-00001-of-00003.safetensors")
    assert names(folder) == files


def test_a_variant_is_read_if_it_is_named(folder):
    (folder / "model.safetensors").rename(folder / "model.fp16.safetensors")
    assert "model.weights=model.fp16.safetensors" in rejected(folder)
    assert names(folder, choice="model.fp16.safetensors") == ["model.fp16.safetensors"]


def test_weights_that_the_configuration_names_are_read(folder):
    expected = reward(folder)
    (folder / "model.safetensors").rename(folder / "final.safetensors")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"transformers_weights": "final.safetensors"}))
    assert reward(folder) == expected


def test_a_pickle_next_to_safetensors_is_not_read_even_if_pickles_are_allowed(folder):
    (folder / "pytorch_model.bin").write_bytes(b"")
    assert names(folder, pickles=True) == ["model.safetensors"]


def test_two_sets_of_pickles(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    write_index(folder, {"a": "pytorch_model-1.bin"}, "pytorch_model.bin.index.json")
    assert "two sets" in rejected(folder, pickles=True)


def test_a_model_and_an_adapter_are_two_sets(folder):
    (folder / "adapter_config.json").write_text("{}", encoding="utf-8")
    assert "an adapter" in rejected(folder)


def test_shards_without_an_index(folder):
    shard(folder)
    (folder / INDEX).unlink()
    assert "no model.safetensors.index.json" in rejected(folder)


def test_an_index_that_mixes_two_sets_of_shards(folder):
    for name in ("model-00001-of-00002.safetensors", "model-00002-of-00003.safetensors"):
        (folder / name).write_bytes(b"")
    (folder / "model.safetensors").unlink()
    write_index(folder, {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00003.safetensors"})
    assert "of 00002 and of 00003" in rejected(folder)


OUTSIDE = [
    "../outside.safetensors",
    "/etc/outside.safetensors",
    "a/b.safetensors",
    "..",
    "",
    "a\\b",
    5,
    None,
    ["a"],
    {},
]


@pytest.mark.parametrize("name", OUTSIDE, ids=str)
def test_an_index_names_only_files_of_its_directory(folder, name):
    (folder / "model.safetensors").rename(folder.parent / "outside.safetensors")
    write_index(folder, {"score.weight": name})
    with pytest.raises(CheckpointError, match=r"not a file name in this directory|lacks"):
        find_weights(folder)


def test_a_link_of_an_index_out_of_the_directory_is_not_read(folder):
    (folder / "model.safetensors").rename(folder.parent / "outside.safetensors")
    (folder / "link.safetensors").symlink_to("../outside.safetensors")
    write_index(folder, {"score.weight": "link.safetensors"})
    assert "outside of the directory" in rejected(folder)


def test_links_to_the_files_of_a_hub_cache_are_read(folder, tmp_path):
    shard(folder)
    repository = tmp_path / "models--a--b"
    snapshot, blobs = repository / "snapshots" / "0123", repository / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for file in folder.iterdir():
        shutil.move(file, blobs / file.name)
        (snapshot / file.name).symlink_to(f"../../blobs/{file.name}")
    assert len(names(snapshot)) == 2


@pytest.mark.parametrize("text", ["[]", "{}", '{"weight_map": []}', '{"weight_map": {}}', "{", '{"a":' * 100_000])
def test_an_index_that_is_not_an_index(folder, text):
    (folder / "model.safetensors").unlink()
    (folder / INDEX).write_text(text, encoding="utf-8")
    rejected(folder)


def test_a_tensor_in_two_shards(folder):
    files = shard(folder)
    first, second = (load_file(folder / file) for file in files)
    name = next(iter(first))
    save_file(second | {name: first[name]}, folder / files[1])
    with pytest.raises(CheckpointError, match="two tensors"):
        _ = Checkpoint(folder).shapes


def test_a_pointer_of_git_lfs(folder):
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(CheckpointError, match="git lfs pull"):
        _ = Checkpoint(folder).shapes


def test_training_reads_the_same_set(folder, tmp_path):
    from themis_rm.training.backbone import _from_pretrained
    from themis_rm.training.recipe import BackboneSettings

    shutil.copyfile(folder / "model.safetensors", folder / "kept.safetensors")
    shard(folder)
    (folder / "kept.safetensors").rename(folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="two sets"):
        _from_pretrained(BackboneSettings(path=str(folder)), with_lm_head=False, quantization={}, pooling="last")
