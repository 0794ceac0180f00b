"""Runs that fit a reward head to the features of a frozen language model, and their checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError, SettingError
from themis_rm.models.adapters import AdaptedCheckpoint
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.config import read_config
from themis_rm.models.families.criteria_mean import BIAS, HEAD_FILE, WEIGHT, HeadLayout, read_layout
from themis_rm.prompts import PromptSet
from themis_rm.results import ResultPart
from themis_rm.storage.atomic import atomic_directory, write_json
from themis_rm.training.criteria_fit import CriteriaFit, PairFeatures, fit_criteria_head
from themis_rm.training.export import ModelLayout, write_adapter, write_run_files
from themis_rm.training.metrics import Metrics, PairMetrics, measure
from themis_rm.training.recipe import BackboneSettings, HeadFitSettings, TrainRecipe
from themis_rm.training.response_features import compute_features, load_feature_model, read_features
from themis_rm.training.sampling import group_shares, sampling_groups
from themis_rm.training.splits import Split
from themis_rm.training.token_cache import TokenizedPairs

FEATURES = "features"
"""Directory of the features in the output directory of a run."""
_CRITERIA = tuple(row.short for row in CRITERIA)


class HeadFitResult(ResultPart):
    """Cross-validation of a head on frozen hidden states."""

    layers: list[int]
    """Layers below the last one whose hidden states the head reads."""
    penalty: float
    """Selected penalty of what the criteria share."""
    criterion_ratio: float
    """Selected ratio of the penalties."""
    candidates: list[dict[str, float]]
    """All candidates with their loss and accuracy on held-out folds."""
    metrics: Metrics
    """Metrics on the training pairs, each scored by a head that was fitted without its repository."""
    by_criterion: dict[str, Metrics]
    """The same by criterion."""


class HeadTrainer:
    """Fits a head with one output for each criterion.

    Args:
        recipe: The training recipe, with ``head_fit``.
        checkpoint: The backbone; if it has such a head, the fit starts from it and is pulled towards it.
        pairs: Tokenized pairs of both splits.
        out: Output directory of the run.

    Raises:
        CheckpointError: The backbone cannot be used.
        InputError: The training pairs have no criterion, or are all of one repository.
    """

    def __init__(
        self, recipe: TrainRecipe, checkpoint: Checkpoint, pairs: Mapping[Split, TokenizedPairs], out: Path
    ) -> None:
        assert recipe.head_fit is not None  # noqa: S101
        self.settings: HeadFitSettings = recipe.head_fit
        self.recipe = recipe
        self.checkpoint = checkpoint
        self.pairs = pairs
        self.folder = out / FEATURES
        self.layout = _layout(checkpoint, self.settings)
        self.rows = {split: _rows(of, self.layout.criteria) for split, of in pairs.items()}
        if not (self.rows["train"] >= 0).any():
            raise InputError(
                "No training pair names a criterion.",
                "Name the column with --set columns.aspect=COLUMN, or set default_aspect to a criterion.",
            )
        if len(np.unique(pairs["train"].repositories)) < 2:
            raise InputError("All training pairs are of one repository.", "head_fit needs pairs of two repositories.")

    def compute(self, rank: int, processes: int) -> float:
        """Compute the features that are missing; return the tokens per second of this process."""
        started = time.monotonic()
        model = load_feature_model(self.checkpoint, self.recipe, self.layout.layers)
        tokens = 0
        for split, pairs in self.pairs.items():
            tokens += compute_features(model, pairs, self.folder / split, rank=rank, processes=processes)
        return tokens / (time.monotonic() - started)

    def fit(self) -> CriteriaFit:
        """Fit the head to the features of the training pairs."""
        pairs = self._training_pairs()
        prior = self._prior(pairs.chosen.shape[1])
        settings = self.settings
        return fit_criteria_head(
            pairs,
            prior,
            settings.penalties,
            settings.criterion_ratios,
            folds=settings.folds,
            control_length=settings.control_length,
        )

    def _training_pairs(self) -> PairFeatures:
        pairs = self.pairs["train"]
        values = read_features(pairs, self.folder / "train")
        lengths = pairs.response_lengths().astype(np.float64)
        weights = self._weights(pairs)
        found = PairFeatures(values[:, 0], values[:, 1], self.rows["train"], weights, pairs.repositories, lengths)
        return found.select(np.flatnonzero(~pairs.ties))

    def _weights(self, pairs: TokenizedPairs) -> npt.NDArray[np.float64]:
        weights = pairs.weights()
        if self.recipe.sampling is None:
            return weights
        groups = sampling_groups(pairs, self.recipe.sampling)
        sizes = np.bincount(groups.codes)
        share = group_shares(sizes, self.recipe.sampling.temperature) / sizes
        return weights * share[groups.codes]

    def _prior(self, width: int) -> npt.NDArray[np.float64]:
        if WEIGHT not in self.checkpoint.shapes:
            return np.zeros((len(self.layout.criteria), width))
        return self.checkpoint.tensors({WEIGHT})[WEIGHT].double().numpy()

    def metrics(self, fit: CriteriaFit, split: Split) -> PairMetrics:
        """Return the metrics of the head on a split."""
        pairs = self.pairs[split]
        values = read_features(pairs, self.folder / split)
        rows = self.rows[split]
        # Pairs without a criterion are scored by the mean of all outputs.
        weight = np.concatenate([fit.weight, fit.weight.mean(0, keepdims=True)])[rows]
        bias = np.concatenate([fit.bias, fit.bias.mean(keepdims=True)])[rows]
        rewards = np.einsum("psf,pf->ps", values, weight) + bias[:, None]
        return measure(rewards[:, 0], rewards[:, 1], pairs, np.arange(len(pairs)))

    def backbone_weights(self) -> int:
        """Return the number of weights of the backbone."""
        head = {WEIGHT, BIAS}
        return sum(math.prod(shape) for name, shape in self.checkpoint.shapes.items() if name not in head)

    def model_layout(self) -> ModelLayout:
        """Return the layout that :func:`save_head` writes."""
        architectures = self.checkpoint.config.get("architectures") or ["unknown"]
        return ModelLayout(str(architectures[0]), adapter=True, classifier=False, in_transformers=False)

    def result(self, fit: CriteriaFit) -> HeadFitResult:
        """Return the cross-validation."""
        pairs = self.pairs["train"]
        kept = np.flatnonzero(~pairs.ties)
        held_out = measure(fit.margins, np.zeros(len(kept)), pairs, kept)
        return HeadFitResult(
            layers=list(self.layout.layers),
            penalty=fit.chosen.penalty,
            criterion_ratio=fit.chosen.ratio,
            candidates=[vars(item) for item in fit.candidates],
            metrics=held_out.overall,
            by_criterion=held_out.by_criterion,
        )


def _layout(checkpoint: Checkpoint, settings: HeadFitSettings) -> HeadLayout:
    if WEIGHT in checkpoint.shapes:
        layout = read_layout(checkpoint.folder)
        if settings.layers and tuple(settings.layers) != layout.layers:
            raise SettingError(
                f"head_fit.layers is {settings.layers}, but the head of {checkpoint.folder} reads the layers "
                f"{list(layout.layers)}.",
                "Remove head_fit.layers.",
            )
        return layout
    count: int = read_config(checkpoint).get_text_config().num_hidden_layers
    layers = tuple(settings.layers) or (max(1, round(2 * count / 3)),)
    if wrong := [layer for layer in layers if not 1 <= layer < count]:
        raise SettingError(f"head_fit.layers: {wrong[0]} is not below the last of {count} layers.")
    return HeadLayout(_CRITERIA, layers)


def _rows(pairs: TokenizedPairs, criteria: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return the row of the head for each pair, -1 for a pair without one of its criteria."""
    names = {row.training_aspect: row.short for row in CRITERIA}
    index = [criteria.index(names[name]) if names.get(name) in criteria else -1 for name in pairs.criteria.names]
    return np.array([*index, -1], np.int64)[pairs.criteria.codes]


