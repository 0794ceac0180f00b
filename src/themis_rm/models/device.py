"""Where a model runs and how precisely: the one place that decides."""

from __future__ import annotations

import torch

from themis_rm.errors import SettingError
from themis_rm.models.settings import ModelSettings


def choose_device(settings: ModelSettings) -> torch.device:
    """Return the device that the settings mean.

    Raises:
        SettingError: There is no such device here.
    """
    if settings.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(settings.device)
    except RuntimeError:
        raise SettingError(f"Unknown device '{settings.device}'.", "Use auto, cpu, cuda or cuda:0.") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise SettingError(f"There is no device '{settings.device}' here.", "Use device=auto or device=cpu.")
    return device


def choose_batch_tokens(settings: ModelSettings, device: torch.device, packed: bool) -> int:
    """Return the most tokens of a batch, padding included."""
    if settings.batch_tokens is not None:
        return settings.batch_tokens
    # Wide batches fall out of a CPU's caches: on one thread 19,799 tokens took 2.7, 3.2, 4.2 and 4.3 s of processor
    # time under budgets of 1,024, 2,048, 4,096 and 8,192. Narrow ones wait for each other's threads on a busy machine.
    # Packs must hold both answers of a pair: on 200 commit pairs 2,048 tokens part so many that 460,000 are computed,
    # 4,096 leave 391,000 and 16,384 no less than 377,000.
    if device.type == "cpu":
        return 4096 if packed else 2048
    return 16384


def choose_dtype(settings: ModelSettings, device: torch.device) -> torch.dtype | str:
    """Return the dtype to load weights in; ``"auto"`` means the checkpoint's own."""
    if settings.dtype != "auto":
        dtype: torch.dtype = getattr(torch, settings.dtype)
        return dtype
    # CPUs are slow at half precision, and results on them are usually compared with fp32 references.
    return torch.float32 if device.type == "cpu" else "auto"
