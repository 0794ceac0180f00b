"""``themis-rm models``: a table that fits the terminal, and a page per model with commands that work."""

import json
import re
import shlex
import shutil

import pytest
from tests.command_line import cli, error_line

from themis_rm.cli.model_page import BUILT_IN, checkpoint_page, join_command
from themis_rm.evaluation.reference.runs import load
from themis_rm.models import published
from themis_rm.models.settings import ModelSettings


def run(*arguments, width=80):
    completed = cli("models", *arguments, width=width)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def page(*arguments, width=200):
    return " ".join(run("show", *arguments, width=width).split())


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_fits_the_terminal_and_has_the_full_name_of_every_model(width):
    lines = run(width=width).splitlines()
    assert max(map(len, lines)) <= width
    names = {line.split()[0] for line in lines if line.startswith(" ")}
    assert {row.run for row in published.rows()} <= names


def test_the_list_ends_with_counts_by_family_and_what_is_built_in():
    text = " ".join(run().split())
    counts = dict(re.findall(r"([a-z0-9-]+) (\d+)[,.]", text[text.index("51 published models:") :]))
    assert int(counts["sequence-classification"]) == sum(
        row.family == "sequence-classification" for row in published.rows()
    )
    assert all(name in text for name in BUILT_IN)


def test_a_filter_matches_names_bases_and_licenses():
    assert "Starling-RM-34B" in run("yi-34b")
    assert "AceCodeRM-7B" in run("MIT")
    assert "Themis-RM-8B" not in run("llama")


def test_a_family_shows_only_its_rows():
    text = run("--family", "value-head")
    assert "GRM-llama3-8B-sftreg" in text
    assert "Themis" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--family", "valuehead"], "Did you mean 'value-head'"),
        (["Themes-RM-8B"], "Did you mean 'Themis-RM-8B'"),
        (["show", "Themes-RM-8B"], "Did you mean 'Themis-RM-8B'"),
        (["show", "no/such-thing-at-all"], "'themis-rm models' lists them"),
    ],
)
def test_an_unknown_name_is_one_line_with_a_hint(arguments, message):
    assert message in error_line(cli("models", *arguments))


def test_json_has_every_column_and_the_published_figures():
    rows = {row["run"]: row for row in json.loads(run("--json"))}
    assert set(rows) == set(load().runs)
    judge = rows["LMUnit-qwen2.5-72b"]
    assert (judge["kind"], judge["positions"], judge["published"]["ties"]) == ("generative", None, 67.23)


@pytest.mark.parametrize("row", published.rows(), ids=lambda row: row.run)
def test_a_page_has_facts_figures_and_commands_with_settings_that_exist(row):
    text = page(row.hub)
    assert row.run in text
    assert f"{load().runs[row.run].accuracies['overall']:.2f} %" in text
    assert f"--model {row.hub}" in text
    for key in re.findall(r" model\.([a-z_.]+)=", text):
        fields = ModelSettings.model_fields
        first, _, second = key.partition(".")
        assert first in fields
        assert not second or second in str(fields[first].annotation.__args__[0].model_fields)


def test_a_page_says_unknown_for_a_fact_without_a_source():
    unknown = next(row for row in published.rows() if not row.license and not row.dtype and row.family)
    text = page(unknown.run)
    assert "license unknown" in text
    assert unknown.interface or "dtype unknown" in text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Starling-RM-34B", "model.tokenizer=01-ai/Yi-34B-Chat"),
        ("Llama-3.1-70B-Instruct-RM-RB2", "model.pickled_weights=true"),
        ("LDL-Reward-Gemma-2-27B-v0.1", "model.pickled_weights=true"),
        ("Llama-3.3-Nemotron-70B-Reward", "model.family=next-token-logit"),
        ("CE-RM-4B", "model.judge.url="),
        ("URM-LLaMa-3.1-8B", "There is no golden for it"),
        ("Themis-RM-8B", "--prompts own"),
        ("Themis-RM-8B", "not those that the checkpoint was trained with"),
        ("FsfairX-LLaMA3-RM-v0.1", "--prompts none"),
        ("Skywork-Reward-Gemma-2-27B-v0.2", "Near chance"),
        ("R3-Qwen3-4B-14k", "42.34 % ties, 62.27 % if a tie counts one half"),
    ],
)
def test_a_page_says_what_the_model_needs(name, expected):
    assert expected in page(name)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_model_has_a_page(name):
    assert "themis-rm" in page(name)


