"""A browser that records requests, failures and violations of the content security policy."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # It reaches only this machine, so that results do not depend on the network.
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
VIOLATION = "violates the following Content Security Policy directive"


@dataclass
class Visit:
    """An open page and its recorded events."""

    page: Page
    requested: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Failed requests."""
    violations: list[str] = field(default_factory=list)
    """Violations of the content security policy."""
    errors: list[str] = field(default_factory=list)
    """Script errors and other errors in the browser's console."""

    @property
    def hosts(self) -> set[str]:
        """The hosts of all requests. Addresses without a host, such as `data:`, are left out."""
        return {host for url in self.requested if (host := urlsplit(url).netloc)}

    def watch(self) -> None:
        self.page.on("request", self._note_request)
        self.page.on("requestfailed", self._note_failure)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note_request(self, request: Request) -> None:
        self.requested.append(request.url)

    def _note_failure(self, request: Request) -> None:
        self.failed.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            (self.violations if VIOLATION in message.text else self.errors).append(message.text)


def chromium() -> str | None:
    return shutil.which("chromium")


@asynccontextmanager
async def browsing(executable: str) -> AsyncIterator[Browser]:
    """A browser with a new profile."""
    async with async_playwright() as playwright:
        # The sandbox needs privileges that a container may lack. The browser opens only pages of the tests.
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS, chromium_sandbox=False)
        yield browser
        await browser.close()


async def visit(browser: Browser | BrowserContext, url: str) -> Visit:
    """Open a page, and wait until it has loaded. Pages of one context share their storage."""
    visit = Visit(await browser.new_page())
    visit.watch()
    await visit.page.goto(url, wait_until="load")
    return visit
