"""Tables of all keys of a settings class: type, bounds, default and meaning."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
import yaml
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

_TYPE_NAMES: Mapping[Any, str] = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    type(None): "null",
    Any: "any",
    Path: "path",
    dt.date: "date",
    dt.datetime: "time",
}
_BOUNDS: tuple[tuple[type, str, str], ...] = (
    (annotated_types.Ge, "ge", ">="),
    (annotated_types.Gt, "gt", ">"),
    (annotated_types.Le, "le", "<="),
    (annotated_types.Lt, "lt", "<"),
    (annotated_types.MultipleOf, "multiple_of", "a multiple of"),
)
_LONGEST_DEFAULT = 60


@dataclass(frozen=True)
class SettingInfo:
    """One key of a settings class.

    Attributes:
        key: Dotted key.
        type: Type and bounds for people (``int, >= 1``); ``group`` for a key that only has further keys.
        default: Default as plain data; ``None`` where there is none.
        meaning: Documentation of the field.
        required: The key has no default.
        default_text: Default for people, abbreviated where it is long.
    """

    key: str
    type: str
    default: Any
    meaning: str
    required: bool
    default_text: str

    @property
    def is_group(self) -> bool:
        """Return whether the key has further keys below it instead of a value."""
        return self.type.startswith("group")


def describe_settings(cls: type[BaseModel]) -> list[SettingInfo]:
    """Return every key of a settings class in the order of definition, nested keys dotted."""
    return list(_describe(cls, "", None))


def nested_classes(cls: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the class and all classes nested in it, each after the prefix of its keys."""
    yield prefix, cls
    for name, field in cls.model_fields.items():
        nested, _ = _nested_class(field.annotation)
        if nested is not None:
            yield from nested_classes(nested, f"{prefix}{name}.")


def _describe(cls: type[BaseModel], prefix: str, instance: BaseModel | None) -> Iterator[SettingInfo]:
    for name, field in cls.model_fields.items():
        default = getattr(instance, name) if instance is not None else _default_of(field)
        nested, container = _nested_class(field.annotation)
        meaning = " ".join((field.description or "").split())
        if nested is None:
            yield _info(f"{prefix}{name}", _type_of(field), default, meaning, field)
            continue
        yield _info(f"{prefix}{name}", f"group{container}", default, meaning, field)
        below = f"{prefix}{name}[]." if container == ", list" else f"{prefix}{name}."
        yield from _describe(nested, below, default if isinstance(default, nested) else None)


def _info(key: str, type_: str, default: Any, meaning: str, field: FieldInfo) -> SettingInfo:
    required = default is PydanticUndefined
    if required or isinstance(default, BaseModel):
        return SettingInfo(key, type_, None, meaning, required, "required" if required else "")
    plain = TypeAdapter(Any).dump_python(default, mode="json")
    stated = field.json_schema_extra.get("default_text") if isinstance(field.json_schema_extra, dict) else None
    if stated is not None:  # a default that depends on the machine
        return SettingInfo(key, type_, None, meaning, required, str(stated))
    return SettingInfo(key, type_, plain, meaning, required, _text(plain))


def _default_of(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True, validated_data={})


def _text(value: Any) -> str:
    """Return plain data as YAML would have it, on one line and not longer than what a table can show."""
    if isinstance(value, str):
        return value or '""'
    text = "".join(yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False)).strip()
    text = text.removesuffix("...").strip()
    if isinstance(value, list) and len(text) > _LONGEST_DEFAULT:
        first = [_text(item) for item in value[:2]]
        return f"[{', '.join(first)}, ... {len(value)} in all]"
    return text


def _type_of(field: FieldInfo) -> str:
    bounds = [
        f"{sign} {getattr(bound, name):g}"
        for kind, name, sign in _BOUNDS
        for bound in field.metadata
        if isinstance(bound, kind)
    ]
    return ", ".join([_type_text(field.annotation), *bounds])


def _type_text(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _TYPE_NAMES:
        return _TYPE_NAMES[annotation]
    if origin is Literal:
        return " | ".join(str(value) for value in arguments)
    if origin in {Union, types.UnionType}:
        return " | ".join(_type_text(part) for part in arguments)
    if origin in {list, set, frozenset} or (origin is tuple and arguments[-1] is Ellipsis):
        return f"list of {_type_text(arguments[0])}"
    if origin is tuple:
        return f"list of {len(arguments)} {_type_text(arguments[0])}"
    if origin is dict:
        return f"mapping of {_type_text(arguments[0])} to {_type_text(arguments[1])}"
    return "mapping" if annotation is dict else getattr(annotation, "__name__", str(annotation))


def _nested_class(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """Return the settings class in an annotation, if any, and its wrapper: nothing, ``, optional`` or ``, list``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    wrapped = ", optional" if get_origin(annotation) in {Union, types.UnionType} else ", list"
    if get_origin(annotation) in {Union, types.UnionType, list, tuple}:
        for part in get_args(annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                return part, wrapped
    return None, ""
