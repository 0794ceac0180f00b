"""Finding the owner of the network that an address belongs to."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network


class NetworkDirectory:
    """Owners of IPv4 networks, looked up by address.

    Args:
        rows: Pairs of network in CIDR notation and owner.

    Raises:
        ValueError: A network is malformed.
    """

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        owners: dict[IPv4Network, str] = {}
        for cidr, owner in rows:
            owners[IPv4Network(cidr)] = owner
        self._networks = sorted(
            owners.items(),
            key=lambda entry: entry[0].prefixlen,
            reverse=True,
        )

    def owner_of(self, address: str) -> str | None:
        """Return the owner of the most specific network around ``address``.

        Raises:
            ValueError: The address is malformed.
        """
        parsed = IPv4Address(address)
        for network, owner in self._networks:
            if parsed in network:
                return owner
        return None
