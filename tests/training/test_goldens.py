"""The objective compared with the authors' code, on the token ids and prompt lengths of that code."""

import json
import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.training.pairs import recipe
from transformers import AutoModelForCausalLM

from themis_rm.training.batches import pack_pairs, pad_pairs
from themis_rm.training.losses.center_rewards import center_rewards, center_rewards_absolute
from themis_rm.training.objective import combine, term_sums
from themis_rm.training.pair_model import PairRewardModel

LM_LOSS_WEIGHT, CENTER_REWARDS_COEFFICIENT = 0.25, 0.001
CENTERING = {"sum": center_rewards, "absolute": center_rewards_absolute}
TERMS = {"sum": "center_rewards", "absolute": "center_rewards_absolute"}
TOLERANCE = {"float32": 1e-5, "float64": 1e-6}
LAYOUTS = ["padded", "packed"]
CASES = [(tied, dtype) for tied in ("true", "false") for dtype in ("float32", "float64")]


def golden_model(goldens, tied, dtype, head=True, layout="padded"):
    folder = goldens / f"qwen3_tied_{tied}"
    backbone = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="eager")
    model = PairRewardModel(backbone)
    if layout == "packed":
        assert model.share_prefixes()
    if head:
        (weight,) = load_file(folder / "reward_head.safetensors").values()
        model.score.weight.data.copy_(weight)
    return model.train()


def golden_batch(golden_tokens, names, layout="padded"):
    rows = {row["idx"]: row for row in golden_tokens["rows"]["ml1024"]}
    pairs = [
        {
            "chosen": np.array(rows[name]["chosen_input_ids"]),
            "rejected": np.array(rows[name]["rejected_input_ids"]),
            "prompt_length": rows[name]["chosen_prompt_length"],
        }
        for name in names
    ]
    return pack_pairs(pairs) if layout == "packed" else pad_pairs(pairs, 1024)


def terms_of(model, batch, form="absolute"):
    output = model(batch, with_nll=True)
    tokens = len(batch.targets)
    pairs = len(output.chosen)
    weights = {"bradley_terry": 1.0, TERMS[form]: CENTER_REWARDS_COEFFICIENT, "lm": LM_LOSS_WEIGHT}
    sums = term_sums(output, weights, recipe())
    return output, {
        "bt_loss": sums["bradley_terry"] / pairs,
        "lm_loss": sums["lm"] / tokens,
        "mag_loss": sums[TERMS[form]] / pairs,
        "total": combine(sums, weights, pairs=pairs, tokens=tokens),
    }


def expected_of(goldens, tied, dtype):
    golden = json.loads((goldens / "loss.tf4.57.6.json").read_text(encoding="utf-8"))
    return golden["batches"][f"tied_{tied}.{dtype}"]


def weighted(value):
    return CENTER_REWARDS_COEFFICIENT * value


def assert_close(actual, expected, tolerance, name, worst):
    for a, e in zip(np.atleast_1d(actual), np.atleast_1d(expected), strict=True):
        difference = abs(float(a) - float(e))
        worst[name] = max(worst[name], difference)
        assert difference <= tolerance, f"{name}: {a} is not {e}"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("tied", "dtype"), CASES)
def test_rewards_and_loss_terms_equal_the_golden_run(goldens, golden_tokens, tied, dtype, layout, record_property):
    model, worst = golden_model(goldens, tied, dtype, layout=layout), defaultdict(float)
    golden = expected_of(goldens, tied, dtype)
    batches = [golden["one_batch_of_6"], *golden["batches_of_1"], *golden["batch_of_2_then_4"]]
    for expected in batches:
        output, terms = terms_of(model, golden_batch(golden_tokens, expected["pairs"], layout))
        for side in ("chosen", "rejected"):
            if f"r_{side}" in expected:
                assert_close(getattr(output, side).detach(), expected[f"r_{side}"], TOLERANCE[dtype], "reward", worst)
        for name in ("bt_loss", "lm_loss", "total"):
            assert_close(terms[name].detach(), expected[name], TOLERANCE[dtype], name, worst)
        # Weighted as in the loss. Unweighted it is a square, in which a difference of rewards counts 4 |r| times.
        assert_close(
            weighted(terms["mag_loss"].detach()), weighted(expected["mag_loss"]), TOLERANCE[dtype], "mag_loss", worst
        )
        assert float(terms["mag_loss"].detach()) == pytest.approx(expected["mag_loss"], rel=TOLERANCE[dtype])
    record_property("worst", dict(worst))


