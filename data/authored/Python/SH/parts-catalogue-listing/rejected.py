"""Pages of the spare-parts catalogue."""

import sqlite3

PAGE_SIZE = 50
PAGE_QUERY = "SELECT * FROM parts WHERE maker = ? ORDER BY {} {}, number LIMIT ? OFFSET ?"


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
    if page < 1:
        raise ValueError("pages are counted from 1")

    direction = "DESC" if descending else "ASC"
    try:
        rows = connection.execute(PAGE_QUERY.format(sort, direction), (maker, PAGE_SIZE, (page - 1) * PAGE_SIZE))
    except sqlite3.OperationalError as error:
        # SQLite names the column that it does not know.
        raise ValueError(f"cannot sort by {sort!r}: {error}") from error
    return rows.fetchall()
