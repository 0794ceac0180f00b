"""Merge reward models of one architecture into one checkpoint, tensor by tensor.

``linear`` averages weights (Wortsman et al., 2022, arXiv 2203.05482); ``ties`` trims, elects signs and averages the
differences from a base model (Yadav et al., 2023, arXiv 2306.01708), with the functions that peft merges adapters with.
Adapters are merged into their base first, so that the result is exact: averages of the two matrices of an adapter are
not the matrices of the average.
"""

from __future__ import annotations

import json
import math
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from safetensors.torch import save_file
from torch import Tensor

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.loading import PROMPTS
from themis_rm.models.tensor_files import read_tensors
from themis_rm.models.tokenizers import load_tokenizer
from themis_rm.models.weights import INDEX, SAFETENSORS
from themis_rm.progress import track
from themis_rm.results import Result, ResultPart
from themis_rm.settings import Settings
from themis_rm.storage.atomic import atomic_directory, write_json
from themis_rm.storage.output_dir import prepare_output_dir
from themis_rm.training.backbone import LM_HEAD
from themis_rm.training.checks import LARGEST_TRIAL, score_trial
from themis_rm.training.export import METADATA_FILE
from themis_rm.training.merge_parents import MergeParent, open_base, open_parents
from themis_rm.training.reward_scale import measure_reward_std
from themis_rm.training.tokenizers import pad_token_id

SHARD_BYTES = 1 << 30
"""Most bytes of a file of weights, and of merged weights in memory; a larger tensor is a file of its own."""
LM_HEAD_WEIGHT = "lm_head.weight"
REPORT_FILE = "merge_report.json"
OUTPUTS = ("model", REPORT_FILE)
"""Files and directories that a merge writes into its output directory."""


class MergeSettings(Settings):
    """How reward models are merged."""

    synonyms: ClassVar[dict[str, str]] = {
        "merge_method": "method",
        "combination_type": "method",
        "weight": "weights",
        "lambda": "scale",
        "base_model": "base",
        "out_dtype": "dtype",
        "torch_dtype": "dtype",
    }

    method: Literal["linear", "ties"] = "linear"
    """``linear`` averages weights; ``ties`` trims the differences from the base, elects their signs, and averages those
    of the elected sign."""
    weights: list[float] = Field(default_factory=list)
    """Weight of each model, in their order; by default equal. They are divided by their sum."""
    base: str = ""
    """``ties``: directory or Hub name of the model that the others were trained from; it needs no reward head."""
    density: float = Field(0.2, gt=0, le=1)
    """``ties``: share of the differences of a tensor that is kept, the largest ones. The paper keeps a fifth."""
    scale: float = Field(1.0, gt=0)
    """``ties``: factor of the merged difference (lambda of the paper)."""
    normalize_rewards: str = ""
    """Preference data in any known format: the head of each model is divided by the standard deviation of its rewards
    on a sample of it, so that a model with large rewards does not outweigh the others."""
    reward_samples: int = Field(500, ge=2)
    """Number of pairs of ``normalize_rewards`` that are scored, sampled by hash."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Type of the saved weights; ``auto`` is that of the first model. Weights are merged in float32."""


class ParentRecord(ResultPart):
    """A model that was merged, as it is recorded in the checkpoint."""

    name: str
    """Name of the model in results."""
    digest: str
    """Digest of its weights, configuration, tokenizer and chat template."""
    weight: float
    """Its share in the merged weights."""
    reward_std: float | None = None
    """Standard deviation of its rewards, that its head was divided by."""


class MergeReport(Result):
    """Result of a merge."""

    kind: ClassVar[str] = "merge report"

    checkpoint: Path
    """Directory of the merged checkpoint."""
    method: str
    """``linear`` or ``ties``."""
    parents: list[ParentRecord]
    """The merged models, in their order."""
    base: str = ""
    """Digest of the base of ``ties``."""
    density: float | None = None
    """Share of the differences that was kept, for ``ties``."""
    scale: float | None = None
    """Factor of the merged difference, for ``ties``."""
    tensors: int
    """Number of tensors."""
    parameters: int
    """Number of weights."""

    def records(self) -> Sequence[dict[str, Any]]:
        """Return one row per merged model."""
        return [parent.model_dump() for parent in self.parents]

    def summary(self) -> str:
        """Return method, models and checkpoint in one line."""
        names = ", ".join(parent.name for parent in self.parents)
        return f"{self.method} merge of {names}: {self.parameters:,} weights -> {self.checkpoint}"


