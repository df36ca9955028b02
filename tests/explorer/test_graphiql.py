"""GraphiQL in a browser without access to other machines, with a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from gateway.explorer import graphiql_page
from gateway.explorer.ready_queries import NAMES
from gateway.settings import Mode
from tests.browsing import visit
from tests.commands import Running, running
from tests.explorer.graphiql import GraphiQL, opened
from tests.service import listening_to, service

pytestmark = [pytest.mark.usefixtures("graphiql"), pytest.mark.timeout(1000)]  # may run npm

TITLES = "{ articles { nodes { title } } }"
ONE = "---\ntitle: {}\ndate: 2024-01-01\n---\n"
DRAFT = "---\ntitle: Draft\ndraft: true\n---\n"
PUBLIC = {"data": {"articles": {"nodes": [{"title": "One"}]}}}
ALL = {"data": {"articles": {"nodes": [{"title": "One"}, {"title": "Draft"}]}}}
TABS = [name.title() for name in NAMES[:2]]
"""The example queries that a first visit opens."""
SERVE = ("--explorer", "--introspection", "--tokens", "editor:preview")


def written(folder: Path) -> Path:
    (folder / "one.md").write_text(ONE.format("One"))
    (folder / "draft.md").write_text(DRAFT)
    return folder


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("content"))


@pytest.fixture(scope="module")
def author(graphiql: None, content: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:  # noqa: ARG001
    """`dev` over two files, one of them a draft."""
    with running("dev", content, "--log-level", "warning", cache=tmp_path_factory.mktemp("author")) as server:
        server.said(r"^\d+ articles")
        yield server


@pytest.fixture(scope="module")
def public(graphiql: None, content: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:  # noqa: ARG001
    """`serve` over the same files, with a preview token."""
    cache = tmp_path_factory.mktemp("public")
    with running("serve", content, *SERVE, "--log-level", "warning", cache=cache) as server:
        server.said(r"^\d+ articles")
        yield server


async def test_typed_query_runs(browser: Browser, author: Running) -> None:
    """The editor closes brackets. In `dev` drafts are shown."""
    graphiql = await opened(browser, f"{author.url}/graphiql")
    await graphiql.write("Query Editor", "")
    await graphiql.page.keyboard.type("{ articles { nodes { title ")
    await graphiql.page.keyboard.press("Escape")
    await graphiql.read()
    await graphiql.page.keyboard.press("Control+Enter")
    assert await graphiql.answer() == ALL
    graphiql.assert_well()


async def test_first_visit_has_two_tabs(browser: Browser, author: Running) -> None:
    """The first tab runs when the page opens. Each query has a comment."""
    graphiql = await opened(browser, f"{author.url}/graphiql")
    assert await graphiql.tabs() == TABS
    assert (await graphiql.answer())["data"]["articles"]["totalCount"] == 2
    assert (await graphiql.text("Query Editor")).startswith("#")
    assert await graphiql.page.title() == f"{TABS[0]} – GraphiQL – content gateway"
    graphiql.assert_well()


async def test_explorer_adds_fields_to_the_query(browser: Browser, author: Running) -> None:
    """A checked field is in the query and in its response."""
    graphiql = await opened(browser, f"{author.url}/graphiql")
    await graphiql.write("Query Editor", "query Mine { corpus { revision } }")
    await graphiql.page.locator(".graphiql-explorer-root").get_by_text("articleCount", exact=True).click()
    answer = await graphiql.run()
    assert answer["data"]["corpus"]["articleCount"] == 2
    assert "articleCount" in await graphiql.text("Query Editor")
    graphiql.assert_well()


async def test_subscription_shows_a_change(browser: Browser, tmp_path: Path) -> None:
    """A saved file appears in the response, over a WebSocket."""
    content = tmp_path / "content"
    content.mkdir()
    with running("dev", written(content), "--log-level", "warning", cache=tmp_path) as server:
        server.said(r"^\d+ articles")
        graphiql = await opened(browser, f"{server.url}/graphiql")
        await graphiql.write("Query Editor", "subscription { articleChanged { type article { title } } }")
        await subscribed(graphiql)
        server.post("{ __typename }")  # earlier data has been read
        (content / "one.md").write_text(ONE.format("Another"))
        expected = {"data": {"articleChanged": {"type": "UPDATED", "article": {"title": "Another"}}}}
        assert await graphiql.answer() == expected
        await graphiql.press("Stop query (Ctrl-Enter)")
        graphiql.assert_well()


async def subscribed(graphiql: GraphiQL) -> list[str]:
    """Run the subscription in the editor; returns what the page sent over its WebSocket."""
    sent: list[str] = []
    complete = asyncio.Event()

    def note(frame: str | bytes) -> None:
        sent.append(str(frame))
        if '"subscribe"' in sent[-1]:
            complete.set()

    graphiql.page.on("websocket", lambda socket: socket.on("framesent", note))
    await graphiql.press("Execute query (Ctrl-Enter)")
    await asyncio.wait_for(complete.wait(), 30)
    return sent


async def test_token_in_the_headers_shows_drafts(browser: Browser, public: Running) -> None:
    """The pane has a placeholder. Until it is filled in, no header is sent and the view is public."""
    graphiql = await opened(browser, f"{public.url}/graphiql")
    await graphiql.write("Query Editor", TITLES)
    assert await graphiql.run() == PUBLIC
    await graphiql.press("Headers")
    ready = await graphiql.text("Headers")
    assert json.loads(ready) == graphiql_page.TOKEN
    await graphiql.write("Headers", ready.replace("Bearer ", "Bearer editor"))
    assert await graphiql.run() == ALL
    graphiql.assert_well()


async def test_subscription_sends_the_token(browser: Browser, public: Running) -> None:
    """The token is in `connection_init`, because pages cannot send it in the handshake."""
    graphiql = await opened(browser, f"{public.url}/graphiql")
    await graphiql.write("Query Editor", "subscription { corpusChanged { revision } }")
    await graphiql.press("Headers")
    await graphiql.write("Headers", json.dumps({**graphiql_page.TOKEN, "Authorization": "Bearer editor"}))
    first, *_ = await subscribed(graphiql)
    assert json.loads(first)["payload"] == {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}
    await graphiql.press("Stop query (Ctrl-Enter)")
    graphiql.assert_well()


async def test_link_opens_its_query(browser: Browser, author: Running) -> None:
    """It opens in a tab of its own with its variables. The button creates the link, with the query in the fragment."""
    graphiql = await opened(browser, f"{author.url}/graphiql")
    query = "query Some($first: Int!) { articles(first: $first) { totalCount } }\nquery Other { __typename }"
    await graphiql.write("Query Editor", query)
    await graphiql.write("Variables", '{"first": 1}')
    await graphiql.press("Link to this query")
    await graphiql.page.get_by_role("button", name="The address is a link to this query now").wait_for()
    address = graphiql.page.url
    operation = {"query": [query], "variables": ['{"first": 1}'], "operationName": ["Some"]}
    assert parse_qs(urlsplit(address).fragment) == operation
    assert urlsplit(address).query == ""
    assert await graphiql.page.evaluate("navigator.clipboard.readText()") == address
    graphiql.assert_well()

    other = await opened(await browser.new_context(), address)
    assert (await other.text("Query Editor"), await other.text("Variables")) == (query, '{"first": 1}')
    assert await other.run() == {"data": {"articles": {"totalCount": 2}}}
    await other.write("Query Editor", "{ __typename }")
    await other.page.wait_for_function("() => location.hash === ''")  # the address would not match the shown query
    assert await other.run() == {"data": {"__typename": "Query"}}
    other.assert_well()


async def test_link_keeps_the_other_tabs(browser: Browser, author: Running) -> None:
    """The link adds one tab, once, however often it is opened."""
    context = await browser.new_context()
    graphiql = await opened(context, f"{author.url}/graphiql")
    await graphiql.write("Variables", '{"mine": 1}')
    await stored(graphiql, "mine")
    for _ in range(2):
        linked = await opened(context, f"{author.url}/graphiql#query=query+Linked+{{+__typename+}}")
        assert await linked.run() == {"data": {"__typename": "Query"}}
        assert await linked.tabs() == [*TABS, "Linked"]
        assert await linked.text("Variables") == ""
        await stored(linked, "Linked")
        await linked.page.close()


async def test_start_page_links_to_graphiql(browser: Browser, graphiql: None, dev: Running) -> None:  # noqa: ARG001
    """A link opens its query, which runs at once and has results. A subscription waits. Other tests send the remaining
    queries without a page."""
    start = await visit(browser, dev.url)
    links = await start.page.eval_on_selector_all("a[href*='graphiql#']", "all => all.map(link => link.href)")
    queries = {link.partition("&variables=")[0]: link for link in links}
    assert len(queries) == len(NAMES)
    context = await browser.new_context()
    shown = await opened(context, next(link for link in queries.values() if "search" in link))
    assert None not in (await shown.answer())["data"].values()
    shown.assert_well()
    shown = GraphiQL(await visit(context, next(link for link in queries.values() if "subscription" in link)))
    await shown.page.locator(".graphiql-explorer-root").get_by_text("corpusChanged", exact=True).wait_for()
    assert not await shown.text("Result Window")
    shown.assert_well()


async def test_changed_fragment_is_opened(browser: Browser, author: Running) -> None:
    """An address that differs only in its fragment opens its query."""
    graphiql = await opened(browser, f"{author.url}/graphiql")
    await graphiql.page.evaluate("location.hash = 'query={__typename}'")
    await graphiql.page.wait_for_function(
        "() => document.querySelector('.CodeMirror')?.CodeMirror.getValue() === '{__typename}'"
    )


async def stored(graphiql: GraphiQL, text: str) -> None:
    """Wait until the browser has stored a text with the tabs."""
    await graphiql.page.wait_for_function("(text) => localStorage['graphiql:tabState']?.includes(text)", arg=text)


async def test_last_query_is_stored(browser: Browser, author: Running) -> None:
    """A returning visitor gets the query. Tokens are not stored."""
    context = await browser.new_context()
    graphiql = await opened(context, f"{author.url}/graphiql")
    await graphiql.write("Query Editor", "query Kept { __typename }")
    await graphiql.press("Headers")
    await graphiql.write("Headers", '{"Authorization": "Bearer editor"}')
    await stored(graphiql, "Kept")
    # The first page stays open, because the browser may write its storage after the next page has read it.
    again = await opened(context, f"{author.url}/graphiql")
    assert await again.text("Query Editor") == "query Kept { __typename }"
    assert await again.run() == {"data": {"__typename": "Query"}}
    assert "Bearer" not in await again.page.evaluate("JSON.stringify(localStorage)")
    again.assert_well()


async def test_dark_and_light_themes(browser: Browser, author: Running) -> None:
    """The system's theme applies unless the reader selects another."""
    context = await browser.new_context(color_scheme="dark")
    graphiql = await opened(context, f"{author.url}/graphiql")
    assert await shade(graphiql) == "dark"
    await graphiql.page.emulate_media(color_scheme="light")
    assert await shade(graphiql) == "light"
    await graphiql.press("Open settings dialog")
    await graphiql.press("Dark")
    assert await shade(graphiql) == "dark"
    await graphiql.press("Light")
    assert await shade(graphiql) == "light"
    graphiql.assert_well()
    assert await shade(await opened(context, f"{author.url}/graphiql")) == "light"


