"""The interface of classifiers of commits, and the commit that they read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from themis_rm.curation.change_features import change_features, changed_lines
from themis_rm.curation.commit_classifier.calibration import Numbers, sigmoid
from themis_rm.curation.labels import label_commit, read_message
from themis_rm.curation.subjects import title_and_body
from themis_rm.curation.tasks import task_of_commit
from themis_rm.curation.terms import label
from themis_rm.errors import InputError
from themis_rm.records import TESTS


@dataclass(frozen=True)
class CommitChange:
    """A commit to one file, as classifiers read it. What takes long to compute is computed when it is first needed.

    Attributes:
        subject: First line of the message.
        message: The whole message.
        file_path: Path of the file in its repository.
        language: Name of its language.
        old: File before the commit.
        new: File after the commit.
        of_tests: Whether the file is a test.
    """

    subject: str
    message: str
    file_path: str
    language: str
    old: str
    new: str
    of_tests: bool = False

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> CommitChange:
        """Return the change of a row with the columns of :class:`~themis_rm.records.Commit`."""
        texts = (row["subject"], row["message"], row["file_path"], row["language"])
        return cls(*texts, row["old_contents"], row["new_contents"], task_of_commit(row) == TESTS)

    @cached_property
    def title_and_body(self) -> tuple[str, str]:
        """The whole subject, and the rest of the message."""
        return title_and_body(self.subject, self.message)

    @cached_property
    def lines(self) -> tuple[list[str], list[str]]:
        """The lines that were removed, and those that were added."""
        return changed_lines(self.old, self.new)

    @cached_property
    def features(self) -> frozenset[str]:
        """Features of the change; needs the syntax trees of both versions."""
        return change_features(self.old, self.new, self.language)

    @cached_property
    def terms(self) -> dict[str, list[str]]:
        """Criterion -> terms of its list anywhere in the message."""
        whole = self.message.startswith(self.subject)
        return label(self.message if whole else f"{self.subject}\n\n{self.message}")

    @cached_property
    def evidence(self) -> dict[str, list[str]]:
        """Criterion -> evidence, by the rules of :mod:`themis_rm.curation.labels`."""
        message = read_message(*self.title_and_body, of_tests=self.of_tests)
        # Trees are parsed only where they can matter.
        return label_commit(message, self.features) if message.may_have_label() else {}


class CommitClassifier(ABC):
    """Gives the probability of each criterion for commits.

    Attributes:
        criteria: Short names of the criteria, in the order of the probabilities.
        thresholds: Criterion -> least probability of a label; criteria without one are never labels.
        calibration: Criterion by criterion, slope and offset that make a logit of the model that of the probability.
    """

    criteria: tuple[str, ...]
    thresholds: Mapping[str, float]
    calibration: tuple[tuple[float, float], ...]

    @abstractmethod
    def probabilities(self, commits: Sequence[CommitChange]) -> list[dict[str, float]]:
        """Return criterion -> probability for each commit."""

    def labels(self, commit: CommitChange, thresholds: Mapping[str, float] | None = None) -> dict[str, float]:
        """Return criterion -> probability, for the criteria that reach their threshold.

        Args:
            commit: The commit.
            thresholds: Criterion -> least probability; replaces the classifier's own.
        """
        return self._reached(self.probabilities([commit])[0], thresholds)

    def _reached(self, found: Mapping[str, float], thresholds: Mapping[str, float] | None) -> dict[str, float]:
        """Return the probabilities that reach their threshold."""
        least = {**self.thresholds, **(thresholds or {})}
        return {short: value for short, value in found.items() if short in least and value >= least[short]}

    def _calibrated(self, logits: Numbers) -> dict[str, float]:
        """Return criterion -> probability for the logits of the model, of shape ``[criteria]``."""
        slopes, offsets = np.array(self.calibration).T
        return dict(zip(self.criteria, sigmoid(slopes * logits + offsets).tolist(), strict=True))


def load_classifier(path: Path | None = None) -> CommitClassifier:
    """Load a classifier.

    Args:
        path: File of a linear classifier, or directory of an encoder; by default the linear one of the package.

    Raises:
        InputError: There is no classifier at the path.
        MissingExtraError: An encoder needs the extra ``train``.
    """
    if path is None or path.is_file():
        from themis_rm.curation.commit_classifier.linear import LinearClassifier

        return LinearClassifier.load(path)
    if (path / "config.json").is_file():
        from themis_rm.curation.commit_classifier.encoder import EncoderClassifier

        return EncoderClassifier.load(path)
    raise InputError(
        f"There is no classifier of commits at {path}.",
        "Pass the Parquet file of a linear classifier, or the directory of an encoder with its config.json.",
    )
