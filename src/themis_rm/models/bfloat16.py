"""Whether a device multiplies matrices in bfloat16 in hardware, which decides whether it saves time."""

from __future__ import annotations

import torch


def supports_bfloat16(device: torch.device) -> bool:
    """Return whether a device has units for products in bfloat16.

    GPUs since Ampere and CPUs with AMX or AVX512-BF16 (x86) or BF16 (Arm) have. Others emulate them more slowly than
    they multiply in float32.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16", "arm_bf16", "bf16"))
