"""Typed settings: every stage's options are a pydantic model, a recipe is such models in YAML.

Unknown keys are refused with the nearest known one; ``key=value`` pairs from the command line go over the file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from themis_rm.errors import InputError, SettingError, did_you_mean


class Settings(BaseModel):
    """Base class of all settings: immutable, unknown keys are errors, each field has a docstring below it.

    Attributes:
        synonyms: Names that other libraries use for the fields of this class (``{"lr": "learning_rate"}``). They are
            not accepted; the error message for an unknown key suggests the field. A value may be a dotted path into
            nested settings (``"backbone.path"``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    synonyms: ClassVar[dict[str, str]] = {}

    @classmethod
    def build(cls, values: dict[str, Any], where: str = "settings") -> Self:
        """Validate plain values.

        Args:
            values: Nested plain data, as YAML gives it.
            where: What to call the origin in an error (a file name).

        Raises:
            SettingError: The first thing that is wrong, with the nearest known key for an unknown one.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise _explain(cls, error, where) from None

    @classmethod
    def load(cls, path: Path, overrides: Sequence[str] = ()) -> Self:
        """Read a YAML recipe and lay ``key.sub=value`` overrides over it (values are read as YAML).

        Raises:
            InputError: The file is missing or no YAML mapping.
            SettingError: A key or a value is not allowed.
        """
        return cls.build(apply_overrides(read_yaml(path), overrides), str(path))

    def canonical(self) -> str:
        """Return the settings as JSON with sorted keys: equal settings give equal text."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        InputError: The file is missing, is not YAML, or is not a mapping.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path}: {error}.") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InputError(f"{path} holds a {type(values).__name__}, not a mapping.", "Write 'key: value' lines.")
    return values


def apply_overrides(values: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Lay ``a.b=value`` pairs over nested values; returns a new dict.

    Raises:
        SettingError: A pair has no ``=``, or goes through something that is no mapping.
    """
    merged: dict[str, Any] = json.loads(json.dumps(values, default=str))
    for pair in overrides:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise SettingError(f"'{pair}' is not of the form key=value.")
        node = merged
        *path, last = key.split(".")
        for part in path:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise SettingError(f"'{pair}': '{part}' holds a value, not further keys.")
            node = child
        try:
            node[last] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SettingError(f"'{pair}': the value is not valid YAML.") from error
    return merged


def _explain(cls: type[BaseModel], error: ValidationError, where: str) -> SettingError:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return SettingError(f"{where}: unknown key '{path}'.", _suggest(_model_at(cls, first["loc"]), first["loc"][-1]))
    message = first["msg"].removeprefix("Value error, ")
    return SettingError(f"{where}: {path}: {message}." if path else f"{where}: {message}.")


def _suggest(model: type[BaseModel], key: int | str) -> str:
    known = getattr(model, "synonyms", {}).get(str(key).casefold().replace("-", "_"))
    return f"Did you mean '{known}'?" if known else did_you_mean(str(key), model.model_fields)


def _model_at(cls: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    model: Any = cls
    for part in loc[:-1]:
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            continue
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model)
    return model
