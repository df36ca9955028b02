"""The GraphiQL page: its content security policy, and the page without GraphiQL's files."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import orjson
import pytest
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.routing import Route

from gateway.access.preview_tokens import PreviewTokens
from gateway.explorer import graphiql_page
from gateway.explorer.assets import CDN, SCRIPTS, STYLES
from gateway.settings import Mode
from gateway.web.preview_links import COOKIE
from tests.browsing import visit
from tests.commands import Running, running
from tests.explorer.conftest import SEEDS
from tests.service import serving

ICON = "graphiql/icon.svg"
CDN_HOST = urlsplit(CDN).netloc
INSTALLED = pytest.mark.usefixtures("graphiql")


@pytest.fixture(scope="module")
def dev_without_files(bare: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`dev` without GraphiQL's files."""
    cache = tmp_path_factory.mktemp("far")
    with running("dev", SEEDS, "--log-level", "warning", cache=cache, wrapper=bare) as server:
        server.said(r"^\d+ articles")
        yield server


def directives(response: httpx.Response) -> dict[str, str]:
    """The policy by directive, without its nonce."""
    policy = re.sub(r"'nonce-[\w-]{22}'", "'nonce'", response.headers["content-security-policy"])
    return dict(directive.split(" ", 1) for directive in policy.split("; "))


@INSTALLED
async def test_policy_names_no_host(tmp_path: Path) -> None:
    """Inline scripts are not allowed. Inline styles need a nonce, which is new for each response."""
    async with serving(tmp_path, Mode.DEV) as client:
        first, second = [await client.get("/graphiql") for _ in range(2)]
    assert first.headers["content-security-policy"] != second.headers["content-security-policy"]
    assert "://" not in first.headers["content-security-policy"]
    assert directives(first) == directives(second)
    assert (directives(first)["script-src"], directives(first)["style-src"]) == ("'self'", "'self' 'nonce'")


@INSTALLED
async def test_files_are_cached(tmp_path: Path) -> None:
    """Every file that the page names exists. Files with a version in their path are cached for ever."""
    async with serving(tmp_path, Mode.DEV) as client:
        html = (await client.get("/graphiql")).text
        paths = re.findall(r'(?:src|href)="([^"]+)"', html)
        assert len(paths) == len((*STYLES, *SCRIPTS)) + 3
        answers = {path: await client.get(f"/{path}") for path in paths}
    for path, answer in answers.items():
        assert answer.status_code == 200
        kept = "public, max-age=31536000, immutable" if "/assets/" in path else "no-cache"
        assert answer.headers["cache-control"] == ("public, max-age=86400" if path == ICON else kept)
    for asset in (*STYLES, *SCRIPTS):
        answer = answers[f"graphiql/assets/{asset.name}"]
        assert asset.is_whole(answer.content)
        assert answer.headers["content-type"] in {"text/css; charset=utf-8", "text/javascript; charset=utf-8"}


async def test_favicon(tmp_path: Path) -> None:
    """One SVG is cached for a day, with a policy that lets it load nothing. Previews get a private copy."""
    secret = "0123456789abcdef" * 2
    held = {"Cookie": f"{COOKIE}={PreviewTokens(secret).issue(int(time.time()) + 60)}"}
    async with serving(tmp_path / "dev", Mode.DEV) as client:
        for path in ("/", "/graphiql", "/docs/"):
            html = (await client.get(path)).text
            [href] = re.findall(r'<link rel="icon" type="image/svg\+xml" href="([^"]+)">', html)
            icon = await client.get(urljoin(path, href))
            assert (icon.url.path, icon.status_code) == (f"/{ICON}", 200)
            assert icon.headers["content-type"] == "image/svg+xml"
            assert icon.headers["cache-control"] == "public, max-age=86400"
            assert icon.headers["content-security-policy"].startswith("default-src 'none'")
    async with serving(tmp_path / "preview", preview_explorer=True, preview_secret=secret) as client:
        assert (await client.get(f"/{ICON}")).status_code == 404
        assert (await client.get(f"/{ICON}", headers=held)).headers["cache-control"] == "private, max-age=86400"


@INSTALLED
async def test_policy_is_enforced(browser: Browser, dev: Running) -> None:
    """Inline scripts do not run, inline styles do not apply, and other hosts cannot be requested."""
    visited = await visit(browser, f"{dev.url}/graphiql")
    await visited.page.evaluate(
        """async () => {
            for (const [name, text] of [["script", "window.ran = true"], ["style", "body { color: red }"]]) {
                const element = document.createElement(name);
                element.textContent = text;
                document.body.append(element);
            }
            await fetch("https://gazette.example/").catch(() => {});
        }"""
    )
    assert await visited.page.evaluate("window.ran") is None
    assert len(visited.violations) == 3
    assert "gazette.example" not in visited.hosts


async def test_dev_falls_back_to_the_cdn(dev_without_files: Running) -> None:
    """Each file is checked by its digest, and the policy allows the CDN."""
    response = dev_without_files.get("/graphiql")
    for asset in (*STYLES, *SCRIPTS):
        assert f'="{asset.url}" integrity="{asset.integrity}" crossorigin' in response.text
    assert len(re.findall(CDN, response.text)) == len((*STYLES, *SCRIPTS))
    assert directives(response)["script-src"] == f"'self' {CDN}"
    assert directives(response)["style-src"] == f"'self' {CDN} 'nonce'"
    assert (directives(response)["connect-src"], directives(response)["default-src"]) == ("'self'", "'none'")


