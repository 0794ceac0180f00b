"""The next departures of a station."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import merge
from itertools import dropwhile, islice

Departure = tuple[datetime, str, str]


def next_departures(lines: Sequence[Iterable[Departure]], now: datetime, count: int) -> list[Departure]:
    """Return the earliest departures over all lines.

    Args:
        lines: Departures of each line, in order of time.
        now: Departures before this time are left out.
        count: How many departures to return at most.
    """

    def is_past(departure: Departure) -> bool:
        return departure[0] < now

    # What has left already stands at the beginning of each line.
    upcoming = [dropwhile(is_past, line) for line in lines]
    return list(islice(merge(*upcoming), count))
