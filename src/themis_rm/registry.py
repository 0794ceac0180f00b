"""Registries: named parts that a file or a plugin adds by defining them.

A registry collects its items from three places: the modules of one package of this distribution, which are imported
when the registry is first read; the entry points that installed distributions declare for its group; and direct calls
of :meth:`Registry.register`. Nothing else has to be edited to add a part.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from themis_rm.errors import SettingError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Items of one kind by name, in the order of their names.

    Args:
        kind: What an item is, in the singular, as error messages call it (``reward-model family``).
        group: Entry-point group of plugins (``themis_rm.families``). An entry point names a module, whose import
            registers items.
        package: Package whose modules are imported to find the built-in items; ``None`` where they register
            themselves otherwise.
        name_of: Returns an item's name; by default its ``name`` attribute.
    """

    def __init__(
        self, kind: str, group: str, package: str | None = None, name_of: Callable[[T], str] | None = None
    ) -> None:
        self.kind = kind
        self.group = group
        self.package = package
        self._name_of = name_of or (lambda item: str(item.name))  # type: ignore[attr-defined]
        self._items: dict[str, T] = {}
        self._modules: dict[str, str] = {}  # name -> module that registered it
        self._lock = threading.RLock()
        self._loading = self._loaded = False

    def register(self, item: T) -> T:
        """Add an item and return it, so that this also works as a decorator.

        Raises:
            SettingError: Another module has registered an item of this name.
        """
        name, module = self._name_of(item), str(sys._getframe(1).f_globals.get("__name__", ""))  # noqa: SLF001
        known = self._modules.setdefault(name, module)
        if known != module:
            raise SettingError(f"Two definitions of the {self.kind} '{name}': in {known} and in {module}.")
        self._items[name] = item  # a module that is reloaded replaces its items
        return item

    def get(self, name: str) -> T:
        """Return the item of a name.

        Raises:
            SettingError: There is none; the message suggests the closest name.
        """
        self._load()
        try:
            return self._items[name]
        except KeyError:
            raise SettingError(f"Unknown {self.kind} '{name}'.", did_you_mean(name, self._items)) from None

    def names(self) -> list[str]:
        """Return all names, sorted."""
        self._load()
        return sorted(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter([self._items[name] for name in self.names()])

    def __len__(self) -> int:
        self._load()
        return len(self._items)

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._items

    def _load(self) -> None:
        if self._loaded:
            return
        with self._lock:  # other threads wait until all items are there
            if self._loading or self._loaded:
                return  # a module that is imported below may read the registry
            self._loading = True
            try:
                self._import_all()
            finally:
                self._loading = False
            self._loaded = True

    def _import_all(self) -> None:
        if self.package is not None:
            _import_modules(self.package)
        for entry_point in entry_points(group=self.group):
            try:
                entry_point.load()
            except Exception as error:  # a broken plugin must not disable everything else
                warnings.warn(f"Plugin '{entry_point.value}' cannot be loaded: {error!r}.", stacklevel=2)


def _import_modules(package: str) -> None:
    found = importlib.import_module(package)
    for module in sorted(pkgutil.iter_modules(found.__path__), key=lambda module: module.name):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package}.{module.name}")
