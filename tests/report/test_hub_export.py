"""Hub export: ``huggingface_hub`` and ``datasets`` read back what was measured and compiled."""

import json

import pytest
import yaml
from huggingface_hub import DatasetCard, parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results

from themis_rm.benchmark.audit.run import audit
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.files import BenchmarkFiles
from themis_rm.benchmark.manifest import Manifest, NestedSource, SourceEntry
from themis_rm.benchmark.pairs import pairs_digest, read_benchmark
from themis_rm.benchmark.sources.coderewardbench import CONFIGS, read_config
from themis_rm.errors import InputError, SettingError
from themis_rm.evaluation.evaluate import EvaluateSettings, evaluate
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.records import BenchmarkPair, CompiledPair
from themis_rm.report.benchmark_export import BenchmarkExportSettings, export_benchmark, license_parts
from themis_rm.report.hub_export import EVAL_RESULTS, HubExportSettings, eval_results, export_results, model_index
from themis_rm.storage.parquet import write_rows

ON_HUB = HubExportSettings(
    dataset="someone/Code-Bench", revision="0123456789abcdef" * 2 + "01234567", date="2026-11-20"
)


def pair(number, aspect, language, **changed):
    values = {
        "id": f"alpha/{number}",
        "prompt": f"Do task {number}.",
        "chosen": f"better({number})\n" + "x" * (number % 3) + "\n",
        "rejected": f"worse({number})\n\n",
        "aspect": aspect,
        "language": language,
        "subset": "ALPHA",
        "source": "alpha",
        "source_key": str(number),
        "prompt_source": "upstream",
        "license": "MIT",
    }
    return CompiledPair(**{**values, **changed})


PAIRS = [
    pair(1, "Memory_Efficiency", "Python"),
    pair(2, "Functional_Correctness", "CSharp", verified="agrees"),
    pair(3, "Memory_Efficiency", "CSharp", id="beta/3", source="beta", license="CC-BY-SA-4.0"),
    pair(4, "Functional_Correctness", "Python", verified="disagrees"),
]


def entry(name, license, kept):
    return SourceEntry(
        name=name,
        title=f"{name.title()} | pairs",
        license=license,
        citation=f"{name.title()} et al. (2024). On {name}.",
        upstream=f"github:someone/{name}",
        revision="abc",
        responses="people",
        tests=True,
        input_digest="0",
        records=kept + 2,
        kept=kept,
        dropped={"too-long": 2},
    )


@pytest.fixture
def compiled(tmp_path):
    path = tmp_path / "bench.parquet"
    write_rows(path, PAIRS, CompiledPair.schema())
    Manifest(
        pairs=4,
        sha256="0",
        digest=pairs_digest(BenchmarkPair.from_dict(row.to_dict()) for row in PAIRS),
        version="1",
        sources=[entry("alpha", "MIT", 3), entry("beta", "CC-BY-SA-4.0", 1), entry("unused", "GPL-3.0-only", 0)],
        missing_sources=[],
        unknown_directories=[],
        nested=[NestedSource(source="beta", inside="alpha", pairs=5, share=0.5)],
        coverage={
            "Functional_Correctness": {"CSharp": 1, "Python": 1},
            "Memory_Efficiency": {"CSharp": 1, "Python": 1},
        },
        prompt_sources={"upstream": 4},
        prompt_failures={},
        checks=2,
        settings={},
    ).save(BenchmarkFiles(path).manifest)
    return path


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    evaluate("length", "authored", out, EvaluateSettings(baselines=()))
    return out / "results.json"


# --- results ---------------------------------------------------------------------------------------------------------


def test_the_hub_library_reads_every_accuracy_from_the_model_index(results):
    read = EvaluationResults.load(results)
    name, found = model_index_to_eval_results(model_index(read, ON_HUB))
    assert name == "length"
    by = {(item.dataset_config, item.dataset_split, item.metric_args["ties"]): item for item in found}
    overall = by["Full", "Full", "half"]
    assert overall.metric_value == round(100 * read.accuracies.overall.value, 2)
    assert by["Full", "Full", "wrong"].metric_value == round(100 * read.accuracies.overall.strict, 2)
    for aspect, accuracy in read.accuracies.by_criterion.items():
        assert by["Stratified_Aspect", aspect, "half"].metric_value == round(100 * accuracy.value, 2)
    assert len(found) == 2 * (1 + len(read.accuracies.by_criterion) + len(read.accuracies.by_language))


