"""Ablations from a grid to a table: what is computed once, resumed and added later."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.command_line import cli, error_line
from tests.workflow.ablation.grids import grid, single_stage, values, write_data

import themis_rm
from themis_rm.errors import InputError, SettingError
from themis_rm.evaluation.ablation import AblationResults
from themis_rm.models.loading import load_model
from themis_rm.workflow.ablation import run as running
from themis_rm.workflow.ablation.run import ablate

ROOT = Path(__file__).resolve().parents[3]
VARIANTS = {
    "no-lm": {"stages": {"second": {"settings": {"lm_loss_weight": 0}}}},
    "full": {"checkpoint_of": "base", "prompts": "all"},
    "FC": {"rows": {"criteria": ["FC"]}},
    "SH": {"rows": {"criteria": ["SH"]}},
    "merged": {"merge": {"models": ["FC", "SH"], "density": 0.5}, "unmatched": "two models"},
    "single-stage": {"skip": ["first"], "unmatched": "one stage less"},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def results(data, out):
    return ablate(grid(data, variants=VARIANTS), out)


def test_every_variant_is_on_the_same_pairs(results):
    rows = results.rows("pairs")
    assert [row.variant for row in rows] == ["base", *VARIANTS]
    assert {(row.accuracy.n, row.accuracy.seeds, row.accuracy.failed) for row in rows} == {(12, 1, 0)}
    assert {row.name for row in results.baselines} >= {"length"}


def test_the_output_has_all_tables(results, out):
    for name in ("results.json", "ablation.csv", "ablation.md", "ablation.html"):
        assert (out / name).is_file(), name
    assert AblationResults.load(out / "results.json") == results


def test_all_variants_have_one_tokenizer(results, out):
    digests = {
        (out / checkpoint / "tokenizer.json").read_text()
        for item in results.variants
        for checkpoint in item.checkpoints
    }
    assert len(digests) == 1


def test_a_merged_variant_names_its_parents(results, out):
    (checkpoint,) = next(item.checkpoints for item in results.variants if item.name == "merged")
    record = json.loads((out / checkpoint / "training.json").read_text())["merge"]
    assert [parent["name"] for parent in record["parents"]] == ["FC-seed0", "SH-seed0"]
    assert record["method"] == "ties"
    assert load_model(out / checkpoint).identity.facts["merged"].startswith("ties of FC-seed0 (")


def test_the_same_grid_again_trains_and_scores_nothing(results, data, out, monkeypatch):
    for name in ("train", "merge", "evaluate"):
        monkeypatch.setattr(running, name, None)
    assert ablate(grid(data, variants=VARIANTS), out) == results


def test_a_variant_that_is_added_trains_only_its_own_runs(results, data, out):
    before = set((out / "runs").iterdir())
    more = {**VARIANTS, "no-decay": {"stages": {"second": {"settings": {"weight_decay": 0}}}}}
    added = ablate(grid(data, variants=more), out)
    assert [path.name.partition("-seed")[0] for path in set((out / "runs").iterdir()) - before] == ["second"]
    assert added.rows("pairs")[0] == results.rows("pairs")[0]


def test_an_interrupted_ablation_resumes_with_the_same_result(data, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    command = [sys.executable, "-m", "tests.workflow.ablation.grids", str(data)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen([*command, str(killed)], env=env, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(killed.glob("runs/second-seed0-*/log.jsonl"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "results.json").exists()
    settings = single_stage(data)
    assert ablate(settings, killed) == ablate(settings, whole)
    files = [sorted(path.relative_to(out) for path in out.rglob("model.safetensors")) for out in (whole, killed)]
    assert files[0] == files[1]
    assert all((whole / name).read_bytes() == (killed / name).read_bytes() for name in files[0])


def test_a_launcher_trains_the_same_model(data, tmp_path):
    evaluated_only = {"full": VARIANTS["full"]}
    here, launched = (
        ablate(single_stage(data, variants=evaluated_only, **changes), tmp_path / name)
        for name, changes in {"here": {}, "launched": {"launcher": sys.executable}}.items()
    )
    assert here == launched
    (checkpoint,) = here.variants[0].checkpoints
    weights = [(tmp_path / name / checkpoint / "model.safetensors").read_bytes() for name in ("here", "launched")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(("launcher", "message"), [("no-such-command", "cannot be started"), ("false", "exit code 1")])
def test_a_launcher_that_fails_is_one_line(data, tmp_path, launcher, message):
    with pytest.raises(InputError, match=message):
        ablate(grid(data, launcher=launcher), tmp_path)


def test_a_wrong_benchmark_is_reported_before_training(data, tmp_path):
    evaluations = {"x": {"benchmark": str(tmp_path / "missing.parquet")}}
    with pytest.raises(themis_rm.UserError, match="There is no benchmark"):
        ablate(grid(data, evaluations=evaluations), tmp_path / "out")
    assert not (tmp_path / "out" / "runs").exists()


def test_held_out_pairs_need_a_validation_or_test_split(tmp_path):
    data = write_data(tmp_path / "data")
    (data / "validation.parquet").unlink()
    (data / "test.parquet").unlink()
    with pytest.raises(SettingError, match="no validation or test rows"):
        ablate(grid(data), tmp_path / "out")


def test_the_verb_lists_runs_and_counts(data, results, out, tmp_path):
    import yaml

    file = tmp_path / "grid.yaml"
    file.write_text(yaml.safe_dump(values(data, variants=VARIANTS)), encoding="utf-8")
    planned = cli("ablate", file, "--out", tmp_path / "new", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "7 runs, 7 missing, 12 steps to train" in planned.stdout
    assert not (tmp_path / "new" / "runs").exists()
    assert "7 runs, 0 missing" in cli("ablate", file, "--out", out, "--dry-run").stdout
    done = cli("ablate", file, "--out", out)
    assert "not shown" in done.stdout
    assert str(out / "ablation.md") in done.stdout
    changed = cli("ablate", file, "--out", out, "-s", "variants.no-lm.settings.max_steps=3")
    assert "is not matched with the base" in error_line(changed)
