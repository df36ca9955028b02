"""A page on another port of this machine, in a browser, that queries the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.async_api import Browser

from tests.browsing import visit
from tests.commands import Running

DRAFT = "A draft that only a preview shows"
ASK = """async ([url, headers]) => {
  const body = JSON.stringify({ query: "{ articles { nodes { title } } }" });
  const sent = { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } };
  const answer = await fetch(`${url}/graphql`, sent).catch(({ name }) => name);
  return typeof answer === "string" ? answer : answer.text();
}"""
LISTEN = """([url, payload]) => new Promise((resolve) => {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  const send = (message) => socket.send(JSON.stringify(message));
  const query = "{ articles { nodes { title } } }";
  socket.onopen = () => send({ type: "connection_init", payload });
  socket.onclose = () => resolve("closed");
  socket.onmessage = ({ data }) => {
    const { type } = JSON.parse(data);
    if (type === "connection_ack") send({ id: "1", type: "subscribe", payload: { query } });
    if (type === "next") resolve(data);
  };
})"""


class Handler(SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """The origin of a page from another server on this machine."""
    (tmp_path / "index.html").write_text("<!doctype html><title>A site</title>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_local_page_reads_dev(browser: Browser, dev: Running, origin: str) -> None:
    """It reads public content, and drafts with the header, by `fetch` and over a WebSocket."""
    page = (await visit(browser, origin)).page
    for script in (ASK, LISTEN):
        public = await page.evaluate(script, [dev.url, {}])
        preview = await page.evaluate(script, [dev.url, {"X-Include-Drafts": "true"}])
        assert '"title"' in public
        assert DRAFT not in public
        assert DRAFT in preview


async def test_local_page_cannot_read_serve(browser: Browser, public: Running, origin: str) -> None:
    """The browser withholds the response, and no WebSocket opens."""
    page = (await visit(browser, origin)).page
    assert await page.evaluate(ASK, [public.url, {}]) == "TypeError"
    assert await page.evaluate(LISTEN, [public.url, {}]) == "closed"


async def test_endpoint_opens_graphiql(browser: Browser, dev: Running) -> None:
    """A browser that opens the endpoint shows GraphiQL."""
    assert (await visit(browser, f"{dev.url}/graphql")).page.url == f"{dev.url}/graphiql"
