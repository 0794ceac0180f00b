"""SPDX license expressions: normal form, choices, and whether a list of accepted licenses covers one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

MAX_LENGTH, MAX_NESTING = 1000, 20
"""Longer and more deeply nested expressions are not read."""

_TOKEN = re.compile(r"[()]|[^\s()]+")
_GNU_VERSION = re.compile(r"((?:A|L)?GPL-\d\.\d)(?:-only|-or-later|\+)$")


def normalize(expression: str) -> str | None:
    """Return an expression with ids as SPDX writes them, or ``None`` if it is not one.

    GNU licenses lose ``-only`` and ``-or-later``, as texts of these licenses do not say which of them is meant.
    ``MIT/Apache-2.0``, an older form of packages, is a choice.
    """
    text = expression.strip()
    if len(text) > MAX_LENGTH or text.count("(") > MAX_NESTING:
        return None
    for form in (text, text.replace("/", " OR ")):
        try:
            canonical = canonicalize_license_expression(form)
        except (InvalidLicenseExpression, ValueError):
            continue
        return " ".join(_GNU_VERSION.sub(r"\1", part) for part in canonical.split(" "))
    return None


def ids_of(expression: str) -> list[str]:
    """Return the distinct license ids of an expression in order, without exceptions."""
    tokens = _TOKEN.findall(re.sub(r" WITH [^\s()]+", "", expression))
    return list(dict.fromkeys(token for token in tokens if token not in ("(", ")", "AND", "OR")))


def is_choice(expression: str) -> bool:
    """Return whether an expression is a choice between single licenses."""
    return " OR " in expression and " AND " not in expression


def join(operator: str, expressions: Iterable[str]) -> str:
    """Return the distinct expressions joined by ``AND`` or ``OR``, with parentheses where they are needed."""
    parts = list(dict.fromkeys(expressions))
    other = " OR " if operator == "AND" else " AND "
    return f" {operator} ".join(f"({part})" if other in part and len(parts) > 1 else part for part in parts)


def is_accepted(expression: str, accepted: Collection[str]) -> bool:
    """Return whether the accepted licenses suffice: all of an ``AND``, one of an ``OR``.

    An exception (``WITH``) only adds permissions, so that the license without it need be accepted.

    Args:
        expression: An expression in the form of :func:`normalize`.
        accepted: Ids, or ids with their exception.
    """
    tokens = _TOKEN.findall(expression)
    value, position = _any_of(tokens, 0, frozenset(accepted))
    return value and position == len(tokens)


def _any_of(tokens: list[str], position: int, accepted: frozenset[str]) -> tuple[bool, int]:
    value, position = _all_of(tokens, position, accepted)
    while tokens[position : position + 1] == ["OR"]:
        other, position = _all_of(tokens, position + 1, accepted)
        value = value or other
    return value, position


def _all_of(tokens: list[str], position: int, accepted: frozenset[str]) -> tuple[bool, int]:
    value, position = _single(tokens, position, accepted)
    while tokens[position : position + 1] == ["AND"]:
        other, position = _single(tokens, position + 1, accepted)
        value = value and other
    return value, position


def _single(tokens: list[str], position: int, accepted: frozenset[str]) -> tuple[bool, int]:
    if tokens[position : position + 1] == ["("]:
        value, position = _any_of(tokens, position + 1, accepted)
        return value and tokens[position : position + 1] == [")"], position + 1
    name = "".join(tokens[position : position + 1])
    if tokens[position + 1 : position + 2] == ["WITH"]:
        whole = " ".join(tokens[position : position + 3])
        return name in accepted or whole in accepted, position + 3
    return name in accepted, position + 1
