"""The order in which the modules of a project are compiled."""

from collections.abc import Mapping, Set


def build_order(requires: Mapping[str, Set[str]]) -> list[str]:
    """Return the modules so that each stands after all that it imports.

    Args:
        requires: The modules that each module imports.

    Raises:
        ValueError: Modules import each other in a circle.
    """
    importers: dict[str, list[str]] = {module: [] for module in requires}
    missing: dict[str, int] = {}
    for module, imported in requires.items():
        own = [name for name in imported if name in requires]
        missing[module] = len(own)
        for name in own:
            importers[name].append(module)

    order = [module for module, count in missing.items() if count == 0]
    # The list grows while it is walked: it is the queue as well.
    for module in order:
        for importer in importers[module]:
            missing[importer] -= 1
            if missing[importer] == 0:
                order.append(importer)

    if len(order) < len(requires):
        raise ValueError("some modules import each other in a circle")
    return order
