"""Charge dates of monthly subscriptions."""

from calendar import monthrange
from datetime import date


class BillingSchedule:
    """The monthly charges of one subscription.

    Attributes:
        start: Day of the first charge.
    """

    def __init__(self, start: date) -> None:
        self.start = start

    def _charge(self, number: int) -> date:
        """Return the charge that follows the first one by ``number`` months."""
        extra_years, month_index = divmod(self.start.month - 1 + number, 12)
        year, month = self.start.year + extra_years, month_index + 1
        return date(year, month, min(self.start.day, monthrange(year, month)[1]))

    def upcoming(self, after: date, count: int) -> list[date]:
        """Return the next ``count`` charge dates later than ``after``."""
        charges: list[date] = []
        number = 0
        while len(charges) < count:
            charge = self._charge(number)
            if charge > after:
                charges.append(charge)
            number += 1
        return charges
