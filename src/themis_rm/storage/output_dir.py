"""Output directories of jobs: which job a directory belongs to, and whether it can resume."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from themis_rm.errors import InputError, SettingError
from themis_rm.storage.atomic import remove, write_text

FINGERPRINT_FILE = "inputs.sha256"
"""File in an output directory that identifies the settings and input files of its job."""
SETTINGS_FILE = "run.json"
"""File in an output directory with the settings of its job, see :func:`require_same_job`."""


def prepare_output_dir(
    out: str | Path,
    settings: str,
    files: Sequence[Path],
    outputs: Sequence[str],
    hint: str = "Use an empty directory.",
    replace: bool = True,
) -> None:
    """Prepare a job's output directory: keep partial results of the same job, delete those of another one.

    Args:
        out: The directory; created if missing.
        settings: The job's settings in canonical form, see :meth:`themis_rm.settings.Settings.canonical`.
        files: Its input files; each is identified by path, size and modification time.
        outputs: Names in ``out`` that the job writes. They are deleted where settings or inputs changed.
        hint: How to fix it if the directory cannot be used.
        replace: Whether results of other settings or inputs are deleted. If not, they are an error.

    Raises:
        InputError: One of ``outputs`` exists, but no job of this kind wrote it; or, without ``replace``, a job with
            other settings or inputs did.
    """
    out = Path(out)
    digest = hashlib.sha256(settings.encode())
    for file in files:
        stat = file.stat()
        digest.update(f"{file.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    marker = out / FINGERPRINT_FILE
    wanted = digest.hexdigest()
    if marker.is_file() and marker.read_text(encoding="utf-8").strip() == wanted:
        return
    if not marker.is_file() and any((out / name).exists() for name in outputs):
        raise InputError(f"{out} holds files that were not written by an earlier run of this job.", hint)
    if marker.is_file() and not replace:
        raise InputError(f"{out} holds the results of a run with other settings or inputs.", hint)
    for name in outputs:
        remove(out / name)
    write_text(marker, wanted + "\n")


def require_same_job(out: str | Path, settings: str, hint: str = "Use another directory, or delete this one.") -> None:
    """Record the settings of a job in its output directory, and refuse the directory of a job with other settings.

    For jobs whose results are too expensive to be deleted by :func:`prepare_output_dir`.

    Args:
        out: The directory; created if missing.
        settings: Everything that an interrupted job must have in common with the job that resumes it.
        hint: How to fix it if the directory belongs to another job.

    Raises:
        SettingError: The directory belongs to a job with other settings.
    """
    file = Path(out) / SETTINGS_FILE
    if not file.is_file():
        write_text(file, settings + "\n")
    elif file.read_text(encoding="utf-8") != settings + "\n":
        raise SettingError(f"{out} contains a run with other settings or other data.", hint)
