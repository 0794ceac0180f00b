"""A day's readings of one sensor."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator


class SensorRecorder:
    """Readings in the order of their time."""

    def __init__(self) -> None:
        self._timestamps = array("q")
        self._temperatures = array("d")
        self._humidities = array("d")

    def __len__(self) -> int:
        return len(self._timestamps)

    def add(self, timestamp_ms: int, temperature: float, humidity: float) -> None:
        """Record one reading.

        Raises:
            ValueError: The reading is older than the one before it.
        """
        if self._timestamps and timestamp_ms < self._timestamps[-1]:
            raise ValueError(f"reading at {timestamp_ms} ms arrived out of order")
        self._timestamps.append(timestamp_ms)
        self._temperatures.append(temperature)
        self._humidities.append(humidity)

    def between(self, start_ms: int, end_ms: int) -> Iterator[dict[str, float]]:
        """Iterate over the readings from ``start_ms`` up to, not including, ``end_ms``."""
        first = bisect_left(self._timestamps, start_ms)
        for row in range(first, bisect_left(self._timestamps, end_ms)):
            yield {
                "timestamp_ms": self._timestamps[row],
                "temperature": self._temperatures[row],
                "humidity": self._humidities[row],
            }

    def mean_temperature(self) -> float | None:
        """Return the mean of all temperatures, or ``None`` without readings."""
        return sum(self._temperatures) / len(self) if len(self) else None
