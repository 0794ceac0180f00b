"""Elevation model of the hiking map."""

from array import array
from collections.abc import Iterable


class HeightGrid:
    """Heights in whole metres on a regular grid, 0 until they are loaded.

    Attributes:
        width: Points in a row.
        height: Number of rows.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._rows = [array("h", [0]) * width for _ in range(height)]

    def _check(self, x: int, y: int) -> None:
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise IndexError(f"({x}, {y}) lies outside the grid")

    def load_row(self, y: int, metres: Iterable[int]) -> None:
        """Set the heights of one row.

        Raises:
            ValueError: The row has not one height for each point.
            IndexError: There is no such row.
        """
        self._check(0, y)
        row = array("h", metres)
        if len(row) != self.width:
            raise ValueError(f"expected {self.width} heights, got {len(row)}")
        self._rows[y] = row

    def at(self, x: int, y: int) -> int:
        """Return the height of a point.

        Raises:
            IndexError: The point lies outside the grid.
        """
        self._check(x, y)
        return self._rows[y][x]
