"""Survey results as text to download."""

import csv
import io
from collections.abc import Sequence

Row = dict[str, object]


def to_csv(rows: Sequence[Row]) -> str:
    """Return the rows as comma-separated values."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _markdown_line(cells: Sequence[object]) -> str:
    escaped = (str(cell).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |\n"


def to_markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    header = list(rows[0])
    lines = [header, ["---"] * len(header), *(list(row.values()) for row in rows)]
    return "".join(_markdown_line(line) for line in lines)


EXPORTERS = {"csv": to_csv, "markdown": to_markdown}


def export(rows: Sequence[Row], form: str) -> str:
    """Return survey results in the chosen form.

    Raises:
        ValueError: There is no such form.
    """
    if form not in EXPORTERS:
        raise ValueError(f"no such form: {form}")
    return EXPORTERS[form](rows) if rows else ""
