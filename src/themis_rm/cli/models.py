"""``themis-rm models``: which reward models are known by name, and all about one of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from themis_rm.cli.common import require_extra
from themis_rm.errors import InputError, SettingError, did_you_mean

if TYPE_CHECKING:
    from rich.table import Table

    from themis_rm.models.published import PublishedModel

LIST, SHOW = "list", "show"
UNKNOWN = "·"


class _ListsByDefault(TyperGroup):
    """``models WORD`` means ``models list WORD`` unless the word is a verb."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put the verb in front where there is none."""
        if not args or args[0] not in {LIST, SHOW, "--help"}:
            args = [LIST, *args]
        return super().parse_args(ctx, args)


models = typer.Typer(cls=_ListsByDefault, help="List the reward models known by name, or show one: models show NAME.")


@models.command(name=LIST)
def list_(
    filter_: Annotated[
        str | None, typer.Argument(metavar="[FILTER]", help="Only rows that have this in name, base or license.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="All columns of the published models, as JSON.")] = False,
) -> None:
    """List published models, baselines and our own judge (this is what 'themis-rm models' does)."""
    from themis_rm.models import published

    chosen = _chosen(published.rows(), filter_, family)
    if json_:
        typer.echo(json.dumps([_plain_row(row) for row in chosen], ensure_ascii=False, indent=1))
        return
    console = Console()
    console.print(_table(chosen, console.width))
    for line in _footer(chosen):
        console.print(line, highlight=False)


@models.command(name=SHOW)
def show(
    name: Annotated[str, typer.Argument(help="A published model by any of its names, a baseline, or a model folder.")],
) -> None:
    """Show all about one model: facts, published figures, how to score with it, and what to beware of."""
    from themis_rm.cli import model_page
    from themis_rm.models import published

    if name in model_page.BUILT_IN:
        page = model_page.built_in(name)
    elif Path(name).is_dir():
        with require_extra("train"):
            page = model_page.folder(Path(name))
    else:
        page = model_page.published_model(published.require(name))
    page.print(Console())


def _chosen(rows: Sequence[PublishedModel], filter_: str | None, family: str | None) -> list[PublishedModel]:
    known = {row.family for row in rows if row.family}
    if family is not None and family not in known:
        raise SettingError(f"No published model is of the family '{family}'.", did_you_mean(family, known))
    chosen = [row for row in rows if family in {None, row.family}]
    if filter_ is None:
        return chosen
    found = [row for row in chosen if filter_.casefold() in _searched(row)]
    if not found:
        hint = did_you_mean(filter_, [name for row in chosen for name in row.names])
        raise InputError(f"No model here has '{filter_}' in it.", "" if hint.startswith("Known:") else hint)
    return found


def _searched(row: PublishedModel) -> str:
    return "\n".join((*row.names, row.family, row.base, row.license)).casefold()


def _by_family(rows: Sequence[PublishedModel]) -> Iterator[tuple[str, list[PublishedModel]]]:
    """Group rows: families that we load by how many models they have, then judges, then what nothing of ours reads."""
    counts = Counter(row.family for row in rows)
    order = sorted(counts, key=lambda name: (name == "", _is_judge(name), -counts[name], name))
    for name in order:
        held = [row for row in rows if row.family == name]
        yield name, sorted(held, key=lambda row: (row.series or row.run, row.parameters, row.run))


def _is_judge(family: str) -> bool:
    from themis_rm.models.judges.interface import JUDGES

    return family in JUDGES


def _table(rows: Sequence[PublishedModel], width: int) -> Table:
    from rich.table import Table

    name = max(len(row.run) for row in rows) + 1
    room = width - name - sum((4, 6, 5)) - 5  # the other columns, and a blank behind all but the last
    license = min(max(len(row.license) for row in rows), max(room * 2 // 5, 10))
    base = min(max(len(_short(row.base)) for row in rows), room - license)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("model", width=name, no_wrap=True)
    table.add_column("size", width=4, justify="right", no_wrap=True)
    table.add_column("base", width=max(base, 4), no_wrap=True, overflow="ellipsis")
    table.add_column("license", width=max(license, 7), no_wrap=True, overflow="ellipsis")
    table.add_column("system", width=6, no_wrap=True)
    table.add_column("gold", width=5, no_wrap=True)
    for family, held in _by_family(rows):
        table.add_row(f"[bold]{_heading(family)}[/bold]")
        for row in held:
            table.add_row(*_cells(row))
    return table


def _short(base: str) -> str:
    return base.rpartition("/")[2] or UNKNOWN


def _heading(family: str) -> str:
    if not family:
        return "no family of ours"
    return f"{family} (judge)" if _is_judge(family) else family


def _cells(row: PublishedModel) -> list[str]:
    mark = "*" if row.note or row.scoring else ""
    system = "-" if row.interface else row.system or UNKNOWN
    license = row.license or UNKNOWN
    return [f" {row.run}", f"{row.parameters:g}", _short(row.base), license, system, f"{row.checked}{mark}"]


def _footer(rows: Sequence[PublishedModel]) -> Iterator[str]:
    from themis_rm.cli.model_page import BUILT_IN, RUBRIC

    told = ", ".join(f"{family or 'none of ours'} {len(held)}" for family, held in _by_family(rows))
    checked = Counter(row.checked for row in rows)
    yield f"\n{len(rows)} published models: {told}."
    yield (
        "size: billion parameters. system: where a system message goes (native, or folded into the user's first "
        "message); judges put it into their own prompt."
    )
    yield (
        f"gold: checked against scores of the original code on tiny checkpoints of the same form (yes "
        f"{checked['yes']}, part {checked['part']}, no {checked['no']})."
    )
    yield f"{UNKNOWN} unknown.  * has warnings: 'themis-rm models show MODEL' tells them, and how to score with it."
    yield f"Built in: {', '.join(name for name in BUILT_IN if name != RUBRIC)}; {RUBRIC}, our own judge for any LLM."


def _plain_row(row: PublishedModel) -> dict[str, Any]:
    from dataclasses import asdict

    from themis_rm.evaluation.reference.runs import OVERALL, load

    told = load().runs[row.run]
    figures = {"strict_accuracy": told.accuracies[OVERALL], "ties": told.ties}
    derived = {"kind": row.kind, "checked": row.checked, "settings": row.settings}
    return {**asdict(row), **derived, "published": figures}
