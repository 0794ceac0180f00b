"""Splits of a dataset on disk: which of its files hold training, validation and test rows, in any layout.

Every part of the package that must know the training rows of a dataset (training, its n-gram baseline, prompt sets,
audits, held-out evaluation) asks here, so that all of them read the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from themis_rm.errors import InputError
from themis_rm.storage.tables import TABLE_TYPES, table_files, table_type

Split = Literal["train", "validation", "test"]

SPLIT_NAMES: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "eval", "evaluation"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Word in the name of a file or directory -> split. The words are those of the ``datasets`` library, except that it
counts ``eval`` as test."""

_NOT_LETTERS = re.compile(r"[^a-z]+")


@dataclass(frozen=True)
class SplitFiles:
    """Files of a dataset by split, each list sorted.

    Attributes:
        train: Files with training rows.
        validation: Files with validation rows.
        test: Files with test rows.
        named: Whether the training files are named as such. If not, they are all files that no other split claims.
    """

    train: tuple[Path, ...]
    validation: tuple[Path, ...] = ()
    test: tuple[Path, ...] = ()
    named: bool = False

    @property
    def train_or_all(self) -> tuple[Path, ...]:
        """The training files, or all files of a dataset that has none."""
        return self.train or (*self.validation, *self.test)


def find_split_files(path: str | Path) -> SplitFiles:
    """Find the files of a dataset by split.

    A single file holds training rows, however it is named. In a directory, each file belongs to the split that its name
    contains as a word (``train-00000-of-00001``, ``my_dev``; of several words the last), otherwise to that of the
    innermost directory whose name starts with such a word. Only files in the directory itself, in directories of it
    that are named after a split, and in its ``data`` directory count, if training files are among them (so copies in
    ``dropped`` do not); otherwise all files below it count. If no file is named as training data, all files that are
    not validation or test data are training data.

    Args:
        path: File or directory.

    Raises:
        InputError: ``path`` does not exist or holds no file with rows.
    """
    path = Path(path)
    if path.is_file():
        return SplitFiles(tuple(table_files(path)))
    files = _files_with_rows(path)
    for root in (path, path / "data"):
        near = [file for file in files if _is_near(file, root)]
        found = _by_split(near, root)
        if found.named:
            return found
    return _by_split(files, path)


def split_of(name: str) -> Split | None:
    """Return the split that the name of a file contains as a word; of several words the last one decides."""
    words = _NOT_LETTERS.split(name.lower())
    return next((SPLIT_NAMES[word] for word in reversed(words) if word in SPLIT_NAMES), None)


def _files_with_rows(path: Path) -> list[Path]:
    """Return the tables below a directory that have the first type of :data:`TABLE_TYPES` found there."""
    tables = [file for file in sorted(path.rglob("*")) if table_type(file) and file.is_file()] if path.is_dir() else []
    for kind in TABLE_TYPES:
        if files := [file for file in tables if table_type(file) == kind]:
            return files
    raise InputError(f"No table at {path}.", f"Give a file, or a directory of files: {', '.join(TABLE_TYPES)}.")


def _is_near(file: Path, root: Path) -> bool:
    """Return whether a file is directly in ``root`` or below a directory of it that is named after a split."""
    if not file.is_relative_to(root):
        return False
    folders = file.relative_to(root).parts[:-1]
    return not folders or _split_of_folder(folders[0]) is not None


def _split_of_folder(name: str) -> Split | None:
    return SPLIT_NAMES.get(_NOT_LETTERS.split(name.lower())[0])


def _split_of_file(file: Path, root: Path) -> Split | None:
    folders = reversed(file.relative_to(root).parts[:-1])
    return split_of(file.stem) or next(filter(None, map(_split_of_folder, folders)), None)


def _by_split(files: Iterable[Path], root: Path) -> SplitFiles:
    groups: dict[Split | None, list[Path]] = {}
    for file in files:
        groups.setdefault(_split_of_file(file, root), []).append(file)

    def of(split: Split | None) -> Sequence[Path]:
        return groups.get(split, [])

    named = bool(of("train"))
    return SplitFiles(tuple(of("train" if named else None)), tuple(of("validation")), tuple(of("test")), named)
