"""Order of firmware releases by semantic version."""

from collections.abc import Iterable

Rank = tuple[int, int, str]


def _identifier_rank(identifier: str) -> Rank:
    """Rank one identifier of a pre-release: numbers come before words."""
    if identifier.isdigit():
        return (0, int(identifier), "")
    return (1, 0, identifier)


def _drop_build(part: str) -> str:
    """Leave out the build metadata, which does not count for precedence."""
    return part.split("+", maxsplit=1)[0]


def precedence(version: str) -> tuple[tuple[int, ...], bool, list[Rank]]:
    """Return a key that sorts versions from lowest to highest.

    Raises:
        ValueError: The version has not three numbers.
    """
    core, _, pre_release = map(_drop_build, version.partition("-"))
    numbers = tuple(int(number) for number in core.split("."))
    if len(numbers) != 3:
        raise ValueError(f"not a semantic version: {version}")
    identifiers = pre_release.split(".") if pre_release else []
    return numbers, not identifiers, [_identifier_rank(each) for each in identifiers]


def newest_first(versions: Iterable[str]) -> list[str]:
    """Return the versions from highest to lowest precedence."""
    return sorted(versions, key=precedence, reverse=True)
