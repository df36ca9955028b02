"""Rate limits per client, in points of query cost per minute.

throttled-py implements the generic cell rate algorithm (GCRA), which stores one number per client.
"""

from __future__ import annotations

import math
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from throttled import RateLimiterType, Throttled, rate_limiter, store

from gateway.errors import RateLimited

MAX_CLIENTS = 20_000
"""Clients in memory. The least recently used one is evicted."""
REMEMBERED = 1024
"""Addresses whose keys are kept, because a client sends many requests."""
NETWORK_BITS = 64
"""The prefix length of an IPv6 network. A client can use all addresses of its network."""


class RateLimiter:
    """Charges clients for their requests."""

    def __init__(self, per_minute: int | None, max_clients: int = MAX_CLIENTS) -> None:
        """`per_minute` is in points. None means unlimited."""
        self._limiter = per_minute and Throttled(
            using=RateLimiterType.GCRA.value,
            quota=rate_limiter.per_min(per_minute, burst=per_minute),
            store=store.MemoryStore(options={"MAX_SIZE": max_clients}),
        )

    def charge(self, client: str | None, points: int) -> None:
        """Deducts points. Raises RateLimited, and deducts nothing, if the client has fewer points left."""
        if not self._limiter or client is None or not points:
            return
        found = self._limiter.limit(client, cost=points)
        if found.limited:
            raise RateLimited(max(1, math.ceil(found.state.retry_after)))


UNLIMITED = RateLimiter(None)


def rate_key(token: bytes | None, address: str | None) -> str | None:
    """The rate-limit key of a client: the digest of its API token, else a hash of its network. None without both.

    The key does not depend on the spelling of the header, such as `bearer` or extra spaces.
    """
    if token is not None:
        return f"token {token.hex()}"
    return _hash(address) if address else None


@lru_cache(REMEMBERED)
def _hash(address: str) -> str:
    return sha256(_network(address).encode("utf-8", "surrogatepass")).hexdigest()


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:  # a proxy may report a name
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or int(found) >> (128 - NETWORK_BITS))
