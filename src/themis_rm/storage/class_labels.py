"""Class labels: integer columns whose names are in the file's metadata, as the ``datasets`` library writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from themis_rm.storage.json_text import parse_json

METADATA_KEY = b"huggingface"
"""Key of the schema's metadata under which the ``datasets`` library stores the features of the columns."""

LabelNames = Mapping[str, Sequence[str]]
"""Column -> names of its class labels."""


def label_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the names of the class labels of each integer column, or list of integers, that has some.

    Features are looked up by column, so their order does not matter. Names may be a list, or a mapping from numbers in
    any order, as in dataset cards.
    """
    features = _features(schema)
    names = {field.name: _names(features.get(field.name)) for field in schema if _is_encoded(field.type)}
    return {column: found for column, found in names.items() if found}


def decode_labels(row: dict[str, Any], names: LabelNames) -> dict[str, Any]:
    """Return a row with names in place of its class labels; a number without a name (-1) becomes ``None``."""
    return {**row, **{column: _decode(row[column], known) for column, known in names.items() if column in row}}


def _is_encoded(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or (
        (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and pa.types.is_integer(kind.value_type)
    )


def _features(schema: pa.Schema) -> Mapping[str, Any]:
    try:
        features = parse_json((schema.metadata or {})[METADATA_KEY])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return features if isinstance(features, dict) else {}


def _names(feature: Any) -> list[str]:
    if isinstance(feature, list) and len(feature) == 1:  # an older form of a list
        return _names(feature[0])
    if not isinstance(feature, dict):
        return []
    if "feature" in feature:  # a list
        return _names(feature["feature"])
    names = feature.get("names") if feature.get("_type") == "ClassLabel" else None
    if isinstance(names, dict) and all(str(number).isdecimal() for number in names):
        by_number = {int(number): name for number, name in names.items()}
        names = [by_number.get(number) for number in range(max(by_number, default=-1) + 1)]
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []


def _decode(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_decode(item, names) for item in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None
