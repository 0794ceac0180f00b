"""Find the files of a dataset: a path, a named entry of a directory, or a dataset of the hub."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from themis_rm.errors import InputError, MissingExtraError
from themis_rm.storage.splits import SplitFiles, find_split_files, split_of
from themis_rm.storage.tables import TABLE_TYPES, table_files

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def is_hub_name(name: str | Path) -> bool:
    """Return whether a name has the form ``owner/dataset`` and is not an existing path."""
    return _HUB_NAME.fullmatch(str(name)) is not None and not Path(name).exists() and not Path(name).suffix


def find_data(
    hub: str, data: str | Path | None, name: str, splits: Sequence[str] = ("train",), known: Sequence[str] = ()
) -> list[Path]:
    """Return the files of a dataset.

    Args:
        hub: Hub name of the dataset.
        data: A file or directory; in a directory with entries that are named after datasets (``NAME/``,
            ``NAME.jsonl``), the entry ``name``. ``None`` loads the dataset from the hub or its local cache.
        name: Name of the dataset in a directory.
        splits: Splits of the hub dataset.
        known: Names of all datasets that such a directory may hold.

    Raises:
        InputError: There is no such file, or the hub cannot be reached.
        MissingExtraError: The ``datasets`` package is not installed.
    """
    if data is None or (is_hub_name(data) and str(data) == hub):
        return download(hub, splits)
    path = Path(data)
    if path.is_dir():
        if (entry := _entry(path, name)) is not None:
            return table_files(entry)
        if any(_entry(path, other) is not None for other in known):
            raise InputError(f"{path} has no entry {name}.", f"Put the data at {path / name}.")
    return table_files(path)


def _entry(folder: Path, name: str) -> Path | None:
    """Return the directory or table of a name, ``None`` if there is none."""
    entries = [folder / name, *(folder / f"{name}{kind}{end}" for kind in TABLE_TYPES for end in ("", ".gz"))]
    return next((entry for entry in entries if entry.exists()), None)


def find_dataset(data: str | Path) -> SplitFiles:
    """Return the files of a dataset by split.

    Args:
        data: A file or directory of tables (see :func:`~themis_rm.storage.splits.find_split_files`), or a hub name.

    Raises:
        InputError: There is no such file, or the hub cannot be reached.
        MissingExtraError: The ``datasets`` package is not installed.
    """
    if not is_hub_name(data):
        return find_split_files(data)
    groups: dict[str | None, list[Path]] = {}
    for file in download(str(data)):  # files are named after the dataset, then the split
        groups.setdefault(split_of(file.stem), []).append(file)
    train = groups.get("train") or groups.get(None, [])
    return SplitFiles(tuple(train), tuple(groups.get("validation", [])), tuple(groups.get("test", [])), named=True)


def download(name: str, splits: Sequence[str] = (), config: str | None = None) -> list[Path]:
    """Return the Parquet files of a hub dataset, downloaded once into the cache of the ``datasets`` package.

    Args:
        name: Hub name.
        splits: Splits to return, in this order; all by default.
        config: Configuration of the dataset.

    Raises:
        InputError: The hub cannot be reached, or the dataset has no such split.
        MissingExtraError: The ``datasets`` package is not installed.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "train") from None
    try:
        builder = datasets.load_dataset_builder(name, config)
        builder.download_and_prepare(file_format="parquet")
    except Exception as error:
        # Offline, a missing dataset and a broken repository end in unrelated exceptions of several packages.
        raise InputError(
            f"Cannot load the dataset {name} from the hub ({type(error).__name__}).",
            "Check the name and the network, or download it elsewhere and give the path of its files.",
        ) from error
    files = sorted(Path(builder.cache_dir).glob("*.parquet"))
    wanted = [file for split in splits for file in files if f"-{split}" in file.stem] if splits else files
    if not wanted:
        raise InputError(f"The dataset {name} has no split {' or '.join(splits)}.", "Give the path of its files.")
    return wanted
