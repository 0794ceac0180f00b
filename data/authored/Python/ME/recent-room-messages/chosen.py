"""The messages that chat rooms show when they are opened."""

from collections import deque
from collections.abc import Iterator

Message = tuple[str, str]


def recent_messages(
    journal: Iterator[tuple[str, str, str]],
    per_room: int,
) -> dict[str, list[Message]]:
    """Return the last messages of every room.

    Args:
        journal: Room, author and text of each message, oldest first.
        per_room: How many messages to return for a room at most.

    Raises:
        ValueError: ``per_room`` is below one.
    """
    if per_room < 1:
        raise ValueError("per_room must be at least one")

    rooms: dict[str, deque[Message]] = {}
    for room, author, text in journal:
        messages = rooms.get(room)
        if messages is None:
            messages = rooms[room] = deque(maxlen=per_room)
        messages.append((author, text))
    return {room: list(messages) for room, messages in rooms.items()}
