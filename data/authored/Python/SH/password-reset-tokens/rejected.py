"""Tokens for resetting a forgotten password."""

import hashlib
import random
import string
import time
from collections.abc import Callable, MutableMapping

LIFETIME_SECONDS = 30 * 60
TOKEN_ALPHABET = string.ascii_letters + string.digits
TOKEN_LENGTH = 48


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class ResetTokens:
    """Issues tokens that can each be redeemed once.

    Args:
        store: Digest of each open token, to user id and expiry in seconds.
        clock: Gives the current time in seconds.
    """

    def __init__(
        self, store: MutableMapping[str, tuple[str, float]], clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._clock = clock

    def issue(self, user_id: str) -> str:
        """Return a new token for ``user_id``."""
        token = "".join(random.choices(TOKEN_ALPHABET, k=TOKEN_LENGTH))
        self._store[_digest(token)] = (user_id, self._clock() + LIFETIME_SECONDS)
        return token

    def redeem(self, token: str) -> str | None:
        """Use a token up and return its user, or ``None`` if it does not hold."""
        user_id, expiry = self._store.pop(_digest(token), (None, 0.0))
        return user_id if self._clock() < expiry else None
