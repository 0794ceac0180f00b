import sqlite3

from solution import list_parts

connection = sqlite3.connect(":memory:")
connection.executescript(
    """
    CREATE TABLE parts (number INTEGER, title TEXT, maker TEXT, price INTEGER, weight INTEGER);
    CREATE TABLE accounts (name TEXT, password TEXT);
    INSERT INTO accounts VALUES ('root', 'tulip');
    """
)
connection.executemany(
    "INSERT INTO parts VALUES (?, ?, ?, ?, 7)",
    [(number, f"part {number % 7}", "Acme" if number % 2 else "Bolt", number * 10) for number in range(1, 121)],
)
assert [row[0] for row in list_parts(connection, "Acme", "price", True, 2)] == list(range(19, 0, -2))
assert [row[0] for row in list_parts(connection, "Bolt", "weight", True, 1)][:3] == [2, 4, 6]
for sort, page in (("colour", 1), ("price", 0)):
    try:
        list_parts(connection, "Acme", sort, False, page)
        raise SystemExit("a senseless request was accepted")
    except ValueError:
        pass

guess = "(CASE WHEN (SELECT password FROM accounts) LIKE 't%' THEN -price ELSE price END)"
try:
    rows = list_parts(connection, "Acme", guess, False, 1)
except ValueError:
    rows = []
assert not rows, "the order of the rows tells a letter of a password"
