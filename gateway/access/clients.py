"""Resolves request credentials to a viewer (permissions) and a rate-limit key."""

from __future__ import annotations

from typing import NamedTuple

from gateway.access.rate_limit import RateLimiter, rate_key
from gateway.access.tokens import Authenticator, Viewer
from gateway.errors import Unauthenticated


class Client(NamedTuple):
    """The viewer and the rate-limit key of a request."""

    viewer: Viewer
    rate_key: str | None = None


class ClientResolver:
    """Authenticates clients, and rate-limits failed attempts."""

    def __init__(self, authenticator: Authenticator, rate_limiter: RateLimiter) -> None:
        self._authenticator = authenticator
        self._rate_limiter = rate_limiter
        self._anyone = authenticator.viewer(None, None)

    def identify(
        self, authorization: str | None, include_drafts: str | None, cookie: str | None, address: str | None
    ) -> Client:
        """Resolves the values of Authorization, X-Include-Drafts and the preview cookie, and the client address.

        Most clients send none of the three. An invalid credential costs its address one point. Raises the errors of
        `Authenticator.viewer` and `RateLimiter.charge`.
        """
        if authorization is None and include_drafts is None and cookie is None:
            return Client(self._anyone, rate_key(None, address))
        try:
            viewer = self._authenticator.viewer(authorization, include_drafts, cookie)
        except Unauthenticated:
            self._rate_limiter.charge(rate_key(None, address), 1)
            raise
        return Client(viewer, rate_key(viewer.token, address))
