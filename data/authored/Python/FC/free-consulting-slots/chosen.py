"""Free times in a doctor's working day."""

from collections.abc import Iterable
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]


def free_slots(busy: Iterable[Span], opens: datetime, closes: datetime, minimum: timedelta) -> list[Span]:
    """Find the gaps that a calendar leaves in a working day.

    Args:
        busy: Start and end of each entry, in any order.
        opens: Beginning of the working day.
        closes: End of the working day.
        minimum: Shortest gap worth offering.

    Returns:
        Start and end of each gap, in order of time.
    """
    slots: list[Span] = []
    # Beginning of the gap before the next entry.
    free_from = opens
    for start, end in sorted(busy):
        if start >= closes:
            break
        if start - free_from >= minimum:
            slots.append((free_from, start))
        free_from = max(free_from, end)

    if closes - free_from >= minimum:
        slots.append((free_from, closes))
    return slots
