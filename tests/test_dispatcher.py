"""Headers of every response, and allowed hosts."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.execution.executor import mask_error
from gateway.web.compression import Compression
from gateway.web.cors import AllowedOrigins
from gateway.web.dispatcher import LOOPBACK, Dispatcher
from gateway.web.responses import SECURITY_HEADERS


def dispatcher(app: ASGIApp, hosts: Collection[str] | None = LOOPBACK) -> Dispatcher:
    return Dispatcher(app, app, hosts=hosts, origins=AllowedOrigins(()), compression=Compression(0), mask=mask_error)


async def get(host: str, path: str = "/") -> httpx.Response:
    app = dispatcher(PlainTextResponse("well"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return await client.get(f"http://localhost{path}", headers={"Host": host})


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]", "[::1]:8000"])
async def test_loopback_host_is_accepted(host: str) -> None:
    """In each spelling, with and without a port."""
    assert (await get(host)).text == "well"


@pytest.mark.parametrize("host", ["", "example.org", "localhost.example.org", "10.1.2.3:8000"])
async def test_other_host_is_refused(host: str) -> None:
    """It gets 421 and a JSON error, with all headers of a response."""
    response = await get(host)
    assert (response.status_code, response.json()["errors"][0]["extensions"]) == (421, {"code": "MISDIRECTED_REQUEST"})
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert len(response.headers["x-request-id"]) == 32


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probe_may_have_any_host(path: str) -> None:
    """Orchestrators send the address of the container."""
    assert (await get("10.1.2.3:8000", path)).text == "well"


def broken(*, begins: bool) -> ASGIApp:
    """An application that fails before its response, or in the middle of it."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        if begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a part", "more_body": True})
        raise ValueError("a secret")

    return app


async def test_failure_has_all_headers() -> None:
    """It is JSON with all headers, and does not contain the cause."""
    app = dispatcher(broken(begins=False))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        response = await client.get("http://localhost/")
    [error] = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (500, "INTERNAL_SERVER_ERROR")
    assert SECURITY_HEADERS.items() <= {name: response.headers.get(name) for name in SECURITY_HEADERS}.items()
    assert "secret" not in response.text


async def test_failure_during_a_response_ends_it() -> None:
    """A started response cannot be replaced."""
    app = dispatcher(broken(begins=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        with pytest.raises(ValueError, match="a secret"):
            await client.get("http://localhost/")


async def test_log_has_the_request_id_but_not_the_query(caplog: pytest.LogCaptureFixture) -> None:
    """The query string may be confidential."""
    app = dispatcher(PlainTextResponse("well"))
    with caplog.at_level(logging.INFO, "gateway.access"):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            headers = {"X-Request-Id": "of the client"}
            response = await client.get("http://localhost/path?token=secret", headers=headers)
    assert re.fullmatch(r"GET '/path' 200 [0-9.]+ ms [0-9a-f]{32}", caplog.messages[0])
    assert caplog.messages[0].endswith(response.headers["x-request-id"])
