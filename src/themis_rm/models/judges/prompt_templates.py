"""The prompts of a judge: named Jinja templates in a YAML file, built in or given by the user."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from themis_rm.errors import InputError, SettingError, did_you_mean
from themis_rm.settings import read_yaml
from themis_rm.storage.digests import stable_id

PROMPT_DIR = Path(__file__).parent / "templates"
"""Directory with the prompts of the built-in interfaces, ``NAME.yaml``."""


class PromptTemplates:
    """Compiled templates by name.

    Args:
        templates: Name -> Jinja source.
        where: Name of the file in error messages.

    Attributes:
        digest: Digest of names and sources.
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
        """Return whether any template uses a variable."""
        return any(variable in variables for variables in self.variables.values())

    def render(self, name: str, values: Mapping[str, str]) -> str:
        """Return a rendered template, without surrounding whitespace.

        Raises:
            InputError: It cannot be rendered.
        """
        try:
            return self._templates[name].render(values).strip()
        except TemplateError as error:
            raise InputError(f"{self.where}: {name}: {' '.join(str(error).split())}.") from error


def load_prompts(path: Path, allowed: Mapping[str, frozenset[str]], required: frozenset[str]) -> PromptTemplates:
    """Read and check the prompts of a judge interface.

    Args:
        path: YAML file.
        allowed: Template -> the variables that it may use.
        required: Variables that at least one template must use.

    Raises:
        InputError: The file cannot be read, or a template in it is not valid.
        SettingError: A template is unknown, missing or not a string, or a variable is unknown or missing.
    """
    values = read_yaml(path)
    for name, value in values.items():
        if name not in allowed:
            raise SettingError(f"{path}: unknown template '{name}'.", did_you_mean(str(name), allowed))
        if not isinstance(value, str):
            raise SettingError(f"{path}: template '{name}' is a {type(value).__name__}.", "Write a string.")
    for name in allowed:
        if name not in values:
            raise SettingError(
                f"{path}: template '{name}' is missing.", f"The interface has these templates: {', '.join(allowed)}."
            )
    prompts = PromptTemplates(values, str(path))
    for name, variables in prompts.variables.items():
        for variable in sorted(variables - allowed[name]):
            hint = did_you_mean(variable, allowed[name]) if allowed[name] else "This template has no variables."
            raise SettingError(f"{path}: template '{name}' uses the unknown variable '{variable}'.", hint)
    for variable in sorted(required):
        if not prompts.uses(variable):
            raise SettingError(f"{path}: no template uses '{variable}'.", f"Write {{{{ {variable} }}}} in one of them.")
    return prompts
