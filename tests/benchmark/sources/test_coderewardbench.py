"""The published benchmark as a source: its three configurations, ids and subsets."""

import pytest

from themis_rm.benchmark.sources.coderewardbench import CONFIGS, read_config
from themis_rm.benchmark.sources.source import SOURCES, SourcePair, UnusableRecord
from themis_rm.errors import InputError, SettingError
from themis_rm.records import BenchmarkPair
from themis_rm.storage.parquet import write_rows


def row(number, aspect="Security_Hardness", language="Python"):
    return BenchmarkPair(
        id=f"SECBENCH_{number}",
        prompt="Write it.",
        chosen="a = 1\n",
        rejected="a = 2\n",
        aspect=aspect,
        language=language,
        subset="SECBENCH",
    )


def put(directory, config, split, rows, part="00000-of-00001"):
    write_rows(directory / config / f"{split}-{part}.parquet", rows, BenchmarkPair.schema())


def read(directory):
    return list(SOURCES.get("coderewardbench").read(directory))


def test_pairs_keep_their_ids_and_subsets(tmp_path):
    put(tmp_path, "Full", "Full", [row(1)], "00000-of-00002")
    put(tmp_path, "Full", "Full", [row(2, "Memory_Efficiency", "CSharp")], "00001-of-00002")
    first, second = read(tmp_path)
    assert (first.key, first.subset, first.criterion, first.prompt) == ("SECBENCH_1", "SECBENCH", "SH", "Write it.")
    assert (second.criterion, second.language) == ("ME", "CSharp")


@pytest.mark.parametrize("config", ["Stratified_Aspect", "Stratified_Language"])
def test_a_stratified_configuration_contains_the_same_pairs(tmp_path, config):
    for number, split in enumerate(CONFIGS[config]):
        aspect, language = (split, "Python") if config == "Stratified_Aspect" else ("Security_Hardness", split)
        put(tmp_path, config, split, [row(number, aspect, language)])
    pairs = read(tmp_path)
    assert all(isinstance(pair, SourcePair) for pair in pairs)
    assert len(pairs) == len(CONFIGS[config])
    last = CONFIGS[config][-1]
    assert [pair.id for pair in read_config(tmp_path, config, (last,))] == [f"SECBENCH_{len(pairs) - 1}"]


def test_the_split_c_does_not_include_cpp_and_csharp(tmp_path):
    put(tmp_path, "Stratified_Language", "C", [row(1, language="C")])
    put(tmp_path, "Stratified_Language", "Cpp", [row(2, language="Cpp")])
    assert [pair.id for pair in read_config(tmp_path, "Stratified_Language", ("C",))] == ["SECBENCH_1"]


def test_rows_outside_of_the_benchmark_are_counted(tmp_path):
    put(tmp_path, "Full", "Full", [row(1), row(1), row(2, aspect="Beauty"), row(3, language="Rust")])
    assert [item.reason for item in read(tmp_path) if isinstance(item, UnusableRecord)] == [
        "duplicate",
        "aspect",
        "language",
    ]


def test_missing_files_configurations_and_splits_are_reported(tmp_path):
    with pytest.raises(InputError, match="Full"):
        read(tmp_path)
    with pytest.raises(SettingError, match="Stratified_Aspect"):
        list(read_config(tmp_path, "Stratified_Aspekt"))
    with pytest.raises(SettingError, match="Ruby"):
        list(read_config(tmp_path, "Stratified_Language", ("Rubi",)))
