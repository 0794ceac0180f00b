"""A complete run on small real input: mine, inject, curate, assemble, train, evaluate, score, report."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from themis_rm.errors import UserError
from themis_rm.workflow.recipe import RunRecipe
from themis_rm.workflow.run import build_stages, run

LANGUAGE_MODEL = str(Path(__file__).resolve().parents[1] / "goldens" / "train" / "qwen3_tied_true")
COMMITS = 24
KILLS = int(os.environ.get("THEMIS_KILLS", "3"))

RECIPE = {
    "run_name": "small",
    "executor": {"workers": 2},
    "mine": {"any_license": True},
    "functions": {"min_lines": 2, "exclude": []},
    "assemble": {"validation": 0.2, "test": 0.0},
    "train": {
        "backbone": {
            "config": {
                "hidden_size": 32,
                "intermediate_size": 64,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "num_key_value_heads": 1,
                "head_dim": 16,
            },
            "head_init_std": 0.02,
        },
        "tokenizer": {"train_bpe": {"vocab_size": 500}},
        "learning_rate": 1e-3,
        "min_learning_rate": 1e-4,
        "max_length": 512,
        "global_batch_size": 4,
        "max_steps": 12,
        "precision": "fp32",
        "save_steps": 3,
        "eval_steps": 6,
        "num_threads": 1,
    },
    "evaluate": {"shard_size": 16},
    "examples": [{"prompt": "Write a function that adds.", "response": "def add(a, b):\n    return a + b\n"}],
}

FUNCTION = '''def total_{i}(values, limit):
    """Add up the values below a limit, number {i}, and return the sum."""
    result = {i}
    for value in values:
        if value < limit and value != {i}:
            result = result + value
        else:
            continue
    return result
'''


def git(folder, *args, when=0):
    stamp = f"{1_500_000_000 + 86400 * when} +0000"
    env = {**os.environ, "GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp, "GIT_CONFIG_GLOBAL": "/dev/null"}
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder), *args]
    subprocess.run(command, check=True, capture_output=True, env=env)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    for name in ("one", "two"):
        repo = folder / name
        repo.mkdir()
        git(repo, "init", "-q")
        for i in range(COMMITS):
            text = "".join(FUNCTION.format(i=j) for j in range(3)).replace("< limit", f"< limit + {i}")
            (repo / "lib.py").write_text(text + f"\nNAME = '{name}'\n")
            git(repo, "add", ".")
            git(repo, "commit", "-q", "-m", f"Fix wrong result of the sum in case {i}", when=i)
    tree = folder / "tree"
    tree.mkdir()
    for i in range(40):
        (tree / f"m{i}.py").write_text(FUNCTION.format(i=i))
    recipe = {**RECIPE, "repositories": [str(folder / "one"), str(folder / "two")], "trees": [str(tree)]}
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"benchmark": "missing.parquet"}, "no benchmark missing.parquet"),
        ({"evaluate": {"prompt_set": "missing.yaml"}}, "missing.yaml"),
        ({"assemble": {"prompt_file": "missing.yaml"}}, "missing.yaml"),
        ({"train": {"backbone": {"path": "missing"}}}, "No tokenizer at 'missing'"),
        (
            {"train": {"backbone": {"path": LANGUAGE_MODEL}}, "eval_on_start": True},
            "before training: .* is a Qwen3ForCausalLM",
        ),
    ],
)
def test_what_the_last_stages_need_is_looked_at_before_the_first(tmp_path, change, message):
    recipe = {**RECIPE, "repositories": [str(tmp_path)], **change}
    with pytest.raises(UserError, match=message):
        run(recipe, tmp_path / "out")
    assert not list(tmp_path.glob("out/*-*"))


def command(recipe, out, *overrides):
    return [sys.executable, "-m", "themis_rm", "run", str(recipe), "--out", str(out), *overrides]


def digests(out):
    data = [
        *out.glob("[1-4]-*/**/*.parquet"),
        out / "5-train/model/model.safetensors",
        out / "7-evaluate/scores.parquet",
    ]
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(data)}


def accuracy(out):
    return json.loads((out / "7-evaluate/results.json").read_text())["overall"]["accuracy"]


@pytest.fixture(scope="module")
def finished(sources, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    done = subprocess.run(command(sources, out), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out, done.stdout


@pytest.mark.slow
def test_a_run_prints_scores_and_writes_a_report(finished):
    out, output = finished
    assert "example: Write a function that adds. -> FC" in output
    page = (out / "report.html").read_text()
    assert "<svg" in page
    assert "Rows by stage" in page


@pytest.mark.slow
def test_the_dataset_has_rows_of_both_kinds_of_sources(finished):
    out, _ = finished
    card = (out / "4-assemble/README.md").read_text()
    assert "commits" in card
    assert "injection" in card


@pytest.mark.slow
def test_a_second_run_skips_every_stage(finished, sources):
    out, _ = finished
    before = digests(out)
    again = subprocess.run(command(sources, out), capture_output=True, text=True, check=True)
    assert again.stderr.count("unchanged") == 7
    assert digests(out) == before


@pytest.mark.slow
def test_a_run_killed_at_random_moments_has_the_same_result(finished, sources, tmp_path):
    reference, _ = finished
    out = tmp_path / "killed"
    rng = random.Random(int(os.environ.get("THEMIS_KILL_SEED", "11")))
    for _ in range(KILLS):
        with subprocess.Popen(command(sources, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(rng.uniform(1.0, 16.0))
            process.send_signal(signal.SIGKILL)
    subprocess.run(command(sources, out), capture_output=True, check=True)
    assert digests(out) == digests(reference)
    assert accuracy(out) == accuracy(reference)


@pytest.mark.slow
def test_changed_training_settings_do_not_repeat_the_data_stages(finished, sources):
    out, _ = finished
    again = subprocess.run(
        command(sources, out, "--set", "train.max_steps=13"), capture_output=True, text=True, check=True
    )
    assert again.stderr.count("unchanged") == 4


@pytest.fixture(scope="module")
def continued(finished, sources, tmp_path_factory):
    """A second run that starts from the model of the first one; killed while it evaluates the start model."""
    model = finished[0] / "5-train/model"
    folder = tmp_path_factory.mktemp("continued")
    recipe = yaml.safe_load(sources.read_text()) | {
        "eval_on_start": True,
        "max_held_out_pairs": 6,
        "run_name": "second",
    }
    recipe["train"] |= {"backbone": {"path": str(model)}, "tokenizer": {}, "run_name": "second", "max_steps": 3}
    recipe["evaluate"] |= {"limit": 40, "shard_size": 8}
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    with subprocess.Popen(command(path, folder / "out"), stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(folder.glob("out/5-start-evaluate/parts/*/*.parquet")):
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    done = subprocess.run(command(path, folder / "out"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return path, folder / "out", done


@pytest.mark.slow
def test_a_killed_run_with_a_start_model_resumes_behind_the_finished_stages(continued):
    _, _, done = continued
    assert done.stderr.count("unchanged") >= 5


@pytest.mark.slow
def test_the_start_model_is_evaluated_on_the_pairs_of_the_trained_one(continued):
    _, out, _ = continued
    digests = [json.loads(p.read_text())["run"]["benchmark_digest"] for p in sorted(out.glob("*/results.json"))]
    assert len(digests) == 4
    assert len(set(digests)) == 2


@pytest.mark.slow
def test_a_run_with_a_start_model_prints_the_change(continued):
    _, _, done = continued
    assert "authored, 40 of 240 pairs: " in done.stdout
    assert "held-out pairs, 6 of " in done.stdout
    assert "before training: FC" in done.stdout


@pytest.mark.slow
def test_the_report_compares_with_the_start_model(continued):
    _, out, _ = continued
    assert "Before and after training" in (out / "report.html").read_text()


@pytest.mark.slow
def test_a_changed_start_model_is_evaluated_and_trained_again(continued):
    path, out, _ = continued

    def fingerprints():
        return {stage.name: stage.fingerprint() for stage in build_stages(RunRecipe.load(path), out)}

    before = fingerprints()
    model = Path(yaml.safe_load(path.read_text())["train"]["backbone"]["path"])
    (model / "added.json").write_text("{}")
    changed = {name for name, fingerprint in fingerprints().items() if fingerprint != before[name]}
    (model / "added.json").unlink()
    assert changed == {"5-start-held-out", "5-start-evaluate", "5-train"}


def test_a_recipe_without_sources_is_an_error_of_one_line(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(yaml.safe_dump(RECIPE))
    done = subprocess.run(command(path, tmp_path / "out"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "error: The recipe has no repositories and no trees. Set repositories, trees or both."
    )