def test_the_two_accuracies_have_different_names(results):
    _, found = model_index_to_eval_results(model_index(EvaluationResults.load(results), ON_HUB))
    assert {(item.metric_name, item.metric_args["ties"]) for item in found} == {
        ("Accuracy in percent, ties count half", "half"),
        ("Strict accuracy in percent, ties are wrong", "wrong"),
    }


def test_the_model_index_names_the_benchmark_by_digest_and_the_prompt_mode(results):
    read = EvaluationResults.load(results)
    _, found = model_index_to_eval_results(model_index(read, ON_HUB))
    assert found[0].dataset_args["digest"] == read.run.benchmark_digest
    assert found[0].dataset_args["prompts"] == "own"
    assert (found[0].dataset_type, found[0].dataset_revision) == (ON_HUB.dataset, ON_HUB.revision)


def test_the_model_index_is_plain_yaml(results):
    values = model_index(EvaluationResults.load(results))
    assert yaml.safe_load(yaml.safe_dump(values)) == values


def test_eval_results_follow_the_hub_schema(results):
    read = EvaluationResults.load(results)
    entries = eval_results(read, ON_HUB)
    assert set(entries[0]) == {"dataset", "value", "date", "notes"}
    parsed = {item.task_id: item for item in parse_eval_result_entries(entries)}
    assert parsed["overall"].value == round(100 * read.accuracies.overall.value, 2)
    assert set(parsed) == {"overall", *read.accuracies.by_criterion}
    assert parsed["overall"].dataset_revision == ON_HUB.revision
    assert "criteria prompts: own" in parsed["overall"].notes
    assert f"strict {100 * read.accuracies.overall.strict:.2f}" in parsed["overall"].notes


def test_each_evaluation_configuration_gets_a_separate_file(results, tmp_path):
    files = export_results(results, tmp_path, ON_HUB)
    assert [str(path.relative_to(tmp_path)) for path in files] == [
        "model-index.yaml",
        f"{EVAL_RESULTS}/code-bench-own.yaml",
    ]
    assert yaml.safe_load(files[1].read_text())[0]["dataset"]["id"] == ON_HUB.dataset


def test_without_a_dataset_on_the_hub_there_is_no_eval_results_file(results, tmp_path):
    assert len(export_results(results, tmp_path, HubExportSettings())) == 1
    with pytest.raises(SettingError, match="dataset=owner/name"):
        eval_results(EvaluationResults.load(results), HubExportSettings())


@pytest.mark.parametrize(
    "wrong", [{"dataset": "no-owner"}, {"revision": "main"}, {"source_name": "Logs"}], ids=lambda w: next(iter(w))
)
def test_settings_that_the_hub_does_not_accept_are_refused(results, wrong):
    with pytest.raises(SettingError):
        model_index(EvaluationResults.load(results), HubExportSettings(**wrong))


def test_published_results_without_intervals_are_refused(tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"overall": {}, "by_aspect": {}, "by_language": {}, "by_subset": {}}))
    with pytest.raises(InputError, match="no intervals"):
        export_results(path, tmp_path / "out", ON_HUB)


# --- dataset directory --------------------------------------------------------------------------------------------------


