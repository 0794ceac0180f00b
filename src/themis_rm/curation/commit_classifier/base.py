"""The interface of classifiers of commits, and the commit that they read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from themis_rm.curation.change_features import change_features, changed_lines
from themis_rm.curation.labels import label_commit, read_message
from themis_rm.curation.subjects import title_and_body
from themis_rm.curation.terms import label
from themis_rm.errors import InputError


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
    """

    subject: str
    message: str
    file_path: str
    language: str
    old: str
    new: str

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> CommitChange:
        """Return the change of a row with the columns of :class:`~themis_rm.records.Commit`."""
        texts = (row["subject"], row["message"], row["file_path"], row["language"])
        return cls(*texts, row["old_contents"], row["new_contents"])

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
        return label_commit(read_message(*self.title_and_body), self.features)


class CommitClassifier(ABC):
    """Gives the probability of each criterion for commits.

    Attributes:
        criteria: Short names of the criteria, in the order of the probabilities.
        thresholds: Criterion -> least probability of a label; criteria without one are never labels.
    """

    criteria: tuple[str, ...]
    thresholds: Mapping[str, float]

    @abstractmethod
    def probabilities(self, commits: Sequence[CommitChange]) -> list[dict[str, float]]:
        """Return criterion -> probability for each commit."""

    def labels(self, commit: CommitChange, thresholds: Mapping[str, float] | None = None) -> dict[str, float]:
        """Return criterion -> probability, for the criteria that reach their threshold.

        Args:
            commit: The commit.
            thresholds: Criterion -> least probability; replaces the classifier's own.
        """
        found = self.probabilities([commit])[0]
        least = {**self.thresholds, **(thresholds or {})}
        return {short: value for short, value in found.items() if short in least and value >= least[short]}


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
