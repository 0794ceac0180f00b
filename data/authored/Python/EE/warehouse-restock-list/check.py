import sqlite3

from solution import restock_list

connection = sqlite3.connect(":memory:")
connection.executescript(
    """
    CREATE TABLE products (sku TEXT PRIMARY KEY, name TEXT, reorder_level INTEGER);
    CREATE TABLE movements (sku TEXT, quantity INTEGER);
    CREATE INDEX movements_sku ON movements (sku);
    INSERT INTO products VALUES ('p3', 'bolt', 5), ('p1', 'nut', 2), ('p2', 'washer', 0), ('p4', 'pin', 9);
    INSERT INTO movements VALUES ('p3', 7), ('p3', -4), ('p4', 9), ('p2', 1), ('p9', 3);
    """
)
statements = []
connection.set_trace_callback(statements.append)
found = [tuple(row) for row in restock_list(connection)]
assert found == [("p1", "nut", 0, 2), ("p3", "bolt", 3, 5)], found
assert len(statements) <= 2, f"{len(statements)} statements for 4 products"
