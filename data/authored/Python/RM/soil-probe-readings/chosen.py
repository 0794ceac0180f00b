"""Conversion of raw readings of soil probes."""

from typing import NamedTuple

RAW_MAX = 1023


class Scale(NamedTuple):
    """What the ends of the raw range stand for."""

    low: float
    high: float
    unit: str


SCALES = {
    "moisture": Scale(0, 100, "%"),
    "temperature": Scale(-40, 85, "°C"),
    "ph": Scale(3, 10, "pH"),
    "salinity": Scale(0, 20, "dS/m"),
    "light": Scale(0, 120, "klx"),
}


def convert(kind: str, raw: int) -> tuple[float, str]:
    """Return the value and the unit of a reading.

    Raises:
        ValueError: The type is unknown or the raw value out of range.
    """
    if kind not in SCALES:
        raise ValueError(f"unknown type of probe: {kind}")
    if not 0 <= raw <= RAW_MAX:
        raise ValueError(f"raw value out of range: {raw}")
    scale = SCALES[kind]
    value = scale.low + raw * (scale.high - scale.low) / RAW_MAX
    return round(value, 1), scale.unit
