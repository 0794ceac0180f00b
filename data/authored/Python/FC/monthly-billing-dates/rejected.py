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

    def _month_later(self, charge: date) -> date:
        """Return the charge that comes one month after ``charge``."""
        if charge.month == 12:
            year, month = charge.year + 1, 1
        else:
            year, month = charge.year, charge.month + 1
        last_day = monthrange(year, month)[1]
        return charge.replace(year=year, month=month, day=min(charge.day, last_day))

    def upcoming(self, after: date, count: int) -> list[date]:
        """Return the next ``count`` charge dates later than ``after``."""
        charges: list[date] = []
        charge = self.start
        while len(charges) < count:
            if charge > after:
                charges.append(charge)
            charge = self._month_later(charge)
        return charges
