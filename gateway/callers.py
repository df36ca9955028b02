"""Knows who asks, and who pays for it: a credential becomes a viewer and a client. It reads no request."""

from __future__ import annotations

from typing import NamedTuple

from gateway.auth import Authenticator, Viewer
from gateway.errors import Unauthenticated
from gateway.rates import Rates, client


class Caller(NamedTuple):
    """Who asks, and who pays for it."""

    viewer: Viewer
    payer: str | None


class Callers:
    """The callers of one server."""

    def __init__(self, authenticator: Authenticator, rates: Rates) -> None:
        self._authenticator = authenticator
        self._rates = rates

    def caller(
        self, authorization: str | None, include_drafts: str | None, cookie: str | None, address: str | None
    ) -> Caller:
        """Who sends these headers, and the pass that a browser keeps, from an address.

        For a credential that is none its address pays a point. Raises as `Authenticator.viewer` and `Rates.charge`.
        """
        try:
            viewer = self._authenticator.viewer(authorization, include_drafts, cookie)
        except Unauthenticated:
            self._rates.charge(client(None, address), 1)
            raise
        return Caller(viewer, client(viewer.token, address))
