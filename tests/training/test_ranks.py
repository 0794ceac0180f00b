"""Two processes train like one, step by step, and resume after a SIGKILL with the same bytes."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import psutil
import pytest
import torch
import yaml
from safetensors.torch import load_file
from tests.training import pairs

from themis_rm.errors import InputError
from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.training import ranks
from themis_rm.training.ranks import require_equal
from themis_rm.training.runner import train

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"max_steps": 20, "save_steps": 6, "eval_steps": 10, "micro_batch_tokens": 400}
KINDS = {"full": {}, "lora": {"peft": {"r": 4}}}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pairs.write(tmp_path_factory.mktemp("data"))


def log_lines(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def torchrun(*arguments, **pipes):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    options = ["--nproc-per-node", "2", "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0"]
    command = [sys.executable, "-m", "torch.distributed.run", *options, "-m", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, cwd=ROOT, text=True, stderr=subprocess.PIPE, **pipes)


def start(data, out, **changes):
    settings = [f"{key}={json.dumps(value)}" for key, value in {**SETTINGS, **changes}.items()]
    return torchrun("tests.training.pairs", data, out, *settings, stdout=subprocess.DEVNULL)


def launch(data, out, **changes):
    process = start(data, out, **changes)
    _, errors = process.communicate()
    assert process.returncode == 0, errors[-3000:]
    return out


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """Return a function that returns the output directory of a finished run; each is made once."""

    @cache
    def make(sharding, kind):
        out = tmp_path_factory.mktemp(f"{sharding}-{kind}")
        if sharding == "one":
            train(pairs.recipe(**SETTINGS, **KINDS[kind]), data, out)
            return out
        return launch(data, out, sharding=sharding, **KINDS[kind])

    return make


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sharding", ["none", "fsdp2"])
def test_two_processes_train_like_one(run, sharding, kind):
    one, two = run("one", kind), run(sharding, kind)
    lines = list(zip(log_lines(one), log_lines(two), strict=True))
    assert sum(line["split"] == "train" for line, _ in lines) == 20
    for expected, found in lines:
        assert (found["split"], found["step"], found["n"]) == (expected["split"], expected["step"], expected["n"])
        if found["split"] == "train":
            assert found["tokens"] == expected["tokens"]
            for key in ("loss", "bradley_terry", "lm", "margin", "reward_chosen"):
                assert found[key] == pytest.approx(expected[key], rel=1e-5, abs=1e-5), (found["step"], key)
    expected, found = (load_file(out / "model/model.safetensors") for out in (one, two))
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.slow
@pytest.mark.parametrize(("sharding", "kind"), [("none", "full"), ("fsdp2", "lora")])
def test_two_killed_processes_end_with_the_same_bytes(run, data, tmp_path, sharding, kind):
    changes = {"sharding": sharding, **KINDS[kind]}
    process = start(data, tmp_path, **changes)
    while process.poll() is None and not has_step(tmp_path, 9):
        time.sleep(0.005)
    assert process.poll() is None
    for member in (*psutil.Process(process.pid).children(recursive=True), process):
        member.kill()
    process.communicate()
    assert not (tmp_path / "model").exists()
    if sharding == "fsdp2":
        # One file of each process: accelerate does not shard on CPUs by itself.
        assert len(list(tmp_path.glob("checkpoints/checkpoint-6/pytorch_model_fsdp_0/*.distcp"))) == 2
    launch(data, tmp_path, **changes)
    whole = run(sharding, kind)
    for file in ("log.jsonl", "model/model.safetensors"):
        assert (tmp_path / file).read_bytes() == (whole / file).read_bytes(), file


def has_step(out, step):
    log = out / "log.jsonl"
    return log.is_file() and f'{{"step": {step},' in log.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_sharded_run_in_bfloat16_trains_like_one_in_float32(run, data, tmp_path):
    launch(data, tmp_path, sharding="fsdp2", precision="bf16")
    losses = [
        [line["loss"] for line in log_lines(out) if line["split"] == "train"] for out in (run("one", "full"), tmp_path)
    ]
    assert losses[1][:4] == pytest.approx(losses[0][:4], rel=1e-2)


@pytest.mark.slow
def test_the_best_weights_of_a_sharded_run_are_loaded(tmp_path):
    # The validation loss rises during training, because the labels of the validation split are swapped.
    swapped = (replace(row, chosen=row.rejected, rejected=row.chosen) for row in pairs.rows(20, seed=1))
    data = pairs.write(tmp_path / "data")
    write_rows(data / "validation.parquet", swapped, Preference.schema())
    best = {"load_best_model_at_end": True, "metric_for_best_model": "bradley_terry", "early_stopping_patience": 2}
    launch(data, tmp_path, sharding="fsdp2", eval_steps=3, **best)
    report = json.loads((tmp_path / "training_report.json").read_text(encoding="utf-8"))
    losses = {line["step"]: line["bradley_terry"] for line in log_lines(tmp_path) if line["split"] == "validation"}
    assert report["exported_step"] == min(losses, key=losses.get)
    assert report["steps"] == report["exported_step"] + 6 < 20
    assert report["metrics"]["validation"]["bradley_terry"] == pytest.approx(min(losses.values()), rel=1e-5)


def test_processes_with_other_data_are_refused(monkeypatch):
    import accelerate.utils

    monkeypatch.setattr(accelerate.utils, "gather_object", lambda mine: [*mine, {**mine[0], "dataset": "other"}])
    with pytest.raises(InputError, match="Process 1 has another dataset than process 0"):
        require_equal({"dataset": "this", "recipe": "r"})


def test_a_single_process_agrees_with_itself():
    require_equal({"dataset": "this"})


def test_the_first_process_is_the_main_one(monkeypatch):
    assert ranks.is_main_process()
    monkeypatch.setenv("RANK", "1")
    assert not ranks.is_main_process()


@pytest.mark.slow
def test_torchrun_starts_the_verb_train(data, tmp_path):
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump({**pairs.RECIPE, "max_steps": 2}), encoding="utf-8")
    arguments = [tmp_path / "recipe.yaml", "--data", data, "--out", tmp_path / "out"]
    process = torchrun("themis_rm", "train", *arguments, stdout=subprocess.PIPE)
    output, errors = process.communicate()
    assert process.returncode == 0, errors[-3000:]
    assert output.count("checkpoint:") == 1
    assert (tmp_path / "out/model/model.safetensors").is_file()
