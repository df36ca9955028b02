"""What every response gets, and which hosts are answered for."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse

from gateway.middleware import KnownHosts, ResponseHeaders


async def get(host: str) -> httpx.Response:
    app = ResponseHeaders(KnownHosts(PlainTextResponse("well")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return await client.get("http://localhost/", headers={"Host": host})


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]", "[::1]:8000"])
async def test_a_loopback_host_is_answered(host: str) -> None:
    """Each way to write the loopback host, with a port and without, reaches the application."""
    assert (await get(host)).text == "well"


@pytest.mark.parametrize("host", ["", "example.org", "localhost.example.org", "127.0.0.1:8000:1x", "::1", "[::1"])
async def test_another_host_is_refused(host: str) -> None:
    """A host that is not the server's own gets 421 and a JSON error, and every header of a response."""
    response = await get(host)
    assert (response.status_code, response.json()["errors"][0]["extensions"]) == (421, {"code": "MISDIRECTED_REQUEST"})
    assert response.headers["x-content-type-options"] == "nosniff"
    assert len(response.headers["x-request-id"]) == 32
