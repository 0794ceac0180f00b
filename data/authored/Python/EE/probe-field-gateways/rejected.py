"""Polling the gateways in the field."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

OFFLINE = "offline"


async def probe_all(
    gateways: Sequence[str],
    probe: Callable[[str], Awaitable[str]],
    limit: int,
) -> dict[str, str]:
    """Ask every gateway for its status.

    Args:
        gateways: Names of the gateways.
        probe: Returns the status of a gateway; raises ``OSError`` if it cannot be reached.
        limit: How many probes may run at the same time.
    """
    places = asyncio.Semaphore(limit)

    async def status_of(gateway: str) -> str:
        async with places:
            try:
                return await probe(gateway)
            except OSError:
                return OFFLINE

    statuses: dict[str, str] = {}
    async with asyncio.TaskGroup() as group:
        for gateway in gateways:
            task = group.create_task(status_of(gateway))
            statuses[gateway] = await task
    return statuses
