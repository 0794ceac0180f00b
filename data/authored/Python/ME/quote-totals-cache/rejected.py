"""Quotes as the page templates see them."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

CENT = Decimal("0.01")
Line = tuple[str, int, Decimal]


class Quote:
    """What a customer is offered, line by line.

    Attributes:
        lines: Description, quantity and unit price of each line.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = tuple(lines)

    @cache
    def total(self, tax_rate: Decimal) -> Decimal:
        """Return the sum of all lines with tax, in whole cents.

        Args:
            tax_rate: Share of the net sum, such as ``Decimal("0.19")``.
        """
        net = sum((quantity * price for _, quantity, price in self.lines), Decimal(0))
        gross = net * (1 + tax_rate)
        return gross.quantize(CENT, ROUND_HALF_UP)
