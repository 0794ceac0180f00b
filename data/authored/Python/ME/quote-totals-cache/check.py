import gc
import weakref
from decimal import Decimal

from solution import Quote

sums = 0


class Price(Decimal):
    def __rmul__(self, other):
        global sums
        sums += 1
        return Decimal(self) * other


quote = Quote(iter([("desk", 2, Price("10.00")), ("lamp", 1, Price("0.25"))]))
assert quote.total(Decimal("0.5")) == quote.total(Decimal("0.5")) == Decimal("30.38")
assert quote.total(Decimal(0)) == Decimal("20.25")
assert sums == 4
assert Quote([]).total(Decimal("0.19")) == 0
watched = weakref.ref(quote)
del quote
gc.collect()
assert watched() is None, "a quote stays in memory after its last use"
