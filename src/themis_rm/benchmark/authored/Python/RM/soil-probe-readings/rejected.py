"""Conversion of raw readings of soil probes."""


def convert(kind: str, raw: int) -> tuple[float, str]:
    """Return the value and the unit of a reading.

    Raises:
        ValueError: The type is unknown or the raw value out of range.
    """
    if kind == "moisture":
        if raw < 0 or raw > 1023:
            raise ValueError(f"raw value out of range: {raw}")
        value = raw * 100 / 1023
        return round(value, 1), "%"
    elif kind == "temperature":
        if raw < 0 or raw > 1023:
            raise ValueError(f"raw value out of range: {raw}")
        value = -40 + raw * 125 / 1023
        return round(value, 1), "°C"
    elif kind == "ph":
        if raw < 0 or raw > 1023:
            raise ValueError(f"raw value out of range: {raw}")
        value = 3 + raw * 7 / 1023
        return round(value, 1), "pH"
    elif kind == "salinity":
        if raw < 0 or raw > 1023:
            raise ValueError(f"raw value out of range: {raw}")
        value = raw * 20 / 1023
        return round(value, 1), "dS/m"
    elif kind == "light":
        if raw < 0 or raw > 1023:
            raise ValueError(f"raw value out of range: {raw}")
        value = raw * 120 / 1023
        return round(value, 1), "klx"
    else:
        raise ValueError(f"unknown type of probe: {kind}")