async def test_unreachable_cdn(browser: Browser, dev_without_files: Running) -> None:
    """The page names the CDN, requests no other host, and keeps its policy."""
    visited = await visit(browser, f"{dev_without_files.url}/graphiql")
    assert f"comes from {CDN_HOST}, which must be reachable" in await visited.page.inner_text("#graphiql")
    assert visited.hosts == {urlsplit(dev_without_files.url).netloc, CDN_HOST}
    assert {urlsplit(url).netloc for url in visited.failed} == {CDN_HOST}
    assert visited.violations == []
    assert all("net::ERR_NAME_NOT_RESOLVED" in error for error in visited.errors)


def test_serve_without_files(bare: tuple[str, ...], tmp_path: Path) -> None:
    """The page says what to do, and loads nothing from elsewhere."""
    with running("serve", SEEDS, "--explorer", "--log-level", "warning", cache=tmp_path, wrapper=bare) as server:
        response = server.get("/graphiql")
    assert response.status_code == 503
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "EXPLORER_MISSING"}
    assert "make explorer" in error["message"]
    assert "://" not in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("mode", "flags", "headers"),
    [
        (Mode.DEV, {}, graphiql_page.DRAFTS),
        (Mode.SERVE, {"explorer": True}, graphiql_page.TOKEN),
        (Mode.SERVE, {"explorer": True, "tokens": ["reader:secured:read"]}, {}),
        (Mode.SERVE, {"explorer": True, "tokens": [], "preview_secret": "0123456789abcdef" * 2}, graphiql_page.TOKEN),
    ],
)
@INSTALLED
async def test_headers_pane(tmp_path: Path, mode: Mode, flags: dict[str, Any], headers: dict[str, str]) -> None:
    """An author sees drafts, and the pane shows how to hide them. Under `serve` the pane has a placeholder for a
    token."""
    async with serving(tmp_path, mode, **flags) as client:
        [found] = re.findall(r'data-headers="([^"]*)"', (await client.get("/graphiql")).text)
    assert orjson.loads(unescape(found)) == headers


@INSTALLED
async def test_preview_shows_drafts_and_is_not_cached(tmp_path: Path) -> None:
    """A visitor with a preview cookie sees drafts, and the response is private."""
    secret = "0123456789abcdef" * 2
    kept = {"Cookie": f"{COOKIE}={PreviewTokens(secret).issue(int(time.time()) + 60)}"}
    async with serving(tmp_path, preview_explorer=True, preview_secret=secret) as client:
        shown = await client.get("/graphiql", headers=kept)
        script = await client.get(f"/graphiql/assets/{SCRIPTS[0].name}", headers=kept)
        assert (await client.get(script.url.path)).status_code == 404
    assert escape(orjson.dumps(graphiql_page.DRAFTS, option=orjson.OPT_INDENT_2).decode()) in shown.text
    assert shown.headers["cache-control"] == "private, no-store"
    assert script.headers["cache-control"] == "private, max-age=31536000, immutable"


async def test_page_names_example_queries() -> None:
    """The page requests example queries only if there are any."""
    for queries in (None, "graphiql/queries.json"):
        app = Starlette(
            routes=[Route(path, shown) for path, shown in graphiql_page.pages({}, cdn=True, queries=queries).items()]
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            text = (await client.get("/graphiql")).text
        assert ('data-queries="graphiql/queries.json"' in text) is bool(queries)


# The endpoint, opened in a browser.

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


async def test_endpoint_redirects_browsers(tmp_path: Path) -> None:
    """The address is relative, for proxies that add a prefix. The redirect is not cached."""
    async with serving(tmp_path, Mode.DEV) as client:
        response = await client.get("/graphql", headers={"Accept": BROWSER})
        assert (response.status_code, response.headers["location"]) == (303, "graphiql")
        assert response.headers["cache-control"] == "private, no-store"
        assert "Accept" in response.headers["vary"]


async def test_endpoint_answers_other_clients(tmp_path: Path) -> None:
    """A link with an operation, a program, and a GraphQL client that accepts HTML are not redirected."""
    query = {"query": "{ __typename }"}
    async with serving(tmp_path, Mode.DEV) as client:
        linked = await client.get("/graphql", params=query, headers={"Accept": BROWSER})
        assert linked.json() == {"data": {"__typename": "Query"}}
        digest = await client.get("/graphql", params={"documentId": "a"}, headers={"Accept": BROWSER})
        assert digest.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        for accept in ("*/*", "application/json, text/html", "text/html;q=0, */*", "text/event-stream, text/html"):
            bare = await client.get("/graphql", headers={"Accept": accept})
            assert bare.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
        sent = await client.post("/graphql", json=query, headers={"Accept": BROWSER})
        assert sent.json() == {"data": {"__typename": "Query"}}


async def test_endpoint_without_the_explorer(tmp_path: Path) -> None:
    """Browsers are not redirected, also if the explorer is only for previews and the browser has no preview cookie."""
    secret = "0123456789abcdef" * 2
    for name, previews in (("off", False), ("previews", True)):
        async with serving(tmp_path / name, preview_secret=secret, preview_explorer=previews) as client:
            response = await client.get("/graphql", headers={"Accept": BROWSER})
            assert (response.status_code, response.headers["content-type"]) == (400, "application/json; charset=utf-8")
            client.cookies.set(COOKIE, PreviewTokens(secret).issue(int(time.time()) + 1000))
            response = await client.get("/graphql", headers={"Accept": BROWSER})
            assert response.status_code == (303 if previews else 400)
