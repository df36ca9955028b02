"""The folder for the clients: articles one day apart, each with a related entry, and a draft."""

from __future__ import annotations

from pathlib import Path

COUNT = 25
TITLES = [f"Entry {number:02}" for number in reversed(range(COUNT))]
"""Of the published articles in the default order, the newest first."""

ARTICLE = """---
title: Entry {number:02}
publishedDateTime: 2024-01-{day:02}
webUrl: https://gazette.example/{number:02}
topics: [News, Topic {parity}]
provider: {{name: Example Gazette, domain: gazette.example}}
related:
  - title: Elsewhere {number:02}
    webUrl: https://observer.example/{number:02}
    provider: {{name: Example Observer, domain: observer.example}}
---
"""
DRAFT = "---\ntitle: Draft\ndraft: true\n---\n"


def write(folder: Path) -> None:
    for number in range(COUNT):
        text = ARTICLE.format(number=number, day=number + 1, parity=number % 2)
        (folder / f"entry-{number:02}.md").write_text(text)
    (folder / "draft.md").write_text(DRAFT)
