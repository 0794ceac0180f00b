"""Errors that a user can cause and fix, each reported in one line with a hint.

Whatever a user can fix (a path, a column, a setting, a checkpoint) is raised as a :class:`UserError`; the command line
prints it without a traceback and exits with code 2. Any other exception is a bug in this package and keeps its
traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class UserError(Exception):
    """Invalid input, settings or environment.

    Args:
        message: What is wrong, naming the file, key or value.
        hint: How to fix it, as an instruction; may be empty where the message says it all.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # Worker processes pickle their errors, and subclasses have initializers of their own.
        return _restore, (type(self), self.message, self.hint)


def _restore(kind: type[UserError], message: str, hint: str) -> UserError:
    error = kind.__new__(kind)
    UserError.__init__(error, message, hint)
    return error


class InputError(UserError):
    """A file, directory, repository or row that cannot be read as what it should be."""


class SettingError(UserError):
    """A recipe, an option or one of its values that is not allowed."""


class CheckpointError(UserError):
    """A model directory that is not a reward model, or must not be loaded."""


class MissingExtraError(UserError):
    """An optional dependency that this call needs is not installed.

    Args:
        package: The import that failed.
        extra: The extra of this distribution that installs it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed.", f"Run: pip install 'themis-rm[{extra}]'")


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for the closest known name, or the list of known names if none is close.

    Args:
        given: What the user wrote.
        known: The names that would have been accepted.
    """
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(given.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{folded[close[0]]}'?"
    return f"Known: {', '.join(names)}."
