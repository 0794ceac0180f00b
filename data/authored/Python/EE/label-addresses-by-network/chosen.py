"""Finding the owner of the network that an address belongs to."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

ADDRESS_BITS = 32


class NetworkDirectory:
    """Owners of IPv4 networks, looked up by address.

    Args:
        rows: Pairs of network in CIDR notation and owner.

    Raises:
        ValueError: A network is malformed.
    """

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        owners_by_length: dict[int, dict[int, str]] = {}
        for cidr, owner in rows:
            network = IPv4Network(cidr)
            prefix = int(network.network_address) >> (ADDRESS_BITS - network.prefixlen)
            owners_by_length.setdefault(network.prefixlen, {})[prefix] = owner
        # The longest prefixes come first: they are the most specific.
        self._levels = sorted(owners_by_length.items(), reverse=True)

    def owner_of(self, address: str) -> str | None:
        """Return the owner of the most specific network around ``address``.

        Raises:
            ValueError: The address is malformed.
        """
        number = int(IPv4Address(address))
        for length, owners in self._levels:
            prefix = number >> (ADDRESS_BITS - length)
            if prefix in owners:
                return owners[prefix]
        return None
