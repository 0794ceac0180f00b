"""Optional dependencies of the verbs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from themis_rm.errors import MissingExtraError


@contextmanager
def require_extra(extra: str) -> Iterator[None]:
    """Report a package that the body cannot import as a missing extra of this distribution.

    Raises:
        MissingExtraError: An import of the body failed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("themis_rm"):
            raise
        raise MissingExtraError(error.name, extra) from None
