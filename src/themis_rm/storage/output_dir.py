"""Output directories of jobs: which job a directory belongs to, and whether it can resume."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from themis_rm.errors import InputError
from themis_rm.storage.atomic import remove, write_json
from themis_rm.storage.json_text import parse_json

JOB_FILE = "run.json"
"""File in an output directory with the name, the settings and the inputs of its job."""
HINT = "Use another directory, or delete this one."


def prepare_output_dir(
    out: str | Path,
    job: str,
    settings: str,
    files: Sequence[Path] = (),
    outputs: Sequence[str] = (),
    hint: str = HINT,
    replace: bool = False,
) -> None:
    """Prepare a job's output directory: the same job resumes in it, another job is refused.

    Args:
        out: The directory; created if missing.
        job: Name of the kind of job.
        settings: Everything that an interrupted job must have in common with the job that resumes it, as text. The
            error for another job names the keys that differ if it is a JSON object, see
            :meth:`themis_rm.settings.Settings.canonical`.
        files: Its input files; each is identified by path, size and modification time.
        outputs: Names in ``out`` that the job writes. They must not exist in a directory without a job.
        hint: How to fix it if the directory cannot be used.
        replace: Whether the outputs of the same kind of job with other settings or inputs are deleted instead.

    Raises:
        InputError: The directory belongs to another job, or holds files under the names of the outputs.
    """
    out = Path(out)
    marker = out / JOB_FILE
    wanted = {"job": job, "settings": settings, "inputs": _inputs_digest(files)}
    saved = _read_job(marker)
    if saved == wanted:
        return
    if saved is None and (marker.exists() or any((out / name).exists() for name in outputs)):
        raise InputError(f"{out} holds files that were not written by an earlier run of this job.", hint)
    if saved is not None and not (replace and saved.get("job") == job):
        raise InputError(f"{out} contains {_describe_difference(saved, wanted)}.", hint)
    for name in outputs if saved is not None else ():
        remove(out / name)
    write_json(marker, wanted)


def _inputs_digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        stat = file.stat()
        digest.update(f"{file.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _read_job(marker: Path) -> dict[str, Any] | None:
    try:
        saved = parse_json(marker.read_bytes())
    except (OSError, ValueError):
        return None
    return saved if isinstance(saved, dict) else None


def _describe_difference(saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    if saved.get("job") != wanted["job"]:
        return f"another job ({saved.get('job')})"
    old, new = _keys(saved.get("settings")), _keys(wanted["settings"])
    names = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    differing = f" ({', '.join(names[:5])})" if names else ""
    return f"a run with other settings or inputs{differing}"


def _keys(settings: Any) -> dict[str, Any]:
    """Return dotted key -> value of settings that are a JSON object."""
    try:
        values = json.loads(settings)
    except (TypeError, ValueError):
        return {}
    return dict(_flatten(values, "")) if isinstance(values, dict) else {}


def _flatten(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
