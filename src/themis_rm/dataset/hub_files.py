"""Files of a dataset of the Hugging Face Hub: its configuration and splits, from the network or the local caches."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from themis_rm.errors import InputError, MissingExtraError, SettingError

_SHARD = re.compile(r"-\d+-of-\d+$")


def download(name: str, config: str = "", default_config: str = "") -> dict[str, list[Path]]:
    """Return split -> files of a dataset, prepared once in the cache of the ``datasets`` library.

    Without network, a dataset that is in the cache of ``huggingface_hub`` is read from there.

    Args:
        name: Hub name, ``owner/name``.
        config: Configuration of the dataset.
        default_config: Configuration that is used if there are several and none is chosen.

    Raises:
        InputError: The hub cannot be reached, or the dataset is broken.
        SettingError: The dataset has several configurations and none is chosen, or not this one.
        MissingExtraError: The ``datasets`` package is not installed.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "train") from None
    with _offline_without_network(datasets):
        return _prepare(name, config, default_config, datasets)


def _prepare(name: str, config: str, default_config: str, datasets: Any) -> dict[str, list[Path]]:
    source, known = _find(name, datasets)
    try:
        default = default_config if default_config in known else datasets.get_dataset_default_config_name(source)
    except Exception as error:  # see the end of this function
        raise _unavailable(name, error) from error
    config = _choose_config(name, known, config, default)
    try:
        builder = datasets.load_dataset_builder(source, config or None)
        builder.download_and_prepare(file_format="parquet")
    except Exception as error:
        # Offline, a missing dataset and a broken repository end in unrelated exceptions of several packages.
        raise _unavailable(name, error) from error
    return _split_files(Path(builder.cache_dir), list(builder.info.splits or {}))


@contextmanager
def _offline_without_network(datasets: Any) -> Iterator[None]:
    """Turn on the offline mode of the libraries if the hub's host has no address; they would try again for minutes."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or getproxies() or _has_address(str(urlsplit(constants.ENDPOINT).hostname)):
        yield
        return
    before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before, False


def _has_address(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except OSError:
        return False


def _find(name: str, datasets: Any) -> tuple[str, list[str]]:
    """Return the name or the directory from which a dataset is loaded, and its configurations."""
    try:
        return name, datasets.get_dataset_config_names(name)
    except Exception as error:  # see download
        folder = _cached_snapshot(name)
        if folder is None:
            raise _unavailable(name, error) from error
    try:
        return folder, datasets.get_dataset_config_names(folder)
    except Exception as error:  # see download
        raise _unavailable(name, error) from error


def _cached_snapshot(name: str) -> str | None:
    """Return the directory of a dataset in the cache of ``huggingface_hub``."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return str(snapshot_download(name, repo_type="dataset", local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def _choose_config(name: str, known: list[str], config: str, default: str | None) -> str:
    if config in known or (not config and len(known) <= 1):
        return config
    if not config and default:
        return default
    names, problem = ", ".join(known), f"no configuration '{config}'" if config else "several configurations"
    raise SettingError(
        f"The dataset {name} has {problem}: {names}.", f"Choose one, such as --set dataset_config={known[0]}."
    )


def _unavailable(name: str, error: Exception) -> InputError:
    return InputError(
        f"Cannot load the dataset {name} from the hub ({type(error).__name__}).",
        "Check the name and the network, or download it elsewhere and give the path of its files.",
    )


def _split_files(folder: Path, splits: list[str]) -> dict[str, list[Path]]:
    # A dataset that another program has prepared is in Arrow files.
    files = sorted(folder.glob("*.parquet")) or sorted(folder.glob("*.arrow"))
    names = {file: _SHARD.sub("", file.stem) for file in files}
    return {split: [file for file in files if names[file].endswith(f"-{split}")] for split in splits}
