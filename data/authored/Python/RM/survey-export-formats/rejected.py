"""Survey results as text to download."""

import csv
import io
from abc import ABC, abstractmethod

Rows = list[dict[str, object]]
REGISTRY: dict[str, "ExporterFactory"] = {}


class AbstractExporter(ABC):
    @abstractmethod
    def export_rows(self, rows: Rows) -> str: ...


class ExporterFactory:
    def __init__(self, exporter_class: type[AbstractExporter]) -> None:
        self.exporter_class = exporter_class

    def __init_subclass__(cls, form: str, exporter: type[AbstractExporter]) -> None:
        REGISTRY[form] = cls(exporter)

    def create_exporter(self) -> AbstractExporter:
        return self.exporter_class()


class CsvExporter(AbstractExporter):
    def export_rows(self, rows: Rows) -> str:
        writer = csv.DictWriter(text := io.StringIO(), fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


class MarkdownExporter(AbstractExporter):
    def export_rows(self, rows: Rows) -> str:
        lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
        escaped = ((str(cell).replace("|", "\\|") for cell in line) for line in lines)
        return "".join(f"| {' | '.join(cells)} |\n" for cells in escaped)


class CsvExporterFactory(ExporterFactory, form="csv", exporter=CsvExporter): ...


class MarkdownExporterFactory(ExporterFactory, form="markdown", exporter=MarkdownExporter): ...


def export(rows: Rows, form: str) -> str:
    """Return survey results in the chosen form."""
    if form not in REGISTRY:
        raise ValueError(f"no such form: {form}")
    return REGISTRY[form].create_exporter().export_rows(rows) if rows else ""
