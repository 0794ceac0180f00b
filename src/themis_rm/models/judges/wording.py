"""The wording of a judge's prompts: named templates in YAML, our own or a file that the user gives."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from themis_rm.errors import InputError, SettingError, did_you_mean
from themis_rm.settings import read_yaml
from themis_rm.storage.digests import stable_id


class Wording:
    """Templates by name, checked.

    Args:
        templates: Name -> Jinja source.
        where: What to call them in an error.

    Attributes:
        digest: Hash of names and sources.
        variables: Name of a template -> the variables in it.

    Raises:
        InputError: A template is not valid Jinja.
    """

    def __init__(self, templates: Mapping[str, str], where: str) -> None:
        environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
        )
        self.where = where
        self.digest = stable_id(*(part for pair in sorted(templates.items()) for part in pair))
        self.variables: dict[str, set[str]] = {}
        self._templates = {}
        for name, source in templates.items():
            try:
                self.variables[name] = meta.find_undeclared_variables(environment.parse(source))
                self._templates[name] = environment.from_string(source)
            except TemplateSyntaxError as error:
                raise InputError(f"{where}: {name}, line {error.lineno}: {error.message}.") from error

    @property
    def names(self) -> set[str]:
        """Return the names of the templates."""
        return set(self._templates)

    def uses(self, variable: str) -> bool:
        """Return whether any template has a place for a variable."""
        return any(variable in variables for variables in self.variables.values())

    def render(self, name: str, values: Mapping[str, str]) -> str:
        """Return a template filled in, without white space around it.

        Raises:
            InputError: It cannot be filled in.
        """
        try:
            return self._templates[name].render(values).strip()
        except TemplateError as error:
            raise InputError(f"{self.where}: {name}: {' '.join(str(error).split())}.") from error


def load_wording(
    interface: str, allowed: Mapping[str, frozenset[str]], needed: frozenset[str], path: Path | None
) -> Wording:
    """Read the wording of an interface.

    Args:
        interface: Its name; our own wording is found under it.
        allowed: Template -> the variables that it may use.
        needed: Variables that must stand in one template or another.
        path: The user's file instead of our own.

    Raises:
        InputError: The file cannot be read, or a template in it is not valid.
        SettingError: A template is unknown, missing or no text, or a variable is unknown or missing.
    """
    where = str(path or f"wording of {interface}")
    packaged = resources.files("themis_rm.models.judges") / "templates" / f"{interface}.yaml"
    with resources.as_file(packaged) as own:
        values = read_yaml(path or own)
    for name, value in values.items():
        if name not in allowed:
            raise SettingError(f"{where}: unknown template '{name}'.", did_you_mean(str(name), allowed))
        if not isinstance(value, str):
            raise SettingError(f"{where}: template '{name}' is a {type(value).__name__}, not a text.")
    for name in allowed:
        if name not in values:
            raise SettingError(
                f"{where}: template '{name}' is missing.", f"The interface {interface} has: {', '.join(allowed)}."
            )
    wording = Wording(values, where)
    for name, variables in wording.variables.items():
        for variable in sorted(variables - allowed[name]):
            hint = did_you_mean(variable, allowed[name]) if allowed[name] else "It takes none."
            raise SettingError(f"{where}: template '{name}' has the unknown variable '{variable}'.", hint)
    for variable in sorted(needed):
        if not wording.uses(variable):
            raise SettingError(f"{where}: no template has a place for '{variable}'.", f"Write {{{{ {variable} }}}}.")
    return wording
