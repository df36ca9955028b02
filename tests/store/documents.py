"""Documents, changes and change sets for tests of the store."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.content import markup
from gateway.content.identity import author_key, provider_key, topic_key, url_identity
from gateway.model.changes import Change, FileVersion, Loaded, Restricted
from gateway.model.collections import Collections
from gateway.model.documents import AuthorName, Document, Image, ProviderName, RelatedEntry, TopicName
from gateway.model.problems import Problem
from gateway.store.protocol import Applied, ChangeSet, ContentStore

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)


def day(number: int) -> datetime:
    return datetime(2024, 1, number, tzinfo=UTC)


def provider(name: str, domain: str | None = None, images: tuple[Image, ...] = ()) -> ProviderName:
    return ProviderName(provider_key(name, domain), name, domain, images)


def topics(*names: str) -> tuple[TopicName, ...]:
    return tuple(TopicName(topic_key(name), name) for name in names)


def author(name: str, url: str | None = None, images: tuple[Image, ...] = ()) -> AuthorName:
    return AuthorName(author_key(name), name, url, images)


def entry(
    title: str, url: str | None = None, provider: ProviderName | None = None, images: tuple[Image, ...] = ()
) -> RelatedEntry:
    known = url_identity(url) if url else None
    return RelatedEntry(known or title, known, title, None, "article", None, None, url, None, None, provider, images)


BLANK = Document(
    path="",
    slug="",
    title="",
    subtitle=None,
    excerpt=None,
    category=None,
    type="article",
    locale=None,
    quality=None,
    heat=None,
    published=True,
    unlisted=False,
    published_date_time=None,
    public_from=None,
    public_until=None,
    updated_date_time=None,
    original_url=None,
    web_url=None,
    amp_web_url=None,
    cdn_amp_web_url=None,
    url=None,
    urls=(),
    aliases=(),
    names=(),
    provider=None,
    topics=(),
    authors=(),
    images=(),
    related=(),
    body="",
    text="",
    headings=(),
    lead=None,
    body_rules="",
    destinations=(),
    assets=(),
    addresses=(),
    front_matter=b"{}",
    exposed=b"{}",
    secured=None,
)


def document(path: str, **values: object) -> Document:
    """A document with the given values. Its title and slug are its path, and it is public from its date on."""
    usual = {"slug": path, "title": path, "public_from": values.get("published_date_time")}
    outline = markup.read(str(values.get("body", "")))
    of_body = {"text": outline.text, "headings": outline.headings}
    return replace(BLANK, path=path, **{**usual, **of_body, **values})  # type: ignore[arg-type]


def version(path: str, content: str, mtime: int = 1_700_000_000) -> FileVersion:
    return FileVersion(
        path, len(content), mtime * 10**9, mtime * 10**9, 1, hashlib.sha256(content.encode()).hexdigest()
    )


def loaded(document: Document, *problems: Problem, mtime: int = 1_700_000_000) -> Loaded:
    return Loaded(version(document.path, repr(document), mtime), document, problems)


async def stream(batches: Sequence[Sequence[Change | Restricted]]) -> AsyncIterator[Sequence[Change | Restricted]]:
    for batch in batches:
        yield batch


async def apply(
    store: ContentStore,
    *changes: Change | Restricted | Document,
    as_of: datetime = NOW,
    problems: tuple[Problem, ...] = (),
    memory: Mapping[str, str] | None = None,
    collections: Collections | None = None,
) -> Applied:
    """Apply changes in batches of three. A document counts as a loaded file."""
    every = [loaded(change) if isinstance(change, Document) else change for change in changes]
    batches = [every[start : start + 3] for start in range(0, len(every), 3)]
    return await store.apply(ChangeSet(as_of, stream(batches), problems, memory or {}, collections=collections))
