"""An encoder with a head for each criterion, such as ModernBERT, that reads the message and the changed lines.

It is a checkpoint of transformers (``AutoModelForSequenceClassification``, multi-label) with a file
``commit_classifier.json``: criteria, thresholds, calibration, and what it was trained on. The published dataset was
recalled by one ModernBERT per criterion; here one encoder has all heads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from themis_rm.curation.commit_classifier.base import CommitChange, CommitClassifier
from themis_rm.curation.commit_classifier.calibration import calibrate
from themis_rm.errors import InputError, MissingExtraError
from themis_rm.storage.atomic import write_text
from themis_rm.storage.json_text import read_json

FILE = "commit_classifier.json"
_MESSAGE_CHARACTERS, _LINES = 2000, 200


@dataclass(frozen=True)
class EncoderSettings:
    """Settings of the training of an encoder.

    Attributes:
        model: Directory or name of a pretrained encoder.
        criteria: Short names.
        epochs: Passes over the labels.
        learning_rate: Peak learning rate.
        batch_size: Commits per step.
        max_length: Most tokens of a commit.
        held_out: Share of the repositories that are not trained on, for calibration and thresholds.
        precision: Share of right labels for which the thresholds are set.
        seed: Seed.
    """

    model: str
    criteria: tuple[str, ...]
    epochs: int = 3
    learning_rate: float = 5e-5
    batch_size: int = 16
    max_length: int = 1024
    held_out: float = 0.2
    precision: float = 0.85
    seed: int = 0


def text_of(commit: CommitChange) -> str:
    """Return the text that the encoder reads: message, path, language, and the removed and added lines."""
    removed, added = (lines[:_LINES] for lines in commit.lines)
    head = f"{commit.subject}\n{commit.message[:_MESSAGE_CHARACTERS]}\n{commit.file_path} ({commit.language})"
    return "\n".join([head, *(f"-{line}" for line in removed), *(f"+{line}" for line in added)])


@dataclass(frozen=True)
class EncoderClassifier(CommitClassifier):
    """A trained encoder."""

    criteria: tuple[str, ...]
    thresholds: Mapping[str, float]
    calibration: tuple[tuple[float, float], ...]
    max_length: int
    model: Any = field(repr=False)
    tokenizer: Any = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> EncoderClassifier:
        """Load a checkpoint.

        Raises:
            InputError: Its file ``commit_classifier.json`` is missing or damaged.
            MissingExtraError: The extra ``train`` is not installed.
        """
        try:
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError as error:
            raise MissingExtraError("transformers", "train") from error
        hint = "Train one with data/train_commit_classifier.py --encoder MODEL."
        facts = read_json(path / FILE, hint)
        try:
            numbers = tuple((float(a), float(b)) for a, b in facts["calibration"])
            thresholds = {short: float(value) for short, value in facts["thresholds"].items()}
            found = cls(
                tuple(facts["criteria"]),
                thresholds,
                numbers,
                int(facts["max_length"]),
                AutoModelForSequenceClassification.from_pretrained(path).eval(),
                AutoTokenizer.from_pretrained(path),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{path / FILE} does not describe a classifier of commits.", hint) from error
        return found

    def probabilities(self, commits: Sequence[CommitChange]) -> list[dict[str, float]]:
        """Return criterion -> calibrated probability for each commit."""
        # One by one, without padding, so that a probability does not depend on the batch.
        logits = (_logits(self.model, self.tokenizer, [text_of(commit)], self.max_length)[0] for commit in commits)
        return [self._calibrated(np.array(row)) for row in logits]


def _logits(model: Any, tokenizer: Any, texts: Sequence[str], max_length: int) -> list[list[float]]:
    import torch

    with torch.inference_mode():
        inputs = tokenizer(list(texts), truncation=True, max_length=max_length, padding=True, return_tensors="pt")
        logits: list[list[float]] = model(**inputs.to(model.device)).logits.float().tolist()
    return logits


def train_encoder(
    commits: Sequence[tuple[CommitChange, Mapping[str, float], str]],
    settings: EncoderSettings,
    out: Path,
    facts: Mapping[str, Any],
) -> None:
    """Fine-tune an encoder on labeled commits and write it to a directory.

    Args:
        commits: Commits with criterion -> share of the readers that chose it, and their repository.
        settings: Settings.
        out: Directory of the checkpoint.
        facts: What to store about the labels.

    Raises:
        MissingExtraError: The extra ``train`` is not installed.
    """
    try:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments
    except ImportError as error:
        raise MissingExtraError("transformers", "train") from error
    repositories = sorted({repository for _, _, repository in commits})
    np.random.default_rng(settings.seed).shuffle(repositories)
    held_out = set(repositories[: max(1, round(settings.held_out * len(repositories)))])
    tokenizer = AutoTokenizer.from_pretrained(settings.model)
    names = dict(enumerate(settings.criteria))
    model = AutoModelForSequenceClassification.from_pretrained(
        settings.model, num_labels=len(names), problem_type="multi_label_classification", id2label=names
    )
    rows = [
        {
            **tokenizer(text_of(commit), truncation=True, max_length=settings.max_length),
            "labels": [shares.get(short, 0.0) for short in settings.criteria],
        }
        for commit, shares, repository in commits
        if repository not in held_out
    ]
    arguments = TrainingArguments(
        output_dir=str(out / "work"),
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        per_device_train_batch_size=settings.batch_size,
        warmup_steps=0.1,
        seed=settings.seed,
        save_strategy="no",
        report_to=[],
    )
    Trainer(model, arguments, train_dataset=rows, processing_class=tokenizer).train()
    model.eval().save_pretrained(out)
    tokenizer.save_pretrained(out)
    unseen = [(commit, shares) for commit, shares, repository in commits if repository in held_out]
    logits = np.array([_logits(model, tokenizer, [text_of(c)], settings.max_length)[0] for c, _ in unseen])
    calibration, thresholds, estimates = [], {}, {}
    for number, short in enumerate(settings.criteria):
        classes, weights = np.array([shares.get(short, 0.0) for _, shares in unseen]), np.ones(len(unseen))
        found = calibrate(logits[:, number], classes, weights, settings.precision)
        calibration.append(found.platt)
        thresholds[short], estimates[short] = found.threshold, found.estimates
    described = {
        **facts,
        "criteria": settings.criteria,
        "calibration": calibration,
        "thresholds": thresholds,
        "estimates": estimates,
        "max_length": settings.max_length,
        "held_out": sorted(held_out),
    }
    write_text(out / FILE, json.dumps(described, indent=1))
