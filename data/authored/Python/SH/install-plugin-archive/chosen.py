"""Unpacking plugins that workspace administrators upload."""

import shutil
import tarfile
from pathlib import Path

MAX_FILE_BYTES = 20 * 1024 * 1024


class PluginError(Exception):
    """An archive that is not a plugin."""


def _destination(folder: Path, name: str) -> Path:
    """Return where the archive member ``name`` belongs."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise PluginError(f"{name!r} is not a path of a plugin")
    return path


def install_plugin(archive: Path, folder: Path) -> list[Path]:
    """Unpack the regular files of ``archive`` below ``folder``.

    Returns:
        The written paths.

    Raises:
        PluginError: The archive holds something that a plugin may not.
    """
    written: list[Path] = []
    with tarfile.open(archive, "r:gz") as bundle:
        for member in bundle:
            if member.isdir():
                continue
            if not member.isfile():
                raise PluginError(f"{member.name!r} is not a regular file")
            if member.size > MAX_FILE_BYTES:
                raise PluginError(f"{member.name!r} is larger than {MAX_FILE_BYTES} bytes")
            path = _destination(folder, member.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with bundle.extractfile(member) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
            written.append(path)
    return written
