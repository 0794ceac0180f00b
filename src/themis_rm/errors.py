"""The errors that a user can cause, each told in one line with its mend.

Everything a person can mend (a path, a column, a setting, a checkpoint) is raised as a :class:`UserError`; the
command line prints it without a traceback and exits with code 2. Anything else is a fault of ours and keeps its
traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class UserError(Exception):
    """A fault in what was given to us.

    Args:
        what: What is wrong, naming the file, key or value.
        mend: What to do about it, as an instruction; may be empty where ``what`` says it all.
    """

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(f"{what} {mend}".strip())
        self.what = what
        self.mend = mend

    def __reduce__(self) -> tuple[Any, ...]:
        # Workers hand their errors over pickled, and subclasses have initialisers of their own.
        return _restore, (type(self), self.what, self.mend)


def _restore(kind: type[UserError], what: str, mend: str) -> UserError:
    error = kind.__new__(kind)
    UserError.__init__(error, what, mend)
    return error


class InputError(UserError):
    """A file, folder, repository or row that cannot be read as what it should be."""


class SettingError(UserError):
    """A recipe, an option or a value in it that is not of the allowed form."""


class CheckpointError(UserError):
    """A model folder that is no reward model, or not one that may be loaded."""


class MissingExtraError(UserError):
    """An optional part of the installation that this call needs.

    Args:
        package: The import that failed.
        extra: The extra of this distribution that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed.", f"Run: pip install 'themis-rm[{extra}]'")


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for the nearest known name, or the list of known names if none is near.

    Args:
        given: What the user wrote.
        known: The names that would have been accepted.
    """
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(given.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{folded[near[0]]}'?"
    return f"Known: {', '.join(names)}."
