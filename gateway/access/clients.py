"""Knows who asks, and who pays for it: a credential becomes a viewer and a client. It reads no request."""

from __future__ import annotations

from typing import NamedTuple

from gateway.access.rate_limit import RateLimiter, rate_key
from gateway.access.tokens import Authenticator, Viewer
from gateway.errors import Unauthenticated


class Client(NamedTuple):
    """Who asks, and who pays for it."""

    viewer: Viewer
    rate_key: str | None


class ClientResolver:
    """The callers of one server."""

    def __init__(self, authenticator: Authenticator, rate_limiter: RateLimiter) -> None:
        self._authenticator = authenticator
        self._rate_limiter = rate_limiter

    def identify(
        self, authorization: str | None, include_drafts: str | None, cookie: str | None, address: str | None
    ) -> Client:
        """Who sends these headers, and the pass that a browser keeps, from an address.

        For a credential that is none its address pays a point. Raises as `Authenticator.viewer` and
        `RateLimiter.charge`.
        """
        try:
            viewer = self._authenticator.viewer(authorization, include_drafts, cookie)
        except Unauthenticated:
            self._rate_limiter.charge(rate_key(None, address), 1)
            raise
        return Client(viewer, rate_key(viewer.token, address))
