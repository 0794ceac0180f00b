"""Verbs of ``themis-rm models``: list the reward models that are known by name, and show one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from themis_rm.cli import completion
from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import models
from themis_rm.errors import InputError, SettingError, UserError, did_you_mean
from themis_rm.terminal import TerminalConsole

if TYPE_CHECKING:
    from rich.table import Table

    from themis_rm.models.published import PublishedModel

UNKNOWN = "·"


@verb(models, "list", "models", "models qwen", "models --family sequence-classification --json")
def list_(
    call: Call,
    pattern: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="Only models with this text in name, base or license.")
    ] = None,
    family: Annotated[str | None, typer.Option("--family", metavar="NAME", help="Only models of this family.")] = None,
) -> None:
    """List published models and baselines; 'themis-rm models' without a verb does the same."""
    from themis_rm.models import published

    rows = _matches(published.rows(), pattern, family)
    footer = (Text(line) for line in _footer(rows))  # texts are wrapped
    call.output([_plain_row(row) for row in rows], _table(rows, TerminalConsole().width), *footer)


@verb(models, "show", "models show length", "models show OWNER/NAME", "models show path/to/checkpoint")
def show(
    call: Call,
    name: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A published model, themis-nano, a baseline, or a checkpoint directory.",
            autocompletion=completion.models,
        ),
    ],
) -> None:
    """Show one model: facts, published figures, commands that score with it, and warnings."""
    from themis_rm.cli import model_page
    from themis_rm.models import embedded, published

    if name in model_page.BUILT_IN:
        page = model_page.built_in_page(name)
    elif name == embedded.NAME:
        with require_extra("train"):
            page = model_page.embedded_page()
    elif Path(name).is_dir():
        with require_extra("train"):
            page = model_page.checkpoint_page(Path(name))
    else:
        page = model_page.published_page(published.require(name))
    call.output(page, *page.renderables(TerminalConsole().width))


def _matches(rows: Sequence[PublishedModel], pattern: str | None, family: str | None) -> list[PublishedModel]:
    known = {row.family for row in rows if row.family}
    if family is not None and family not in known:
        raise SettingError(f"No published model belongs to the family '{family}'.", did_you_mean(family, known))
    selected = [row for row in rows if family in {None, row.family}]
    if pattern is None:
        return selected
    matches = [row for row in selected if pattern.casefold() in _searched_text(row)]
    if not matches:
        hint = did_you_mean(pattern, [name for row in selected for name in row.names])
        raise InputError(f"No listed model matches '{pattern}'.", "" if hint.startswith("Known:") else hint)
    return matches


def _searched_text(row: PublishedModel) -> str:
    return "\n".join((*row.names, row.family, row.base, row.license)).casefold()


def _by_family(rows: Sequence[PublishedModel]) -> Iterator[tuple[str, list[PublishedModel]]]:
    """Group rows: supported families by their number of models, then judges, then models of no supported family."""
    counts = Counter(row.family for row in rows)
    order = sorted(counts, key=lambda name: (name == "", _is_judge(name), -counts[name], name))
    for name in order:
        members = [row for row in rows if row.family == name]
        yield name, sorted(members, key=lambda row: (row.series or row.run, row.parameters, row.run))


def _is_judge(family: str) -> bool:
    from themis_rm.models.judges.interface import JUDGES

    return family in JUDGES


def _table(rows: Sequence[PublishedModel], width: int) -> Table:
    from rich.table import Table

    name = max(len(row.run) for row in rows) + 1
    remaining = width - name - sum((4, 6, 5)) - 5  # without the fixed columns and a space after all but the last
    license = min(max(len(row.license) for row in rows), max(remaining * 2 // 5, 10))
    base = min(max(len(_short(row.base)) for row in rows), remaining - license)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("model", width=name, no_wrap=True)
    table.add_column("size", width=4, justify="right", no_wrap=True)
    table.add_column("base", width=max(base, 4), no_wrap=True, overflow="ellipsis")
    table.add_column("license", width=max(license, 7), no_wrap=True, overflow="ellipsis")
    table.add_column("system", width=6, no_wrap=True)
    table.add_column("gold", width=5, no_wrap=True)
    for family, members in _by_family(rows):
        table.add_row(Text(_heading(family), style="bold"))
        for row in members:
            table.add_row(*_cells(row))
    return table


def _short(base: str) -> str:
    return base.rpartition("/")[2] or UNKNOWN


def _heading(family: str) -> str:
    if not family:
        return "not supported"
    return f"{family} (judge)" if _is_judge(family) else family


def _cells(row: PublishedModel) -> list[str]:
    mark = "*" if row.note or row.scoring else ""
    system = "-" if row.interface else row.system or UNKNOWN
    license = row.license or UNKNOWN
    return [f" {row.run}", f"{row.parameters:g}", _short(row.base), license, system, f"{row.checked}{mark}"]


def _footer(rows: Sequence[PublishedModel]) -> Iterator[str]:
    from themis_rm.cli.model_page import BUILT_IN, RUBRIC
    from themis_rm.models import embedded

    families = ", ".join(f"{family or 'not supported'} {len(members)}" for family, members in _by_family(rows))
    checked = Counter(row.checked for row in rows)
    baselines = ", ".join(name for name in BUILT_IN if name != RUBRIC)
    yield f"\n{len(rows)} published models: {families}."
    yield (
        "size: billion parameters. system: position of a system message (native, or folded into the first user "
        "message); judges put it into their prompt."
    )
    yield (
        "gold: scores compared with those of the original code on tiny checkpoints of the same architecture "
        f"(yes {checked['yes']}, part {checked['part']}, no {checked['no']})."
    )
    yield f"{UNKNOWN} unknown.  * has warnings: 'themis-rm models show MODEL' prints them and how to use the model."
    try:
        yield f"In this package: {embedded.describe_embedded()}"
    except UserError as error:
        yield error.message
    yield f"Built in: {baselines}; {RUBRIC} turns any LLM behind an OpenAI-compatible URL into a judge."


def _plain_row(row: PublishedModel) -> dict[str, Any]:
    from dataclasses import asdict

    from themis_rm.evaluation.reference.runs import OVERALL, load

    run = load().runs[row.run]
    figures = {"strict_accuracy": run.accuracies[OVERALL], "ties": run.ties}
    derived = {"kind": row.kind, "checked": row.checked, "settings": row.settings}
    return {**asdict(row), **derived, "published": figures}
