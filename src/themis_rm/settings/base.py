"""Base class of settings, YAML files and overrides."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from themis_rm.errors import InputError, SettingError
from themis_rm.settings.suggest import suggest_key
from themis_rm.settings.yaml_text import MAX_BYTES, InvalidYamlError, parse_yaml
from themis_rm.storage.input_files import read_text


class Override(NamedTuple):
    """One value that replaces that of a file."""

    key: str
    """Dotted key (``optimizer.learning_rate``)."""
    value: Any
    """Plain data."""
    origin: str = "--set"
    """Where it was given, for error messages: ``--set`` or the name of an option."""


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
    def build(
        cls, values: Mapping[str, Any], where: str = "settings", overrides: Iterable[str | Override] = ()
    ) -> Self:
        """Validate nested plain values.

        Args:
            values: Nested plain data, as read from YAML.
            where: Origin of the values for error messages, such as a file name.
            overrides: Values that replace some of them; ``key.sub=value`` texts are parsed.

        Raises:
            SettingError: The first invalid key or value, as ``where: key: reason``.
        """
        parsed = [parse_override(item) if isinstance(item, str) else item for item in overrides]
        try:
            return cls.model_validate(apply_overrides(values, parsed))
        except ValidationError as error:
            raise _explain(cls, _first(error), where, parsed) from None
        except SettingError as error:  # raised by a validator of one of the fields
            raise SettingError(f"{where}: {error.message}", error.hint) from None

    @classmethod
    def load(cls, path: str | Path, overrides: Iterable[str | Override] = ()) -> Self:
        """Read a YAML file and apply ``key.sub=value`` overrides, whose values are parsed as YAML.

        Raises:
            InputError: The file is missing or is not a YAML mapping.
            SettingError: A key or a value is not allowed.
        """
        return cls.build(read_yaml(cls.find_file(path)), str(path), overrides)

    @classmethod
    def find_file(cls, path: str | Path) -> Path:
        """Return the file of settings; classes whose settings are part of the distribution also find it by name."""
        return Path(path)

    @classmethod
    def resolve(
        cls,
        settings: Self | Mapping[str, Any] | str | Path | None,
        overrides: Mapping[str, Any] | None = None,
        name: str = "settings",
    ) -> Self:
        """Return settings from any form that the Python API accepts.

        Args:
            settings: Settings, nested plain values, what :meth:`load` reads, or ``None`` for the defaults.
            overrides: Dotted keys and the values that replace those of ``settings``.
            name: What the argument is called in error messages.

        Raises:
            InputError: The file is missing or is not a YAML mapping.
            SettingError: A key or a value is not allowed.
            TypeError: ``settings`` has another type.
        """
        changes = [Override(key, value, name) for key, value in (overrides or {}).items()]
        if isinstance(settings, cls):
            return cls.build(settings.model_dump(mode="json"), name, changes) if changes else settings
        if settings is None or isinstance(settings, Mapping):
            return cls.build(settings or {}, name, changes)
        if isinstance(settings, (str, Path)):
            return cls.load(settings, changes)
        raise TypeError(f"{name} must be {cls.__name__}, a mapping or a file, not {type(settings).__name__}")

    def canonical(self) -> str:
        """Return the settings as JSON with sorted keys: equal settings have equal text."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        InputError: The file is missing, is not YAML, or is not a mapping.
    """
    text = read_text(path, MAX_BYTES)
    try:
        values = parse_yaml(text)
    except InvalidYamlError as error:
        raise InputError(f"{path} is not valid YAML: {error}.") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InputError(f"{path} contains a {type(values).__name__}, not a mapping.", "Write 'key: value' lines.")
    return values


def parse_override(text: str) -> Override:
    """Parse ``key.sub=value``; the value is YAML.

    Raises:
        SettingError: The text has no ``=`` or no key, or the value is not valid YAML.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise SettingError(f"'{text}' is not of the form KEY=VALUE.", "Write for example --set seed=1.")
    try:
        return Override(key.strip(), parse_yaml(value))
    except InvalidYamlError as error:
        raise SettingError(f"{key}: '{value}' is not valid YAML: {error}.", "Quote the value.") from None


def apply_overrides(values: Mapping[str, Any], overrides: Iterable[str | Override]) -> dict[str, Any]:
    """Return a copy of nested values in which overrides have replaced or added keys.

    Raises:
        SettingError: An override cannot be parsed, or its key is below a key that has a value.
    """
    merged: dict[str, Any] = json.loads(json.dumps(values, default=str))
    for item in overrides:
        override = parse_override(item) if isinstance(item, str) else item
        node = merged
        *path, last = override.key.split(".")
        for part in path:
            if node.get(part) is None:
                node[part] = {}
            node = node[part]
            if not isinstance(node, dict):
                raise SettingError(f"{override.origin}: {override.key}: '{part}' has a value, not further keys.")
        node[last] = override.value
    return merged


def _explain(cls: type[BaseModel], error: ErrorDetails, where: str, overrides: Sequence[Override]) -> SettingError:
    key = ".".join(str(part) for part in error["loc"])
    where = next((item.origin for item in reversed(overrides) if _overlap(key, item.key)), where)
    if error["type"] == "extra_forbidden":
        return SettingError(f"{where}: {key}: unknown key.", suggest_key(cls, error["loc"]))
    reason = _reason(error)
    is_option = where.startswith("--") and where != Override._field_defaults["origin"]
    return SettingError(f"{where}: {reason}." if is_option or not key else f"{where}: {key}: {reason}.")


def _overlap(key: str, other: str) -> bool:
    """Return whether the keys are equal or one contains the other."""
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")


def _first(error: ValidationError) -> ErrorDetails:
    """Return an unknown key before anything else: a misspelled key is often why another one is missing."""
    errors = error.errors()
    return next((item for item in errors if item["type"] == "extra_forbidden"), errors[0])


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return "this setting is required"
    if error["type"] == "model_type":
        return f"must be a mapping of keys to values, not {error['input']!r}"
    message = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be").rstrip(".")
    message = message.partition(", unable to")[0]
    given = error["input"]
    if message.startswith("must be") and isinstance(given, str | int | float | bool):
        return f"{message}, not {given!r}"
    return message
