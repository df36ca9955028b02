"""The start page in a browser without access to other machines, with a server started by its command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
import pytest
from playwright.async_api import Browser, Page

from gateway.settings import Mode
from gateway.web.preview_links import link
from tests.browsing import Visit, visit
from tests.clients import npm
from tests.commands import Running
from tests.conftest import NO_TLS, need
from tests.explorer.test_start_page import FIGURES, HOSTILE
from tests.service import FILES, listening_to, service
from tests.test_preview_links import GOOD, SECRET

PHONE: Mapping[str, Any] = {"viewport": {"width": 360, "height": 740}}
DESK: Mapping[str, Any] = {"viewport": {"width": 1440, "height": 900}}
STOPS = "[...document.querySelectorAll('a, summary, button')].map((each) => each.textContent.trim())"
FOCUS = "document.activeElement.matches('a, summary, button') ? document.activeElement.textContent.trim() : ''"
OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"


async def until_live(visited: Visit) -> None:
    await visited.page.locator("#live.on").wait_for()


async def figures(page: Page) -> Mapping[str, str]:
    names, numbers = [await page.locator(f".figures {name}").all_inner_texts() for name in ("dt", "dd")]
    return dict(zip(names, numbers, strict=True))


async def test_changes_appear_at_once(browser: Browser, live: Running, draft: Path) -> None:
    """A problem is shown with its position and hint until it is fixed. A new article is shown."""
    visited = await visit(browser, live.url)
    await until_live(visited)
    page = visited.page
    assert await page.locator(".problem.error").count() == 0
    (draft / "a-draft.md").write_text("---\ntitle: One: two\n---\n")
    problem = page.locator(".problem.error")
    await problem.wait_for()
    assert "a-draft.md:2:11" in await problem.inner_text()
    assert "Put a value that holds a colon in quotes." in await problem.inner_text()
    assert await page.title() == "1 problem – content gateway"
    assert await page.locator("#told").inner_text() == "Updated: 8 articles, 1 problem."
    (draft / "a-draft.md").write_text("---\ntitle: 'One: two'\n---\n")
    await problem.wait_for(state="detached")
    (draft / "new.md").write_text("---\ntitle: Just saved\ndate: 2026-01-01\n---\n")
    await page.get_by_role("link", name="Just saved").wait_for()
    assert (await figures(page))["Published"] == "7"
    assert visited.hosts == {urlsplit(live.url).netloc}
    assert (visited.failed, visited.violations, visited.errors) == ([], [], [])


async def test_update_keeps_the_state_of_the_page(browser: Browser, live: Running, draft: Path) -> None:
    """Expanded parts, focus and scroll position stay."""
    page = (visited := await visit(browser, live.url)).page
    await until_live(visited)
    await page.locator("#by-month summary").click()
    kept = page.get_by_role("link", name="Release notes of 2024")
    await kept.focus()
    at = await page.evaluate("scrollY")
    assert at > 0
    (draft / "new.md").write_text("---\ntitle: Just saved\n---\n")
    await page.locator(".figures div", has_text="Published").get_by_text("6", exact=True).wait_for()
    assert await page.locator("#by-month").get_attribute("open") is not None
    assert await page.evaluate(FOCUS) == "Release notes of 2024"
    assert await page.evaluate("scrollY") == at


async def test_preview_is_updated(browser: Browser, tmp_path: Path) -> None:
    """A visitor with a preview link sees new drafts."""
    async with (
        service(tmp_path, preview_secret=SECRET, preview_explorer=True) as found,
        listening_to(found) as url,
    ):
        visited = await visit(browser, link(url, GOOD))
        await until_live(visited)
        await found.change({"new.md": "---\ntitle: Just begun\ndraft: true\n---\n"})
        await visited.page.get_by_role("link", name="Just begun").wait_for()
        assert (await figures(visited.page))["Drafts"] == "2"


async def test_copy_buttons(browser: Browser, dev: Running) -> None:
    """The address and the requests are copied. If the browser refuses, the text is selected."""
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = (visited := await visit(context, dev.url)).page
    await page.get_by_role("button", name="Copy the endpoint").click()
    await page.get_by_text("Copied the endpoint.").wait_for()
    assert await page.evaluate("navigator.clipboard.readText()") == f"{dev.url}/graphql"
    await page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    await page.get_by_role("button", name="Copy the curl request").click()
    await page.get_by_text("Selected. Copy it with the keyboard.").wait_for()
    assert str(await page.evaluate("String(getSelection())")).startswith(f"curl {dev.url}/graphql")
    assert (visited.violations, visited.errors) == ([], [])


async def test_article_page_follows_its_file(browser: Browser, live: Running, draft: Path) -> None:
    """The page shows each save and deletion, whatever its headings and folded parts are named."""
    (draft / "new.md").write_text("---\ntitle: Just saved\n---\n# Live\n<details open>Folded</details>\n")
    visited = await visit(browser, live.url)
    await until_live(visited)
    page = visited.page
    await page.get_by_role("link", name="Just saved").click()
    await until_live(visited)
    (draft / "new.md").write_text("---\ntitle: Just saved\n---\n# Told\nSecond text\n")
    await page.get_by_text("Second text").wait_for()
    assert await page.locator("article h1").inner_text() == "Told"
    (draft / "new.md").unlink()
    await page.get_by_role("heading", name="Article not found").wait_for()
    assert visited.violations == []


async def test_lost_connection_is_shown(browser: Browser, live: Running) -> None:
    """The page states that its content may be outdated."""
    visited = await visit(browser, live.url)
    await until_live(visited)
    live.stop()
    await visited.page.get_by_text("Not connected").wait_for()


async def test_page_appears_after_the_first_load(browser: Browser, tmp_path: Path) -> None:
    """A visitor during the first load gets the page when the load ends."""
    async with service(tmp_path, Mode.DEV, {}) as found, listening_to(found) as url:
        page = (await visit(browser, url)).page
        assert await page.locator("h1").inner_text() == "The content is being loaded"
        await found.change(FILES)
        await page.get_by_role("heading", name="Your content as a GraphQL API").wait_for()


async def test_page_without_javascript(browser: Browser, dev: Running) -> None:
    """All content is shown, and nothing claims to be live."""
    visited = await visit(await browser.new_context(java_script_enabled=False), dev.url)
    page = visited.page
    assert await figures(page) == FIGURES
    assert await page.locator("h2").all_inner_texts() == [
        *("Send a request", "What is loaded", "Problems", "Ask the API", "Newest articles", "Scheduled next"),
        *("Articles by month", "Largest topics", "Largest providers"),
    ]
    assert not await page.locator("#live").inner_text()
    assert not await page.locator(".copy").first.is_visible()
    assert visited.hosts == {urlsplit(dev.url).netloc}


@pytest.mark.parametrize("options", [PHONE, DESK], ids=["phone", "desk"])
async def test_page_needs_no_horizontal_scrolling(browser: Browser, tmp_path: Path, options: Mapping[str, Any]) -> None:
    """This holds for long words too."""
    long = "x" * 300
    files = {f"{long[:200]}.md": f"---\ntitle: {long}\ntopics: [{long}]\nprovider: {{name: {long}}}\n---\n"}
    async with service(tmp_path, Mode.DEV, {**FILES, **files}) as found, listening_to(found) as url:
        page = (await visit(await browser.new_context(**options), url)).page
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.locator("h1").evaluate("(each) => each.getBoundingClientRect().left >= 16")


async def test_keyboard_order(browser: Browser, dev: Running) -> None:
    """The focus moves in reading order, from the skip link on, and is visible."""
    page = (visited := await visit(browser, dev.url)).page
    await until_live(visited)
    stops = await page.evaluate(STOPS)
    assert stops[:5] == ["Skip to the content", "content gateway", "GraphiQL", "Schema", "Docs"]
    seen = []
    for _ in stops:
        await page.keyboard.press("Tab")
        seen.append(await page.evaluate(FOCUS))
        assert await page.evaluate(OUTLINE) == "solid"
    assert seen == stops
    await page.goto(dev.url)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert await page.evaluate(FOCUS) == stops[5]


async def test_links_open_their_queries(browser: Browser, dev: Running) -> None:
    """The address is enough for GraphiQL to open the query, and each query is answered."""
    page = (await visit(browser, dev.url)).page
    links = await page.locator("main a[href^=graphiql]").evaluate_all("(all) => all.map((each) => each.href)")
    assert len(links) > 15
    async with httpx.AsyncClient(base_url=dev.url, timeout=30, trust_env=False, verify=NO_TLS) as client:
        for address in links:
            parts = urlsplit(address)
            assert parts.path == "/graphiql"
            [query], [variables] = parse_qs(parts.fragment, strict_parsing=True).values()
            if not query.splitlines()[1].startswith("subscription"):
                sent = {"query": query, "variables": orjson.loads(variables)}
                answer = (await client.post("/graphql", json=sent)).json()
                assert "errors" not in answer, answer
                assert None not in answer["data"].values()
    await page.get_by_role("link", name="Search", exact=True).click()
    assert urlsplit(page.url).path == "/graphiql"
    assert urlsplit(page.url).fragment.startswith("query=%23%20A%20search")


async def test_hostile_titles_are_text(browser: Browser, tmp_path: Path) -> None:
    """They run no code and are shown as written."""
    async with service(tmp_path, Mode.DEV, {**FILES, "hostile.md": HOSTILE}) as found, listening_to(found) as url:
        visited = await visit(browser, url)
        await until_live(visited)
        await visited.page.get_by_role("link", name="<script>window.ran = true</script> & \"x\" onload='y'").wait_for()
        assert await visited.page.evaluate("window.ran") is None
        assert (visited.violations, visited.errors) == ([], [])


async def test_policy_is_enforced(browser: Browser, dev: Running) -> None:
    """Injected scripts and styles have no effect, and other hosts cannot be requested."""
    visited = await visit(browser, dev.url)
    await visited.page.evaluate(
        """async () => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            document.querySelector("h1").setAttribute("style", "color: red");
            await fetch("https://gazette.example/").catch(() => {});
        }"""
    )
    assert await visited.page.evaluate("window.ran") is None
    assert len(visited.violations) == 3
    assert "gazette.example" not in visited.hosts


@pytest.mark.parametrize(("options", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone", "desk"])
async def test_page_is_accessible(
    browser: Browser, live: Running, draft: Path, scheme: Literal["light", "dark"], options: Mapping[str, Any]
) -> None:
    """axe finds nothing serious, with problems and tables visible, in an article and in the docs. Each colour scheme is
    tested at one width, because widths do not change colours."""
    need("node", npm.node())
    axe = (npm.install(Path(__file__).parent).folder / "axe-core/axe.min.js").read_text()
    (draft / "broken.md").write_text("---\ntitle: One: two\n---\n")
    (draft / "guessed.md").write_text("---\ntitle: One\nquality: high\n---\n")
    context = await browser.new_context(color_scheme=scheme, bypass_csp=True, **options)
    page = (visited := await visit(context, live.url)).page
    await until_live(visited)
    await page.locator(".problem.error").wait_for()
    for summary in await page.locator("summary").all():
        await summary.click()
    article = await page.get_by_role("link", name="Headings, code and a table").get_attribute("href")
    for address in (None, f"{live.url}/{article}", f"{live.url}/docs/content.md"):
        if address:
            await page.goto(address)
        await page.evaluate(axe)
        found = await page.evaluate("axe.run()")
        assert found["passes"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
