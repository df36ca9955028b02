"""Two servers with the same public content, one of which also has drafts. Their public answers must be equal.

Each hidden text contains a word that occurs nowhere else.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from gateway.settings import Mode
from gateway.store.sqlite.store import SqliteStore
from tests.service import Service, service

SECURED, HIDDEN = "c2VjdXJlZA-quagga", "quaggahidden"
"""Texts in public files that the public must not see."""

PUBLIC = {
    "authors.yml": "desk: {name: Harbour Desk, url: /desk, image: /desk.png}\n"
    "quaggakey: {name: quaggakept, url: /quagga, image: /quagga.png}\n",
    "one.md": "---\ntitle: One harbour\ndate: 2024-01-01\nwebUrl: https://gazette.example/one\n"
    "translationKey: harbour\n"
    "authors: [desk, Ship Spotters]\ntopics: [News, Harbour]\ncategory: city\nlocale: en\nquality: 40\n"
    "provider: {name: Gazette, domain: gazette.example}\nimages: [{url: https://gazette.example/one.png, width: 100}]\n"
    "---\n# The harbour\n\nShips leave the harbour.\n",
    "two.md": "---\ntitle: Two ships\ndate: 2024-01-02\nauthor: Harbour Desk\n"
    "topics: [News, Ships]\ncategory: sea\nquality: 60\n"
    "provider: {name: Gazette, domain: gazette.example}\n"
    "related:\n  - {webUrl: https://gazette.example/one, title: One}\n"
    "  - {webUrl: https://gazette.example/secret, title: An entry of its own}\n---\n"
    "Ships come. [One](one.md) [later](scheduled) [[scheduled]] [place](/place/) [[One]]\n",
    "three.md": f"---\ntitle: Three\ndate: 2024-02-01\ntopics: [Ships]\nsecured: {SECURED}\nlayout: {HIDDEN}\n"
    "provider: {name: Herald, domain: herald.example}\n---\nNothing much.\n",
    "kept.md": "---\ntitle: Kept\ndate: 2024-03-01\nslug: kept\ntopics: [News]\n"
    "translationKey: harbour\n---\nThe last good version.\n",
}
EARLIER_DRAFT = {"set-aside.md": "---\ntitle: quaggaearlier\ndraft: true\ntopics: [quaggatopic]\n---\nquaggaearlier\n"}
DRAFTS = {
    "quaggapath.md": "---\ntitle: quaggatitle harbour\ndraft: true\ndate: 2024-01-03\nslug: quaggaslug\n"
    "translationKey: harbour\n"
    "excerpt: quaggaexcerpt\ncategory: quaggacategory\nlocale: quaggalocale\ntype: quaggatype\nquality: 99\n"
    "heat: 3000\nauthors: [quaggakey, quaggauthor, {name: SHIP SPOTTERS, url: /quaggaspotters, image: /quaggas.png}]\n"
    "topics: [quaggatopic, NEWS, ships]\nwebUrl: https://gazette.example/secret\n"
    "provider: {name: quaggagazette, domain: gazette.example, images: [{url: https://gazette.example/quagga.png}]}\n"
    "related:\n  - {webUrl: https://gazette.example/one, title: quaggaentry, provider: {name: quaggaherald, "
    "domain: quagga.example}}\nsecured: cXVhZ2dh-quagga\nlayout: quaggalayout\n---\n# quaggaheading\n\n"
    "quaggabody harbour\n",
    "one-again.md": "---\ntitle: One quaggasame\ndraft: true\nslug: one\nwebUrl: https://gazette.example/one\n---\n",
    "scheduled.md": "---\ntitle: quaggascheduled\ndate: 2999-01-01\ntopics: [News, quaggalater]\n"
    "provider: {name: quaggagazette, domain: gazette.example}\npermalink: /quaggaplace/\n"
    "aliases: [/place/, One, quaggaalias]\nrelated: [two.md]\n---\nquaggascheduled ships [two](two.md) [[two]]\n",
    "kept.md": "---\ntitle: quaggabroken\npublished: maybe\n---\nquaggabroken\n",
    "set-aside.md": "---\ntitle: quaggaaside\npublished: maybe\n---\nquaggaaside\n",
    "broken.md": "---\ntitle: [quaggaopen\n---\n",
}
CANARY = "quagga"


class Twins(NamedTuple):
    """`own` has the drafts, and `twin` does not."""

    own: Service
    twin: Service

    async def change(self, files: Mapping[str, str | None]) -> None:
        """Make the same change in both folders."""
        for each in self:
            await each.change(files)


@asynccontextmanager
async def twins(tmp_path: Path, postgres: str | None = None, **flags: object) -> AsyncIterator[Twins]:
    """Both start from a copy of one database, so that they share its epoch."""
    store = await SqliteStore.open(tmp_path / "gateway.db")
    await store.close()
    async with AsyncExitStack() as stack:
        for name in Twins._fields:
            (tmp_path / name).mkdir()
            shutil.copy(tmp_path / "gateway.db", tmp_path / name)
        own, twin = [
            await stack.enter_async_context(service(tmp_path / name, Mode.SERVE, {}, postgres, **flags))
            for name in Twins._fields
        ]
        found = Twins(own, twin)
        await found.change(PUBLIC)
        await own.change(EARLIER_DRAFT)
        await own.change(DRAFTS)
        yield found
