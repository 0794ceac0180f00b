"""Rows of a preference dataset by split: those of its files, or a validation split taken from them by hash."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from themis_rm.dataset.preferences import DataSettings, PreferenceReader, RejectedRow
from themis_rm.errors import InputError
from themis_rm.storage.digests import file_sha256, stable_id

Split = Literal["train", "validation"]


@dataclass(frozen=True)
class PreferenceSplits:
    """Files of a preference dataset, by split.

    Attributes:
        train: Files of the training split.
        validation: Files of the validation split; if empty, rows of ``train`` are used.
        validation_fraction: Share of the rows of ``train`` to use for validation if there are no validation files.
        format: Name of the format of the rows.
        settings: How the rows are read.
    """

    train: tuple[Path, ...]
    validation: tuple[Path, ...]
    validation_fraction: float
    format: str
    settings: DataSettings = field(default_factory=DataSettings)

    def rows(
        self, split: Split, dropped: Counter[str] | None = None, *, keep_ties: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Stream the usable rows of a split in file order, in the columns of :class:`~themis_rm.records.Preference`.

        Args:
            split: The split. Unusable rows of a file that both splits share are counted in ``train``.
            dropped: Reason -> number of unusable rows; counted here.
            keep_ties: Whether rows whose responses are equally good are usable.
        """
        files = self.validation if self.validation and split == "validation" else self.train
        reader = PreferenceReader(files, self.settings.model_copy(update={"format": self.format}), keep_ties)
        for row in reader.rows():
            if isinstance(row, RejectedRow):
                if dropped is not None and (self.validation or split == "train"):
                    dropped[row.reason] += 1
            elif self.validation or (_position(row.repos, row.input) < self.validation_fraction) == (
                split == "validation"
            ):
                yield row.to_dict()

    def digest(self) -> str:
        """Return the SHA-256 of the contents of the files and of how they are read, in hexadecimal digits."""
        shape = (len(self.train), len(self.validation), self.validation_fraction)
        total = hashlib.sha256(repr(shape).encode())
        if self.settings != DataSettings():
            total.update(self.settings.canonical().encode())
        for file in (*self.train, *self.validation):
            total.update(bytes.fromhex(file_sha256(file)))
        return total.hexdigest()


def _position(repository: str, request: str) -> float:
    # Rows of one repository, or of one prompt, have the same position, so that they stay together.
    return int(stable_id(repository or request)[:8], 16) / 2**32


def find_splits(data: str | Path, validation_fraction: float, settings: DataSettings | None = None) -> PreferenceSplits:
    """Find the splits of a dataset and the format of its rows.

    Args:
        data: A file or directory of tables (see :func:`~themis_rm.storage.splits.find_split_files` for the layouts),
            or the Hub name of a dataset (needs the ``datasets`` package).
        validation_fraction: Share of the rows to use for validation if no file is named as training data. The author of
            named splits decided about validation too, even where that split is empty.
        settings: How the rows are read.

    Raises:
        InputError: There is no data, or no format fits.
        MissingExtraError: A Hub name, but the ``datasets`` package is not installed.
    """
    settings = settings or DataSettings()
    files = settings.find_files(data)
    if not files.train:
        raise InputError(f"{data} has validation or test data only.", "Add training data, or name a single file.")
    reader = PreferenceReader((*files.train, *files.validation), settings)
    fraction = 0.0 if files.named or files.validation else validation_fraction
    return PreferenceSplits(files.train, files.validation, fraction, reader.format.name, settings)