def head_base(source: BackboneSettings, checkpoint: Checkpoint) -> tuple[BackboneSettings, Checkpoint]:
    """Return the base that a head is exported with: settings that name it, and its checkpoint.

    A head that was trained from another one needs the base of that one, and not the other head.

    Args:
        source: Settings that name what the head was trained from.
        checkpoint: What it was trained from.
    """
    if not isinstance(checkpoint, AdaptedCheckpoint) or checkpoint.has_matrices:
        return source, checkpoint
    lora = checkpoint.lora
    return BackboneSettings(path=lora.base, revision=lora.revision or None), checkpoint.base


def save_head(
    folder: Path,
    trainer: HeadTrainer,
    fit: CriteriaFit,
    *,
    prompts: PromptSet,
    training: Mapping[str, Any],
    tokenizer: Any,
    complete: Callable[[Path], None],
) -> None:
    """Write the head as an adapter without matrices, atomically.

    Args:
        folder: Output directory; an existing one is replaced.
        trainer: The run.
        fit: Its head.
        prompts: Criteria prompts of the training data.
        training: Metadata of the run, see :func:`~themis_rm.training.export.save_reward_model`.
        tokenizer: The tokenizer; saved if it is not that of the backbone.
        complete: Writes further files into the directory before it is visible.
    """
    recipe = trainer.recipe
    base, _ = head_base(recipe.backbone, trainer.checkpoint)
    config: dict[str, Any] = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base.name,
        "revision": base.revision or None,
        "inference_mode": True,
        "r": 1,
        "lora_alpha": 1,
        "target_modules": [],
        "modules_to_save": None,
    }
    tensors = {name: torch.from_numpy(value).float() for name, value in ((WEIGHT, fit.weight), (BIAS, fit.bias))}
    with atomic_directory(folder) as partial:
        write_adapter(partial, config, tensors)
        write_json(partial / HEAD_FILE, {"criteria": trainer.layout.criteria, "layers": trainer.layout.layers})
        if recipe.tokenizer.path or recipe.tokenizer.chat_template:
            tokenizer.save_pretrained(str(partial))
        write_run_files(partial, prompts, recipe, training)
        complete(partial)
