"""Verbs of the data stages: ``mine``, ``curate``, ``assemble`` and ``convert``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import DATA, app
from themis_rm.cli.options import (
    AspectFilter,
    DataFormat,
    Executor,
    LanguageFilter,
    Out,
    Workers,
    data_flags,
    executor_flags,
)
from themis_rm.cli.output import stage_lines
from themis_rm.errors import SettingError


@verb(
    app,
    "mine",
    "mine path/to/clone https://github.com/OWNER/NAME --out mined",
    "mine --repos-file repositories.txt --since 2022-01-01 --out mined",
    "mine --tree path/to/source --out functions -s languages=[Python]",
    panel=DATA,
)
def mine(
    call: Call,
    out: Out,
    repos: Annotated[
        list[str] | None, typer.Argument(metavar="REPO", help="Clones, bundles or URLs of git repositories.")
    ] = None,
    repos_file: Annotated[
        Path | None, typer.Option("--repos-file", metavar="FILE", help="File with one repository per line.")
    ] = None,
    tree: Annotated[
        list[Path] | None,
        typer.Option("--tree", metavar="DIR", help="Source tree: extract documented functions; repeatable."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", metavar="DATE", formats=["%Y-%m-%d"], help="First day of commits (YYYY-MM-DD)."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", metavar="DATE", formats=["%Y-%m-%d"], help="Day after the last day of commits."),
    ] = None,
    max_bytes: Annotated[
        int | None, typer.Option("--max-bytes", metavar="N", min=1, help="Largest size of a file in bytes.")
    ] = None,
    executor: Executor = None,
    workers: Workers = None,
) -> None:
    """Extract commits from git repositories, or documented functions from source trees."""
    from themis_rm.mining.functions import mine_trees
    from themis_rm.mining.repositories import mine_repositories
    from themis_rm.mining.sources import read_repos_file

    names = [*(repos or []), *(read_repos_file(repos_file) if repos_file else [])]
    if bool(names) == bool(tree):
        raise SettingError("Give either repositories (REPO... or --repos-file) or --tree.")
    flags = executor_flags(executor, workers)
    if tree:
        flags["max_file_bytes"] = max_bytes
        settings, execution = call.stage_settings(flags, variant="--tree")
        report = mine_trees(tree, out, settings, execution)
    else:
        flags |= {"since": since and since.date(), "until": until and until.date(), "max_bytes": max_bytes}
        settings, execution = call.stage_settings(flags)
        report = mine_repositories(names, out, settings, execution)
    call.output(report, *stage_lines(report, out))


@verb(
    app,
    "curate",
    "curate --commits mined/commits --solutions functions/solutions --out curated",
    "curate --commits mined/commits --out curated -s filters.syntax_depth.min_depth=4",
    "curate --commits commits.jsonl --out curated -s columns.file_path=path",
    panel=DATA,
)
def curate(
    call: Call,
    out: Out,
    commits: Annotated[
        Path | None,
        typer.Option("--commits", metavar="PATH", help="Commits of mine, or in the columns of CommitPack."),
    ] = None,
    solutions: Annotated[
        Path | None, typer.Option("--solutions", metavar="DIR", help="Directory of functions, from mine --tree.")
    ] = None,
    executor: Executor = None,
    workers: Workers = None,
) -> None:
    """Turn commits and functions into labeled pairs; what is dropped is written with its reason."""
    from themis_rm.curation.curate import curate as run_curation

    if commits is None and solutions is None:
        raise SettingError("Nothing to curate.", "Give --commits, --solutions or both.")
    settings, execution = call.stage_settings(executor_flags(executor, workers))
    report = run_curation(commits, solutions, out, settings, execution)
    form = [f"format: {report.details['format']}"] if "format" in report.details else []
    call.output(report, *form, *stage_lines(report, out))


@verb(
    app,
    "assemble",
    "assemble curated/pairs --out dataset",
    "assemble curated/pairs --out dataset --seed 1 -s test=0.1 -s balance_length=true",
    "assemble OWNER/NAME --out dataset --language Python -s default_aspect=FC",
    panel=DATA,
)
def assemble(
    call: Call,
    pairs: Annotated[
        str, typer.Argument(metavar="PAIRS", help="Pairs, written by curate, or preference data in any known format.")
    ],
    out: Out,
    format_: DataFormat = None,
    language: LanguageFilter = None,
    aspect: AspectFilter = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of splits and sampling.")] = None,
    executor: Executor = None,
    workers: Workers = None,
) -> None:
    """Build a preference dataset with splits and a card from labeled pairs or preference data."""
    from themis_rm.dataset.assemble import assemble as build_dataset

    flags = {"seed": seed, **data_flags(format_, language, aspect), **executor_flags(executor, workers)}
    settings, execution = call.stage_settings(flags)
    report = build_dataset(pairs, out, settings, execution)
    form = [f"format: {report.details['format']}"] if "format" in report.details else []
    notes = [f"note: {remark}" for remark in report.details["remarks"]]
    call.output(report, *form, *stage_lines(report, out), *notes)


@verb(
    app,
    "convert",
    "convert pairs.jsonl --out dataset",
    "convert OWNER/NAME --out dataset --language Python --aspect SH",
    "convert pairs.csv --out dataset -s columns.prompt=question -s columns.chosen=good -s columns.rejected=bad",
    panel=DATA,
)
def convert(
    call: Call,
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="Preference data in any known format: file, directory or hub name.")
    ],
    out: Out,
    format_: DataFormat = None,
    language: LanguageFilter = None,
    aspect: AspectFilter = None,
) -> None:
    """Convert preference data of any known format to the columns of the published data."""
    from themis_rm.dataset.convert import convert as run_conversion

    report = run_conversion(data, out, call.settings(data_flags(format_, language, aspect)))
    call.output(report, f"format: {report.details['format']}", *stage_lines(report, out))
