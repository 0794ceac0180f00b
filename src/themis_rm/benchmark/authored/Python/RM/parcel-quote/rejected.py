"""Parcel prices."""


def quote_cents(weight_kg: float, zone: str, express: bool = False, member: bool = False) -> int:
    """Return the price of a parcel in cents.

    Raises:
        ValueError: The weight or the zone is not one that we ship.
    """
    w = weight_kg
    if w > 0 and w <= 30:
        if zone == "domestic":
            p = 450 if w <= 1 else 690 if w <= 5 else 990 if w <= 15 else 1490
        elif zone == "europe":
            p = 900 if w <= 1 else 1350 if w <= 5 else 2100 if w <= 15 else 3200
        elif zone == "world":
            p = 1900 if w <= 1 else 3400 if w <= 5 else 6200 if w <= 15 else 9900
        else:
            raise ValueError(f"unknown zone {zone!r}")
        if express == True:
            if member == True:
                return p * 135 // 100
            else:
                return p * 150 // 100
        else:
            if member == True:
                return p * 90 // 100
            else:
                return p
    else:
        raise ValueError(f"cannot ship a parcel of {weight_kg} kg")
