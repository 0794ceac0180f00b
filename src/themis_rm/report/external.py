"""Render a leaderboard of external benchmarks as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import themis_rm
from themis_rm.evaluation.external.leaderboard import ExternalEntry, ExternalLeaderboard
from themis_rm.report.environment import html_environment
from themis_rm.report.plots import Interval, dot_plot
from themis_rm.storage.atomic import write_text


def render_external_page(board: ExternalLeaderboard) -> str:
    """Return the page as self-contained HTML; equal leaderboards give equal pages."""
    measured = [entry for entry in board.entries if entry.kind != "reference"]
    return (
        html_environment()
        .get_template("external.html.j2")
        .render(
            board=board,
            titles=board.titles(),
            counts={kind: sum(entry.kind == kind for entry in board.entries) for kind in ("model", "reference")},
            plot=dot_plot(_plot_groups(board, measured), "Figure of each benchmark with its interval", half=False),
            version=themis_rm.__version__,
        )
    )


def write_external_page(board: ExternalLeaderboard, path: str | Path) -> None:
    """Write :func:`render_external_page` to a file, atomically."""
    write_text(path, render_external_page(board))


def _plot_groups(board: ExternalLeaderboard, entries: Sequence[ExternalEntry]) -> list[tuple[str, list[Interval]]]:
    groups = []
    for entry in entries:
        marks = []
        for name, title in zip(board.benchmarks, board.titles(), strict=True):
            figure = entry.figures.get(name)
            if figure is not None and figure.low is not None and figure.high is not None:
                marks.append(Interval(title, figure.value, figure.low, figure.high, figure.prompts or 0))
        groups.append((entry.name, marks))
    return groups
