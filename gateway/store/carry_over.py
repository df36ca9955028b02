"""Copies articles from the database of another release, because the last good version of a broken file exists only
there. Unreadable articles are skipped and listed.

Tables change between releases: any column can be missing or have another meaning.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

from gateway.content.identity import url_identity
from gateway.errors import StoreError
from gateway.model.changes import FileVersion, Loaded
from gateway.model.documents import Document, ProviderName, RelatedEntry, TopicName
from gateway.store.protocol import ChangeSet
from gateway.store.rows import Row, images, instant
from gateway.store.writer import ChangeWriter, Transaction

GENERATION = "SELECT as_of FROM generation WHERE counter_all > 0"
COLUMNS = "SELECT name FROM pragma_table_info('article')"
PATHS = "SELECT path FROM article ORDER BY path"
ARTICLE = """
SELECT key, wanted_slug, title, excerpt, category, type, locale, quality, heat, published, {unlisted}, published_at,
  {public_from}, {public_until}, updated_at, original_url, web_url, amp_web_url, cdn_amp_web_url, provider,
  provider_name, provider_domain, provider_images, images
FROM article WHERE path = ?
"""
ADDED = {"unlisted": "0", "public_from": "published_at", "public_until": "NULL"}
"""Columns missing before release 8, with the equivalent expression for those releases."""
VERSION = "SELECT bytes, modified_at, sha256, read_at FROM article WHERE path = ?"
TEXT = "SELECT body, front_matter, exposed, secured FROM article_text WHERE article = ?"
TOPICS = "SELECT topic, name FROM article_topic WHERE article = ? ORDER BY position"
RELATED = """
SELECT entry.url, entry.title, entry.excerpt, entry.type, entry.quality, entry.published_at, entry.web_url,
  entry.amp_web_url, entry.cdn_amp_web_url, entry.provider, entry.provider_name, entry.provider_domain,
  entry.provider_images, entry.images
FROM related JOIN entry ON entry.key = related.entry WHERE related.article = ? ORDER BY related.position
"""
KEEP_TIMES = "UPDATE article SET modified_at = ?, read_at = ? WHERE path = ?"


class RowSource(Protocol):
    """A source of article rows."""

    async def rows(self, sql: str, parameters: Sequence[object] = ()) -> Sequence[Row]: ...


class OldDatabase:
    """The articles in the database of another release."""

    def __init__(self, source: RowSource, article: str, paths: Sequence[str], as_of: datetime) -> None:
        """See `of`."""
        self._source = source
        self._article = article
        self._as_of = as_of
        self._times: list[Row] = []
        self.paths = tuple(paths)
        self.lost: list[str] = []
        """Paths of the unreadable articles, after `carry`."""

    @classmethod
    async def of(cls, source: RowSource) -> OldDatabase:
        """Raises one of UNREADABLE if the articles cannot be listed."""
        paths = [path for (path,) in await source.rows(PATHS)]
        times = [instant(time) for (time,) in await source.rows(GENERATION)] if paths else [_NEVER]
        columns = {name for (name,) in await source.rows(COLUMNS)}
        added = {name: name if name in columns else meaning for name, meaning in ADDED.items()}
        return cls(source, ARTICLE.format(**added), paths, times[0])

    async def carry(self, to: Transaction) -> None:
        """Writes all readable articles into a new database, in its open transaction. Raises one of UNREADABLE if the
        articles cannot be written.

        Without readable articles the new database gets no generation.
        """
        articles = self._articles()
        if first := await anext(articles, None):
            await ChangeWriter(to, ChangeSet(self._as_of, _batches(first, articles))).write()
            await to.many(KEEP_TIMES, self._times)

    async def _articles(self) -> AsyncIterator[Loaded]:
        for path in self.paths:
            try:
                [(size, modified_at, sha256, read_at)] = await self._source.rows(VERSION, (path,))
                instant(read_at)  # raises if the time is invalid
                version = FileVersion(path, size, modified_at * 1000, -1, -1, sha256)
                loaded = Loaded(version, await _document(self._source, self._article, path))
            except UNREADABLE:
                self.lost.append(path)
            else:
                self._times.append((modified_at, read_at, path))
                yield loaded


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
UNREADABLE = (StoreError, ValueError, TypeError, IndexError, OverflowError)


async def _batches(first: Loaded, others: AsyncIterator[Loaded]) -> AsyncIterator[Sequence[Loaded]]:
    yield [first]
    async for loaded in others:
        yield [loaded]


async def _document(source: RowSource, article: str, path: str) -> Document:
    [(key, *row)] = await source.rows(article, (path,))
    [(body, front_matter, exposed, secured)] = await source.rows(TEXT, (key,))
    urls = row[14:18]
    return Document._make(
        (
            path,
            *row[:8],
            _flag(row[8]),
            _flag(row[9]),
            *map(_instant, row[10:14]),
            *urls,
            tuple(dict.fromkeys(known for url in urls if url and (known := url_identity(url)))),
            _provider(row[18:22]),
            tuple(TopicName(*topic) for topic in await source.rows(TOPICS, (key,))),
            images(row[22]),
            tuple(_entry(entry) for entry in await source.rows(RELATED, (key,))),
            body,
            _blob(front_matter),
            _blob(exposed),
            secured,
        )
    )


def _entry(row: Row) -> RelatedEntry:
    url, title = row[:2]
    values = (url or title, *row[:5], _instant(row[5]), *row[6:9], _provider(row[9:13]), images(row[13]))
    return RelatedEntry._make(values)


def _provider(row: Row) -> ProviderName | None:
    key, name, domain, pictures = row
    return ProviderName(key, name, domain, images(pictures)) if key else None


def _flag(value: object) -> bool:
    """Visibility flags must be 0 or 1. Raises ValueError for other values."""
    if value not in {0, 1}:
        raise ValueError(value)
    return bool(value)


def _blob(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(value)
    return value


def _instant(value: int | None) -> datetime | None:
    return None if value is None else instant(value)
