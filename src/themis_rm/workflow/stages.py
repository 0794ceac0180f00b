"""Stages of a workflow: each is skipped, resumed or started again, depending on its fingerprint."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from themis_rm.errors import InputError
from themis_rm.pipeline import StageReport
from themis_rm.storage.atomic import remove, write_json
from themis_rm.storage.digests import files_sha256
from themis_rm.storage.json_text import read_json_object

StageState = Literal["waiting", "running", "done", "unchanged"]
STATE_FILE = "stage.json"


@dataclass
class Stage:
    """One stage of a workflow.

    Attributes:
        name: Name of its directory and of its report.
        title: Name for people.
        fingerprint: Returns the fingerprint of inputs, settings and code; called when the previous stages are done.
        work: Does the work in the given directory; called again after an interruption, it must resume.
        outputs: Patterns of the files that later stages depend on.
        state: Progress of the stage.
        report: Row counts, once the stage is done.
        output: Fingerprint of the contents of the output files, once the stage is done.
    """

    name: str
    title: str
    fingerprint: Callable[[], str]
    work: Callable[[Path], StageReport]
    outputs: tuple[str, ...]
    state: StageState = "waiting"
    report: StageReport | None = None
    output: str = ""


def run_stage(stage: Stage, run_folder: Path) -> None:
    """Complete one stage, and set its report and the fingerprint of its outputs.

    A finished stage with the same fingerprint is skipped, an interrupted stage with the same fingerprint resumes in its
    directory, and any other stage starts in an empty directory.
    """
    folder = run_folder / stage.name
    state_file = folder / STATE_FILE
    fingerprint = stage.fingerprint()
    saved = _read(state_file)
    if saved.get("fingerprint") == fingerprint and saved.get("state") == "done" and "outputs" in saved:
        stage.report = StageReport.load(folder)
        stage.output = str(saved["outputs"])
        stage.state = "unchanged"
        return
    if saved.get("fingerprint") != fingerprint:
        state_file.unlink(missing_ok=True)  # first, so that it never describes a directory that is partly deleted
        remove(folder)
        write_json(state_file, {"fingerprint": fingerprint, "state": "running"})
    stage.state = "running"
    started = time.monotonic()
    stage.report = stage.work(folder)
    stage.report.seconds = time.monotonic() - started
    stage.report.save(folder)
    files = {file for pattern in stage.outputs for file in folder.glob(pattern) if file.is_file()}
    stage.output = files_sha256(files, folder)
    write_json(state_file, {"fingerprint": fingerprint, "state": "done", "outputs": stage.output})
    stage.state = "done"


def _read(state_file: Path) -> dict[str, Any]:
    try:
        return read_json_object(state_file)
    except InputError:
        return {}
