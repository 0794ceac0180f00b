from datetime import date

from solution import BillingSchedule

plain = BillingSchedule(date(2023, 11, 15))
assert plain.upcoming(date(2023, 11, 14), 3) == [date(2023, 11, 15), date(2023, 12, 15), date(2024, 1, 15)]
assert plain.upcoming(date(2023, 11, 15), 1) == [date(2023, 12, 15)]
assert plain.upcoming(date(2020, 1, 1), 1) == [date(2023, 11, 15)]
assert plain.upcoming(date(2023, 11, 15), 0) == []
assert plain.upcoming(date(2030, 6, 20), 2) == [date(2030, 7, 15), date(2030, 8, 15)]

late = BillingSchedule(date(2024, 1, 31))
assert late.upcoming(date(2024, 1, 31), 1) == [date(2024, 2, 29)]
assert late.upcoming(date(2024, 2, 29), 3) == [date(2024, 3, 31), date(2024, 4, 30), date(2024, 5, 31)]
leap = BillingSchedule(date(2024, 2, 29))
assert leap.upcoming(date(2025, 2, 1), 2) == [date(2025, 2, 28), date(2025, 3, 29)]
