"""Files of a dataset by configuration and split: local directories, and the hub through a stand-in of ``datasets``."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from themis_rm.benchmark.pairs import read_benchmark
from themis_rm.dataset import hub_files
from themis_rm.dataset.adapters.sources import find_dataset
from themis_rm.dataset.preferences import DataSettings
from themis_rm.errors import InputError, SettingError
from themis_rm.storage.splits import SplitFiles

HUB = "owner/pairs"


def names(files: SplitFiles) -> tuple[list[str], list[str], list[str]]:
    train, validation, test = ([file.name for file in part] for part in (files.train, files.validation, files.test))
    return train, validation, test


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": [name], "prompt": [name], "chosen": ["a"], "rejected": ["b"]}), folder / name)
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return configuration -> splits of the dataset that the stand-in of the hub has; tests fill it."""
    configs: dict[str, list[str]] = {}

    def load(_: str, config: str | None) -> Any:
        chosen = config or next(iter(configs))
        return SimpleNamespace(
            cache_dir=str(tmp_path / chosen),
            info=SimpleNamespace(splits=dict.fromkeys(configs[chosen])),
            download_and_prepare=lambda file_format: touch(  # noqa: ARG005
                tmp_path / chosen, *(f"pairs-{split}.parquet" for split in configs[chosen])
            ),
        )

    library = SimpleNamespace(
        config=SimpleNamespace(HF_HUB_OFFLINE=True),
        get_dataset_config_names=lambda _: list(configs),
        get_dataset_default_config_name=lambda _: None,
        load_dataset_builder=load,
    )
    monkeypatch.setitem(sys.modules, "datasets", library)
    return configs


def test_the_splits_of_a_hub_dataset_are_found_by_their_names(hub: dict[str, list[str]]) -> None:
    hub["default"] = ["train", "test"]
    assert names(find_dataset(HUB)) == (["pairs-train.parquet"], [], ["pairs-test.parquet"])


def test_a_dataset_with_several_training_splits_is_refused_with_their_names(hub: dict[str, list[str]]) -> None:
    hub["default"] = ["train_prefs", "train_sft", "test_prefs"]
    with pytest.raises(SettingError, match="several splits of this kind: train_prefs, train_sft") as caught:
        find_dataset(HUB)
    assert "--set dataset_split=train_prefs" in caught.value.hint
    assert names(find_dataset(HUB, split="train_prefs")) == (["pairs-train_prefs.parquet"], [], [])


def test_a_dataset_with_several_configurations_is_refused_with_their_names(hub: dict[str, list[str]]) -> None:
    hub |= {"small": ["train"], "large": ["train"]}
    with pytest.raises(SettingError, match="several configurations: small, large") as caught:
        find_dataset(HUB)
    assert "--set dataset_config=small" in caught.value.hint
    (file,) = find_dataset(HUB, config="large").train
    assert file.parent.name == "large"


@pytest.mark.parametrize("choice", [{"config": "huge"}, {"split": "dev"}], ids=str)
def test_an_unknown_configuration_or_split_is_answered_with_those_there_are(
    hub: dict[str, list[str]], choice: dict[str, str]
) -> None:
    hub["small"] = ["train"]
    with pytest.raises(SettingError, match=r"has no (configuration 'huge'|split 'dev')") as caught:
        find_dataset(HUB, **choice)
    assert "small" in str(caught.value.message + caught.value.hint) or "train" in caught.value.hint


@pytest.mark.parametrize(
    ("config", "pairs"),
    [("", ["Full"]), ("Full", ["Full"]), ("Stratified_Aspect", ["Memory_Efficiency", "Security_Hardness"]),
     ("Stratified_Language", ["C", "CSharp", "Go"])],
)  # fmt: skip
def test_every_configuration_of_the_published_benchmark_is_read_by_hub_name(
    hub: dict[str, list[str]], config: str, pairs: list[str]
) -> None:
    hub |= {
        "Full": ["Full"], "Stratified_Aspect": ["Memory_Efficiency", "Security_Hardness"],
        "Stratified_Language": ["C", "CSharp", "Go"],
    }  # fmt: skip
    read = read_benchmark(HUB, settings=DataSettings(dataset_config=config))
    assert sorted(pair.prompt for pair in read.pairs) == [f"pairs-{name}.parquet" for name in pairs]


def test_without_network_the_cache_of_the_hub_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    touch(tmp_path / "snapshot", "Full/Full-00000-of-00001.parquet", "Parts/C-00000-of-00001.parquet")
    (tmp_path / "snapshot/README.md").write_text(
        "---\nconfigs:\n- config_name: Full\n  data_files:\n  - {split: Full, path: Full/*}\n"
        "- config_name: Parts\n  data_files:\n  - {split: C, path: Parts/*}\n---\n"
    )
    find = datasets.get_dataset_config_names

    def offline(name: str) -> Any:
        if name == HUB:
            raise ConnectionError("no network")
        return find(name)

    monkeypatch.setattr(datasets, "get_dataset_config_names", offline)
    monkeypatch.setattr(hub_files, "_cached_snapshot", lambda _: str(tmp_path / "snapshot"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SettingError, match="several configurations: Full, Parts"):
        find_dataset(HUB)
    (pair,) = read_benchmark(HUB, settings=DataSettings(dataset_config="Parts")).pairs
    assert pair.prompt == "Parts/C-00000-of-00001.parquet"


def test_a_local_directory_with_several_training_splits_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "data/train_prefs-00000-of-00001.parquet", "data/train_sft-00000-of-00001.parquet")
    with pytest.raises(SettingError, match="train_prefs, train_sft"):
        find_dataset(tmp_path)
    assert names(find_dataset(tmp_path, split="train_sft"))[0] == ["train_sft-00000-of-00001.parquet"]


def test_the_shards_of_a_split_belong_together(tmp_path: Path) -> None:
    files = [f"train-{number:05d}-of-00002.parquet" for number in range(2)]
    assert names(find_dataset(touch(tmp_path, *files)))[0] == files


def test_a_configuration_of_a_local_directory_is_its_directory(tmp_path: Path) -> None:
    touch(tmp_path, "small/train.parquet", "large/train.parquet")
    (file,) = find_dataset(tmp_path, config="large").train
    assert file == tmp_path / "large/train.parquet"
    with pytest.raises(SettingError, match="no configuration 'huge'") as caught:
        find_dataset(tmp_path, config="huge")
    assert "large, small" in caught.value.hint


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: Any) -> None:
        raise ConnectionError("no network")

    monkeypatch.setitem(
        sys.modules,
        "datasets",
        SimpleNamespace(config=SimpleNamespace(HF_HUB_OFFLINE=True), get_dataset_config_names=offline),
    )
    monkeypatch.setattr(hub_files, "_cached_snapshot", lambda _: None)
    with pytest.raises(InputError, match=r"Cannot load the dataset owner/pairs from the hub \(ConnectionError\)"):
        find_dataset(HUB)


def test_the_libraries_are_offline_while_the_hub_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    datasets, seen = SimpleNamespace(config=SimpleNamespace(HF_HUB_OFFLINE=False)), []

    def names(_: str) -> None:
        seen.append((datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE))
        raise ConnectionError("no network")

    datasets.get_dataset_config_names = names
    monkeypatch.setitem(sys.modules, "datasets", datasets)
    monkeypatch.setattr(hub_files, "_cached_snapshot", lambda _: None)
    monkeypatch.setattr(hub_files, "_has_address", lambda _: False)
    monkeypatch.setattr(hub_files, "getproxies", dict)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(InputError):
        find_dataset(HUB)
    assert seen == [(True, True)]
    assert not datasets.config.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE
