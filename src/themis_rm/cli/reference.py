"""Generator of the reference pages of the documentation, from the same tables that the command line uses.

``python -m themis_rm.cli.reference docs/reference`` writes ``cli.md`` and ``settings.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.cli.app import root_command
from themis_rm.cli.grammar import COMMON_PANEL
from themis_rm.cli.settings import markdown_lines
from themis_rm.cli.verbs import VERBS, SettingsSource
from themis_rm.storage.atomic import write_text

SHARED = {
    "model": SettingsSource("themis_rm.models.settings:ModelSettings"),
    "executor": SettingsSource("themis_rm.pipeline:ExecutorSettings"),
}
"""Groups of settings that several verbs have."""
STAGES = {verb: verb for verb in ("mine", "curate", "assemble", "train", "evaluate")} | {"functions": "mine"}
"""Group of a run's recipe -> the verb whose settings it has."""

CLI_INTRODUCTION = """\
# Command line

This page is generated from `themis-rm --help`; `make reference` writes it again.

Every verb takes these options:

| option | meaning |
|---|---|
"""
SETTINGS_INTRODUCTION = """\
# Settings

This page is generated from the settings classes; `make reference` writes it again. `themis-rm settings VERB` prints the
same tables.

A setting is changed with `--set KEY=VALUE` (repeatable; the value is YAML) or in a YAML file given as `--config FILE`,
in which dotted keys are nested mappings. An option of a verb, such as `--device`, replaces `--set`, which replaces
`--config`, which replaces the default. Unknown keys are errors that suggest the right key.

A key in bold is a group: it has the keys below it and no value. An optional group is off until one of its keys is set.
"""


def cli_page() -> str:
    """Return the page of all verbs with their arguments, options and examples."""
    verbs = dict(_verbs(root_command(), "themis-rm"))
    common = _options(verbs["themis-rm evaluate"], common=True)
    sections = [_section(path, command) for path, command in verbs.items()]
    return CLI_INTRODUCTION + "\n".join(common) + "\n\n" + "\n".join(sections)


def settings_page() -> str:
    """Return the page of all settings of all verbs; groups that several verbs share are listed once."""
    parts = [SETTINGS_INTRODUCTION]
    for verb, sources in VERBS.items():
        links = {group: group for group in SHARED} | (STAGES if verb == "run" else {})
        parts.append(f"## {verb}\n")
        parts += ["\n".join(markdown_lines(source, links)) for source in sources]
    for group, source in SHARED.items():
        parts.append(f"## {group}\n\nKeys below `{group}` of the verbs above.\n")
        parts.append("\n".join(markdown_lines(source)))
    return "\n".join(parts)


def write_reference(directory: Path) -> None:
    """Write both pages into a directory."""
    write_text(directory / "cli.md", cli_page())
    write_text(directory / "settings.md", settings_page())


def _verbs(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _verbs(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _section(path: str, command: Any) -> str:
    lines = [f"## {path.removeprefix('themis-rm ')}", "", command.help, ""]
    table = [*_arguments(command), *_options(command, common=False)]
    if table:
        lines += ["| argument or option | meaning |", "|---|---|", *table, ""]
    examples = (command.epilog or "").replace("\\[", "[").partition("\n")[2]
    return "\n".join([*lines, "```bash", examples, "```", ""])


def _arguments(command: Any) -> Iterator[str]:
    for item in command.params:
        if item.param_type_name == "argument":
            yield _row(f"`{item.metavar}{'...' if item.nargs == -1 else ''}`", item)


def _options(command: Any, common: bool) -> Iterator[str]:
    for item in command.params:
        if item.param_type_name == "option" and (item.rich_help_panel == COMMON_PANEL) == common:
            names = ", ".join(f"`{name}`" for name in sorted(item.opts, key=len, reverse=True))
            value = "" if item.is_flag else f" `{item.metavar}`"
            yield _row(f"{names}{value}", item)


def _row(name: str, item: Any) -> str:
    required = " Required." if item.required else ""
    default = f" Default: `{item.default}`." if isinstance(item.default, str | Path) else ""
    return f"| {name} | {item.help}{required}{default} |".replace("R&M", "R&amp;M")


if __name__ == "__main__":
    write_reference(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
