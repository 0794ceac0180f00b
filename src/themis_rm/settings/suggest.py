"""Suggestions for unknown keys: synonyms, the same name elsewhere, the closest name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel

from themis_rm.errors import did_you_mean
from themis_rm.settings.describe import describe_settings, nested_classes

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "lr": ("learning_rate",),
    "peak_lr": ("learning_rate",),
    "max_lr": ("learning_rate",),
    "min_lr": ("min_learning_rate",),
    "wd": ("weight_decay",),
    "warmup": ("warmup_ratio",),
    "grad_clip": ("max_grad_norm",),
    "gradient_clipping": ("max_grad_norm",),
    "clip_grad_norm": ("max_grad_norm",),
    "bs": ("global_batch_size", "micro_batch_tokens", "batch_size", "batch_tokens"),
    "batch_size": ("global_batch_size", "micro_batch_tokens", "batch_tokens"),
    "train_batch_size": ("global_batch_size",),
    "per_device_train_batch_size": ("micro_batch_tokens",),
    "per_device_eval_batch_size": ("batch_tokens",),
    "micro_batch": ("micro_batch_tokens",),
    "global_batch": ("global_batch_size",),
    "max_seq_len": ("max_length",),
    "max_seq_length": ("max_length",),
    "max_model_len": ("max_length",),
    "max_len": ("max_length",),
    "seq_len": ("max_length",),
    "seq_length": ("max_length",),
    "sequence_length": ("max_length",),
    "context_length": ("max_length",),
    "cutoff_len": ("max_length",),
    "epoch": ("num_train_epochs",),
    "num_epochs": ("num_train_epochs",),
    "epochs": ("num_train_epochs",),
    "max_epochs": ("num_train_epochs",),
    "n_epochs": ("num_train_epochs",),
    "steps": ("max_steps",),
    "num_steps": ("max_steps",),
    "train_steps": ("max_steps",),
    "save_every": ("save_steps",),
    "eval_every": ("eval_steps",),
    "random_seed": ("seed",),
    "random_state": ("seed",),
    "torch_dtype": ("dtype", "precision"),
    "precision": ("dtype",),
    "base_model": ("backbone.path", "path"),
    "model_name_or_path": ("backbone.path", "path"),
    "pretrained": ("backbone.path", "path"),
    "attention": ("attn_implementation",),
    "num_workers": ("workers",),
    "num_proc": ("workers",),
    "jobs": ("workers",),
    "n_jobs": ("workers",),
    "nproc": ("workers",),
    "processes": ("workers",),
    "backend": ("executor.type",),
    "concurrency": ("max_concurrency",),
    "base_url": ("url",),
    "api_base": ("url",),
    "endpoint": ("url",),
    "api_key": ("api_key_env",),
    "num_retries": ("max_retries",),
    "retries": ("max_retries",),
    "limit": ("max_samples", "max_functions", "max_pairs_per_source"),
    "n_samples": ("limit", "max_samples"),
    "max_samples": ("limit",),
    "num_samples": ("limit", "max_samples"),
    "confidence": ("confidence_level",),
    "level": ("confidence_level",),
    "alpha": ("confidence_level",),
    "langs": ("languages",),
    "language": ("languages",),
    "criterion": ("criteria",),
    "output_dir": ("--out",),
    "output": ("--out",),
    "out_dir": ("--out",),
    "out": ("--out",),
    "save_path": ("--out",),
}
"""Names that people bring from other tools -> keys here, by their last part or dotted; ``--x`` is a CLI option."""


def suggest_key(cls: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """Return a hint for an unknown key: its synonym, the same name elsewhere, or the closest known name."""
    given, prefix = str(loc[-1]), "".join(f"{part}." for part in loc[:-1])
    keys = {info.key for info in describe_settings(cls)}
    same_level = [key for key in keys if key.startswith(prefix) and "." not in key[len(prefix) :]]
    by_last: dict[str, list[str]] = {}
    for key in sorted(keys, key=lambda key: (key not in same_level, key)):
        by_last.setdefault(key.rpartition(".")[2].casefold(), []).append(key)
    matches = [*_synonyms(cls, loc, by_last, keys), *by_last.get(given.casefold(), [])]
    if not matches:
        close = [prefix + name for name in _close(given, [key[len(prefix) :] for key in same_level], 0.6)]
        matches = close or [key for name in _close(given, by_last, 0.75) for key in by_last[name]]
    if not matches:
        return did_you_mean(given, [key[len(prefix) :] for key in same_level]) if same_level else ""
    names = [f"'{name}'" if not name.startswith("--") else f"the option {name}" for name in dict.fromkeys(matches)]
    return f"Did you mean {' or '.join(names[:3])}?"


def _synonyms(
    cls: type[BaseModel], loc: tuple[int | str, ...], by_last: Mapping[str, Sequence[str]], keys: set[str]
) -> Iterator[str]:
    given, level = _folded(str(loc[-1])), "".join(f"{part}." for part in loc[:-1])
    for prefix, owner in sorted(nested_classes(cls), key=lambda item: item[0] != level):
        if given in getattr(owner, "synonyms", {}):
            yield prefix + owner.synonyms[given]  # type: ignore[attr-defined]
    for name in SYNONYMS.get(given, ()):
        if name.startswith("--") or name in keys:
            yield name
        else:
            yield from by_last.get(name, ())


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_")


def _close(given: str, names: Iterable[str], cutoff: float) -> list[str]:
    folded = {name.casefold(): name for name in names}
    return [folded[name] for name in difflib.get_close_matches(given.casefold(), folded, n=1, cutoff=cutoff)]
