"""Takes the screenshots of the docs, over made-up articles: `python -m tests.explorer.pictures`."""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from tests.browsing import browsing, chromium, visit
from tests.commands import running

FOLDER = Path(__file__).parent.parent.parent / "docs" / "pictures"
LAST = datetime(2026, 6, 24, 9, tzinfo=UTC)
FILES = 240
MONTHS = 27
SUBJECTS = (
    *("Tidal power", "The night train", "Open maps", "Urban bees", "Solid-state batteries", "A city without cars"),
    *("Deep-sea cables", "Wooden towers", "Small satellites", "The paper archive", "Weather balloons", "Quiet tyres"),
    *("Community radio", "Low-cost sensors", "Salt marshes", "The last lighthouse"),
)
SAID = (
    *(
        "comes of age",
        "in five charts",
        "seen from above",
        "and who pays for it",
        "after ten years",
        "at half the price",
    ),
    *("without the noise", "as nobody planned it", "from the first day on", "and what comes next"),
)
TOPICS = (
    "Energy",
    "Cities",
    "Oceans",
    "Transport",
    "Materials",
    "Open data",
    "Climate",
    "History",
    "Wildlife",
    "Radio",
)
PROVIDERS = (
    "Example Gazette",
    "Example Observer",
    "The Harbour",
    "Fieldnotes",
    "North Review",
    "Signal Weekly",
    "Almanac",
)
Scheme = Literal["light", "dark"]


def write(folder: Path) -> None:
    """Write the articles, equal at each run: most of them recent, some of them incomplete."""
    chance = random.Random(6)  # noqa: S311 - it is repeatable
    for number in range(FILES):
        moment = LAST - timedelta(days=MONTHS * 30 * chance.random() ** 1.25)
        provider = PROVIDERS[int(len(PROVIDERS) * chance.random() ** 1.8)]
        topics = {TOPICS[int(len(TOPICS) * chance.random() ** 1.5)] for _ in range(3)}
        file = folder / f"{moment:%Y}" / f"{number:03d}.md"
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(
            f"---\ntitle: {chance.choice(SUBJECTS)} {chance.choice(SAID)}\ndate: {moment:%Y-%m-%dT%H:%M:%SZ}\n"
            f"published: {'false' if chance.random() < 0.2 else 'true'}\ntopics: [{', '.join(sorted(topics))}]\n"
            f"provider: {{name: {provider}, domain: {provider.lower().replace(' ', '-')}.example}}\n---\n\nText.\n"
        )
    (folder / "soon.md").write_text("---\ntitle: What the tide gauges say\npublishedDateTime: 2999-01-01\n---\n")
    (folder / "notes.md").write_text("---\ntitle: Field notes: the marsh\n---\n")
    (folder / "wide.md").write_text("---\ntitle: Cables\nquality: high\npublishedDateTime: 2024-05-01\n---\n")


async def take(url: str, ready: str, scheme: Scheme, file: Path) -> None:
    """A screenshot of the visible part of a page, after an element matches the selector."""
    if not (executable := chromium()):
        sys.exit("Pictures are taken with chromium, which is missing.")
    async with browsing(executable) as browser:
        context = await browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 940})
        page = (await visit(context, url)).page
        await page.locator(ready).first.wait_for()
        await page.screenshot(path=file)


def main() -> int:
    with TemporaryDirectory() as made:
        write(content := Path(made, "content"))
        with running("dev", content, "--log-level", "warning", cache=Path(made)) as server:
            server.said("^[0-9]+ articles")
            schemes: tuple[Scheme, ...] = ("light", "dark")
            for scheme in schemes:
                asyncio.run(take(server.url, "#live.on", scheme, FOLDER / f"start-{scheme}.png"))
                answer = ".result-window :text('totalCount')"
                asyncio.run(take(f"{server.url}/graphiql", answer, scheme, FOLDER / f"explorer-{scheme}.png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
