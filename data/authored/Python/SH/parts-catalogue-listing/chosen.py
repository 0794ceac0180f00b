"""Pages of the spare-parts catalogue."""

import sqlite3

PAGE_SIZE = 50
# Headings that can be clicked on.
SORTABLE = ("number", "title", "maker", "price", "weight")


def list_parts(
    connection: sqlite3.Connection,
    maker: str,
    sort: str,
    descending: bool,
    page: int,
) -> list[tuple[object, ...]]:
    """Return one page of the parts of a maker.

    Args:
        connection: Database with the table of parts.
        maker: Whose parts to list.
        sort: Column to sort by; parts that are equal in it go by number.
        descending: Whether to turn the order of that column round.
        page: Page to return, counted from 1.

    Raises:
        ValueError: There is no such column or page.
    """
    if sort not in SORTABLE:
        raise ValueError(f"cannot sort by {sort!r}")
    if page < 1:
        raise ValueError("pages are counted from 1")

    direction = "DESC" if descending else "ASC"
    query = f"SELECT * FROM parts WHERE maker = ? ORDER BY {sort} {direction}, number LIMIT ? OFFSET ?"
    return connection.execute(query, (maker, PAGE_SIZE, (page - 1) * PAGE_SIZE)).fetchall()
