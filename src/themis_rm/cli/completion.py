"""Values that the shell completes."""

from __future__ import annotations

from collections.abc import Iterator

import typer


def models(incomplete: str) -> Iterator[str]:
    """Yield names of the embedded model, baselines and published models."""
    from themis_rm.cli.model_page import BUILT_IN
    from themis_rm.models import embedded, published

    names = [embedded.NAME, *BUILT_IN, *(row.hub for row in published.rows())]
    return (name for name in names if name.casefold().startswith(incomplete.casefold()))


def verbs(incomplete: str) -> Iterator[str]:
    """Yield verbs that have settings."""
    from themis_rm.cli.verbs import VERBS

    return (name for name in VERBS if name.startswith(incomplete))


def setting_keys(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield the keys of the verb's settings with their meaning."""
    from themis_rm.cli.verbs import VERBS

    verb = context.command_path.partition(" ")[2]
    for source in VERBS.get(verb, ()):
        for info in source.describe():
            if not info.is_group and info.key.startswith(incomplete):
                yield f"{info.key}=", info.meaning


def run_recipes(incomplete: str) -> Iterator[str]:
    """Yield names of recipes of ``run``."""
    from themis_rm.settings.recipes import recipe_names

    return (name for name in recipe_names("run") if name.startswith(incomplete))


def grids(incomplete: str) -> Iterator[str]:
    """Yield names of grids of ablations."""
    from themis_rm.settings.recipes import recipe_names

    return (name for name in recipe_names("ablate") if name.startswith(incomplete))


def training_recipes(incomplete: str) -> Iterator[str]:
    """Yield names of training recipes."""
    from themis_rm.settings.recipes import recipe_names

    return (name for name in recipe_names("train") if name.startswith(incomplete))
