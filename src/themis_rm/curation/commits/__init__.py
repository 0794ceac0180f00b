"""Formats of commit data, one module each, and how the format of a file is found.

A format reads rows of a public layout into the columns of :class:`~themis_rm.records.Commit`. The format of a file is
the first one, in the order of their names, whose required columns it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from themis_rm.errors import InputError
from themis_rm.registry import Registry


class CommitFormat:
    """A format of commit data.

    Subclasses set the attributes, implement :meth:`read`, and register one instance in :data:`COMMIT_FORMATS`.

    Attributes:
        name: Name in messages and results.
        required: Columns without which a file is not of this format.
    """

    name: str
    required: ClassVar[tuple[str, ...]]

    def read(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row in the columns of :class:`~themis_rm.records.Commit`.

        ``old_path`` may be added, the path before the commit; ``unix_time`` may be ``None``.
        """
        raise NotImplementedError


COMMIT_FORMATS: Registry[CommitFormat] = Registry("commit format", "themis_rm.commit_formats", __name__)
"""All formats by name."""


def detect_commit_format(columns: list[str], where: str) -> CommitFormat:
    """Return the format of a file with these columns.

    Raises:
        InputError: No format fits.
    """
    lacking = {one.name: [name for name in one.required if name not in columns] for one in COMMIT_FORMATS}
    for one in COMMIT_FORMATS:
        if not lacking[one.name]:
            return one
    closest = min(lacking, key=lambda name: (len(lacking[name]), name != "published"))
    missing = lacking[closest]
    raise InputError(
        f"{where} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)} of commits; "
        f"it has: {', '.join(columns)}.",
        f"Name your columns, such as --set columns.{missing[0]}=NAME.",
    )


def first_line(text: Any) -> Any:
    """Return the first line of a message; anything but a text is returned as it is."""
    return text.strip().split("\n", 1)[0].rstrip() if isinstance(text, str) else text
