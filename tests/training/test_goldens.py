"""The objective against numbers of the authors' code, on its token ids and prompt lengths."""

import json
import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from themis_rm.training.batches import collate
from themis_rm.training.model import RewardModel
from themis_rm.training.objective import bradley_terry, combine, magnitude

LAMBDA, MU = 0.25, 0.001
TOLERANCE = {"float32": 1e-5, "float64": 1e-6}
CASES = [(tied, dtype) for tied in ("true", "false") for dtype in ("float32", "float64")]


def golden_model(goldens, tied, dtype, head=True):
    folder = goldens / f"qwen3_tied_{tied}"
    backbone = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="eager")
    model = RewardModel(backbone)
    if head:
        (weight,) = load_file(folder / "reward_head.safetensors").values()
        model.score.weight.data.copy_(weight)
    return model.train()


def golden_batch(golden_tokens, names):
    rows = {row["idx"]: row for row in golden_tokens["rows"]["ml1024"]}
    return collate(
        [
            {
                "chosen": np.array(rows[name]["chosen_input_ids"]),
                "rejected": np.array(rows[name]["rejected_input_ids"]),
                "prompt": rows[name]["chosen_prompt_length"],
            }
            for name in names
        ],
        pad=1024,
    )


def terms_of(model, batch, form="absolute"):
    output = model(**batch)
    tokens = int(batch["completion_mask"].sum())
    preference = bradley_terry(output.chosen, output.rejected)
    center = magnitude(output.chosen, output.rejected, form)
    total = combine(preference, output.nll, center, pairs=len(preference), tokens=tokens, lam=LAMBDA, mu=MU)
    return output, {
        "bt_loss": preference.mean(),
        "lm_loss": output.nll / tokens,
        "mag_loss": center.mean(),
        "total": total,
    }


def expected_of(goldens, tied, dtype):
    told = json.loads((goldens / "loss.tf4.57.6.json").read_text(encoding="utf-8"))
    return told["batches"][f"tied_{tied}.{dtype}"]


def close(actual, wanted, tolerance, what, worst):
    for a, w in zip(np.atleast_1d(actual), np.atleast_1d(wanted), strict=True):
        difference = abs(float(a) - float(w))
        worst[what] = max(worst[what], difference)
        assert difference <= tolerance, f"{what}: {a} is not {w}"


@pytest.mark.parametrize(("tied", "dtype"), CASES)
def test_rewards_and_loss_terms_are_those_of_the_golden_run(goldens, golden_tokens, tied, dtype, record_property):
    model, worst = golden_model(goldens, tied, dtype), defaultdict(float)
    told = expected_of(goldens, tied, dtype)
    groups = [told["one_batch_of_6"], *told["batches_of_1"], *told["batch_of_2_then_4"]]
    for wanted in groups:
        output, terms = terms_of(model, golden_batch(golden_tokens, wanted["pairs"]))
        for side in ("chosen", "rejected"):
            if f"r_{side}" in wanted:
                close(getattr(output, side).detach(), wanted[f"r_{side}"], TOLERANCE[dtype], "reward", worst)
        for name in ("bt_loss", "lm_loss", "total"):
            close(terms[name].detach(), wanted[name], TOLERANCE[dtype], name, worst)
        # As it enters the loss. By itself it is a square: it carries the rewards' difference times 4 |r|.
        close(MU * terms["mag_loss"].detach(), MU * wanted["mag_loss"], TOLERANCE[dtype], "mu * mag_loss", worst)
        assert float(terms["mag_loss"].detach()) == pytest.approx(wanted["mag_loss"], rel=TOLERANCE[dtype])
    record_property("worst", dict(worst))