@pytest.mark.parametrize(("tied", "dtype"), CASES)
@pytest.mark.parametrize(("form", "key"), [("absolute", "mag_loss"), ("sum", "paper_variant")])
def test_centering_of_the_golden_rewards_equals_the_golden_values(goldens, tied, dtype, form, key):
    expected = expected_of(goldens, tied, dtype)["one_batch_of_6"]
    chosen, rejected = (torch.tensor(expected[f"r_{side}"], dtype=torch.float64) for side in ("chosen", "rejected"))
    value = expected[key]["mag"] if key == "paper_variant" else expected[key]
    assert float(CENTERING[form](chosen, rejected).mean()) == pytest.approx(value, abs=TOLERANCE[dtype])


@pytest.mark.parametrize(("tied", "dtype"), CASES)
def test_the_default_centering_form_is_the_one_of_the_paper(goldens, golden_tokens, tied, dtype):
    expected = expected_of(goldens, tied, dtype)["one_batch_of_6"]
    _, terms = terms_of(golden_model(goldens, tied, dtype), golden_batch(golden_tokens, expected["pairs"]), form="sum")
    assert float(terms["mag_loss"].detach()) == pytest.approx(expected["paper_variant"]["mag"], rel=TOLERANCE[dtype])
    assert float(terms["total"].detach()) == pytest.approx(expected["paper_variant"]["total"], abs=TOLERANCE[dtype])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("tied", "dtype"), CASES)
def test_gradients_equal_the_golden_run(goldens, golden_tokens, tied, dtype, layout, record_property):
    expected = expected_of(goldens, tied, dtype)["one_batch_of_6"]
    model = golden_model(goldens, tied, dtype, layout=layout)
    _, terms = terms_of(model, golden_batch(golden_tokens, expected["pairs"], layout))
    terms["total"].backward()
    names = {"score.weight": "reward_head.weight"}
    norms = {names.get(name, name): float(p.grad.norm()) for name, p in model.named_parameters()}
    assert norms.keys() == expected["grad_l2_by_parameter"].keys()
    for name, norm in expected["grad_l2_by_parameter"].items():
        assert norms[name] == pytest.approx(norm, rel=1e-4), name
    assert math.sqrt(sum(norm**2 for norm in norms.values())) == pytest.approx(expected["grad_l2_total"], rel=1e-4)
    head = np.array(expected["grad_reward_head"])
    difference = np.linalg.norm(model.score.weight.grad[0].numpy() - head) / np.linalg.norm(head)
    record_property("worst", float(difference))
    assert difference <= 1e-4


@pytest.mark.parametrize(("tied", "dtype"), CASES)
@pytest.mark.parametrize("optimizer", ["script_optimizer", "paper_optimizer"])
def test_six_steps_follow_the_golden_trajectory(goldens, golden_tokens, tied, dtype, optimizer):
    golden = json.loads((goldens / "trajectory.json").read_text(encoding="utf-8"))[f"tied_{tied}.{optimizer}.{dtype}"]
    model = golden_model(goldens, tied, dtype, head=False)
    paper = optimizer == "paper_optimizer"
    settings = {"weight_decay": 0.1, "betas": (0.9, 0.95), "eps": 1e-8} if paper else {"weight_decay": 0.01}
    # One parameter group, as with decay_norm_and_bias.
    adamw = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True, **settings)
    batch = golden_batch(golden_tokens, ["t0", "t1", "t2", "t3", "t4", "t5"])
    for expected in golden["steps"]:
        output, terms = terms_of(model, batch)
        terms["total"].backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), golden["clip"] or math.inf)
        # Rounding errors grow from step to step.
        tolerance = {"float32": 2e-4, "float64": 1e-5}[dtype]
        for name, key in (("total", "loss/total"), ("bt_loss", "loss/bt"), ("lm_loss", "loss/lm")):
            assert float(terms[name].detach()) == pytest.approx(expected[key], abs=tolerance), (key, expected)
        margin = float((output.chosen - output.rejected).mean())
        assert margin == pytest.approx(expected["reward/margin"], abs=tolerance)
        assert float(norm) == pytest.approx(expected["grad_norm_before_clipping"], rel=1e-3)
        adamw.step()
        adamw.zero_grad()