def merge(
    models: Sequence[str | Path], out: str | Path, settings: MergeSettings | None = None, name: str = ""
) -> MergeReport:
    """Merge reward models that have the same architecture, tokenizer and criteria prompts.

    Writes ``out/model``, a checkpoint that every command loads; its ``training.json`` names the merged models with
    their digests. At most :data:`SHARD_BYTES` of merged weights and one tensor of each model are in memory.

    Reward heads, and language-model heads of untied embeddings, are averaged linearly by both methods: a reward head is
    trained from its own start, not from the base.

    Args:
        models: Directories or Hub names of checkpoints or adapters.
        out: Output directory.
        settings: See :class:`MergeSettings`.
        name: Name of the merged model in results; by default that of the output directory.

    Raises:
        CheckpointError: A model cannot be read, or differs from the first in architecture, shapes, tokenizer or
            prompts.
        SettingError: There are fewer than two models, or the settings do not fit them.
        InputError: ``out`` contains another merge.
    """
    settings, out = settings or MergeSettings(), Path(out)
    weights = _shares(settings, len(models))
    if settings.method == "ties" and not settings.base:
        raise SettingError(
            "The method ties needs the model that the others were trained from.", "Set base (--base MODEL)."
        )
    parents = open_parents(models)
    base = open_base(settings.base, parents[0]) if settings.method == "ties" else None
    job = {**settings.model_dump(mode="json"), "parents": [parent.digest for parent in parents]}
    job |= {"base": base.digest if base else "", "name": name}
    prepare_output_dir(out, "merge", json.dumps(job, sort_keys=True), outputs=OUTPUTS)
    if (out / REPORT_FILE).is_file() and (out / "model" / METADATA_FILE).is_file():
        return MergeReport.load(out / REPORT_FILE).model_copy(update={"checkpoint": out / "model"})
    stds = _reward_stds(parents, settings)
    report = MergeReport(
        checkpoint=out / "model",
        method=settings.method,
        parents=[
            ParentRecord(name=parent.name, digest=parent.digest, weight=weight, reward_std=std)
            for parent, weight, std in zip(parents, weights, stds, strict=True)
        ],
        base=base.digest if base else "",
        density=settings.density if base else None,
        scale=settings.scale if base else None,
        tensors=len(parents[0].shapes),
        parameters=sum(map(math.prod, parents[0].shapes.values())),
    )
    with atomic_directory(out / "model") as partial:
        _write(partial, parents, base, report, settings, name or out.resolve().name)
        _require_scores(partial, report)
    report.save(out / REPORT_FILE)
    return report


def _shares(settings: MergeSettings, count: int) -> list[float]:
    if count < 2:
        raise SettingError("A merge needs at least two models.", "Name two or more checkpoints.")
    weights = settings.weights or [1.0] * count
    if len(weights) != count:
        raise SettingError(f"There are {count} models, but {len(weights)} weights.", "Set one weight for each model.")
    total = sum(weights)
    if min(weights) < 0 or total <= 0:
        raise SettingError("Weights must not be negative, and one must be positive.", "Correct 'weights'.")
    return [weight / total for weight in weights]


def _reward_stds(parents: Sequence[MergeParent], settings: MergeSettings) -> list[float | None]:
    if not settings.normalize_rewards:
        return [None] * len(parents)
    for parent in parents:
        parent.require_linear_head()
    return [
        measure_reward_std(parent.folder, settings.normalize_rewards, settings.reward_samples) for parent in parents
    ]


def _write(
    folder: Path,
    parents: Sequence[MergeParent],
    base: MergeParent | None,
    report: MergeReport,
    settings: MergeSettings,
    name: str,
) -> None:
    first = parents[0]
    dtype = None if settings.dtype == "auto" else getattr(torch, settings.dtype)
    saved = _write_shards(folder, _merged_tensors(parents, base, report), dtype)
    _write_lm_head(folder, parents, report, saved)
    tokenizer = load_tokenizer(first.checkpoint.tokenizer_folder)
    tokenizer.save_pretrained(str(folder))
    write_json(folder / "config.json", _config(first.checkpoint, tokenizer, saved))
    if (first.folder / PROMPTS).is_file():
        shutil.copyfile(first.folder / PROMPTS, folder / PROMPTS)
    record = report.model_dump(mode="json", exclude={"checkpoint", "tensors", "parameters"})
    write_json(folder / METADATA_FILE, {"name": name, "merge": record})


def _merged_tensors(
    parents: Sequence[MergeParent], base: MergeParent | None, report: MergeReport
) -> Iterator[tuple[str, Tensor]]:
    """Yield name and merged values of every tensor, in the type of the first model."""
    first = parents[0]
    weights = torch.tensor([record.weight for record in report.parents])
    stds = [record.reward_std or 1.0 for record in report.parents]
    for name in track(list(first.shapes), "merge", total=len(first.shapes)):
        values = [parent.tensor(name) for parent in parents]
        dtype = values[0].dtype
        if not dtype.is_floating_point:
            yield name, values[0]
            continue
        values = [value.float() for value in values]
        if name in first.head_tensors:
            values = [value / std for value, std in zip(values, stds, strict=True)]
            yield name, average(values, weights).to(dtype)
        elif base is None:
            yield name, average(values, weights).to(dtype)
        else:
            merged = merge_ties(values, base.tensor(name).float(), weights, report.density or 1.0, report.scale or 1.0)
            yield name, merged.to(dtype)


