"""Revenue figures from the nightly export of order lines."""

import csv
import gzip
from collections import Counter
from pathlib import Path


def revenue_by_customer(path: Path) -> tuple[dict[str, int], int]:
    """Add up the paid order lines of an export.

    Args:
        path: Gzipped CSV file with a header line.

    Returns:
        Revenue in cents by customer id, and the number of lines left out.
    """
    revenue: Counter[str] = Counter()
    malformed = 0
    with gzip.open(path, "rt", encoding="utf-8", newline="") as export:
        for line in csv.DictReader(export):
            if line["status"] != "paid":
                continue
            try:
                amount = int(line["quantity"]) * int(line["unit_price_cents"])
            except ValueError:
                malformed += 1
                continue
            revenue[line["customer_id"]] += amount
    return dict(revenue), malformed
