"""A planning board whose moves can be taken back."""

from collections.abc import Mapping, Sequence

Columns = dict[str, list[str]]


class Board:
    """Cards in named columns."""

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self._columns: Columns = {name: list(cards) for name, cards in columns.items()}
        self._history: list[Columns] = []

    def columns(self) -> Columns:
        """Return the cards of each column."""
        return {name: list(cards) for name, cards in self._columns.items()}

    def move(self, card: str, column: str) -> None:
        """Put a card at the end of a column.

        Raises:
            KeyError: The card or the column does not exist.
        """
        if column not in self._columns:
            raise KeyError(column)
        source = next((cards for cards in self._columns.values() if card in cards), None)
        if source is None:
            raise KeyError(card)
        self._history.append(self._columns.copy())
        source.remove(card)
        self._columns[column].append(card)

    def undo(self) -> bool:
        """Take back the last move, if there is one."""
        if not self._history:
            return False
        self._columns = self._history.pop()
        return True
