"""Grids: files with recipes by name, and contradictions in one line."""

import pytest
import yaml
from tests.workflow.ablation.grids import SMALL, values

from themis_rm.errors import SettingError
from themis_rm.settings.recipes import recipe_names
from themis_rm.workflow.ablation.grid import AblationGrid, Variant, flatten


def test_a_file_names_recipes_by_path_or_name(tmp_path):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(SMALL), encoding="utf-8")
    stages = {"first": {"recipe": "mine.yaml", "data": "d"}, "second": {"recipe": "tiny", "data": "d"}}
    file = tmp_path / "grid.yaml"
    file.write_text(yaml.safe_dump(values("d", stages=stages)), encoding="utf-8")
    grid = AblationGrid.load(file, ["stages.second.settings.max_steps=7"])
    assert grid.stages["first"].recipe["max_steps"] == 2
    assert grid.recipe_of(Variant(), "second", {}).max_steps == 7


@pytest.mark.parametrize("name", recipe_names("ablate"))
def test_a_grid_of_the_package_has_valid_recipes(name):
    grid = AblationGrid.load(name)
    for variant in grid.variants.values():
        for stage in grid.stages:
            grid.recipe_of(variant, stage, {"seed": 1})
            grid.rows_of(variant, stage)


def test_changes_of_a_variant_replace_those_of_the_stage(tmp_path):
    stage = {"recipe": SMALL, "data": "d", "settings": {"max_steps": 3, "backbone": {"config": {"hidden_size": 64}}}}
    variant = {"settings": {"max_steps": 4}, "stages": {"only": {"settings": {"max_steps": 5}}}}
    grid = AblationGrid.build(values("d", stages={"only": stage}, variants={"v": variant}))
    base, changed = (grid.recipe_of(item, "only", {}) for item in (Variant(), grid.variants["v"]))
    assert (base.max_steps, changed.max_steps) == (3, 5)
    assert base.backbone.config["hidden_size"] == 64
    assert base.backbone.config["num_hidden_layers"] == 2


@pytest.mark.parametrize("mode", ["none", "all", "own"])
def test_one_prompt_mode_is_all_of_the_mix(mode):
    grid = AblationGrid.build(values("d", variants={"v": {"rows": {"prompts": mode}}}))
    mix = grid.rows_of(grid.variants["v"], "second").prompts
    assert getattr(mix, mode) == 100
    assert grid.rows_of(grid.variants["v"], "first").prompts is None


def test_nested_settings_become_dotted_keys():
    assert flatten({"a": {"b": 1, "c": {}}, "d.e": 2}) == {"a.b": 1, "a.c": {}, "d.e": 2}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variants": {"base": {"settings": {"seed": 1}}}}, "this is the name of the base"),
        ({"variants": {"v": {"skip": ["third"]}}}, "there is no stage 'third'"),
        ({"variants": {"v": {"skip": ["second"]}}}, "the last stage cannot be left out"),
        ({"variants": {"v": {"stages": {"frist": {}}}}}, "Did you mean 'first'"),
        ({"variants": {"v": {"checkpoint_of": "w"}, "w": {"prompts": "all"}}}, "'w' is not a variant above it"),
        ({"variants": {"v": {"checkpoint_of": "base", "settings": {"seed": 1}}}}, "is trained, or has"),
        ({"variants": {"v": {"merge": {"models": ["base"]}}}}, "at least 2 items"),
        ({"variants": {"a/b": {"prompts": "all"}}}, "'a/b' is not a name"),
        ({"seeds": [1, 1]}, "a seed is repeated"),
        ({"seeds": []}, "at least 1 item"),
        ({"variants": {"v": {"recipes": {}}}}, "unknown key"),
        ({"evaluations": {"x": {"prompts": "some"}}}, "'none', 'all' or 'own'"),
    ],
)
def test_a_contradiction_is_one_line(changes, message):
    with pytest.raises(SettingError, match=message):
        AblationGrid.build(values("d", **changes))


def test_an_unknown_setting_names_variant_and_stage():
    grid = AblationGrid.build(values("d", variants={"v": {"settings": {"max_step": 1}}}))
    with pytest.raises(SettingError, match=r"^variant v, stage first: max_step: unknown key\. Did you mean"):
        grid.recipe_of(grid.variants["v"], "first", {}, "v")
    with pytest.raises(SettingError, match=r"^variant w, stage second, rows: pair: unknown key"):
        grid.rows_of(Variant(rows={"pair": 1}), "second", "w")


def test_names_of_rows_may_be_one_text():
    grid = AblationGrid.build(values("d", variants={"v": {"rows": {"criteria": "FC, SH"}}}))
    assert grid.rows_of(grid.variants["v"], "second").criteria == ("FC", "SH")