@pytest.fixture
def offline(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return lambda directory, *names, **more: datasets.load_dataset(
        str(directory), *names, cache_dir=str(tmp_path / "cache"), **more
    )


def test_datasets_loads_the_three_configurations_offline(compiled, tmp_path, offline):
    export_benchmark(compiled, tmp_path / "export")
    memory = offline(tmp_path / "export", "Stratified_Aspect", split="Memory_Efficiency")
    assert memory["id"] == ["alpha/1", "beta/3"]
    assert memory.column_names[:7] == ["prompt", "chosen", "rejected", "language", "aspect", "subset", "id"]
    assert offline(tmp_path / "export", "Full", split="Full")["id"] == [row.id for row in PAIRS]
    assert offline(tmp_path / "export", "Stratified_Language", split="CSharp")["id"] == ["alpha/2", "beta/3"]
    assert offline(tmp_path / "export", split="Full").num_rows == 4  # the default configuration


def test_the_reader_of_the_published_layout_finds_the_same_pairs(compiled, tmp_path):
    export = export_benchmark(compiled, tmp_path / "export")
    for config in CONFIGS:
        rows = list(read_config(tmp_path / "export", config, tuple(export.splits[config])))
        assert sorted(row.id for row in rows) == sorted(row.id for row in PAIRS)


def test_results_on_the_directory_carry_the_digest_of_the_card(compiled, tmp_path):
    export = export_benchmark(compiled, tmp_path / "export")
    assert read_benchmark(tmp_path / "export" / "Full").digest == export.digest
    assert export.digest in (tmp_path / "export" / "README.md").read_text()


def test_the_card_s_header_has_licenses_sizes_and_splits(compiled, tmp_path):
    export_benchmark(compiled, tmp_path / "export", BenchmarkExportSettings(name="Small"))
    data = DatasetCard.load(tmp_path / "export" / "README.md").data
    assert (data.pretty_name, data.license) == ("Small", ["cc-by-sa-4.0", "mit"])
    assert (data.size_categories, data.task_categories) == (["n<1K"], ["text-ranking"])
    info = {item["config_name"]: item for item in data.dataset_info}
    assert {split["name"]: split["num_examples"] for split in info["Stratified_Aspect"]["splits"]} == {
        "Functional_Correctness": 2,
        "Memory_Efficiency": 2,
    }
    assert [feature["name"] for feature in info["Full"]["features"]][:3] == ["prompt", "chosen", "rejected"]


def test_the_card_names_every_used_source_and_its_share_alike_license(compiled, tmp_path):
    export = export_benchmark(compiled, tmp_path / "export")
    text = (tmp_path / "export" / "README.md").read_text()
    assert export.share_alike == ["CC-BY-SA-4.0"]
    assert r"- CC-BY-SA-4.0: Beta \| pairs" in text
    assert "Alpha et al. (2024). On alpha." in text
    assert "Unused" not in text  # it has no pairs
    assert "| beta | alpha | 5 | 50 % |" in text
    assert "| alpha | 1 | 1 | 1 |" in text  # agrees, disagrees, unchecked
    assert "Not measured for this card" in text


def test_the_card_shows_the_audit_of_the_same_pairs(compiled, tmp_path):
    found = audit(compiled, tmp_path / "audit", AuditSettings(fit_ngrams=False))
    export_benchmark(compiled, tmp_path / "export", audit=tmp_path / "audit" / "audit.json")
    bias = found.lengths.by_aspect["Memory_Efficiency"]
    assert f"| Memory efficiency | {100 * bias.share:.1f} % |" in (tmp_path / "export" / "README.md").read_text()


def test_an_audit_of_other_pairs_is_refused(compiled, tmp_path):
    audit("authored", tmp_path / "audit", AuditSettings(fit_ngrams=False))
    with pytest.raises(InputError, match="audit is about other pairs"):
        export_benchmark(compiled, tmp_path / "export", audit=tmp_path / "audit" / "audit.json")
    assert not (tmp_path / "export").exists()


def test_a_manifest_of_other_pairs_is_refused(compiled, tmp_path):
    write_rows(compiled, PAIRS[:3], CompiledPair.schema())
    with pytest.raises(InputError, match="manifest is about other pairs"):
        export_benchmark(compiled, tmp_path / "export")


def test_a_directory_that_holds_files_is_left_alone(compiled, tmp_path):
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "mine.txt").write_text("x")
    with pytest.raises(SettingError, match="not empty"):
        export_benchmark(compiled, tmp_path / "export")


def test_eval_results_name_tasks_of_the_directory_s_eval_yaml(compiled, tmp_path, results):
    export_benchmark(compiled, tmp_path / "export")
    registered = yaml.safe_load((tmp_path / "export" / "eval.yaml").read_text())
    tasks = {task["id"]: (task["config"], task["split"]) for task in registered["tasks"]}
    assert tasks["overall"] == ("Full", "Full")
    assert tasks["Memory_Efficiency"] == ("Stratified_Aspect", "Memory_Efficiency")
    named = {item["dataset"]["task_id"] for item in eval_results(EvaluationResults.load(results), ON_HUB)}
    assert {"overall", "Functional_Correctness", "Memory_Efficiency"} <= named


def test_the_same_benchmark_gives_the_same_bytes(compiled, tmp_path):
    for name in ("one", "two"):
        export_benchmark(compiled, tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes() for path in files)


@pytest.mark.parametrize(
    ("expression", "parts"),
    [("MIT", ["MIT"]), ("(MIT OR Apache-2.0) AND CC-BY-4.0", ["MIT", "Apache-2.0", "CC-BY-4.0"]), ("", ["unknown"])],
)
def test_the_licenses_of_an_expression(expression, parts):
    assert license_parts(expression) == parts