def test_a_command_can_be_pasted_at_any_width():
    parts = ["themis-rm evaluate", "--model a/b", "--prompts none", "--out runs/x", "--set model.family=y"]
    assert shlex.split(join_command(parts, 30).replace("\\\n", " ")) == shlex.split(" ".join(parts))
    assert max(map(len, join_command(parts, 30).splitlines())) <= 30


@pytest.mark.parametrize(
    ("golden", "expected"),
    [
        ("seqcls", ["family sequence-classification", "Qwen3ForSequenceClassification", "positions 8,192"]),
        ("athene", ["family athene", "chat template yes", "weights safetensors"]),
        ("ldl", ["safetensors and pickle files", "--set model.pickled_weights=true"]),
        ("nemotron", ["cannot be loaded", "no tensor 'score.weight'"]),
    ],
)
def test_a_checkpoint_directory_is_described_by_its_files(shared, golden, expected):
    text = page(str(shared / "goldens" / "rm" / golden))
    assert all(part in text for part in expected), text


def test_a_directory_of_pickle_files_is_not_read(tmp_path):
    (tmp_path / "config.json").write_text('{"architectures": ["X"], "dtype": "float16"}', "utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(b"not a pickle")
    text = page(str(tmp_path))
    assert "family unknown" in text
    assert "model.pickled_weights=true" in text


def test_a_directory_without_a_model_is_an_error(tmp_path):
    assert "has no config.json" in error_line(cli("models", "show", tmp_path))


def page_of(folder):
    described = checkpoint_page(folder)
    return dict(described.facts), described.warnings


def changed_copy(folder, target, name="config.json", **values):
    copy = shutil.copytree(folder, target)
    content = json.loads((copy / name).read_text(encoding="utf-8"))
    (copy / name).write_text(json.dumps(content | values), encoding="utf-8")
    return copy


def test_a_page_says_which_file_limits_the_input(tiny_checkpoint, tmp_path):
    folder = tiny_checkpoint("llama")
    assert page_of(folder)[0]["longest input"] == "2,048 tokens (max_position_embeddings in config.json)"
    rope = {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4}
    scaled = changed_copy(folder, tmp_path / "scaled", rope_parameters=rope)
    assert "8,192 tokens (max_position_embeddings and the factor" in page_of(scaled)[0]["longest input"]
    short = changed_copy(scaled, tmp_path / "short", "tokenizer_config.json", model_max_length=512)
    text = page_of(short)[0]["longest input"]
    assert text.startswith("512 tokens (model_max_length in tokenizer_config.json); model.max_length up to 8,192 (max_")


def test_a_page_lists_several_labels(tiny_checkpoint, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = changed_copy(tiny_checkpoint("qwen3"), tmp_path / "model", id2label={"0": "good", "1": "bad"})
    weights = load_file(folder / "model.safetensors")
    weights["score.weight"] = weights["score.weight"].repeat(2, 1)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    facts, warnings = page_of(folder)
    assert facts["labels"] == "good, bad"
    assert "model.label" in warnings[0]


def test_a_page_of_an_adapter_names_its_base(tiny_checkpoint, tmp_path):
    import torch
    from safetensors.torch import save_file

    base = tiny_checkpoint("qwen3")
    name = "base_model.model.model.layers.0.self_attn.k_proj.lora_"
    tensors = {f"{name}A.weight": torch.ones(2, 32), f"{name}B.weight": torch.ones(32, 2)}
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    values = {"peft_type": "LORA", "r": 2, "task_type": "SEQ_CLS", "base_model_name_or_path": str(base)}
    (tmp_path / "adapter_config.json").write_text(json.dumps(values), encoding="utf-8")
    facts, _ = page_of(tmp_path)
    assert facts["adapter"] == "LoRA of rank 2 on 1 matrices, merged"
    assert facts["base"] == base.name
    assert facts["chat template"] == "yes"