async def shade(graphiql: GraphiQL) -> str:
    """The lightness of the background."""
    color = await graphiql.page.locator(".graphiql-container").evaluate(
        "(place) => getComputedStyle(place).backgroundColor"
    )
    red, green, blue = (int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(","))
    return "light" if red + green + blue > 3 * 128 else "dark"


async def test_open_pane_is_remembered(browser: Browser, author: Running) -> None:
    """The explorer is open at first. The pane that the reader opens is open at the next visit."""
    context = await browser.new_context()
    graphiql = await opened(context, f"{author.url}/graphiql")
    await graphiql.press("Show Documentation Explorer")
    await graphiql.page.get_by_role("link", name="ArticleConnection", exact=True).click()
    await graphiql.page.get_by_text("totalCount", exact=True).last.wait_for()
    await graphiql.page.close()
    again = await opened(context, f"{author.url}/graphiql")
    await again.page.get_by_role("button", name="Hide Documentation Explorer").wait_for()
    again.assert_well()


async def test_narrow_window(browser: Browser, author: Running) -> None:
    """No pane opens by itself, long lines wrap, and the response is below the query."""
    context = await browser.new_context(viewport={"width": 420, "height": 800})
    graphiql = await opened(context, f"{author.url}/graphiql")
    await graphiql.page.get_by_role("button", name="Show Explorer").wait_for()
    await graphiql.write("Query Editor", f"# {'long ' * 40}\n{TITLES}")
    scrolled = await graphiql.editor("Query Editor").evaluate("(place) => place.CodeMirror.getScrollInfo()")
    assert scrolled["width"] <= scrolled["clientWidth"]
    assert await graphiql.run() == ALL
    query, answer = [
        await graphiql.page.locator(f".graphiql-{part}").bounding_box() for part in ("editors", "response")
    ]
    assert query
    assert answer
    assert answer["y"] >= query["y"] + query["height"]
    assert min(query["width"], answer["width"]) > 380
    assert await graphiql.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    graphiql.assert_well()


