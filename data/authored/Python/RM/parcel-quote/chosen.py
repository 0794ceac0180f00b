"""Parcel prices."""

from bisect import bisect_left

WEIGHT_LIMITS_KG = (1, 5, 15, 30)
PRICES_CENTS = {
    "domestic": (450, 690, 990, 1490),
    "europe": (900, 1350, 2100, 3200),
    "world": (1900, 3400, 6200, 9900),
}
EXPRESS_PERCENT = 150
MEMBER_PERCENT = 90


def quote_cents(weight_kg: float, zone: str, express: bool = False, member: bool = False) -> int:
    """Return the price of a parcel in cents.

    Raises:
        ValueError: The weight or the zone is not one that we ship.
    """
    if not 0 < weight_kg <= WEIGHT_LIMITS_KG[-1]:
        raise ValueError(f"cannot ship a parcel of {weight_kg} kg")
    if zone not in PRICES_CENTS:
        raise ValueError(f"unknown zone {zone!r}")

    price = PRICES_CENTS[zone][bisect_left(WEIGHT_LIMITS_KG, weight_kg)]
    express_percent = EXPRESS_PERCENT if express else 100
    member_percent = MEMBER_PERCENT if member else 100
    return price * express_percent * member_percent // (100 * 100)
