"""Find the files of a dataset: a path, a named entry of a directory, or a dataset of the hub."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from themis_rm.criteria import is_criterion
from themis_rm.dataset.hub_files import download
from themis_rm.errors import InputError, SettingError
from themis_rm.languages import LANGUAGES
from themis_rm.storage.splits import SplitFiles, find_split_files, split_of
from themis_rm.storage.tables import TABLE_TYPES, table_files

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_SHARD = re.compile(r"(?P<split>\w+)-\d{5}-of-\d{5}")


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
        return _of_splits(hub, download(hub), splits)
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


def _of_splits(name: str, found: Mapping[str, Sequence[Path]], splits: Sequence[str]) -> list[Path]:
    if files := [file for split in splits for file in found.get(split, ())]:
        return files
    raise InputError(
        f"The dataset {name} has no split {' or '.join(splits)}; it has {', '.join(found)}.",
        "Give the path of its files.",
    )


def find_dataset(data: str | Path, config: str = "", split: str = "", default_config: str = "") -> SplitFiles:
    """Return the files of a dataset by split.

    Args:
        data: A file or directory of tables (see :func:`~themis_rm.storage.splits.find_split_files`), or a hub name.
        config: Configuration of the dataset; of a directory, the directory in it with this name.
        split: The only split that is used, by its full name (``train_prefs``). Its rows count as training rows.
        default_config: Configuration that is used if there are several and none is chosen.

    Raises:
        InputError: There is no such file, or the hub cannot be reached.
        SettingError: The dataset has no such configuration or split, or several that could be meant.
        MissingExtraError: The ``datasets`` package is not installed.
    """
    if is_hub_name(data):
        found = {name: tuple(files) for name, files in download(str(data), config, default_config).items()}
        return _choose(data, found, split) if split else _by_kind(data, found)
    path = _of_config(Path(data), config or default_config, required=bool(config))
    if split:
        return _choose(data, _named_shards(table_files(path)), split)
    files = find_split_files(path)
    for kind in (files.train, files.validation, files.test):
        _require_one(data, _named_shards(kind))
    return files


def _of_config(path: Path, config: str, required: bool) -> Path:
    if config and (path / config).is_dir():
        return path / config
    if required:
        names = sorted(entry.name for entry in path.iterdir() if entry.is_dir()) if path.is_dir() else []
        raise SettingError(f"{path} has no configuration '{config}'.", f"It has the directories: {', '.join(names)}.")
    return path


def _named_shards(files: Iterable[Path]) -> dict[str, tuple[Path, ...]]:
    """Return split -> files, for files that the ``datasets`` library names (``train_prefs-00000-of-00002``)."""
    found: dict[str, tuple[Path, ...]] = {}
    for file in files:
        if (match := _SHARD.fullmatch(file.name.partition(".")[0])) and split_of(match["split"]):
            found[match["split"]] = (*found.get(match["split"], ()), file)
    return found


def _choose(data: str | Path, found: Mapping[str, tuple[Path, ...]], split: str) -> SplitFiles:
    if split in found:
        return SplitFiles(found[split])
    raise SettingError(f"{data} has no split '{split}'.", f"It has: {', '.join(found) or 'no files of named splits'}.")


def _by_kind(data: str | Path, found: Mapping[str, tuple[Path, ...]]) -> SplitFiles:
    """Return the splits of a hub dataset as training, validation and test files.

    Other splits are training data. Those that are named after criteria or languages are parts of one split.
    """
    kinds: dict[str | None, dict[str, tuple[Path, ...]]] = {}
    for name, files in found.items():
        kinds.setdefault(split_of(name), {})[name] = files
    named = "train" in kinds
    train, validation, test = (
        _require_one(data, kinds.get(kind, {})) for kind in ("train" if named else None, "validation", "test")
    )
    return SplitFiles(train, validation, test, named)


def _require_one(data: str | Path, found: Mapping[str, tuple[Path, ...]]) -> tuple[Path, ...]:
    """Return the files of the only split, or of all parts of it.

    Raises:
        SettingError: There are several, such as ``train_prefs`` and ``train_sft``.
    """
    languages = {language.benchmark_name for language in LANGUAGES}
    if len(found) > 1 and not all(is_criterion(name) or name in languages for name in found):
        raise SettingError(
            f"{data} has several splits of this kind: {', '.join(found)}.",
            f"Choose one, such as --set dataset_split={next(iter(found))}.",
        )
    return tuple(itertools.chain.from_iterable(found.values()))
