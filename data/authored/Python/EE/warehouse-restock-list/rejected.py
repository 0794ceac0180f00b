"""What the warehouse has to reorder."""

import sqlite3
from typing import NamedTuple

PRODUCTS = "SELECT sku, name, reorder_level FROM products ORDER BY sku"
STOCK = "SELECT coalesce(sum(quantity), 0) FROM movements WHERE sku = ?"


class Shortage(NamedTuple):
    """A product of which there is less than there should be."""

    sku: str
    name: str
    stock: int
    reorder_level: int


def _stock_of(connection: sqlite3.Connection, sku: str) -> int:
    """Return how much of a product is in the warehouse."""
    (quantity,) = connection.execute(STOCK, (sku,)).fetchone()
    return quantity


def restock_list(connection: sqlite3.Connection) -> list[Shortage]:
    """Return the products whose stock is below the reorder level, by SKU."""
    shortages: list[Shortage] = []
    for sku, name, reorder_level in connection.execute(PRODUCTS).fetchall():
        stock = _stock_of(connection, sku)
        if stock < reorder_level:
            shortages.append(Shortage(sku, name, stock, reorder_level))
    return shortages
