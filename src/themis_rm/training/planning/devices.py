"""Accelerators that a run can be planned for, with the figures of their data sheets."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import torch

from themis_rm.errors import SettingError, did_you_mean


@dataclass(frozen=True)
class Device:
    """An accelerator.

    Attributes:
        memory: Bytes; gigabytes of the data sheet are counted as 10^9 bytes, which leaves a reserve.
        bf16_flops: Floating-point operations per second in bfloat16 on tensor cores, without sparsity.
        fp32_flops: Those in float32, without tensor cores.
        bandwidth: Bytes per second of its memory; ``None`` if it is not known.
        source: Where the figures are from.
    """

    memory: float
    bf16_flops: float
    fp32_flops: float
    bandwidth: float | None
    source: str

    def flops(self, precision: str) -> float:
        """Return the floating-point operations per second in the precision of a recipe.

        Raises:
            SettingError: There is no figure for this precision.
        """
        if precision == "fp64":
            raise SettingError("There are no figures for precision=fp64.", "Plan with precision=bf16 or fp32.")
        return self.bf16_flops if precision == "bf16" else self.fp32_flops


_HGX, _ADA = "NVIDIA HGX platform data sheet", "NVIDIA Ada GPU architecture white paper"

DEVICES = {
    "b200": Device(180e9, 2250e12, 75e12, 7.7e12, _HGX),
    "h200": Device(141e9, 989e12, 67e12, 4.8e12, "NVIDIA H200 data sheet, SXM"),
    "h100": Device(80e9, 989e12, 67e12, 3.35e12, "NVIDIA H100 data sheet, SXM"),
    "a100-80gb": Device(80e9, 312e12, 19.5e12, 2.039e12, "NVIDIA A100 data sheet, SXM"),
    "a100-40gb": Device(40e9, 312e12, 19.5e12, 1.555e12, "NVIDIA A100 data sheet, SXM"),
    "l40s": Device(48e9, 362e12, 91.6e12, 0.864e12, "NVIDIA L40S data sheet"),
    "l4": Device(24e9, 121e12, 30.3e12, 0.3e12, "NVIDIA L4 data sheet"),
    "rtx-4090": Device(24e9, 165e12, 82.6e12, 1.008e12, _ADA),
}
"""Name -> data sheet. Figures are for dense matrices, bfloat16 with sums in float32."""
CPU = "cpu"
"""Name of the processor of this machine, whose speed is measured."""


def find_device(name: str, precision: str, processes: int = 1) -> Device:
    """Return an accelerator by name, ``cpu`` with the memory of this machine and its speed, measured in a second.

    Args:
        name: Key of :data:`DEVICES`, or ``cpu``.
        precision: Precision in which the speed of ``cpu`` is measured.
        processes: Number of processes that share the memory of ``cpu``.

    Raises:
        SettingError: The name is unknown.
    """
    if name == CPU:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / processes
        flops = _matrix_product_speed(torch.bfloat16 if precision == "bf16" else torch.float32)
        return Device(memory, flops, flops, None, f"this machine, {torch.get_num_threads()} threads, measured")
    if name not in DEVICES:
        raise SettingError(f"Unknown GPU '{name}'.", did_you_mean(name, [*DEVICES, CPU]))
    return DEVICES[name]


def _matrix_product_speed(dtype: torch.dtype, size: int = 1024, seconds: float = 0.5) -> float:
    """Return the floating-point operations per second of products of square matrices, the best of several."""
    left, right = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        left @ right
        best = max(best, 2 * size**3 / (time.perf_counter() - start))
    return best
