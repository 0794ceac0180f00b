"""Complete training runs: their outputs, and that interruptions do not change them."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from safetensors.torch import load_file
from tests.training import pairs, preferences
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError, SettingError
from themis_rm.messages import conversation
from themis_rm.prompts import PromptSet, built_in
from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.training import baselines
from themis_rm.training.prompt_sets import find_prompt_set
from themis_rm.training.report import TrainReport
from themis_rm.training.runner import train
from themis_rm.training.splits import PreferenceSplits, find_splits
from themis_rm.training.token_cache import load_or_tokenize
from themis_rm.training.tokenization import Dropped
from themis_rm.training.trainer import PairTrainer

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "tests.training.pairs"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pairs.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data):
    out = tmp_path_factory.mktemp("run")
    report = train(pairs.recipe(), data, out)
    return out, report


def log_lines(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_checkpoint_loads_with_transformers_alone(finished):
    out, report = finished
    folder = out / "model"
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert type(model).__name__ == "Qwen3ForSequenceClassification"
    assert model.config.num_labels == 1
    assert model.config.pad_token_id == tokenizer.pad_token_id
    assert "score.weight" in load_file(folder / "model.safetensors")
    correct = 0.0
    validation = list(pairs.rows(20, seed=1))
    for row in validation:
        chats = [conversation(row.system, row.input, answer) for answer in (row.chosen, row.rejected)]
        inputs = tokenizer.apply_chat_template(
            chats, tokenize=True, return_dict=True, return_tensors="pt", padding=True
        )
        with torch.no_grad():
            chosen, rejected = model(**inputs).logits[:, 0]
        correct += float(chosen > rejected)
    assert correct / 20 == report.metrics["validation"]["strict_accuracy"]


def test_training_learns_to_separate_the_responses(finished):
    _, report = finished
    assert report.metrics["validation"]["accuracy"] > 0.9
    assert report.metrics["validation"]["n"] == report.validation.kept == 20


def test_a_checkpoint_has_the_metadata_of_its_run(finished):
    out, report = finished
    metadata = json.loads((out / "model/training.json").read_text(encoding="utf-8"))
    assert metadata["data_hash"] == report.data_hash
    assert metadata["train"]["read"] == 60 == metadata["train"]["kept"] + sum(metadata["train"]["dropped"].values())
    assert set(metadata["versions"]) == {"themis-rm", "torch", "transformers", "tokenizers"}
    assert type(pairs.recipe()).load(out / "model/recipe.yaml") == pairs.recipe()
    assert PromptSet.from_file(out / "model/prompts.json") == built_in()
    assert str(out) not in json.dumps(metadata)


def test_the_log_has_every_step_and_every_evaluation(finished):
    out, _ = finished
    log = log_lines(out)
    assert [line["step"] for line in log if line["split"] == "train"] == list(range(1, 13))
    assert [line["step"] for line in log if line["split"] == "validation"] == [6, 12]
    first = log[0]
    expected = first["bradley_terry"] + 0.25 * first["lm"] + 0.001 * first["center_rewards"]
    assert first["loss"] == pytest.approx(expected)
    assert first["n"] == 8
    assert {"margin", "accuracy", "grad_norm", "learning_rate", "tokens"} <= set(first)


def test_validation_metrics_are_also_by_criterion_and_language(finished):
    out, report = finished
    last = log_lines(out)[-1]
    assert last["by_criterion"] == report.by_criterion["validation"]
    assert report.by_criterion["validation"] == {"Functional Correctness": report.metrics["validation"]}
    assert report.by_language["validation"] == {"Python": report.metrics["validation"]}
    assert report.metrics["validation"]["low"] < report.metrics["validation"]["accuracy"]


def test_files_for_resuming_are_removed_at_the_end(finished):
    out, _ = finished
    assert not (out / "checkpoints").exists()
    assert not list(out.rglob("*.partial"))


def test_a_finished_run_is_not_repeated(finished, data):
    out, report = finished
    before = (out / "model/model.safetensors").stat().st_mtime_ns
    again = train(pairs.recipe(), data, out)
    assert again == TrainReport.load(out) == report
    assert (out / "model/model.safetensors").stat().st_mtime_ns == before


def test_another_run_in_the_same_directory_is_refused(finished, data):
    with pytest.raises(InputError, match=r"other settings or inputs \(recipe\.seed\)"):
        train(pairs.recipe(seed=1), data, finished[0])


def test_a_report_is_a_table_of_splits(finished):
    _, report = finished
    assert [(row["split"], row["kept"], row["n"]) for row in report.records()] == [
        ("train", report.train.kept, 32),
        ("validation", 20, 20),
    ]
    assert report.summary().startswith("12 steps on ")


def test_a_recipe_can_be_a_mapping_with_overrides(finished, data):
    out, report = finished
    recipe = {**pairs.RECIPE, "max_steps": 1}
    assert train(recipe, str(data), str(out), {"max_steps": 12}) == report


def test_the_baseline_is_fitted_on_the_training_rows(finished):
    out, _ = finished
    fit = json.loads((out / "model/baselines/ngrams/ngrams.json").read_text(encoding="utf-8"))["fit"]
    assert fit["pairs"] + sum(fit["skipped"].values()) == 60


@pytest.mark.parametrize(
    "names",
    [
        ("pairs.parquet",),
        ("train.parquet", "validation.parquet"),
        ("train.parquet", "dev.parquet", "test.parquet"),
        ("train/0.parquet", "valid/0.parquet", "test/0.parquet"),
        ("data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"),
        ("pairs.parquet", "test.parquet"),
        ("train.parquet", "dropped/empty-text/rows-00000.parquet"),
    ],
)
def test_the_baseline_and_the_model_have_the_same_training_rows_in_every_layout(tmp_path, monkeypatch, names):
    for number, name in enumerate(names):
        preferences.write(tmp_path / name, 30, system=f"file {number}")
    splits = find_splits(tmp_path, 0.3)
    seen = {}
    monkeypatch.setattr(baselines, "fit_ngrams", lambda rows: seen.update(baseline=list(rows)) or Mock())
    encoder = Mock(encode_pairs=lambda rows: [Dropped("not-needed")] * len(rows))
    monkeypatch.setattr(PreferenceSplits, "rows", recorded(PreferenceSplits.rows, seen))
    load_or_tokenize(splits, encoder, tmp_path / "tokens", "key")
    model = seen.pop("train")
    baselines.fit_baseline(splits)
    assert seen["baseline"] == model
    assert {row["system"] for row in model} == {"file 0"}
    # Without files that are named as training or validation data, a share of the rows is used for validation.
    assert (len(model) == 30) == ("train" in names[0])


def recorded(rows, seen):
    """Return a method that records the rows of each split."""

    def record(self, split, dropped=None, **options):
        seen[split] = list(rows(self, split, dropped, **options))
        return iter(seen[split])

    return record


def test_a_run_without_data_is_refused(tmp_path):
    with pytest.raises(SettingError, match="does not name a dataset"):
        train(pairs.recipe(), out=tmp_path)


def test_an_unknown_loss_term_is_refused_before_anything_is_written(data, tmp_path):
    with pytest.raises(SettingError, match="Unknown loss term"):
        train(pairs.recipe(extra_losses={"none": 1}), data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_token_budget_does_not_change_data_or_objective(finished, data, tmp_path):
    reference = log_lines(finished[0])
    for budget, share in ((1, True), (300, True), (300, False)):
        out = tmp_path / f"{budget}-{share}"
        train(pairs.recipe(micro_batch_tokens=budget, share_prefixes=share, max_steps=12), data, out)
        for one, other in zip(reference[:6], log_lines(out)[:6], strict=True):
            assert other["loss"] == pytest.approx(one["loss"], rel=1e-4)
            assert (other["n"], other["tokens"]) == (one["n"], one["tokens"])


def test_a_dataset_without_a_usable_pair_is_refused(data, tmp_path):
    with pytest.raises(InputError, match="prompt-too-long"):
        train(pairs.recipe(max_length=16), data, tmp_path)


def test_the_prompt_set_comes_from_the_dataset(data, tmp_path):
    splits = find_splits(data, 0)
    assert find_prompt_set("themis", data, splits) == built_in()
    # Prompts that are not built in are extracted from the rows.
    assert find_prompt_set("dataset", data, splits).own == {"FC": "Is it correct?"}
    rows = (replace(row, system=built_in().render(CRITERIA[1:2])) for row in pairs.rows(5))
    write_rows(tmp_path / "train.parquet", rows, Preference.schema())
    assert find_prompt_set("dataset", tmp_path, find_splits(tmp_path, 0)) == built_in()
    (tmp_path / "prompts.json").write_text(replace(built_in(), name="other").to_json(), encoding="utf-8")
    assert find_prompt_set("dataset", tmp_path, splits).name == "other"


class Killed(BaseException):
    """Simulates the end of the process."""


@pytest.mark.parametrize("moment", ["mid-checkpoint", "after-marker", "mid-step"])
def test_an_interrupted_run_ends_with_the_same_bytes(finished, data, tmp_path, monkeypatch, moment):
    calls = []

    def interrupt(original):
        def replacement(self, *args, **kwargs):
            calls.append(1)
            if moment == "after-marker" and len(calls) == 2:
                original(self, *args, **kwargs)
            if len(calls) == (5 if moment == "mid-step" else 2):
                raise Killed
            return original(self, *args, **kwargs)

        return replacement

    name = {"mid-checkpoint": "_save_rng_state", "after-marker": "_save_checkpoint", "mid-step": "training_step"}
    with monkeypatch.context() as patch:
        patch.setattr(PairTrainer, name[moment], interrupt(getattr(PairTrainer, name[moment])))
        with pytest.raises(Killed):
            train(pairs.recipe(), data, tmp_path)
    train(pairs.recipe(), data, tmp_path)
    assert same_run(finished[0], tmp_path)


def same_run(one, two):
    files = ["log.jsonl", *(str(f.relative_to(one)) for f in sorted((one / "model").rglob("*")) if f.is_file())]
    for file in files:
        assert (one / file).read_bytes() == (two / file).read_bytes(), file
    return True


def start(data, out, *changes, **more):
    return subprocess.Popen([*PROGRAM, str(data), str(out), *changes], cwd=ROOT, **more)


def reached(out):
    log, checkpoints = out / "log.jsonl", out / "checkpoints"
    written = log.read_bytes().count(b"\n") if log.is_file() else 0
    return {
        "vocabulary": (out / "tokenizer.partial").exists() or (out / "tokenizer").exists(),
        "tokens": (out / "tokens.partial").exists() or (out / "tokens").exists(),
        "first steps": written >= 2,
        "a partial checkpoint": (checkpoints / "checkpoint-3").exists(),
        "a complete checkpoint": (checkpoints / "checkpoint-6/complete").exists(),
        "last steps": written >= 10,
        "last checkpoint": (checkpoints / "checkpoint-12").exists(),
        "export": (out / "model.partial").exists() or (out / "model").exists(),
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_killed_in_every_phase_ends_with_the_same_bytes(finished, data, tmp_path):
    killed = 0
    for moment in reached(tmp_path):
        process = start(data, tmp_path, stderr=subprocess.DEVNULL)
        while process.poll() is None and not reached(tmp_path)[moment]:
            time.sleep(0.001)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert killed >= 6
    assert start(data, tmp_path).wait() == 0
    assert same_run(finished[0], tmp_path)
