"""The table of published models: complete, typed, with sources, and found by any name."""

import csv
import subprocess
import sys
from importlib import resources
from typing import get_args

import pytest

from themis_rm.errors import CheckpointError
from themis_rm.evaluation.reference.runs import load
from themis_rm.models import published
from themis_rm.models.family import FAMILIES
from themis_rm.models.judges.interface import JUDGES
from themis_rm.models.published import FactSource
from themis_rm.models.settings import SystemRole

ROWS = published.rows()
SOURCED = {"family", "base", "license", "prompts", "system", "positions", "trained", "dtype", "tokenizer", "weights"}
SOURCED |= {"code"}


@pytest.fixture(params=ROWS, ids=lambda row: row.run)
def row(request):
    return request.param


def test_the_51_models_are_those_with_published_scores():
    assert len(ROWS) == 51
    assert {row.run for row in ROWS} == set(load().runs)


def test_a_family_is_registered_or_empty(row):
    assert row.family in {*FAMILIES.names(), *JUDGES.names(), ""}
    assert row.family or row.scoring, "a row without a family must explain how to score with it"


def test_columns_have_allowed_values(row):
    assert row.system in {*get_args(SystemRole), ""}
    assert row.attention in {"any", "softcap"}
    assert row.weights in {"safetensors", "pickle", "mixed", ""}
    assert row.code in {"none", "replaced", "needed", ""}
    assert set(row.prompts) <= {"own", "all", "none"}
    assert row.dtype in {"bfloat16", "float16", "float32", ""}
    assert row.positions is None or row.positions >= 2048
    assert row.trained is None or 512 <= row.trained <= (row.positions or 10**6)
    assert row.hub.count("/") == 1
    assert not row.tokenizer or row.tokenizer.count("/") == 1


def test_every_fact_has_a_source(row):
    facts = {name for name in SOURCED if getattr(row, name)}
    assert facts <= set(row.sources)
    assert set(row.sources) <= facts | {"scoring"}
    assert set(row.sources.values()) <= set(get_args(FactSource))


def test_only_gemma_2_needs_capped_attention_and_has_no_system_role():
    capped = {row.run for row in ROWS if row.attention == "softcap"}
    assert capped == {row.run for row in ROWS if "Gemma-2" in row.run}
    assert {row.system for row in ROWS if row.run in capped} == {"folded"}


def test_only_themis_was_trained_with_criteria_prompts():
    assert {row.series for row in ROWS if "own" in row.prompts} == {"Themis-RM"}


def test_a_golden_exists(shared):
    for row in ROWS:
        folders = [shared / "goldens" / part / row.golden for part in ("rm", "generative")]
        assert not row.golden or any(folder.is_dir() for folder in folders), row.run
        assert row.checked == ("no" if not row.golden else "part" if row.gap else "yes")
        assert row.golden or row.gap, "a row without a golden must explain why"


def test_a_family_that_cannot_be_detected_is_in_the_settings():
    assert [family.name for family in FAMILIES if family.tensors is None] == ["next-token-logit"]
    assert published.find("Llama-3.3-Nemotron-70B-Reward").settings == {"family": "next-token-logit"}


def test_judges_are_the_generative_models():
    assert {row.run for row in ROWS if row.kind == "generative"} == {row.run for row in ROWS if row.interface}
    assert sum(row.kind == "generative" for row in ROWS) == 6


def test_names_are_unique():
    names = [name.casefold() for row in ROWS for name in row.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "name",
    ["SkyworkV2-Qwen-8B", "skywork/skywork-reward-v2-qwen3-8b", "Skywork-Reward-V2-Qwen3-8B", "SKYWORKV2-QWEN-8B"],
)
def test_a_model_is_found_by_run_hub_id_and_short_name_in_any_case(name):
    assert published.find(name).run == "SkyworkV2-Qwen-8B"


def test_a_model_is_found_by_its_name_in_the_tables():
    assert published.find("Themis-RM 8B").hub == "project-themis/Themis-RM-8B"


def test_a_table_name_that_is_the_id_of_another_repository_does_not_find_the_model():
    row = published.find("Llama-3.1-8B-Instruct-RM-RB2")
    assert row.table == "allenai/Llama-3.1-8B-Base-RM-RB2"
    assert published.find(row.table) is None
    assert load().find(row.table).run == row.run


def test_an_unknown_name_gets_a_suggestion():
    assert published.find("Themis-RM-9B") is None
    with pytest.raises(CheckpointError, match="Did you mean 'Themis-RM-"):
        published.require("Themis-RM-9B")
    with pytest.raises(CheckpointError, match="'themis-rm models' lists them"):
        published.require("zzzz")


def test_cells_with_commas_and_quotes_are_read_unchanged():
    lines = resources.files("themis_rm.models").joinpath("published.csv").read_text(encoding="utf-8").splitlines()
    raw = {line["run"]: line for line in csv.DictReader(line for line in lines if not line.startswith("#"))}
    for row in ROWS:
        assert None not in raw[row.run], "the line has more cells than columns"
        assert (row.note, row.scoring, row.license) == tuple(
            raw[row.run][name] for name in ("note", "scoring", "license")
        )


def test_reading_the_rows_imports_no_heavy_library():
    code = (
        "import sys; from themis_rm.models import published; published.rows();"
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'numpy', 'safetensors')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
