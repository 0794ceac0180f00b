"""Grammar of all verbs: ``--set``, ``--config``, ``--json``, ``--verbose``, examples in the help text."""

from __future__ import annotations

import functools
import inspect
import os
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from themis_rm.cli import completion
from themis_rm.cli.output import print_json, print_lines
from themis_rm.cli.verbs import EXECUTOR, EXECUTOR_TYPE, VERBS, settings_source, split_executor
from themis_rm.errors import SettingError
from themis_rm.storage.locks import exclusive, exclusive_file
from themis_rm.system_errors import DISK_ERRORS, name_path
from themis_rm.training.ranks import is_main_process

if TYPE_CHECKING:
    from themis_rm.pipeline import ExecutorSettings
    from themis_rm.settings import Override

COMMON_PANEL = "Common options"
DEBUG = "THEMIS_DEBUG"
OUTPUT_OPTIONS = ("--out", "--html", "--csv", "--mark")
"""Options that name an output directory (metavar DIR) or file, which is locked while the verb runs."""
_SETTING = re.compile(r"[A-Za-z_][\w.\-]*=")

Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        help="Change a setting; repeatable. The value is YAML. 'themis-rm settings' lists all keys.",
        autocompletion=completion.setting_keys,
        rich_help_panel=COMMON_PANEL,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="YAML file with settings.", rich_help_panel=COMMON_PANEL),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON on standard output.", rich_help_panel=COMMON_PANEL)
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help=f"Print debug logs and full tracebacks. The environment variable {DEBUG}=1 does the same.",
        rich_help_panel=COMMON_PANEL,
    ),
]
_WITH_SETTINGS: Mapping[str, tuple[Any, Any]] = {"set_": (Set, None), "config": (Config, None)}
_ALWAYS: Mapping[str, tuple[Any, Any]] = {"json_": (Json, False), "verbose": (Verbose, False)}


@dataclass(frozen=True)
class Call:
    """The common options of one call of a verb.

    Attributes:
        verb: Name of the verb, with that of its group (``benchmark compile``).
        set_: ``KEY=VALUE`` texts of ``--set``.
        config: File of ``--config``.
        json_: Print JSON instead of text.
    """

    verb: str
    set_: tuple[str, ...] = ()
    config: Path | None = None
    json_: bool = False

    def settings(self, flags: Mapping[str, Any] | None = None, variant: str = "") -> Any:
        """Return the validated settings: flags replace ``--set``, which replaces ``--config``, which replaces defaults.

        Args:
            flags: Dotted key -> value of an option, ``None`` where it was not given.
            variant: Option that selects other settings of the verb (see :class:`SettingsSource`).

        Raises:
            SettingError: A key or a value is not allowed.
        """
        from themis_rm.settings import read_yaml

        cls = settings_source(self.verb, variant).load_class()
        values = read_yaml(cls.find_file(self.config)) if self.config else {}
        return cls.build(values, str(self.config or self.verb), self._command_line(flags or {}))

    def stage_settings(self, flags: Mapping[str, Any] | None = None, variant: str = "") -> tuple[Any, ExecutorSettings]:
        """Return the settings of a data stage, and those of its executor.

        Raises:
            SettingError: A key or a value is not allowed.
        """
        return split_executor(self.settings(flags, variant))

    def overrides(self, flags: Mapping[str, Any] | None = None) -> list[Override]:
        """Return what replaces values of a recipe file, later items replacing earlier ones."""
        from themis_rm.settings import read_yaml

        values = _flatten(read_yaml(self.config), str(self.config)) if self.config else []
        return [*values, *self._command_line(flags or {})]

    def output(self, result: Any, *renderables: Any) -> None:
        """Print the result as JSON if asked for, else the given tables and lines (text is printed as it is).

        Of the processes of a run that torchrun started, the first one prints.
        """
        if not is_main_process():
            return
        if self.json_:
            print_json(result)
        else:
            print_lines(*renderables)

    def _command_line(self, flags: Mapping[str, Any]) -> list[Override]:
        from themis_rm.settings import Override, parse_override

        given = [Override(key, value, _option(key)) for key, value in flags.items() if value is not None]
        return [*map(parse_override, self.set_), *given]


def _option(key: str) -> str:
    """Return the name of the option that sets a key: its last part, but for the executor."""
    name = EXECUTOR if key == EXECUTOR_TYPE else key.rpartition(".")[2]
    return f"--{name.replace('_', '-')}"


def _flatten(values: Mapping[str, Any], origin: str, prefix: str = "") -> list[Override]:
    from themis_rm.settings import Override

    flat: list[Override] = []
    for key, value in values.items():
        nested = isinstance(value, dict) and value
        flat += _flatten(value, origin, f"{prefix}{key}.") if nested else [Override(f"{prefix}{key}", value, origin)]
    return flat


