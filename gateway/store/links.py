"""Resolves the links of bodies to visible articles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from gateway import cache_tags
from gateway.content.identity import article_id
from gateway.content.links import is_document_path, keys_meant
from gateway.content.outline import anchor_of
from gateway.model.documents import Destination
from gateway.model.records import Link, LinkAddresses, Visibility
from gateway.store.dialect import Dialect
from gateway.store.list_query import find
from gateway.store.list_sources import LOOKUPS
from gateway.store.reads import ARTICLE_BY_URL
from gateway.store.sql_fragment import Steps

_ABSOLUTE = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:")


class Source(NamedTuple):
    """The links of an article's body."""

    url: str | None
    links: Sequence[Destination]
    addresses: Mapping[str, str]
    """The addresses of files of the folder."""

    @classmethod
    def of(cls, url: str | None, destinations: str, addresses: str) -> Source:
        if destinations == "[]":
            return cls(url, (), {})
        found = (Destination(*values) for values in orjson.loads(destinations))
        return cls(url, [each for each in found if not each.is_image], orjson.loads(addresses))

    def first(self, number: int | None) -> Source:
        return self._replace(links=self.links[:number])

    def in_site(self) -> Source:
        """The links that another address may replace: those without a host, except to headings of the same page."""
        links = [each for each in self.links if not each.target.startswith("https://") and each.written[0] != "#"]
        return self._replace(links=links)


class _Target(NamedTuple):
    id: str
    url: str | None


def resolved(
    sources: Mapping[str, Source], visibility: Visibility, dialect: Dialect
) -> Steps[Mapping[str, Sequence[Link]]]:
    """The links of each source."""
    meant = {id_: [keys_meant(link, source.url) for link in source.links] for id_, source in sources.items()}
    keys = list(dict.fromkeys(key for lists in meant.values() for each in lists for key in each))
    rows = (yield find(LOOKUPS[ARTICLE_BY_URL], keys, visibility, "article.id, article.url", dialect)) if keys else ()
    targets = {keys[at]: _Target(id_, url) for at, id_, url in rows}
    return {
        id_: [_link(source, link, each, targets) for link, each in zip(source.links, meant[id_], strict=True)]
        for id_, source in sources.items()
    }


def addresses(links: Sequence[Link]) -> LinkAddresses:
    """The addresses in place of the destinations of links."""
    found = {link.destination: link.url for link in links if link.url and link.url != link.destination}
    return LinkAddresses(found, frozenset(link.tag for link in links if link.tag))


def _link(source: Source, link: Destination, meant: Sequence[str], targets: Mapping[str, _Target]) -> Link:
    found = next((targets[key] for key in meant if key in targets), None)
    return Link(
        link.label,
        link.written,
        link.fragment,
        _address(source, link, found),
        found and found.id,
        _tag(link, meant, found),
    )


def _address(source: Source, link: Destination, found: _Target | None) -> str | None:
    if found and not link.target.startswith("https://"):
        return f"{found.url}{_fragment(link)}" if found.url else None
    return source.addresses.get(link.written) or (link.written if _ABSOLUTE.match(link.written) else None)


def _fragment(link: Destination) -> str:
    """The end of an address. A wiki link has the text of a heading, below those that enclose it."""
    if link.is_wiki and link.fragment:
        return f"#{anchor_of(link.fragment.rpartition('#')[2])}"
    _, mark, fragment = link.written.partition("#")
    return f"{mark}{fragment}"


def _tag(link: Destination, meant: Sequence[str], found: _Target | None) -> str | None:
    """Only the file at a path decides on a link to it. Any article may come to have another key."""
    if not meant:
        return None
    if is_document_path(link.target) and not link.is_wiki and link.target[0] != "/":
        own = article_id(link.target)
        if found is None or found.id == own:
            return own
    return cache_tags.ARTICLES
