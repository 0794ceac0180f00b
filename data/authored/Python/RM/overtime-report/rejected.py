"""Overtime report from timesheets."""

import csv
from datetime import date


def overtime_report(text: str) -> str:
    """Return one line with total and overtime hours per employee."""
    d = {}
    for r in csv.DictReader(text.splitlines()):
        tmp = date.fromisoformat(r["date"]).isocalendar()
        k = f"{tmp.year}-{tmp.week}"
        if r["employee"] in d:
            d2 = d[r["employee"]]
            if k in d2:
                d2[k] += float(r["hours"])
            else:
                d2[k] = float(r["hours"])
        else:
            d[r["employee"]] = {k: float(r["hours"])}

    res = []
    for n in sorted(d.keys()):
        t = 0.0
        o = 0.0
        for k in d[n].keys():
            t += d[n][k]
            if d[n][k] - 40 > 0:
                o += d[n][k] - 40
        res.append(f"{n}\t{t:.1f}\t{o:.1f}")
    return "\n".join(res)
