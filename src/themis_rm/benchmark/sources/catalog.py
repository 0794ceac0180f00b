"""All public sources, found as the modules of this package that define ``SOURCES``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType

import themis_rm.benchmark.sources as package
from themis_rm.benchmark.sources.source import Source
from themis_rm.errors import SettingError, did_you_mean


@cache
def sources() -> MappingProxyType[str, Source]:
    """Return name -> source, in the order of names."""
    found: dict[str, Source] = {}
    for module in pkgutil.iter_modules(package.__path__):
        for source in getattr(importlib.import_module(f"{package.__name__}.{module.name}"), "SOURCES", ()):
            if source.name in found:
                raise ValueError(f"two sources are named {source.name}")
            found[source.name] = source
    return MappingProxyType(dict(sorted(found.items())))


def source(name: str) -> Source:
    """Return a source by its name.

    Raises:
        SettingError: No source has that name.
    """
    known = sources()
    if name not in known:
        raise SettingError(f"Unknown source '{name}'.", did_you_mean(name, list(known)))
    return known[name]
