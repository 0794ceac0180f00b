"""Parcel prices."""

from functools import reduce
from operator import mul

# Weights first, then the prices of each zone up to those weights.
TARIFF = "1 5 15 30; domestic 450 690 990 1490; europe 900 1350 2100 3200; world 1900 3400 6200 9900"
OPTIONS = "express 150; member 90"


def quote_cents(weight_kg: float, zone: str, express: bool = False, member: bool = False) -> int:
    """Return the price of a parcel in cents.

    Raises:
        ValueError: The weight or the zone is not one that we ship.
    """
    given = locals()
    limits, *rows = (row.split() for row in TARIFF.split(";"))
    if not 0 < weight_kg <= float(limits[-1]):
        raise ValueError(f"cannot ship a parcel of {weight_kg} kg")
    prices = {name: tail for name, *tail in rows}
    if zone not in prices:
        raise ValueError(f"unknown zone {zone!r}")

    price = next(price for limit, price in zip(limits, prices[zone]) if weight_kg <= float(limit))
    percents = [int(percent) for name, percent in map(str.split, OPTIONS.split(";")) if given[name]]
    return reduce(mul, percents, int(price)) // 100 ** len(percents)
