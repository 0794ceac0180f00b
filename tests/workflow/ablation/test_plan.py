"""Plans: which runs a grid needs, what variants share, and variants that are not matched with the base."""

import pytest
from tests.workflow.ablation.grids import SMALL, grid, values, write_data

from themis_rm.errors import SettingError, UserError
from themis_rm.workflow.ablation.grid import AblationGrid
from themis_rm.workflow.ablation.plan import Effort, MergeRun, describe_plan, make_plan


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data"))


def test_a_stage_that_variants_share_is_trained_once(data):
    change = {"stages": {"second": {"settings": {"lm_loss_weight": 0}}}}
    plan = make_plan(grid(data, variants={"v": change}, seeds=[3, 4]))
    assert [(run.stage, run.seed) for run in plan.runs()] == [
        ("first", 3),
        ("second", 3),
        ("first", 4),
        ("second", 4),
        ("second", 3),
        ("second", 4),
    ]
    assert len({run.folder for run in plan.runs()}) == 6


def test_a_later_stage_starts_from_the_one_before(data):
    plan = make_plan(grid(data))
    (run,) = plan.checkpoints["base"]
    assert run.parent.stage == "first"
    assert run.recipe.backbone.config is None
    assert run.parent.recipe.backbone.config == SMALL["backbone"]["config"]
    assert run.effort == Effort(4, 16, 16)


def test_without_the_first_stage_the_next_starts_from_its_backbone(data):
    plan = make_plan(grid(data, variants={"v": {"skip": ["first"], "unmatched": "one stage less"}}))
    (run,) = plan.checkpoints["v"]
    assert run.parent is None
    assert run.recipe.backbone.config == SMALL["backbone"]["config"]
    assert run.tokenizer == plan.tokenizer != ""
    assert plan.differs["v"] == ("without the stage first",)


def test_a_variant_that_only_changes_prompts_at_evaluation_trains_nothing(data):
    full = {"checkpoint_of": "base", "prompts": "all"}
    plan = make_plan(grid(data, variants={"full": full}))
    assert plan.checkpoints["full"] == plan.checkpoints["base"]
    assert plan.differs["full"] == ("evaluation prompts: all",)


def test_differences_are_computed(data):
    plan = make_plan(grid(data, variants={"v": {"rows": {"criteria": ["FC"]}}}))
    assert plan.differs["v"] == ("second.rows.criteria: [] -> ['FC']",)


def test_a_change_in_all_stages_is_given_once(data):
    plan = make_plan(grid(data, variants={"v": {"settings": {"lm_loss_weight": 0}}}))
    assert plan.differs["v"] == ("lm_loss_weight: 0.25 -> 0.0",)


def merged(**changes):
    single = {name: {"rows": {"criteria": [name]}} for name in ("FC", "SH")}
    return {**single, "m": {"merge": {"models": ["FC", "SH"], **changes}, "unmatched": "two models"}}


def test_ties_starts_from_the_stage_before_the_last(data):
    plan = make_plan(grid(data, variants=merged()))
    (merge,) = plan.checkpoints["m"]
    assert isinstance(merge, MergeRun)
    assert merge.base.key == plan.checkpoints["base"][0].parent.key
    assert merge.effort == Effort(6, 24, 24)  # the first stage counts once
    assert plan.differs["m"] == ("merge: ties of FC, SH",)


def test_a_merge_needs_a_common_start(data):
    variants = merged()
    variants["SH"] = {"stages": {"first": {"settings": {"weight_decay": 0}}}}
    with pytest.raises(SettingError, match="do not start from one checkpoint of the stage first"):
        make_plan(grid(data, variants=variants))
    assert make_plan(grid(data, variants={**variants, "m": merged(method="linear")["m"]})).merges()


def test_ties_of_models_with_random_weights_is_refused(data):
    stages = {"only": values(data)["stages"]["first"]}
    with pytest.raises(SettingError, match="random weights"):
        make_plan(AblationGrid.build(values(data, stages=stages, variants=merged())))


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ({"settings": {"max_steps": 3}}, "6 steps, not 4; 24 pairs in all steps, not 16"),
        ({"rows": {"pairs": 4}}, "12 distinct training rows, not 16"),
        ({"settings": {"global_batch_size": 8}}, "32 pairs in all steps, not 16"),
        ({"skip": ["first"]}, "2 steps, not 4"),
    ],
)
def test_a_variant_that_is_not_matched_is_refused_unless_it_says_why(data, variant, message):
    with pytest.raises(SettingError, match=f"variants.v is not matched with the base: .*{message}"):
        make_plan(grid(data, variants={"v": variant}))
    assert make_plan(grid(data, variants={"v": {**variant, "unmatched": "on purpose"}}))


def test_a_variant_without_a_difference_is_refused(data):
    with pytest.raises(SettingError, match=r"variants\.v: nothing differs"):
        make_plan(grid(data, variants={"v": {"settings": {"max_steps": 2}}}))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extra_losses": {"no-such-term": 1.0}}, "no-such-term"),
        ({"backbone": {"path": "no/such/dir", "config": None}, "tokenizer": {"train_bpe": None}}, "no/such/dir"),
        ({"backbone": {"path": "x"}}, "^variant v, stage first: backbone: a backbone needs one of"),
    ],
)
def test_recipes_that_cannot_be_trained_are_reported_before_the_first_run(data, settings, message):
    with pytest.raises(UserError, match=message):
        make_plan(grid(data, variants={"v": {"settings": settings}}))


def test_early_stopping_is_refused(data):
    with pytest.raises(SettingError, match="early_stopping_patience"):
        make_plan(grid(data, variants={"v": {"settings": {"early_stopping_patience": 2}}}))


def test_too_few_rows_of_a_variant_are_refused(data):
    with pytest.raises(SettingError, match=r"has 8 training rows for .*, not 12"):
        make_plan(grid(data, variants={"v": {"rows": {"criteria": ["FC"], "languages": ["Java"], "pairs": 12}}}))


def test_a_stage_without_data_is_refused(data):
    stages = values("")["stages"]
    with pytest.raises(SettingError, match=r"The stage first names no dataset\. Set stages\.first\.data=DIR"):
        make_plan(AblationGrid.build(values(data, stages=stages)))


def test_the_key_of_a_run_does_not_depend_on_names_and_threads(data):
    one, two = (
        make_plan(grid(data, variants={name: {"settings": {"lm_loss_weight": 0, "num_threads": threads}}}))
        for name, threads in (("a", 1), ("b", 2))
    )
    assert one.checkpoints["a"][0].key == two.checkpoints["b"][0].key


def test_the_description_names_the_variants_of_each_run(data, tmp_path):
    change = {"stages": {"second": {"settings": {"lm_loss_weight": 0}}}}
    rows = describe_plan(make_plan(grid(data, variants={"v": change})), tmp_path)
    assert [(row["stage"], row["variants"], row["state"]) for row in rows] == [
        ("first", "base, v", "missing"),
        ("second", "base", "missing"),
        ("second", "v", "missing"),
    ]
