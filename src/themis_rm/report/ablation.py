"""Render the results of an ablation as one HTML page."""

from __future__ import annotations

from pathlib import Path

import themis_rm
from themis_rm.evaluation.ablation import AblationResults
from themis_rm.evaluation.ablation_tables import main_rows, variant_rows
from themis_rm.report.environment import html_environment
from themis_rm.report.plots import Interval, dot_plot
from themis_rm.storage.atomic import write_text


def render_ablation_page(results: AblationResults) -> str:
    """Return the page as self-contained HTML; equal results give equal pages."""
    return (
        html_environment()
        .get_template("ablation.html.j2")
        .render(
            results=results,
            tables={name: main_rows(results, name) for name in results.benchmarks},
            variants=variant_rows(results),
            plot=dot_plot(_plot_groups(results), "Accuracy of each variant with its interval"),
            version=themis_rm.__version__,
        )
    )


def write_ablation_page(results: AblationResults, path: str | Path) -> None:
    """Write :func:`render_ablation_page` to a file, atomically."""
    write_text(path, render_ablation_page(results))


def _plot_groups(results: AblationResults) -> list[tuple[str, list[Interval]]]:
    return [
        (
            record.name,
            [
                Interval(name, row.accuracy.value, row.accuracy.low, row.accuracy.high, row.accuracy.n)
                for name in results.benchmarks
                for row in results.rows(name)
                if row.variant == record.name
            ],
        )
        for record in results.variants
    ]
