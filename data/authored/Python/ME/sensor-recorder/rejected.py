"""A day's readings of one sensor."""

from bisect import bisect_left
from collections.abc import Iterator
from operator import itemgetter


class SensorRecorder:
    """Readings in the order of their time."""

    def __init__(self) -> None:
        self._readings: list[dict[str, float]] = []

    def __len__(self) -> int:
        return len(self._readings)

    def add(self, timestamp_ms: int, temperature: float, humidity: float) -> None:
        """Record one reading.

        Raises:
            ValueError: The reading is older than the one before it.
        """
        if self._readings and timestamp_ms < self._readings[-1]["timestamp_ms"]:
            raise ValueError(f"reading at {timestamp_ms} ms arrived out of order")
        self._readings.append(
            {"timestamp_ms": timestamp_ms, "temperature": float(temperature), "humidity": float(humidity)}
        )

    def between(self, start_ms: int, end_ms: int) -> Iterator[dict[str, float]]:
        """Iterate over the readings from ``start_ms`` up to, not including, ``end_ms``."""
        timestamp = itemgetter("timestamp_ms")
        first = bisect_left(self._readings, start_ms, key=timestamp)
        for row in range(first, bisect_left(self._readings, end_ms, key=timestamp)):
            yield dict(self._readings[row])

    def mean_temperature(self) -> float | None:
        """Return the mean of all temperatures, or ``None`` without readings."""
        if not self._readings:
            return None
        return sum(map(itemgetter("temperature"), self._readings)) / len(self._readings)
