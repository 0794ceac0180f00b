import asyncio

from solution import probe_all

running = most = 0


async def probe(gateway):
    global running, most
    running += 1
    most = max(most, running)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running -= 1
    if gateway == "g3":
        raise OSError("no route")
    return f"{gateway} ok"


names = ["g5", "g1", "g3", "g2", "g4"]
statuses = asyncio.run(probe_all(names, probe, 3))
assert list(statuses) == names
assert statuses["g3"] == "offline" and statuses["g1"] == "g1 ok"
assert asyncio.run(probe_all([], probe, 3)) == {}
assert most <= 3
assert most == 3, f"at most {most} probe ran at a time where 3 may"
