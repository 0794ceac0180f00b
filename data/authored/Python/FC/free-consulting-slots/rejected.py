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
    entries = sorted(
        (max(start, opens), min(end, closes))
        for start, end in busy
        if start < closes and end > opens
    )
    gap_starts = [opens, *(end for _, end in entries)]
    gap_ends = [*(start for start, _ in entries), closes]
    return [
        (gap_start, gap_end)
        for gap_start, gap_end in zip(gap_starts, gap_ends, strict=True)
        if gap_end - gap_start >= minimum
    ]