async def test_example_queries_are_tabs(browser: Browser, graphiql: None, tmp_path: Path) -> None:  # noqa: ARG001
    """A first visit has the server's example queries as tabs. A returning visitor keeps their own."""
    queries = [
        {
            "name": "One article",
            "query": "query One($slug: String!) { article(slug: $slug) { title } }",
            "variables": {"slug": "one"},
        },
        {"name": "All of them", "query": "query Titles { articles { nodes { title } } }", "variables": None},
    ]
    async with service(tmp_path, Mode.DEV) as found:
        pages = graphiql_page.pages({}, queries="graphiql/queries.json")
        pages["/graphiql/queries.json"] = JSONResponse(queries)
        app = Starlette(routes=[*(Route(path, shown) for path, shown in pages.items()), Mount("/", found.app)])
        async with listening_to(found._replace(app=app)) as url:
            context = await browser.new_context()
            shown = await opened(context, f"{url}/graphiql")
            assert await shown.tabs() == ["One", "Titles"]
            assert (await shown.text("Query Editor")).startswith("# One article\nquery One")
            assert await shown.run() == {"data": {"article": {"title": "One"}}}
            await stored(shown, "Titles")
            shown.assert_well()
            again = await opened(context, f"{url}/graphiql")
            assert await again.tabs() == ["One", "Titles"]
            assert not any(asked.endswith("queries.json") for asked in again.visit.requested)