def average(values: list[Tensor], weights: Tensor) -> Tensor:
    """Return the weighted sum of tensors.

    Args:
        values: Tensors of one shape, float32.
        weights: Shape ``[models]``; their sum is 1.
    """
    from peft.utils.merge_utils import task_arithmetic

    merged: Tensor = task_arithmetic(values, weights)
    return merged


def merge_ties(values: list[Tensor], base: Tensor, weights: Tensor, density: float, scale: float) -> Tensor:
    """Merge tensors with TIES: trim, elect signs, average what has the elected sign.

    As in peft and mergekit the differences are trimmed by tensor, not over the whole model as in the paper. The sign of
    a value is elected by the sum of the trimmed differences.

    Args:
        values: Tensors of one shape, float32.
        base: The tensor of the model that they were trained from, float32.
        weights: Shape ``[models]``; their sum is 1.
        density: Share of the differences that is kept.
        scale: Factor of the merged difference.

    Returns:
        ``base + scale * merged difference``.
    """
    from peft.utils.merge_utils import ties

    differences = [value - base for value in values]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a density of 1 is meant
        # A tensor with few values keeps one of them at least. Weights have the mean 1: equal ones change nothing.
        kept = max(density, (1 + 1e-9) / base.numel())
        merged: Tensor = ties(differences, weights * len(values), kept)
    return base + scale * merged


def _write_shards(folder: Path, tensors: Iterator[tuple[str, Tensor]], dtype: torch.dtype | None) -> torch.dtype:
    """Write tensors in their order into files of at most :data:`SHARD_BYTES`; return their type."""
    parts: list[list[str]] = []
    shard: dict[str, Tensor] = {}
    size, total, saved = 0, 0, torch.float32
    for name, value in tensors:
        tensor = (value.to(dtype) if dtype and value.is_floating_point() else value).contiguous()
        saved = tensor.dtype if tensor.is_floating_point() else saved
        if shard and size + tensor.nbytes > SHARD_BYTES:
            _save_part(folder, parts, shard)
            shard, size = {}, 0
        shard[name] = tensor
        size, total = size + tensor.nbytes, total + tensor.nbytes
    _save_part(folder, parts, shard)
    if len(parts) == 1:
        _part(folder, 1).rename(folder / SAFETENSORS)
        return saved
    names = [f"model-{number:05d}-of-{len(parts):05d}.safetensors" for number in range(1, len(parts) + 1)]
    for number, name in enumerate(names, 1):
        _part(folder, number).rename(folder / name)
    weight_map = {tensor: file for file, part in zip(names, parts, strict=True) for tensor in part}
    write_json(folder / f"{SAFETENSORS}{INDEX}", {"metadata": {"total_size": total}, "weight_map": weight_map})
    return saved


def _write_lm_head(folder: Path, parents: Sequence[MergeParent], report: MergeReport, dtype: torch.dtype) -> None:
    """Average the language-model heads of untied embeddings, with which training continues, if all models have one."""
    files = [parent.folder / LM_HEAD for parent in parents]
    if all(file.is_file() for file in files):
        values = [read_tensors(file, [LM_HEAD_WEIGHT])[LM_HEAD_WEIGHT].float() for file in files]
        merged = average(values, torch.tensor([record.weight for record in report.parents]))
        save_file({LM_HEAD_WEIGHT: merged.to(dtype)}, folder / LM_HEAD, metadata={"format": "pt"})


def _part(folder: Path, number: int) -> Path:
    return folder / f"part-{number}"


def _save_part(folder: Path, parts: list[list[str]], shard: Mapping[str, Tensor]) -> None:
    parts.append(list(shard))
    save_file(dict(shard), _part(folder, len(parts)), metadata={"format": "pt"})


def _config(checkpoint: Checkpoint, tokenizer: Any, dtype: torch.dtype) -> dict[str, Any]:
    """Return the configuration of the merged model: that of the first one, complete if that is an adapter."""
    config = {key: value for key, value in checkpoint.config.items() if key not in {"_name_or_path", "torch_dtype"}}
    if checkpoint.config.get("pad_token_id") is None:
        config["pad_token_id"] = pad_token_id(tokenizer, None)
    if len(config.get("id2label") or {}) != 1:
        config |= {"id2label": {"0": "reward"}, "label2id": {"reward": 0}, "problem_type": "regression"}
    return config | {"dtype": str(dtype).removeprefix("torch.")}


def _require_scores(folder: Path, report: MergeReport) -> None:
    if report.parameters <= LARGEST_TRIAL and (failures := score_trial(folder)):
        raise CheckpointError(f"The merged model cannot be scored: {failures[0]}", "Check the merged models.")
