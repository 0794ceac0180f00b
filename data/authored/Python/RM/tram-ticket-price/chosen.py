"""Ticket prices of the tram."""

from fractions import Fraction

SINGLE_CENTS_BY_ZONES = {1: 180, 2: 260, 3: 350}
# Fractions keep a price exact until it is rounded at the very end.
KIND_FACTORS = {"single": Fraction(1), "return": Fraction(9, 5), "day": Fraction(5, 2)}
TRAVELLER_FACTORS = {"adult": Fraction(1), "card": Fraction(3, 4), "child": Fraction(1, 2)}
OFF_PEAK_FACTOR = Fraction(4, 5)
OFF_PEAK_KINDS = {"single", "return"}
ROUND_TO_CENTS = 5


def ticket_price(zones: int, traveller: str, kind: str, off_peak: bool) -> int:
    """Return the price of a ticket in cents.

    Args:
        zones: How many zones the journey touches.
        traveller: A key of ``TRAVELLER_FACTORS``.
        kind: A key of ``KIND_FACTORS``.
        off_peak: Whether the journey begins outside the busy hours.

    Raises:
        ValueError: The ticket does not exist.
    """
    if zones < 1 or traveller not in TRAVELLER_FACTORS or kind not in KIND_FACTORS:
        raise ValueError(f"no such ticket: {zones} zones, {traveller}, {kind}")

    single = SINGLE_CENTS_BY_ZONES[min(zones, max(SINGLE_CENTS_BY_ZONES))]
    price = single * KIND_FACTORS[kind] * TRAVELLER_FACTORS[traveller]
    if off_peak and traveller == "adult" and kind in OFF_PEAK_KINDS:
        price *= OFF_PEAK_FACTOR
    return int(price) // ROUND_TO_CENTS * ROUND_TO_CENTS
