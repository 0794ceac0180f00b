"""Ticket prices of the tram."""

from fractions import Fraction

PRICES = (180, 260, 350)
KEYS = ("single", "return", "day", "adult", "card", "child")
# Factors in the order of the keys, and one more.
FACTORS = (Fraction(1), Fraction(9, 5), Fraction(5, 2), Fraction(1), Fraction(3, 4), Fraction(1, 2), Fraction(4, 5))
SPLIT = 3
STEP = 5


def ticket_price(zones: int, traveller: str, kind: str, off_peak: bool) -> int:
    """Return the price of a ticket in cents.

    Args:
        zones: How many zones the journey touches.
        traveller: One of the last ``KEYS``.
        kind: One of the first ``KEYS``.
        off_peak: Whether the journey begins outside the busy hours.

    Raises:
        ValueError: The ticket does not exist.
    """
    first, second = (KEYS.index(key) if key in KEYS else -1 for key in (kind, traveller))
    if zones < 1 or not 0 <= first < SPLIT <= second:
        raise ValueError(f"no such ticket: {zones} zones, {traveller}, {kind}")

    price = PRICES[min(zones, SPLIT) - 1] * FACTORS[first] * FACTORS[second]
    if off_peak and first != SPLIT - 1 and second == SPLIT:
        price *= FACTORS[2 * SPLIT]
    return int(price) // STEP * STEP
