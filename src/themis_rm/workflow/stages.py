"""The stages of a run and what ties them together; each is skipped, resumed or run anew by its fingerprint."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from themis_rm.pipeline import StageReport
from themis_rm.storage.atomic import write_text
from themis_rm.workflow import fingerprints

State = Literal["waiting", "running", "done", "unchanged"]


@dataclass
class Stage:
    """One step of a run.

    Attributes:
        name: Folder name under the run's folder, and name in the report.
        title: What people read.
        fingerprint: Of inputs, settings and code; computed when the stage's turn comes.
        work: Does the work into the given folder; must go on where it was when called again after a kill.
        outputs: Patterns of the files whose contents later stages depend on.
        output: Fingerprint of those files, once the stage is done.
    """

    name: str
    title: str
    fingerprint: Callable[[], str]
    work: Callable[[Path], StageReport]
    outputs: tuple[str, ...]
    state: State = "waiting"
    report: StageReport | None = None
    output: str = ""


def run_stage(stage: Stage, run_folder: Path) -> None:
    """Bring one stage to its end, with its report and the fingerprint of its outputs filled in.

    A finished stage with the same fingerprint is left as it is. A stage that was cut off with the same fingerprint
    is handed its folder to go on. Anything else starts in an empty folder.
    """
    folder = run_folder / stage.name
    marker = folder / "stage.json"
    wanted = stage.fingerprint()
    known = _read(marker)
    if known.get("fingerprint") == wanted and known.get("state") == "done":
        stage.report = StageReport.load(folder)
        stage.output = str(known["outputs"])
        stage.state = "unchanged"
        return
    if known.get("fingerprint") != wanted:
        marker.unlink(missing_ok=True)  # first: a marker must never outlive what it vouches for
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        write_text(marker, json.dumps({"fingerprint": wanted, "state": "running"}))
    stage.state = "running"
    started = time.monotonic()
    stage.report = stage.work(folder)
    stage.report.seconds = time.monotonic() - started
    stage.report.save(folder)
    found = (f for pattern in stage.outputs for f in folder.glob(pattern) if f.is_file())
    stage.output = fingerprints.files(found, folder)
    write_text(marker, json.dumps({"fingerprint": wanted, "state": "done", "outputs": stage.output}))
    stage.state = "done"


def _read(marker: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(marker.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
