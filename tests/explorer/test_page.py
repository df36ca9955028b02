"""The GraphiQL page in a browser that reaches no other machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.async_api import Browser

from gateway.explorer.page import CDN
from tests.browsing import visit
from tests.commands import Running

CDN_HOST = urlsplit(CDN).netloc


async def test_the_page_says_what_it_lacks(browser: Browser, dev: Running) -> None:
    """Where the CDN cannot be reached the page names it; it asks nobody else, and keeps to its own policy."""
    visited = await visit(browser, f"{dev.url}/graphiql")
    told = await visited.page.inner_text("#graphiql")
    assert told == f"Loading GraphiQL. It comes from {CDN_HOST}, which must be reachable."
    assert visited.hosts == {urlsplit(dev.url).netloc, CDN_HOST}
    assert {urlsplit(url).netloc for url in visited.failed} == {CDN_HOST}
    assert (visited.violations, visited.errors) == ([], [])


async def test_the_policy_bites(browser: Browser, dev: Running) -> None:
    """A script in the page's text does not run, and no other host can be asked."""
    visited = await visit(browser, f"{dev.url}/graphiql")
    await visited.page.evaluate(
        """async () => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            await fetch("https://gazette.example/").catch(() => {});
        }"""
    )
    assert await visited.page.evaluate("window.ran") is None
    assert len(visited.violations) == 2
    assert "gazette.example" not in visited.hosts
