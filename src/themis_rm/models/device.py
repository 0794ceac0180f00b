"""Choose device, precision and batch size of a model."""

from __future__ import annotations

import torch

from themis_rm.errors import SettingError
from themis_rm.models.bfloat16 import supports_bfloat16
from themis_rm.models.settings import ModelSettings


def choose_device(settings: ModelSettings) -> torch.device:
    """Return the device of the settings; for ``split`` that of the inputs.

    Raises:
        SettingError: There is no such device on this machine.
    """
    if settings.device in {"auto", "split"}:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(settings.device)
    if device.type == "cpu":
        return device
    # cuda, mps, xpu: torch has a module with the name of each type of device that it supports.
    backend = getattr(torch, device.type, None)
    count = backend.device_count() if backend is not None and backend.is_available() else 0
    if (device.index or 0) >= count:
        raise SettingError(f"This machine has no device '{settings.device}'.", "Set model.device to auto or cpu.")
    return device


def choose_batch_tokens(settings: ModelSettings, device: torch.device, packed: bool) -> int:
    """Return the most tokens of a batch, padding included."""
    if settings.batch_tokens is not None:
        return settings.batch_tokens
    # Large batches exceed the caches of a CPU: on one thread 19,799 tokens took 2.7, 3.2, 4.2 and 4.3 s of CPU time
    # with 1,024, 2,048, 4,096 and 8,192 tokens per batch. Small ones have more synchronization between threads. A pack
    # must fit both responses of a pair to share their prompt: on 200 commit pairs, packs of 2,048 tokens compute
    # 460,000 tokens, packs of 4,096 compute 391,000 and packs of 16,384 compute 377,000.
    if device.type == "cpu":
        return 4096 if packed else 2048
    return 16384


def choose_dtype(settings: ModelSettings, device: torch.device) -> torch.dtype | str:
    """Return the dtype to load weights in; ``"auto"`` means that of the checkpoint."""
    if settings.dtype == "fastest":
        return torch.bfloat16 if supports_bfloat16(device) else torch.float32
    if settings.dtype != "auto":
        dtype: torch.dtype = getattr(torch, settings.dtype)
        return dtype
    # CPUs are slow at half precision, and results on them are usually compared with fp32 references.
    return torch.float32 if device.type == "cpu" else "auto"