def _without_flag_types(params: list[Any]) -> list[Any]:
    for item in params:
        if getattr(item, "is_flag", False):
            item.metavar = ""
        if item.name == "help":
            item.rich_help_panel = COMMON_PANEL
    return params


class VerbGroup(TyperGroup):
    """A group of verbs."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters; the help text shows no type for flags."""
        return _without_flag_types(super().get_params(ctx))


class VerbCommand(TyperCommand):
    """A command that refuses ``KEY=VALUE`` among its positional arguments."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters; the help text shows no type for flags."""
        return _without_flag_types(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line.

        Raises:
            SettingError: A positional argument looks like a setting.
        """
        values, extra, order = self.make_parser(ctx).parse_args(args=list(args))
        positional = [values.get(item.name) for item in order if item.param_type_name == "argument"]
        for value in [*_texts(positional), *_texts(extra)]:
            if _SETTING.match(value) and not Path(value).exists() and not ctx.resilient_parsing:
                raise SettingError(f"Unexpected argument '{value}'.", f"To change a setting, use --set {value}")
        return super().parse_args(ctx, args)


def _texts(values: Iterable[Any]) -> list[str]:
    flat: list[str] = []
    for value in values:
        flat += [value] if isinstance(value, str) else _texts(value) if isinstance(value, list | tuple) else []
    return flat


Verb = Callable[..., None]


def verb(group: typer.Typer, name: str, *examples: str, panel: str | None = None) -> Callable[[Verb], Verb]:
    """Register a function as a verb; its first parameter is the :class:`Call`, the others are its own options.

    Args:
        group: The application, or a group of verbs.
        name: Name of the verb in its group.
        examples: Command lines for the help text, without the program's name.
        panel: Heading in the list of verbs.
    """
    group_name = group.info.name
    path = name if group_name == "themis-rm" else f"{group_name} {name}"
    common = {**(_WITH_SETTINGS if path in VERBS else {}), **_ALWAYS}

    def register(function: Verb) -> Verb:
        @functools.wraps(function)
        def command(**options: Any) -> None:
            shared = {key: options.pop(key) for key in common}
            if shared.pop("verbose"):
                os.environ[DEBUG] = "1"  # read by this process and by its workers
            shared["set_"] = tuple(shared.get("set_") or ())
            given = {options[name]: lock for name, lock in outputs.items() if options[name] is not None}
            with _locked(given):
                function(Call(path, **shared), **options)

        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]
        outputs = {item.name: lock for item in own if (lock := _lock_of(item))}
        added = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for key, (annotation, default) in common.items()
        ]
        command.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
        command.__annotations__ = {item.name: item.annotation for item in [*own, *added]}
        group.command(name, cls=VerbCommand, epilog=epilog(examples), rich_help_panel=panel)(command)
        return function

    return register


@contextmanager
def _locked(outputs: Mapping[Path, Callable[[Path], AbstractContextManager[None]]]) -> Iterator[None]:
    """Lock the outputs of a verb; a full disk names the first one if the error names no file.

    Of the processes of a run that torchrun started, the first one locks them for all.
    """
    with ExitStack() as locks:
        for path, lock in outputs.items() if is_main_process() else ():
            locks.enter_context(lock(path))
        try:
            yield
        except OSError as error:
            if outputs and error.errno in DISK_ERRORS:
                name_path(error, next(iter(outputs)))
            raise


def _lock_of(parameter: inspect.Parameter) -> Callable[[Path], AbstractContextManager[None]] | None:
    """Return what locks the output that an option names, or ``None`` for another parameter."""
    for option in getattr(parameter.annotation, "__metadata__", ()):
        # In an annotation, typer takes the first name of an option for its default.
        if getattr(option, "default", None) in OUTPUT_OPTIONS:
            return exclusive if option.metavar == "DIR" else exclusive_file
    return None


def epilog(examples: Iterable[str]) -> str:
    """Return the examples as the end of a help text."""
    lines = "\n".join(" \\\n    ".join(_wrap(f"themis-rm {example}")) for example in examples)
    return f"[bold]Examples[/]\n{escape(lines)}" if lines else ""


def _wrap(line: str) -> list[str]:
    glued = re.sub(r"( --?\w[\w-]*) ", "\\1\N{NO-BREAK SPACE}", line)  # an option stays with its value
    lines = textwrap.wrap(glued, 76, break_long_words=False, break_on_hyphens=False)
    return [part.replace("\N{NO-BREAK SPACE}", " ") for part in lines]
