"""Proportional splitting of integer money amounts."""

from collections.abc import Mapping


def split_cents(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide ``total`` cents between the teams of ``weights``.

    Args:
        total: Amount to divide, in cents.
        weights: Usage of each team.

    Returns:
        Cents per team, in the order of ``weights``; they add up to ``total``.

    Raises:
        ValueError: There is no team, or a number is negative.
    """
    if not weights:
        raise ValueError("there is no team to split the bill between")
    if total < 0 or min(weights.values()) < 0:
        raise ValueError("amounts and usage cannot be negative")

    usage = dict(weights)
    if not any(usage.values()):
        usage = dict.fromkeys(usage, 1)
    whole = sum(usage.values())

    shares: dict[str, int] = {}
    remainders: dict[str, int] = {}
    for team, used in usage.items():
        shares[team], remainders[team] = divmod(total * used, whole)

    left_over = total - sum(shares.values())
    ranking = sorted(remainders, key=lambda team: remainders[team], reverse=True)
    for team in ranking[:left_over]:
        shares[team] += 1
    return shares
