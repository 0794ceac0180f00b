"""The verb ``settings``: every setting of a verb, with type, default and meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from themis_rm.cli import completion
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import REFERENCE, app
from themis_rm.cli.output import new_table
from themis_rm.cli.verbs import VERBS, SettingsSource, settings_source
from themis_rm.settings import SettingInfo

COLUMNS = ("setting", "type", "default", "meaning")


@verb(app, "settings", "settings", "settings evaluate", "settings benchmark compile --json", panel=REFERENCE)
def settings(
    call: Call,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="VERB", help="Verb, such as: evaluate.", autocompletion=completion.verbs),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
) -> None:
    """List every setting of a verb: key for --set and --config, type, default and meaning."""
    if not words:
        call.output({verb: sum(len(_leaves(source)) for source in VERBS[verb]) for verb in VERBS}, _overview())
        return
    name = " ".join(words)
    settings_source(name)
    sources = VERBS[name]
    if markdown:
        typer.echo("\n".join(line for source in sources for line in markdown_lines(source)))
        return
    tables = [item for source in sources for item in (_title(name, source), _table(source))]
    call.output([_plain(info, source) for source in sources for info in _leaves(source)], *tables)


def markdown_lines(source: SettingsSource, links: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield a Markdown table of all keys.

    Args:
        source: Where the settings are defined.
        links: Group -> heading of the section that lists its keys; here it gets one row.
    """
    links = links or {}
    if source.variant:
        yield f"With `{source.variant}`:"
        yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---|---|---|---|"
    for info in source.describe():
        if any(info.key.startswith(f"{group}.") for group in links):
            continue
        key = f"**`{info.key}`**" if info.is_group else f"`{info.key}`"
        default = f"`{info.default_text}`" if info.default_text and not info.required else info.default_text
        link = f" See [{links[info.key]}](#{links[info.key].replace(' ', '-')})." if info.key in links else ""
        cells = (key, info.type, default, _markdown(info.meaning) + link)
        yield "| " + " | ".join(map(_cell, cells)) + " |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _markdown(text: str) -> str:
    return text.replace("``", "`")


def _overview() -> Any:
    table = new_table("verb", "settings")
    for name, sources in VERBS.items():
        table.add_row(name, str(sum(len(_leaves(source)) for source in sources)))
    return table


def _leaves(source: SettingsSource) -> Sequence[SettingInfo]:
    return [info for info in source.describe() if not info.is_group]


def _title(name: str, source: SettingsSource) -> str:
    return f"Settings of themis-rm {name} {source.variant}".strip()


def _table(source: SettingsSource) -> Any:
    table = new_table(*COLUMNS, left=COLUMNS)
    for info in source.describe():
        style = "bold" if info.is_group else ""
        table.add_row(info.key, info.type, info.default_text, info.meaning.replace("``", ""), style=style)
    return table


def _plain(info: SettingInfo, source: SettingsSource) -> dict[str, Any]:
    variant = {"variant": source.variant} if source.variant else {}
    values = {"key": info.key, "type": info.type, "default": info.default, "required": info.required}
    return {**values, "meaning": info.meaning, **variant}
