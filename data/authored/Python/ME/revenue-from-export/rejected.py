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
    export = gzip.decompress(path.read_bytes()).decode("utf-8")
    lines = list(csv.DictReader(export.splitlines()))
    paid = [line for line in lines if line["status"] == "paid"]

    amounts: list[tuple[str, int]] = []
    for line in paid:
        try:
            amount = int(line["quantity"]) * int(line["unit_price_cents"])
        except ValueError:
            continue
        amounts.append((line["customer_id"], amount))

    revenue: Counter[str] = Counter()
    for customer, amount in amounts:
        revenue[customer] += amount
    return dict(revenue), len(paid) - len(amounts)
