"""Accessibility of GraphiQL: the results of axe in each state of the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser

from tests.clients import npm
from tests.commands import Running
from tests.conftest import need
from tests.explorer.graphiql import GraphiQL, opened

pytestmark = [pytest.mark.usefixtures("graphiql"), pytest.mark.timeout(1000)]  # may run npm

GRAVE = {"serious", "critical"}


@pytest.fixture(scope="module")
def axe() -> str:
    need("node", npm.node())
    return (npm.install(Path(__file__).parent).folder / "axe-core/axe.min.js").read_text()


STILL = """() => new Promise((resolve) => {
    let due = setTimeout(resolve, 300);
    new MutationObserver(() => {
        clearTimeout(due);
        due = setTimeout(resolve, 300);
    }).observe(document, { subtree: true, childList: true, attributes: true });
})"""
"""Wait until the page is stable, because axe cannot name a removed element."""
RUN = "() => axe.run({ resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations))"


async def faults(graphiql: GraphiQL) -> Mapping[str, Any]:
    """The serious violations by rule, with their elements."""
    await graphiql.page.evaluate(STILL)
    found = json.loads(await graphiql.page.evaluate(RUN))
    return {
        each["id"]: [(node["target"], node["any"] and node["any"][0]["message"]) for node in each["nodes"]]
        for each in found
        if each["impact"] in GRAVE
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_page_has_no_serious_violation(
    browser: Browser, dev: Running, axe: str, scheme: Literal["light", "dark"]
) -> None:
    """Checked with a response, in the explorer, in the docs, with the headers pane and in the settings."""
    # The policy of the page would keep axe out of it.
    context = await browser.new_context(bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    graphiql = await opened(context, f"{dev.url}/graphiql")
    await graphiql.run()
    await graphiql.page.evaluate(axe)
    assert await faults(graphiql) == {}
    await graphiql.press("Headers")
    await graphiql.press("Show Documentation Explorer")
    assert await faults(graphiql) == {}
    await graphiql.press("Open settings dialog")
    assert await faults(graphiql) == {}
