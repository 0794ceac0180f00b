"""Overtime report from timesheets."""

import csv
from collections import Counter
from collections.abc import Mapping
from datetime import date

WEEKLY_HOURS = 40.0

Week = tuple[int, int]


def hours_by_week(text: str) -> dict[str, Counter[Week]]:
    """Return the hours of each employee in each ISO week."""
    hours: dict[str, Counter[Week]] = {}
    for entry in csv.DictReader(text.splitlines()):
        calendar = date.fromisoformat(entry["date"]).isocalendar()
        weeks = hours.setdefault(entry["employee"], Counter())
        weeks[calendar.year, calendar.week] += float(entry["hours"])
    return hours


def overtime(weeks: Mapping[Week, float]) -> float:
    """Return the hours above the weekly limit, added up over ``weeks``."""
    return sum(max(0.0, worked - WEEKLY_HOURS) for worked in weeks.values())


def overtime_report(text: str) -> str:
    """Return one line with total and overtime hours per employee."""
    lines = []
    for employee, weeks in sorted(hours_by_week(text).items()):
        total = sum(weeks.values())
        lines.append(f"{employee}\t{total:.1f}\t{overtime(weeks):.1f}")
    return "\n".join(lines)
