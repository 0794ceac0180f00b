"""Rows of a preference dataset by split: those of its files, or a validation split taken from them by hash."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from themis_rm.errors import InputError, MissingExtraError
from themis_rm.models.protocol import NOT_UNICODE, is_unicode
from themis_rm.records import text_fault
from themis_rm.storage.digests import file_sha256, stable_id
from themis_rm.storage.json_lines import BadLine, read_json_lines
from themis_rm.storage.parquet import open_parquet, read_rows, require_text
from themis_rm.storage.splits import SplitFiles, find_split_files, split_of

Split = Literal["train", "validation"]
COLUMNS = ["system", "input", "chosen", "rejected"]
"""Columns that training reads; ``system`` may be null."""
LABEL_COLUMNS = ["aspect", "language"]
"""Columns that must hold text where they exist: the criteria prompts of the dataset are found by ``aspect``."""


@dataclass(frozen=True)
class PreferenceSplits:
    """Files of a preference dataset, by split.

    Attributes:
        train: Files of the training split.
        validation: Files of the validation split; if empty, rows of ``train`` are used.
        validation_fraction: Share of the rows of ``train`` to use for validation if there are no validation files.
    """

    train: tuple[Path, ...]
    validation: tuple[Path, ...]
    validation_fraction: float

    def rows(self, split: Split, dropped: Counter[str] | None = None) -> Iterator[dict[str, Any]]:
        """Stream the rows of a split in file order, without those that lack a text.

        Args:
            split: The split. Malformed rows of a file that both splits share are counted in ``train``.
            dropped: Reason -> number of malformed rows; counted here.
        """
        for file in self.validation if self.validation and split == "validation" else self.train:
            for row in _read(file):
                reason = _fault(row)
                if reason is None:
                    if self.validation or (_position(row) < self.validation_fraction) == (split == "validation"):
                        yield row
                elif dropped is not None and (self.validation or split == "train"):
                    dropped[reason] += 1

    def digest(self) -> str:
        """Return the SHA-256 of the contents of the files and of how they are split, in hexadecimal digits."""
        shape = (len(self.train), len(self.validation), self.validation_fraction)
        total = hashlib.sha256(repr(shape).encode())
        for file in (*self.train, *self.validation):
            total.update(bytes.fromhex(file_sha256(file)))
        return total.hexdigest()


def _read(file: Path) -> Iterator[Any]:
    if file.suffix == ".jsonl":
        return ({"system": None, **row} if isinstance(row, dict) else row for _, row in read_json_lines(file))
    return read_rows(file, COLUMNS)


def _fault(row: Any) -> str | None:
    """Return why a row cannot be used, as a slug, or ``None``."""
    if isinstance(row, BadLine):
        return "not-json"
    if not isinstance(row, dict):
        return "not-a-row"
    columns = COLUMNS if row.get("system") is not None else COLUMNS[1:]
    return text_fault(row, columns) or (None if all(is_unicode(row[name]) for name in columns) else NOT_UNICODE)


def _position(row: Mapping[str, Any]) -> float:
    # Rows of one repository, or of one prompt, have the same position, so that they stay together.
    return int(stable_id(str(row.get("repos") or row["input"]))[:8], 16) / 2**32


def find_splits(data: str | Path, validation_fraction: float) -> PreferenceSplits:
    """Find the splits of a dataset.

    Args:
        data: A Parquet or JSONL file, a directory (see :func:`~themis_rm.storage.splits.find_split_files` for the
            layouts), or the Hub name of a dataset (needs the ``datasets`` package).
        validation_fraction: Share of the rows to use for validation if no file is named as training data. The author of
            named splits decided about validation too, even where that split is empty.

    Raises:
        InputError: There is no data, a file lacks a column, or a column does not hold text.
        MissingExtraError: A Hub name, but the ``datasets`` package is not installed.
    """
    path = Path(data)
    if not path.exists() and len(path.parts) == 2 and not path.suffix:
        files = _from_hub(str(data))
    else:
        files = find_split_files(path)
        if not files.train:
            raise InputError(f"{path} has validation or test data only.", "Add training data, or name a single file.")
    for file in (*files.train, *files.validation):
        _require_columns(file)
    return PreferenceSplits(
        files.train, files.validation, 0.0 if files.named or files.validation else validation_fraction
    )


def _require_columns(file: Path) -> None:
    if file.suffix != ".jsonl":
        with open_parquet(file, COLUMNS) as handle:
            require_text(handle, file, [*COLUMNS, *LABEL_COLUMNS])
        return
    first = next((row for _, row in read_json_lines(file) if isinstance(row, dict)), {})
    missing = [name for name in COLUMNS[1:] if name not in first]
    if missing:
        raise InputError(
            f"{file} lacks the key{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            f"Its first row has: {', '.join(first) or 'nothing'}.",
        )


def _from_hub(name: str) -> SplitFiles:
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "train") from None
    builder = datasets.load_dataset_builder(name)
    builder.download_and_prepare(file_format="parquet")
    files = sorted(Path(builder.cache_dir).glob("*.parquet"))
    # The files are named after the dataset, then the split.
    train, validation = (
        tuple(file for file in files if split_of(file.stem) == split) for split in ("train", "validation")
    )
    if not train:
        raise InputError(f"The dataset {name} has no training split.", "Use a dataset with a split named 'train'.")
    return SplitFiles(train, validation, named=True)
