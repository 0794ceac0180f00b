"""A planning board whose moves can be taken back."""

from collections.abc import Mapping, Sequence

Columns = dict[str, list[str]]


def _copy(columns: Mapping[str, Sequence[str]]) -> Columns:
    return {name: list(cards) for name, cards in columns.items()}


class Board:
    """Cards in named columns."""

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self._columns = _copy(columns)
        self._history: list[Columns] = []

    def columns(self) -> Columns:
        """Return the cards of each column."""
        return _copy(self._columns)

    def _column_of(self, card: str) -> str:
        """Return the name of the column that holds a card."""
        for name, cards in self._columns.items():
            if card in cards:
                return name
        raise KeyError(card)

    def move(self, card: str, column: str) -> None:
        """Put a card at the end of a column.

        Raises:
            KeyError: The card or the column does not exist.
        """
        if column not in self._columns:
            raise KeyError(column)
        source = self._column_of(card)
        self._history.append(_copy(self._columns))
        self._columns[source].remove(card)
        self._columns[column].append(card)

    def undo(self) -> bool:
        """Take back the last move, if there is one."""
        if not self._history:
            return False
        self._columns = self._history.pop()
        return True
