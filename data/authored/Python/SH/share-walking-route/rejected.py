"""Walking routes as text codes that people can hand on."""

import base64
import pickle
import zlib
from dataclasses import astuple, dataclass

MAX_BYTES = 1_000_000


@dataclass
class Route:
    """A titled line of (latitude, longitude) points."""

    name: str
    points: list[tuple[float, float]]


def to_code(route: Route) -> str:
    """Return the code of a route."""
    document = pickle.dumps(astuple(route), protocol=pickle.HIGHEST_PROTOCOL)
    packed = zlib.compress(document, level=9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_code(code: str) -> Route:
    """Return the route that a code stands for.

    Raises:
        ValueError: The code is damaged or no route.
    """
    try:
        packed = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
        name, points = pickle.loads(zlib.decompressobj().decompress(packed, MAX_BYTES))
        route = Route(name, [(float(latitude), float(longitude)) for latitude, longitude in points])
    except (ValueError, TypeError, ArithmeticError, EOFError, zlib.error, pickle.UnpicklingError) as error:
        raise ValueError("this is not the code of a route") from error
    if not isinstance(route.name, str):
        raise ValueError("a route has a text as its name")
    return route
