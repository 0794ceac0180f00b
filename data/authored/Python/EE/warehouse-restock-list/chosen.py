"""What the warehouse has to reorder."""

import sqlite3
from typing import NamedTuple

BELOW_LEVEL = """
    SELECT products.sku, products.name, coalesce(stock.quantity, 0), products.reorder_level
    FROM products
    LEFT JOIN (SELECT sku, sum(quantity) AS quantity FROM movements GROUP BY sku) AS stock
        ON stock.sku = products.sku
    WHERE coalesce(stock.quantity, 0) < products.reorder_level
    ORDER BY products.sku
"""


class Shortage(NamedTuple):
    """A product of which there is less than there should be."""

    sku: str
    name: str
    stock: int
    reorder_level: int


def restock_list(connection: sqlite3.Connection) -> list[Shortage]:
    """Return the products whose stock is below the reorder level, by SKU."""
    return [Shortage(*row) for row in connection.execute(BELOW_LEVEL)]
