"""Live table of a run: stages, rows kept, rows dropped by reason; plain lines if the console is not a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from themis_rm.errors import InputError
from themis_rm.pipeline import StageReport, read_counts
from themis_rm.progress import poll, suppress_progress, tasks_done
from themis_rm.storage.json_text import parse_json
from themis_rm.workflow.stages import Stage

MARKS = {
    "waiting": Text("·", "dim"),
    "running": Text("▶", "yellow"),
    "done": Text("✓", "green"),
    "unchanged": Text("=", "cyan"),
}


class RunView:
    """Progress display of a run.

    Args:
        stages: All stages, in order.
        folder: Output directory of the run.
        console: Where to print.
    """

    def __init__(self, stages: Sequence[Stage], folder: Path, console: Console) -> None:
        self.stages = stages
        self.folder = folder
        self.console = console
        self.started: dict[str, float] = {}

    @contextmanager
    def display(self) -> Iterator[None]:
        """Show the table while the body runs."""
        with suppress_progress():
            if not self.console.is_terminal:
                yield
                return
            live = Live(self.table(), console=self.console, refresh_per_second=4)
            with live, poll(lambda: live.update(self.table())):
                yield

    def start(self, stage: Stage) -> None:
        """Record the start of a stage."""
        self.started[stage.name] = time.monotonic()
        if not self.console.is_terminal:
            self.console.print(f"{stage.title} ...", highlight=False)

    def finish(self, stage: Stage) -> None:
        """Report the end of a stage."""
        if not self.console.is_terminal and stage.report is not None:
            duration = "unchanged" if stage.state == "unchanged" else f"{stage.report.seconds:.1f} s"
            self.console.print(
                f"{stage.title}: {duration}; {format_counts(stage.report)}", highlight=False, soft_wrap=True
            )

    def table(self) -> Table:
        """Return the stages as a table, with the progress of the running one."""
        table = Table(box=None, pad_edge=False)
        for name in ("", "stage", "time", "rows"):
            table.add_column(name, justify="right" if name == "time" else "left", no_wrap=name != "rows")
        for stage in self.stages:
            table.add_row(MARKS[stage.state], stage.title, self._time(stage), self._progress(stage))
        return table

    def _time(self, stage: Stage) -> str:
        if stage.state == "running":
            return f"{time.monotonic() - self.started.get(stage.name, time.monotonic()):.0f} s"
        return f"{stage.report.seconds:.0f} s" if stage.report else ""

    def _progress(self, stage: Stage) -> str:
        if stage.report is not None:
            return format_counts(stage.report)
        return read_progress(self.folder / stage.name) if stage.state == "running" else ""


def format_counts(report: StageReport, reasons: int = 4) -> str:
    """Return ``12 kept of 30; dropped: too-long 10, ...`` with the most frequent reasons first."""
    text = f"{report.kept:,} kept of {report.read:,}" if report.read else f"{report.kept:,} rows"
    if report.dropped:
        most = sorted(report.dropped.items(), key=lambda item: (-item[1], item[0]))
        listed = ", ".join(f"{reason} {rows:,}" for reason, rows in most[:reasons])
        text += f"; dropped: {listed}{', ...' if len(most) > reasons else ''}"
    return text


def read_progress(folder: Path) -> str:
    """Return the progress of a running stage in one line, read from its log files; empty without any."""
    log = folder / "log.jsonl"
    if log.is_file():
        return _last_line(log)
    logs = folder / "logs"
    if logs.is_dir():
        newest = max(logs.iterdir(), key=lambda path: path.stat().st_mtime, default=None)
        if newest is not None:
            try:
                report = read_counts(newest.name, newest)
            except InputError:  # a task is writing its counts
                return ""
            return f"{newest.name}: {tasks_done(newest)} tasks done, {format_counts(report)}"
    return ""


def _last_line(log: Path) -> str:
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - 4096))
        lines = handle.read().decode("utf-8", "replace").splitlines()
    for line in reversed(lines):
        try:
            values = parse_json(line)
        except ValueError:
            continue
        if not isinstance(values, dict):
            continue
        parts = [f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items()]
        return ", ".join(parts[:6])
    return ""
