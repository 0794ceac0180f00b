"""The next departures of a station."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import nsmallest
from itertools import chain

Departure = tuple[datetime, str, str]


def next_departures(lines: Sequence[Iterable[Departure]], now: datetime, count: int) -> list[Departure]:
    """Return the earliest departures over all lines.

    Args:
        lines: Departures of each line, in order of time.
        now: Departures before this time are left out.
        count: How many departures to return at most.
    """
    upcoming = (departure for departure in chain.from_iterable(lines) if departure[0] >= now)
    return nsmallest(count, upcoming)
