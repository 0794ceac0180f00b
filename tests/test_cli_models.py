"""``themis-rm models`` as a stranger meets it: a table that fits the terminal, a page that says how to go on."""

import json
import re
import shlex

import pytest
from typer.testing import CliRunner

from themis_rm.cli.model_page import BUILT_IN, pasted
from themis_rm.cli.models import models
from themis_rm.errors import CheckpointError, InputError, SettingError
from themis_rm.evaluation.reference.runs import load
from themis_rm.models import published
from themis_rm.models.settings import ModelSettings


def run(*arguments, width=80):
    done = CliRunner().invoke(models, [*arguments], env={"COLUMNS": str(width)}, catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def page(*arguments, width=200):
    return " ".join(run("show", *arguments, width=width).split())


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_fits_the_terminal_and_names_all_models_whole(width):
    lines = run(width=width).splitlines()
    assert max(map(len, lines)) <= width
    names = {line.split()[0] for line in lines if line.startswith(" ")}
    assert {row.run for row in published.rows()} <= names


def test_the_list_ends_with_counts_by_family_and_what_is_built_in():
    told = " ".join(run().split())
    counts = dict(re.findall(r"([a-z0-9-]+) (\d+)[,.]", told[told.index("51 published models:") :]))
    assert int(counts["sequence-classification"]) == sum(
        row.family == "sequence-classification" for row in published.rows()
    )
    assert all(name in told for name in BUILT_IN)


def test_a_filter_looks_at_names_bases_and_licenses():
    assert "Starling-RM-34B" in run("yi-34b")
    assert "AceCodeRM-7B" in run("MIT")
    assert "Themis-RM-8B" not in run("llama")


def test_a_family_leaves_only_its_rows():
    told = run("--family", "value-head")
    assert "GRM-llama3-8B-sftreg" in told
    assert "Themis" not in told


@pytest.mark.parametrize(
    ("arguments", "kind", "told"),
    [
        (["--family", "valuehead"], SettingError, "Did you mean 'value-head'"),
        (["Themes-RM-8B"], InputError, "Did you mean 'Themis-RM-8B'"),
        (["show", "Themes-RM-8B"], CheckpointError, "Did you mean 'Themis-RM-8B'"),
        (["show", "no/such-thing-at-all"], CheckpointError, "'themis-rm models' lists them"),
    ],
)
def test_what_is_unknown_gets_one_line_with_a_mend(arguments, kind, told):
    with pytest.raises(kind, match=re.escape(told)):
        run(*arguments)


def test_json_has_every_column_and_the_published_figures():
    rows = {row["run"]: row for row in json.loads(run("--json"))}
    assert set(rows) == set(load().runs)
    judge = rows["LMUnit-qwen2.5-72b"]
    assert (judge["kind"], judge["positions"], judge["published"]["ties"]) == ("generative", None, 67.23)


@pytest.mark.parametrize("row", published.rows(), ids=lambda row: row.run)
def test_a_page_tells_facts_figures_and_commands_that_name_real_settings(row):
    told = page(row.hub)
    assert row.run in told
    assert f"{load().runs[row.run].accuracies['overall']:.2f} %" in told
    assert f"--model {row.hub}" in told
    for key in re.findall(r" model\.([a-z_.]+)=", told):
        fields = ModelSettings.model_fields
        first, _, second = key.partition(".")
        assert first in fields
        assert not second or second in str(fields[first].annotation.__args__[0].model_fields)


def test_a_page_says_unknown_where_nobody_found_out():
    unknown = next(row for row in published.rows() if not row.license and not row.dtype and row.family)
    told = page(unknown.run)
    assert "license unknown" in told
    assert unknown.interface or "dtype unknown" in told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Starling-RM-34B", "model.tokenizer=01-ai/Yi-34B-Chat"),
        ("Llama-3.1-70B-Instruct-RM-RB2", "model.pickled_weights=true"),
        ("LDL-Reward-Gemma-2-27B-v0.1", "model.pickled_weights=true"),
        ("Llama-3.3-Nemotron-70B-Reward", "model.family=next-token-logit"),
        ("CE-RM-4B", "model.judge.url="),
        ("URM-LLaMa-3.1-8B", "There is no golden of it"),
        ("Themis-RM-8B", "--prompts own"),
        ("FsfairX-LLaMA3-RM-v0.1", "--prompts none"),
        ("Skywork-Reward-Gemma-2-27B-v0.2", "Near chance"),
        ("R3-Qwen3-4B-14k", "42.34 % ties, 62.27 % if a tie counts half"),
    ],
)
def test_a_page_says_what_this_model_needs(name, told):
    assert told in page(name)


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_built_in_has_a_page(name):
    assert "themis-rm" in page(name)


def test_a_command_can_be_pasted_whatever_the_width():
    parts = ["themis-rm evaluate", "--model a/b", "--prompts none", "--out runs/x", "model.family=y"]
    assert shlex.split(pasted(parts, 30).replace("\\\n", " ")) == shlex.split(" ".join(parts))
    assert max(map(len, pasted(parts, 30).splitlines())) <= 30


@pytest.mark.parametrize(
    ("golden", "told"),
    [
        ("seqcls", ["family sequence-classification", "Qwen3ForSequenceClassification", "positions 8,192"]),
        ("athene", ["family athene", "chat template yes", "weights safetensors"]),
        ("ldl", ["pickles beside them", "--set model.pickled_weights=true"]),
        ("nemotron", ["cannot be loaded", "no tensor 'score.weight'"]),
    ],
)
def test_a_folder_is_told_by_what_lies_in_it(shared, golden, told):
    found = page(str(shared / "goldens" / "rm" / golden))
    assert all(part in found for part in told), found


def test_a_folder_of_pickles_is_not_looked_into(tmp_path):
    (tmp_path / "config.json").write_text('{"architectures": ["X"], "dtype": "float16"}', "utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(b"no pickle at all")
    told = page(str(tmp_path))
    assert "family unknown" in told
    assert "model.pickled_weights=true" in told


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        run("show", str(tmp_path))