@pytest.mark.parametrize(("tied", "dtype"), CASES)
@pytest.mark.parametrize(("form", "key"), [("absolute", "mag_loss"), ("sum", "paper_variant")])
def test_magnitudes_of_the_golden_rewards_are_the_golden_ones(goldens, tied, dtype, form, key):
    wanted = expected_of(goldens, tied, dtype)["one_batch_of_6"]
    chosen, rejected = (torch.tensor(wanted[f"r_{side}"], dtype=torch.float64) for side in ("chosen", "rejected"))
    value = wanted[key]["mag"] if key == "paper_variant" else wanted[key]
    assert float(magnitude(chosen, rejected, form).mean()) == pytest.approx(value, abs=TOLERANCE[dtype])


@pytest.mark.parametrize(("tied", "dtype"), CASES)
def test_the_default_magnitude_form_is_that_of_the_paper(goldens, golden_tokens, tied, dtype):
    wanted = expected_of(goldens, tied, dtype)["one_batch_of_6"]
    _, terms = terms_of(golden_model(goldens, tied, dtype), golden_batch(golden_tokens, wanted["pairs"]), form="sum")
    assert float(terms["mag_loss"].detach()) == pytest.approx(wanted["paper_variant"]["mag"], rel=TOLERANCE[dtype])
    assert float(terms["total"].detach()) == pytest.approx(wanted["paper_variant"]["total"], abs=TOLERANCE[dtype])


@pytest.mark.parametrize(("tied", "dtype"), CASES)
def test_gradients_are_those_of_the_golden_run(goldens, golden_tokens, tied, dtype, record_property):
    wanted = expected_of(goldens, tied, dtype)["one_batch_of_6"]
    model = golden_model(goldens, tied, dtype)
    _, terms = terms_of(model, golden_batch(golden_tokens, wanted["pairs"]))
    terms["total"].backward()
    names = {"score.weight": "reward_head.weight"}
    found = {names.get(name, name): float(p.grad.norm()) for name, p in model.named_parameters()}
    assert found.keys() == wanted["grad_l2_by_parameter"].keys()
    for name, norm in wanted["grad_l2_by_parameter"].items():
        assert found[name] == pytest.approx(norm, rel=1e-4), name
    assert math.sqrt(sum(norm**2 for norm in found.values())) == pytest.approx(wanted["grad_l2_total"], rel=1e-4)
    head = np.array(wanted["grad_reward_head"])
    difference = np.linalg.norm(model.score.weight.grad[0].numpy() - head) / np.linalg.norm(head)
    record_property("worst", float(difference))
    assert difference <= 1e-4


@pytest.mark.parametrize(("tied", "dtype"), CASES)
@pytest.mark.parametrize("optimizer", ["script_optimizer", "paper_optimizer"])
def test_six_updates_follow_the_golden_trajectory(goldens, golden_tokens, tied, dtype, optimizer):
    told = json.loads((goldens / "trajectory.json").read_text(encoding="utf-8"))[f"tied_{tied}.{optimizer}.{dtype}"]
    model = golden_model(goldens, tied, dtype, head=False)
    paper = optimizer == "paper_optimizer"
    settings = {"weight_decay": 0.1, "betas": (0.9, 0.95), "eps": 1e-8} if paper else {"weight_decay": 0.01}
    # One group, all parameters, as the trainer's decay_all does.
    adamw = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True, **settings)
    batch = golden_batch(golden_tokens, ["t0", "t1", "t2", "t3", "t4", "t5"])
    for wanted in told["steps"]:
        output, terms = terms_of(model, batch)
        terms["total"].backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), told["clip"] or math.inf)
        # Rounding grows from update to update.
        tolerance = {"float32": 2e-4, "float64": 1e-5}[dtype]
        for name, key in (("total", "loss/total"), ("bt_loss", "loss/bt"), ("lm_loss", "loss/lm")):
            assert float(terms[name].detach()) == pytest.approx(wanted[key], abs=tolerance), (key, wanted)
        margin = float((output.chosen - output.rejected).mean())
        assert margin == pytest.approx(wanted["reward/margin"], abs=tolerance)
        assert float(norm) == pytest.approx(wanted["grad_norm_before_clipping"], rel=1e-3)
        adamw.step()
        adamw.zero_grad()
