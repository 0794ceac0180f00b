"""A training run together with its control: the n-gram baseline, fitted on the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.models.ngrams import CONFIG, fit_ngrams
from themis_rm.records import Preference
from themis_rm.storage.parquet import read_rows
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.train import TrainReport, train

BASELINE = Path("model") / "baselines" / "ngrams"


def train_with_baseline(recipe: TrainRecipe, data: Path | str, out: Path) -> TrainReport:
    """Train a reward model, then fit the n-gram baseline on the same training split, into the checkpoint's folder.

    An accuracy says little without what the surface of the text alone would give; so the control travels with the
    checkpoint. Going on after a kill is as for :func:`themis_rm.training.train.train`.

    Args:
        recipe: What to train.
        data: A preference dataset; the baseline is fitted where it lies on this machine.
        out: Folder of the run.

    Raises:
        UserError: See :func:`themis_rm.training.train.train`.
    """
    report = train(recipe, data, out)
    local = Path(data)
    if local.exists() and not (out / BASELINE / CONFIG).is_file():
        fit_ngrams(_training_rows(local)).save(out / BASELINE)
    return report


def _training_rows(data: Path) -> Iterator[dict[str, Any]]:
    splits = sorted(data.glob("data/train-*.parquet")) if data.is_dir() else []
    for file in splits or [data]:
        yield from read_rows(file, Preference.required())
