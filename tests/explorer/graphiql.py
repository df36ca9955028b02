"""Operates GraphiQL in the browser."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, NamedTuple

from playwright.async_api import Browser, BrowserContext, Error, Locator, Page

from tests.browsing import Visit, visit

TEXT = "(place) => place.CodeMirror.getValue()"

OPENED = """() => {
    const text = (part) => document.querySelector(`.${part} .CodeMirror`)?.CodeMirror.getValue();
    return text("result-window") || text("graphiql-query-editor").includes("subscription");
}"""


class GraphiQL(NamedTuple):
    """The page after it has loaded."""

    visit: Visit

    @property
    def page(self) -> Page:
        return self.visit.page

    def editor(self, name: str) -> Locator:
        """A visible editor by its name: Query Editor, Variables, Headers, Result Window."""
        return self.page.locator(f'section[aria-label="{name}"] .CodeMirror:visible')

    async def text(self, name: str) -> str:
        return str(await self.editor(name).evaluate(TEXT))

    async def write(self, name: str, text: str) -> None:
        """Replace the text of an editor."""
        await self.editor(name).click()
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.insert_text(text)
        if name == "Query Editor" and text:
            await self.read()

    async def read(self) -> None:
        """Wait until GraphiQL has parsed the query, which it does after a pause in typing."""
        await self.page.wait_for_function(
            """() => {
                const { CodeMirror: editor } = document.querySelector(".graphiql-query-editor .CodeMirror");
                return editor.documentAST?.loc.source.body === editor.getValue();
            }"""
        )

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def run(self) -> Any:
        """The response to the query in the editor."""
        await self.press("Execute query (Ctrl-Enter)")
        return await self.answer()

    async def answer(self) -> Any:
        """The next response that the page shows."""
        handle = await self.page.wait_for_function(
            """() => {
                const shown = document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue();
                return document.querySelector(".graphiql-spinner") ? "" : shown;
            }"""
        )
        return json.loads(await handle.json_value())

    async def tabs(self) -> list[str]:
        return await self.page.locator(".graphiql-tab").all_inner_texts()

    def assert_well(self) -> None:
        """No error occurred, the policy blocked nothing, and no other host was requested."""
        assert (self.visit.violations, self.visit.errors, self.visit.failed) == ([], [], [])
        assert len(self.visit.hosts) == 1


async def opened(browser: Browser | BrowserContext, url: str) -> GraphiQL:
    """A server's page with the schema loaded, and the response of its first tab unless that is a subscription."""
    found = GraphiQL(await visit(browser, url))
    with suppress(Error):
        await found.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await found.page.get_by_text("articles", exact=True).first.wait_for()
    await found.page.wait_for_function(OPENED)
    return found
