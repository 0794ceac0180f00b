"""Launch files parse, name what was planned, and start a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.command_line import cli, error_line
from tests.training import pairs

from themis_rm.errors import SettingError
from themis_rm.training.planning.launch import Launch, write_launch_files

ROOT = Path(__file__).resolve().parents[3]


def written(folder, **changes):
    values = {"recipe": "stage2", "options": ["-s", "size=8B"], "gpus": 8, "gpus_per_node": 8, "hours": 3.2}
    return {path.name: path for path in write_launch_files(Launch(**{**values, **changes}), folder)}


@pytest.mark.parametrize("name", ["run.sh", "slurm.sh"])
def test_a_script_parses_and_asks_for_its_arguments(tmp_path, name):
    script = written(tmp_path, options=["-s", "run_name=it's here"])[name]
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    done = subprocess.run(["bash", script], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "DATA OUT" in done.stderr


def test_a_slurm_job_has_the_planned_processes_and_twice_the_time(tmp_path):
    files = written(tmp_path, gpus=32)
    text = files["slurm.sh"].read_text()
    assert "run.sh" not in files
    for part in ("--nodes=4", "--gpus-per-node=8", "--time=7:00:00", "--nnodes 4 --nproc-per-node 8", "--requeue"):
        assert part in text


def test_the_container_has_the_torch_of_the_tests(tmp_path):
    pin = next(line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("torch=="))
    assert f'"{pin}"' in written(tmp_path)["Containerfile"].read_text()


def test_processes_that_cannot_be_distributed_evenly_are_refused(tmp_path):
    with pytest.raises(SettingError, match="evenly"):
        written(tmp_path, gpus=9)


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**pairs.RECIPE, "max_steps": 2}), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_written_script_trains_with_two_processes(tmp_path, recipe):
    data = pairs.write(tmp_path / "data")
    arguments = ["--gpus", "2", "--gpu", "cpu", "--pairs", "60", "--out", tmp_path / "launch"]
    planned = cli("plan", recipe, *arguments, "-s", "sharding=fsdp2")
    assert planned.returncode == 0, planned.stderr
    programs = tmp_path / "bin"
    programs.mkdir()
    torchrun = f'#!/usr/bin/env bash\nexec "{sys.executable}" -m torch.distributed.run "$@"\n'
    (programs / "torchrun").write_text(torchrun, encoding="utf-8")
    (programs / "torchrun").chmod(0o755)
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    environment |= {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    command = ["bash", tmp_path / "launch" / "run.sh", data, tmp_path / "out"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "out" / "model" / "model.safetensors").is_file()


def test_the_verb_prints_memory_by_part_and_the_verdict(recipe):
    done = cli("plan", recipe, "--gpu", "l4", "--pairs", "60", "--gpus", "1", "--price-per-gpu-hour", "2")
    assert done.returncode == 0, done.stderr
    for part in ("optimizer states", "activations", "total", "fits: ", "2 steps", "price", "GB per checkpoint"):
        assert part in done.stdout


def test_data_and_pairs_contradict_each_other(recipe):
    assert "one of them" in error_line(cli("plan", recipe, "--data", "x", "--pairs", "60"))
