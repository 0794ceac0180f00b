"""The order in which the modules of a project are compiled."""

from collections.abc import Mapping, Set


def build_order(requires: Mapping[str, Set[str]]) -> list[str]:
    """Return the modules so that each stands after all that it imports.

    Args:
        requires: The modules that each module imports.

    Raises:
        ValueError: Modules import each other in a circle.
    """
    missing: dict[str, set[str]] = {}
    for module, imported in requires.items():
        missing[module] = {name for name in imported if name in requires}

    order: list[str] = []
    while missing:
        ready = [module for module, imports in missing.items() if not imports]
        if not ready:
            raise ValueError("some modules import each other in a circle")
        order.extend(ready)

        # What has just been compiled no longer keeps the others waiting.
        finished = set(ready)
        for module in ready:
            del missing[module]
        for imports in missing.values():
            imports -= finished
    return order
