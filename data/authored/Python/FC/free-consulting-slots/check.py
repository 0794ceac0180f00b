from datetime import datetime, timedelta

from solution import free_slots


def at(hour, minute=0):
    return datetime(2024, 5, 6, hour, minute)


QUARTER = timedelta(minutes=15)
DAY = (at(9), at(17), QUARTER)

assert free_slots([], *DAY) == [(at(9), at(17))]
assert free_slots([(at(13), at(14)), (at(9), at(10))], *DAY) == [(at(10), at(13)), (at(14), at(17))]
assert free_slots([(at(8), at(9, 30)), (at(16), at(18))], *DAY) == [(at(9, 30), at(16))]
assert free_slots([(at(9), at(12)), (at(12, 14), at(17))], *DAY) == []
assert free_slots([(at(6), at(7)), (at(18), at(19))], *DAY) == [(at(9), at(17))]
assert free_slots([(at(10), at(12)), (at(11), at(13))], *DAY) == [(at(9), at(10)), (at(13), at(17))]
assert free_slots([(at(10), at(15)), (at(11), at(12))], *DAY) == [(at(9), at(10)), (at(15), at(17))]
