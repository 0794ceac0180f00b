"""Ticket prices of the tram."""


def ticket_price(zones: int, traveller: str, kind: str, off_peak: bool) -> int:
    """Return the price of a ticket in cents.

    Args:
        zones: How many zones the journey touches.
        traveller: Who travels.
        kind: Which ticket it is.
        off_peak: Whether the journey begins outside the busy hours.

    Raises:
        ValueError: The ticket does not exist.
    """
    if zones < 1 or traveller not in ("adult", "card", "child") or kind not in ("single", "return", "day"):
        raise ValueError(f"no such ticket: {zones} zones, {traveller}, {kind}")

    price = 1800 if zones == 1 else 2600 if zones == 2 else 3500
    if kind == "single":
        if traveller == "adult":
            price = price * 8 // 10 if off_peak else price
        else:
            price = price // 2 if traveller == "child" else price * 3 // 4
    elif kind == "return":
        if traveller == "adult":
            price = price * 144 // 100 if off_peak else price * 18 // 10
        else:
            price = price * 9 // 10 if traveller == "child" else price * 135 // 100
    else:
        if traveller == "adult":
            price = price * 25 // 10
        else:
            price = price * 125 // 100 if traveller == "child" else price * 1875 // 1000
    return price // 50 * 5
