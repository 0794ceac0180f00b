"""The precision of a run follows from the units of its device."""

import pytest
import torch
from safetensors.torch import load_file
from tests.training import pairs

from themis_rm.models.bfloat16 import supports_bfloat16
from themis_rm.training.precision import resolve_precision
from themis_rm.training.runner import train


@pytest.mark.parametrize(
    ("capabilities", "supported"),
    [
        ({"amx_bf16": True}, True),
        ({"avx512_bf16": True}, True),
        ({"avx512_f": True, "avx2": True, "amx_bf16": False}, False),
        ({}, False),
    ],
)
def test_cpus_are_asked_for_their_units(capabilities, supported, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert supports_bfloat16(torch.device("cpu")) is supported
    assert resolve_precision(pairs.recipe(precision="auto")).precision == ("bf16" if supported else "fp32")


def test_a_precision_that_is_named_is_kept(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert resolve_precision(pairs.recipe(precision="fp32")).precision == "fp32"


@pytest.mark.parametrize(("supported", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_the_checkpoint_has_the_precision_of_the_run(supported, dtype, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": supported})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    report = train(pairs.recipe(precision="auto", max_steps=2), pairs.write(tmp_path / "data"), tmp_path / "out")
    tensors = load_file(report.checkpoint / "model.safetensors")
    assert {value.dtype for value in tensors.values()} == {dtype}
