"""Splits of a preference dataset: files by name, or a validation split taken from the training rows by hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from themis_rm.errors import InputError, MissingExtraError
from themis_rm.storage.digests import file_sha256, stable_id
from themis_rm.storage.parquet import open_parquet, parquet_files, read_rows

Split = Literal["train", "validation"]
COLUMNS = ["system", "input", "chosen", "rejected"]


@dataclass(frozen=True)
class PreferenceSplits:
    """Files of a preference dataset, by split.

    Attributes:
        train: Parquet files of the training split.
        validation: Parquet files of the validation split; if empty, rows of ``train`` are used.
        validation_fraction: Share of the rows of ``train`` to use for validation if there are no validation files.
    """

    train: tuple[Path, ...]
    validation: tuple[Path, ...]
    validation_fraction: float

    def rows(self, split: Split) -> Iterator[dict[str, Any]]:
        """Stream the rows of a split in file order."""
        if self.validation:
            for file in self.train if split == "train" else self.validation:
                yield from read_rows(file, COLUMNS)
            return
        for file in self.train:
            for row in read_rows(file, COLUMNS):
                if (_position(row) < self.validation_fraction) == (split == "validation"):
                    yield row

    def digest(self) -> str:
        """Return the SHA-256 of the contents of the files and of how they are split, in hexadecimal digits."""
        shape = (len(self.train), len(self.validation), self.validation_fraction)
        total = hashlib.sha256(repr(shape).encode())
        for file in (*self.train, *self.validation):
            total.update(bytes.fromhex(file_sha256(file)))
        return total.hexdigest()


def _position(row: Mapping[str, Any]) -> float:
    # Rows of one repository, or of one prompt, have the same position, so that they stay together.
    return int(stable_id(row.get("repos") or row["input"])[:8], 16) / 2**32


def find_splits(data: str | Path, validation_fraction: float) -> PreferenceSplits:
    """Find the splits of a dataset.

    Files or directories whose names start with ``train``, in the directory or in its ``data`` subdirectory (the
    convention of the ``datasets`` library, which ``assemble`` follows), are the training split, and likewise
    ``validation``; other splits are ignored. In any other layout every Parquet file is training data, and a share of
    the rows is used for validation.

    Args:
        data: A Parquet file, a directory, or the Hub name of a dataset (needs the ``datasets`` package).
        validation_fraction: See :class:`PreferenceSplits`.

    Raises:
        InputError: There is no data, or a file lacks a column.
        MissingExtraError: A Hub name, but the ``datasets`` package is not installed.
    """
    path = Path(data)
    if not path.exists() and len(path.parts) == 2 and not path.suffix:
        return _from_hub(str(data), validation_fraction)
    train, validation = _named_splits(path) if path.is_dir() else ((), ())
    if train:
        # The author of the splits decided about validation too, even where that split is empty.
        validation_fraction = 0.0
    else:
        train = tuple(parquet_files(path))
    for file in (*train, *validation):
        open_parquet(file, COLUMNS).close()
    return PreferenceSplits(train, validation, validation_fraction)


def _named_splits(path: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    for root in (path, path / "data"):
        train, validation = (
            tuple(file for entry in sorted(root.glob(f"{split}*")) for file in _parquet_under(entry))
            for split in ("train", "validation")
        )
        if train:
            return train, validation
    return (), ()


def _parquet_under(entry: Path) -> list[Path]:
    if entry.is_dir():
        return sorted(entry.rglob("*.parquet"))
    return [entry] if entry.suffix == ".parquet" else []


def _from_hub(name: str, validation_fraction: float) -> PreferenceSplits:
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "train") from None
    builder = datasets.load_dataset_builder(name)
    builder.download_and_prepare(file_format="parquet")
    folder = Path(builder.cache_dir)
    train, validation = (tuple(sorted(folder.glob(f"*-{split}*.parquet"))) for split in ("train", "validation"))
    if not train:
        raise InputError(f"The dataset {name} has no training split.", "Use a dataset with a split named 'train'.")
    return PreferenceSplits(train, validation, validation_fraction)
