"""Overtime report from timesheets."""

import csv
from datetime import date


def overtime_report(text: str) -> str:
    """Return one line with total and overtime hours per employee."""
    d = {}
    rows = list(csv.reader(text.splitlines()))
    for i in range(1, len(rows)):
        r = rows[i]
        if len(r) > 0:
            tmp = date.fromisoformat(r[1]).isocalendar()
            k = str(tmp[0]) + "-" + str(tmp[1])
            if r[0] in d:
                d2 = d[r[0]]
                if k in d2:
                    d2[k] = d2[k] + float(r[2])
                else:
                    d2[k] = float(r[2])
            else:
                d[r[0]] = {k: float(r[2])}
    res = []
    for n in sorted(d.keys()):
        t = 0.0
        o = 0.0
        for k in d[n].keys():
            t = t + d[n][k]
            if d[n][k] - 40 > 0:
                o = o + (d[n][k] - 40)
        res.append(n + "\t" + "%.1f" % t + "\t" + "%.1f" % o)
    return "\n".join(res)
