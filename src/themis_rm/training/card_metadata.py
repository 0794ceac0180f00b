"""What backbones and datasets state about themselves: licenses, and benchmarks that data was compared with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from themis_rm.errors import UserError
from themis_rm.models.hub import is_id
from themis_rm.settings.yaml_text import InvalidYamlError, parse_yaml
from themis_rm.storage.input_files import read_text
from themis_rm.storage.json_text import read_json_object

_CARD, _REPORT = "README.md", "report.json"
_MARK = "---"


@dataclass(frozen=True)
class DatasetRecord:
    """A dataset, as far as it describes itself.

    Attributes:
        name: Name on the hub, or the last part of a path.
        hub_id: Name on the hub; empty for local data.
        licenses: Licenses that its card states.
        compared_with: Benchmarks that its rows were compared with when it was assembled; ``None`` if that is unknown.
    """

    name: str
    hub_id: str
    licenses: tuple[str, ...]
    compared_with: tuple[str, ...] | None


def describe_dataset(data: str | Path) -> DatasetRecord:
    """Return what is known about a dataset from the card and the report in its directory.

    Args:
        data: A file, a directory, or a name on the hub.
    """
    text = str(data)
    if is_id(text):
        return DatasetRecord(text, text, (), None)
    folder = Path(data)
    return DatasetRecord(folder.resolve().name, "", read_licenses(folder), _compared_benchmarks(folder))


def read_licenses(folder: Path) -> tuple[str, ...]:
    """Return the licenses in the metadata of a card; none without a card that can be read."""
    licenses = _front_matter(folder / _CARD).get("license")
    values = licenses if isinstance(licenses, list) else [licenses]
    return tuple(value for value in values if isinstance(value, str) and value)


def _front_matter(card: Path) -> dict[str, Any]:
    if not card.is_file():
        return {}
    try:
        lines = read_text(card).splitlines()
        if lines[:1] != [_MARK] or _MARK not in lines[1:]:
            return {}
        values = parse_yaml("\n".join(lines[1 : lines.index(_MARK, 1)]))
    except (UserError, InvalidYamlError):
        return {}
    return values if isinstance(values, dict) else {}


def _compared_benchmarks(folder: Path) -> tuple[str, ...] | None:
    report = folder / _REPORT
    if not report.is_file():
        return None
    try:
        details = read_json_object(report).get("details")
    except UserError:
        return None
    found = details.get("decontamination") if isinstance(details, dict) else None
    if not isinstance(found, list):
        return None
    names = (item.get("benchmark") for item in found if isinstance(item, dict))
    return tuple(name for name in names if isinstance(name, str))
