"""Render the page on which people read and judge pairs: one self-contained HTML file."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

import themis_rm
from themis_rm.annotation.rows import AnnotationReader, AnnotationRow, name_data
from themis_rm.annotation.sample import Candidate, stratified_sample
from themis_rm.annotation.settings import BrowseSettings
from themis_rm.errors import InputError
from themis_rm.pipeline import StageReport
from themis_rm.records import CHANGE
from themis_rm.report.environment import html_environment
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_id

NOT_SAMPLED, BEYOND_SIZE = "not-sampled", "beyond-size"
"""Reasons of rows that could be shown and are not on the page."""


def write_browse_page(
    data: str | Path, out: str | Path, settings: BrowseSettings | None = None, dropped: str | Path | None = None
) -> StageReport:
    """Write a page on which people judge the labels of pairs.

    Args:
        data: Preference data in any known format, pairs of ``curate`` or its output directory, commits, dropped rows,
            or ``authored``.
        out: The HTML file.
        settings: See :class:`BrowseSettings`.
        dropped: Directory or file of dropped rows that are shown too.

    Returns:
        Counts of the rows that are on the page, and by reason of those that are not. A pair with several criteria is a
        row for each.

    Raises:
        InputError: The data cannot be found or read, no format fits, or there is no row to show.
        SettingError: A name in the settings is unknown.
    """
    settings, started = settings or BrowseSettings(), time.monotonic()
    reader = AnnotationReader(data, settings, dropped)
    report = StageReport("browse")
    rows = _within_size(_choose(data, reader, dropped, settings, report), settings.max_megabytes, report)
    report.dropped = dict(sorted((Counter(report.dropped) + reader.rejected).items()))
    report.kept = len(rows)
    report.read = report.kept + sum(report.dropped.values())
    if not rows:
        raise InputError(f"{data} has no row to show.", f"Rows that were left out: {report.dropped or 'none'}.")
    report.details = {
        "by_criterion": dict(sorted(Counter(row["criterion"] for row in rows).items())),
        "by_reason": dict(sorted(Counter(row["reason"] for row in rows if row["reason"]).items())),
    }
    write_text(out, render_browse_page(name_data(data), rows, settings.blind, report.dropped))
    report.seconds = time.monotonic() - started
    return report


def render_browse_page(
    title: str, rows: Sequence[dict[str, Any]], blind: bool = False, left_out: dict[str, int] | None = None
) -> str:
    """Return the page as HTML; equal rows give equal pages.

    Args:
        title: Name of the data.
        rows: Rows, see :func:`page_row`.
        blind: Hide the label until a row has been judged.
        left_out: Reason -> rows that are not on the page.
    """
    css, js = _read_template("page.css") + _read_template("browse.css"), _read_template("browse.js")
    text = htmlsafe_json_dumps({"blind": blind, "rows": rows}, ensure_ascii=False, separators=(",", ":"))
    return (
        html_environment()
        .get_template("browse.html.j2")
        .render(
            title=title,
            blind=blind,
            rows=len(rows),
            left_out=left_out or {},
            css=Markup(css),  # part of the package, not input  # noqa: S704
            js=Markup(js),  # noqa: S704
            style_hash=_csp_hash(css),
            script_hash=_csp_hash(js),
            # A lone surrogate, which no file can hold, becomes an escape of JSON.
            data=Markup(text.encode("utf-8", "backslashreplace").decode()),  # escaped by htmlsafe_json_dumps  # noqa: S704
            version=themis_rm.__version__,
        )
    )


def page_row(row: AnnotationRow, seed: int) -> dict[str, Any]:
    """Return what the page needs of a row.

    Args:
        row: The row.
        seed: Seed of the order of the versions in blind mode.
    """
    return {
        "id": row.id,
        "digest": row.digest,
        "criterion": row.pair.aspect,
        "language": row.pair.language,
        "source": row.source,
        "repository": row.columns.get("repos", ""),
        "task": row.columns.get("task") or CHANGE,
        "reason": row.reason,
        "request": row.request,
        "chosen": row.chosen,
        "rejected": row.rejected,
        "columns": dict(row.columns),
        "flipped": int(stable_id(str(seed), row.digest)[0], 16) % 2 == 1,
    }


def _choose(
    data: str | Path,
    reader: AnnotationReader,
    dropped: str | Path | None,
    settings: BrowseSettings,
    report: StageReport,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the sample, or all rows in their order."""
    if settings.sample is None:
        yield from (page_row(row, settings.seed) for row in reader.rows())
        return
    candidates = [Candidate.of(row, settings.seed) for row in reader.rows()]
    order = stratified_sample(candidates, settings.sample)
    report.dropped[NOT_SAMPLED] = len(candidates) - len(order)
    wanted = set(order)
    again = AnnotationReader(data, settings, dropped)
    found = {at: page_row(row, settings.seed) for at, row in enumerate(again.rows()) if at in wanted}
    yield from (found[index] for index in order)


def _within_size(rows: Iterable[dict[str, Any]], megabytes: int, report: StageReport) -> list[dict[str, Any]]:
    """Return the first rows that fit into a page; the others are counted."""
    kept, size, full = [], 0, False
    for row in rows:
        size += 0 if full else len(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace"))
        full = full or size > megabytes << 20
        if full:
            report.dropped[BEYOND_SIZE] = report.dropped.get(BEYOND_SIZE, 0) + 1
        else:
            kept.append(row)
    return kept


def _csp_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _read_template(name: str) -> str:
    return resources.files("themis_rm.report").joinpath("templates", name).read_text(encoding="utf-8")
