"""Assertions for checks that run outside of a test framework."""

from __future__ import annotations


def require(condition: object, message: str) -> None:
    """Raise an error if a condition is false.

    Raises:
        AssertionError: With ``message``.
    """
    if not condition:
        raise AssertionError(message)
