"""Quotes as the page templates see them."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
Line = tuple[str, int, Decimal]


class Quote:
    """What a customer is offered, line by line.

    Attributes:
        lines: Description, quantity and unit price of each line.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = tuple(lines)
        self._totals: dict[Decimal, Decimal] = {}

    def total(self, tax_rate: Decimal) -> Decimal:
        """Return the sum of all lines with tax, in whole cents.

        Args:
            tax_rate: Share of the net sum, such as ``Decimal("0.19")``.
        """
        if tax_rate not in self._totals:
            net = sum((quantity * price for _, quantity, price in self.lines), Decimal(0))
            gross = net * (1 + tax_rate)
            self._totals[tax_rate] = gross.quantize(CENT, ROUND_HALF_UP)
        return self._totals[tax_rate]
