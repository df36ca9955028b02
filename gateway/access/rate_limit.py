"""What each client may ask for in a minute, in points of cost. It knows no request, and keeps no client for long.

How often is too often is worked out by throttled-py: the generic cell rate algorithm, with one number for each client.
"""

from __future__ import annotations

import math
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from throttled import RateLimiterType, Throttled, rate_limiter, store

from gateway.errors import RateLimited

MAX_CLIENTS = 20_000
"""As many are remembered, those that asked last."""
NETWORK_BITS = 64
"""Of an IPv6 address as many say whose it is; the owner chooses the rest, and may choose anew for each request."""


class RateLimiter:
    """The rates of one server's clients."""

    def __init__(self, per_minute: int | None, max_clients: int = MAX_CLIENTS) -> None:
        """Without a number of points `per_minute` everything is allowed."""
        self._limiter = per_minute and Throttled(
            using=RateLimiterType.GCRA.value,
            quota=rate_limiter.per_min(per_minute, burst=per_minute),
            store=store.MemoryStore(options={"MAX_SIZE": max_clients}),
        )

    def charge(self, client: str | None, points: int) -> None:
        """Raises RateLimited where the client has not so many points left; then it keeps those that it has."""
        if not self._limiter or client is None or not points:
            return
        found = self._limiter.limit(client, cost=points)
        if found.limited:
            raise RateLimited(max(1, math.ceil(found.state.retry_after)))


UNLIMITED = RateLimiter(None)


def rate_key(token: bytes | None, address: str | None) -> str | None:
    """Who a client is: the token that it is known by, of which this is the digest; else its address. None for nobody.

    However the token was written, it is one client.
    """
    if token is not None:
        return f"token {token.hex()}"
    return sha256(_network(address).encode("utf-8", "surrogatepass")).hexdigest() if address else None


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:  # a proxy may tell a name
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or int(found) >> (128 - NETWORK_BITS))
