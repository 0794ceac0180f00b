import pytest
import torch
from tests.training import pairs
from tests.training.planning.test_simulation import HEAD, TOTAL, backbone

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.training.checks import build_classifier
from themis_rm.training.planning import estimate
from themis_rm.training.planning.backbones import SHAPES, empty_backbone
from themis_rm.training.planning.data import measure_workload
from themis_rm.training.planning.devices import DEVICES, Device, find_device
from themis_rm.training.planning.estimate import GATHERED, OPTIMIZER, REDUCED, TrainingPlan, Workload, plan
from themis_rm.training.planning.simulation import GRADIENTS, WEIGHTS
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.trainable import count_weights

SMALL = Device(3e6, 1e12, 5e11, 1e12, "a test")


@pytest.fixture(autouse=True)
def known_backbone(monkeypatch):
    monkeypatch.setattr(estimate, "empty_backbone", lambda _: backbone())
    monkeypatch.setitem(DEVICES, "small", SMALL)
    monkeypatch.setattr(estimate, "GPU_OVERHEAD", 0)


def planned(gpus=1, workload=None, **changes):
    settings = {"max_steps": None, "precision": "fp32", **changes}
    return plan(pairs.recipe(**settings), "small", gpus, workload or Workload(100))


def test_adamw_keeps_two_moments_in_float32():
    assert planned().memory[OPTIMIZER] == 8 * (TOTAL + HEAD)


def test_shards_have_a_share_of_weights_gradients_and_moments():
    memory = planned(4, sharding="fsdp2", global_batch_size=8).memory
    assert memory[WEIGHTS] == pytest.approx(4 * TOTAL / 4, abs=1)
    assert memory[GRADIENTS] == pytest.approx(4 * (TOTAL + HEAD) / 4, abs=1)
    assert memory[OPTIMIZER] == pytest.approx(8 * (TOTAL + HEAD) / 4, abs=1)


def test_two_layers_and_what_is_outside_of_layers_are_gathered():
    layer = 7680 + 64  # matrices and norms
    outside = 1000 * 32 + 32
    memory = planned(4, sharding="fsdp2", precision="bf16").memory
    assert memory[GATHERED] == 2 * (outside + 2 * layer)
    assert memory[REDUCED] == 2 * outside + (2 + 4) * layer


def test_offloaded_shards_are_in_the_memory_of_the_host():
    kept, offloaded = (planned(4, sharding=name) for name in ("fsdp2", "fsdp2-offload"))
    assert OPTIMIZER not in offloaded.memory
    assert offloaded.host_memory - kept.host_memory == pytest.approx((4 * TOTAL + 12 * (TOTAL + HEAD)) / 4, abs=2)


def test_frozen_weights_in_4_bits_are_an_eighth():
    plain = planned(peft={"merge": False}, backbone={"path": "x"}, tokenizer={})
    small = planned(peft={"merge": False, "load_in_4bit": True}, backbone={"path": "x"}, tokenizer={})
    assert plain.memory[WEIGHTS] - small.memory[WEIGHTS] == pytest.approx(2 * 7680 * (4 - 4.127 / 8), rel=1e-3)


def test_steps_follow_from_the_number_of_pairs():
    made = planned(workload=Workload(100), num_train_epochs=2, global_batch_size=8, micro_batch_tokens=2 * 96)
    assert (made.steps, made.pairs_per_step, made.passes) == (25, 8, 8)
    assert planned(workload=Workload()).steps is None


def test_time_is_the_work_at_a_share_of_the_peak():
    full, half = (plan(pairs.recipe(max_eval_samples=0), "small", 1, Workload(100), mfu=share) for share in (1.0, 0.5))
    update = 28 * (TOTAL + HEAD) / SMALL.bandwidth
    assert full.step_seconds - update == pytest.approx(full.step_flops / SMALL.fp32_flops)
    assert half.step_seconds - update == pytest.approx(2 * (full.step_seconds - update))
    assert full.hours == pytest.approx(full.steps * full.step_seconds / 3600)


def test_a_price_is_for_all_gpus():
    made = plan(pairs.recipe(), "small", 2, Workload(100), price_per_gpu_hour=3.0)
    assert made.price == pytest.approx(made.hours * 2 * 3)


def test_disk_space_is_that_of_the_check_before_training():
    made = planned()
    assert (made.checkpoint, made.exported) == (12 * (TOTAL + HEAD), 4 * TOTAL)


def test_what_does_not_fit_gets_settings_that_make_it_fit():
    made = planned(max_length=128, micro_batch_tokens=2048)
    assert not made.fits
    assert next(iter(made.changes)) == "gradient_checkpointing=true"
    sizes = list(made.changes.values())
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] <= made.available < sizes[-2]


def test_a_plan_is_saved_and_read(tmp_path):
    made = planned()
    made.save(tmp_path / "plan.json")
    assert TrainingPlan.load(tmp_path / "plan.json") == made


@pytest.mark.parametrize(("gpu", "precision"), [("h1000", "bf16"), ("h100", "fp64")])
def test_an_unknown_gpu_or_precision_is_refused(gpu, precision):
    with pytest.raises(SettingError):
        find_device(gpu, precision).flops(precision)


def test_the_speed_of_this_machine_is_measured():
    assert find_device("cpu", "fp32").flops("fp32") > 1e8


CARDS = {
    "0.6B": (0.6, 0.44),
    "1.7B": (1.7, 1.4),
    "4B": (4.0, 3.6),
    "8B": (8.2, 6.95),
    "14B": (14.8, 13.2),
    "32B": (32.8, 31.2),
}
"""Size -> billions of weights on the model cards of Qwen3: all, and without embeddings."""


@pytest.mark.parametrize("size", CARDS)
@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_every_size_of_the_recipes_has_the_published_number_of_weights(stage, size):
    made = empty_backbone(TrainRecipe.load(stage, [f"size={size}"]))
    embeddings = {id(m.weight): m.weight.numel() for m in (made.get_input_embeddings(), made.get_output_embeddings())}
    total = count_weights(made)
    assert total / 1e9 == pytest.approx(CARDS[size][0], abs=0.05)
    assert (total - sum(embeddings.values())) / 1e9 == pytest.approx(CARDS[size][1], abs=0.05)
    assert build_classifier(made) is not None


def test_smollm2_has_the_published_number_of_weights():
    made = empty_backbone(TrainRecipe.build({"backbone": {"path": "smollm2-135m"}}))
    assert count_weights(made) == 134_515_008
    assert all(weight.device == torch.device("meta") for weight in made.parameters())
    assert set(SHAPES) >= {"smollm2-135m"}


def test_a_backbone_that_nothing_is_known_about_is_refused():
    with pytest.raises(CheckpointError, match="base_model"):
        empty_backbone(TrainRecipe.build({"backbone": {"path": "runs/missing"}}))


def test_pairs_of_a_dataset_are_counted_and_measured(tmp_path, golden_tokenizer):
    data = pairs.write(tmp_path / "data", train=40)
    assert measure_workload(pairs.recipe(), data) == Workload(40)
    golden_tokenizer.save_pretrained(tmp_path / "tokenizer")
    recipe = pairs.recipe(tokenizer={"path": str(tmp_path / "tokenizer")}, max_length=256)
    measured = measure_workload(recipe, data)
    assert measured.pairs == 40
    assert 10 < measured.tokens < 512
    assert 0 < measured.completion < 1
