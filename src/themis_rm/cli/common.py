"""What the verbs share: options, settings laid over one another, and how results are told."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

if TYPE_CHECKING:
    from themis_rm.pipeline import ExecutorSettings, StageReport
    from themis_rm.settings import Settings

S = TypeVar("S", bound="Settings")
Out = Annotated[Path, typer.Option("--out", help="Folder to write to; an interrupted job there goes on.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="YAML file with settings of this verb.")]
Pairs = Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings laid over the file.")]
Workers = Annotated[int | None, typer.Option("--workers", help="Tasks at the same time; by default one per core.")]


class require_extra:  # noqa: N801
    """Turns a missing package into a line that names the extra of this distribution that brings it."""

    def __init__(self, extra: str) -> None:
        self.extra = extra

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("themis_rm"):
            from themis_rm.errors import MissingExtraError

            raise MissingExtraError(error.name, self.extra) from None


def settings_of(kind: type[S], file: Path | None, pairs: Iterable[str] | None) -> S:
    """Read settings from a file, if there is one, and lay ``key=value`` pairs over them."""
    from themis_rm.settings import read_yaml

    return apply_overrides(kind, read_yaml(file) if file else {}, pairs)


def apply_overrides(kind: type[S], values: dict[str, Any], pairs: Iterable[str] | None) -> S:
    """Lay ``key=value`` pairs over plain values and check them."""
    from themis_rm.settings import apply_overrides

    return kind.build(apply_overrides(values, list(pairs or [])), "settings")


def executor_of(workers: int | None) -> ExecutorSettings:
    """Return settings of the local executor with this many workers, by default one per core."""
    from themis_rm.pipeline import ExecutorSettings

    return ExecutorSettings() if workers is None else ExecutorSettings(workers=workers)


def plain(text: str) -> str:
    """Return text that rich prints as it is."""
    return text.replace("[", r"\[")


def tell_report(report: StageReport, out: Path) -> None:
    """Print what a stage read, kept and dropped."""
    console = Console()
    console.print(
        f"{report.stage}: {report.kept:,} kept of {report.read:,} in {report.seconds:.1f} s -> {plain(str(out))}",
        highlight=False,
        soft_wrap=True,
    )
    for reason, rows in sorted(report.dropped.items(), key=lambda item: (-item[1], item[0])):
        console.print(f"  dropped {rows:>9,}  {reason}", highlight=False)
    for item in report.details.get("failed", []) if isinstance(report.details.get("failed"), list) else []:
        console.print(f"  failed  {plain(str(item))}", highlight=False, soft_wrap=True)
