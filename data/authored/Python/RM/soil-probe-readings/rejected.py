"""Conversion of raw readings of soil probes."""

RAW_MIN = 0
RAW_MAX = 1023


def convert(kind: str, raw: int) -> tuple[float, str]:
    """Return the value and the unit of a reading.

    Raises:
        ValueError: The type is unknown or the raw value out of range.
    """
    if kind == "moisture":
        if raw < RAW_MIN or raw > RAW_MAX:
            raise ValueError(f"raw value out of range: {raw}")
        value = raw * 100 / RAW_MAX
        return round(value, 1), "%"
    elif kind == "temperature":
        if raw < RAW_MIN or raw > RAW_MAX:
            raise ValueError(f"raw value out of range: {raw}")
        value = -40 + raw * 125 / RAW_MAX
        return round(value, 1), "°C"
    elif kind == "ph":
        if raw < RAW_MIN or raw > RAW_MAX:
            raise ValueError(f"raw value out of range: {raw}")
        value = 3 + raw * 7 / RAW_MAX
        return round(value, 1), "pH"
    elif kind == "salinity":
        if raw < RAW_MIN or raw > RAW_MAX:
            raise ValueError(f"raw value out of range: {raw}")
        value = raw * 20 / RAW_MAX
        return round(value, 1), "dS/m"
    elif kind == "light":
        if raw < RAW_MIN or raw > RAW_MAX:
            raise ValueError(f"raw value out of range: {raw}")
        value = raw * 120 / RAW_MAX
        return round(value, 1), "klx"
    else:
        raise ValueError(f"unknown type of probe: {kind}")
