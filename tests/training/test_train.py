"""Whole runs: what they leave behind, and that kills do not change it."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError, SettingError
from themis_rm.prompts import PromptSet, built_in, conversation
from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.training.corpus import find_corpus
from themis_rm.training.train import TrainReport, prompt_set, train
from themis_rm.training.trainer import PairTrainer

PROGRAM = Path(__file__).with_name("pairs.py")
_spec = importlib.util.spec_from_file_location("train_pairs", PROGRAM)
pairs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pairs)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pairs.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data):
    out = tmp_path_factory.mktemp("run")
    report = train(pairs.recipe(), data, out)
    return out, report


def lines(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_checkpoint_needs_no_code_of_ours(finished):
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
    assert correct / 20 == report.accuracy["validation"]["strict_accuracy"]


def test_it_learns_what_separates_the_answers(finished):
    _, report = finished
    assert report.accuracy["validation"]["accuracy"] > 0.9
    assert report.accuracy["validation"]["n"] == report.validation.kept == 20


def test_a_checkpoint_tells_where_it_came_from(finished):
    out, report = finished
    facts = json.loads((out / "model/training.json").read_text(encoding="utf-8"))
    assert facts["data_hash"] == report.data_hash
    assert facts["train"]["read"] == 60 == facts["train"]["kept"] + sum(facts["train"]["dropped"].values())
    assert set(facts["versions"]) == {"themis-rm", "torch", "transformers", "tokenizers"}
    assert type(pairs.recipe()).load(out / "model/recipe.yaml") == pairs.recipe()
    assert PromptSet.from_file(out / "model/prompts.json") == built_in()
    assert str(out) not in json.dumps(facts)


def test_the_log_has_every_update_and_the_looks_at_validation(finished):
    out, _ = finished
    log = lines(out)
    assert [line["step"] for line in log if line["split"] == "train"] == list(range(1, 13))
    assert [line["step"] for line in log if line["split"] == "validation"] == [6, 12]
    first = log[0]
    wanted = first["preference"] + 0.25 * first["nll"] + 0.001 * first["magnitude"]
    assert first["loss"] == pytest.approx(wanted)
    assert first["n"] == 8
    assert {"margin", "accuracy", "grad_norm", "learning_rate", "tokens"} <= set(first)


def test_nothing_is_left_that_only_resumption_needs(finished):
    out, _ = finished
    assert not (out / "checkpoints").exists()
    assert not list(out.rglob("*.partial"))


def test_a_finished_run_is_not_done_again(finished, data):
    out, report = finished
    before = (out / "model/model.safetensors").stat().st_mtime_ns
    again = train(pairs.recipe(), data, out)
    assert again == TrainReport.load(out) == report
    assert (out / "model/model.safetensors").stat().st_mtime_ns == before


def test_another_run_in_the_same_folder_is_refused(finished, data):
    with pytest.raises(SettingError, match="other settings"):
        train(pairs.recipe(seed=1), data, finished[0])


def test_accumulation_changes_neither_data_nor_objective(finished, data, tmp_path):
    reference = lines(finished[0])
    for micro in (1, 2):
        out = tmp_path / str(micro)
        train(pairs.recipe(micro_batch=micro, max_steps=12), data, out)
        for one, other in zip(reference[:6], lines(out)[:6], strict=True):
            assert other["loss"] == pytest.approx(one["loss"], rel=1e-4)
            assert (other["n"], other["tokens"]) == (one["n"], one["tokens"])


def test_a_dataset_of_which_nothing_is_left_is_refused(data, tmp_path):
    with pytest.raises(InputError, match="prompt-too-long"):
        train(pairs.recipe(max_length=16), data, tmp_path)


def test_the_prompt_set_is_that_of_the_dataset(data, tmp_path):
    corpus = find_corpus(data, 0)
    assert prompt_set("themis", data, corpus) == built_in()
    # Foreign prompts are read out of the rows.
    assert prompt_set("dataset", data, corpus).own == {"FC": "Is it correct?"}
    rows = (replace(row, system=built_in().render(CRITERIA[1:2])) for row in pairs.rows(5))
    write_rows(tmp_path / "train.parquet", rows, Preference.schema())
    assert prompt_set("dataset", tmp_path, find_corpus(tmp_path, 0)) == built_in()
    (tmp_path / "prompts.json").write_text(replace(built_in(), name="other").to_json(), encoding="utf-8")
    assert prompt_set("dataset", tmp_path, corpus).name == "other"


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("moment", ["mid-checkpoint", "after-marker", "mid-update"])
def test_a_run_that_was_cut_off_ends_with_the_same_bytes(finished, data, tmp_path, monkeypatch, moment):
    calls = []

    def cut(original):
        def stand_in(self, *args, **kwargs):
            calls.append(1)
            if moment == "after-marker" and len(calls) == 2:
                original(self, *args, **kwargs)
            if len(calls) == (5 if moment == "mid-update" else 2):
                raise Killed
            return original(self, *args, **kwargs)

        return stand_in

    name = {"mid-checkpoint": "_save_rng_state", "after-marker": "_save_checkpoint", "mid-update": "training_step"}
    with monkeypatch.context() as patch:
        patch.setattr(PairTrainer, name[moment], cut(getattr(PairTrainer, name[moment])))
        with pytest.raises(Killed):
            train(pairs.recipe(), data, tmp_path)
    train(pairs.recipe(), data, tmp_path)
    assert same_run(finished[0], tmp_path)


def same_run(one, two):
    files = ["log.jsonl", *(f"model/{file.name}" for file in (one / "model").iterdir())]
    for file in files:
        assert (one / file).read_bytes() == (two / file).read_bytes(), file
    return True


def start(data, out, *changes, **more):
    return subprocess.Popen([sys.executable, str(PROGRAM), str(data), str(out), *changes], **more)


def reached(out):
    log, checkpoints = out / "log.jsonl", out / "checkpoints"
    written = log.read_bytes().count(b"\n") if log.is_file() else 0
    return {
        "vocabulary": (out / "tokenizer.partial").exists() or (out / "tokenizer").exists(),
        "tokens": (out / "tokens.partial").exists() or (out / "tokens").exists(),
        "first updates": written >= 2,
        "a checkpoint half-written": (checkpoints / "checkpoint-3").exists(),
        "a checkpoint whole": (checkpoints / "checkpoint-6/complete").exists(),
        "late updates": written >= 10,
        "last checkpoint": (checkpoints / "checkpoint-12").exists(),
        "export": (out / "model.partial").exists() or (out / "model").exists(),
    }


@pytest.mark.slow
def test_a_run_killed_at_every_phase_ends_with_the_same_bytes(finished, data, tmp_path):
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


def launch(data, out, *changes):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--rdzv-backend", "c10d"]
    command = [*torchrun, "--rdzv-endpoint", "localhost:0", str(PROGRAM), str(data), str(out), *changes]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize("sharding", ["none", "fsdp2"])
def test_two_ranks_learn_what_one_does(finished, data, tmp_path, sharding):
    launch(data, tmp_path, "micro_batch=2", f"sharding={sharding}")
    for one, other in zip(lines(finished[0]), lines(tmp_path), strict=True):
        assert other["n"] == one["n"]
        if one["split"] == "train":
            assert other["tokens"] == one["tokens"]
            assert other["loss"] == pytest.approx(one["loss"], rel=1e-3)
    one, other = (load_file(out / "model/model.safetensors") for out in (finished[0], tmp_path))
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, rtol=5e-2, atol=2e-3, msg=name)


@pytest.mark.slow
def test_shards_are_resumed(finished, data, tmp_path):
    # keep_checkpoints is no part of what a run is, so the second call goes on from the first one's last checkpoint.
    launch(data, tmp_path, "micro_batch=2", "sharding=fsdp2", "keep_checkpoints=true")
    shutil.copytree(tmp_path / "model", tmp_path / "before")
    shutil.rmtree(tmp_path / "model")
    (tmp_path / "training_report.json").unlink()
    launch(data, tmp_path, "micro_batch=2", "sharding=fsdp2")
    assert (tmp_path / "model/model.safetensors").read_bytes() == (tmp_path / "before/model.safetensors").read_bytes()
