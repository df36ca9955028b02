"""Records as the rows of a database, and back. It runs no SQL."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

import orjson

from gateway.content.identity import article_id, related_id, suffix
from gateway.content.text import fold
from gateway.model import (
    Article,
    Document,
    FileVersion,
    Image,
    Problem,
    Provider,
    ProviderName,
    Related,
    RelatedEntry,
    Severity,
    SourceFile,
    Status,
    Topic,
)

T = TypeVar("T")

Row = Sequence[Any]
"""As the driver gives it: its values have the types that the table declares."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.INFO)
"""Worst first; a problem's row holds the place of its severity."""


def micros(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


def _optional_micros(time: datetime | None) -> int | None:
    return None if time is None else micros(time)


def _optional_instant(value: int | None) -> datetime | None:
    return None if value is None else instant(value)


class Record(NamedTuple, Generic[T]):
    """How a kind of record is read: the columns to select, in the order in which `make` takes them."""

    table: str
    columns: str
    make: Callable[[Row], T]


def status(*, published: bool, public: bool) -> Status:
    if public:
        return Status.PUBLISHED
    return Status.SCHEDULED if published else Status.DRAFT


def _article(row: Row) -> Article:
    return Article._make(
        (
            *row[:10],
            _optional_instant(row[10]),
            _optional_instant(row[11]),
            *row[12:16],
            bool(row[16]),
            status(published=row[16], public=row[17]),
            row[18],
            images(row[19]),
            bool(row[20]),
            SourceFile(row[2], row[21], row[22], instant(row[23])),
        )
    )


def _related(row: Row) -> Related:
    return Related._make((*row[:6], _optional_instant(row[6]), *row[7:11], images(row[11]), *row[12:14]))


def _provider(row: Row) -> Provider:
    return Provider._make((*row[:5], images(row[5])))


def _topic(row: Row) -> Topic:
    return Topic._make(row[:4])


ARTICLE = Record(
    "article",
    "article.id, article.slug, article.path, article.category, article.title, article.excerpt, article.type,"
    " article.locale, article.quality, article.heat, article.published_at, article.updated_at, article.original_url,"
    " article.web_url, article.amp_web_url, article.cdn_amp_web_url, article.published, article.public,"
    " article.provider, article.images, article.is_secured, article.sha256, article.bytes, article.modified_at",
    _article,
)
RELATED = Record(
    "related JOIN entry ON entry.key = related.entry JOIN article AS source ON source.key = related.article",
    "related.id, related.position, entry.title, entry.excerpt, entry.type, entry.quality, entry.published_at,"
    " entry.web_url, entry.amp_web_url, entry.cdn_amp_web_url, entry.provider, entry.images, entry.url, source.id",
    _related,
)
PROVIDER = Record(
    "provider",
    "provider.id, provider.key, provider.name, provider.slug, provider.domain, provider.images",
    _provider,
)
TOPIC = Record("topic", "topic.id, topic.key, topic.name, topic.slug", _topic)


def images(text: str) -> tuple[Image, ...]:
    if text == "[]":
        return ()
    return tuple(Image(*values) for values in orjson.loads(text))


def _images_text(values: Sequence[Image]) -> str:
    return orjson.dumps([tuple(image) for image in values]).decode() if values else "[]"


def problem(row: Row) -> Problem:
    return Problem(SEVERITIES[row[0]], *row[1:])


def problem_row(value: Problem) -> Row:
    return (SEVERITIES.index(value.severity), *value[1:])


class ArticleRows(NamedTuple):
    """One document as rows; in those of its parts the article stands by its path."""

    article: Mapping[str, object]
    text: Row
    urls: Sequence[Row]
    topics: Sequence[Row]
    entries: Sequence[Row]
    related: Sequence[Row]
    digest: bytes


def article_rows(document: Document, *, public: bool) -> ArticleRows:
    path, published_at = document.path, _optional_micros(document.published_date_time)
    place = (published_at, path, public)
    entries = [_entry_row(entry) for entry in document.related]
    article = _article_row(document)
    text = (document.body, document.front_matter, document.exposed, document.secured)
    topics = [(at, topic.key, topic.name) for at, topic in enumerate(document.topics)]
    digests = b"".join(row[0] for row in entries)
    values = [list(article.values()), document.body, document.secured, document.urls, topics]
    parts = (orjson.dumps(values), document.front_matter, document.exposed, digests)
    return ArticleRows(
        article={**article, "public": public},
        text=(path, *text),
        urls=[(path, url, *place) for url in document.urls],
        topics=[(path, *topic, *place) for topic in topics],
        entries=entries,
        related=[
            (id_, path, at, entries[at][0], *_named(entry), *place)
            for at, (id_, entry) in enumerate(zip(_related_ids(document), document.related, strict=True))
        ],
        digest=_digest(b"".join(len(part).to_bytes(8) + part for part in parts)),
    )


def _article_row(document: Document) -> dict[str, object]:
    provider = document.provider or ProviderName("", "", None)
    return {
        "id": article_id(document.path),
        "path": document.path,
        "wanted_slug": document.slug,
        "suffix": suffix(document.path),
        "slug": document.slug,
        "category": document.category,
        "title": document.title,
        "title_folded": fold(document.title),
        "excerpt": document.excerpt,
        "type": document.type,
        "locale": document.locale,
        "quality": document.quality,
        "heat": document.heat,
        "published_at": _optional_micros(document.published_date_time),
        "updated_at": _optional_micros(document.updated_date_time),
        "original_url": document.original_url,
        "web_url": document.web_url,
        "amp_web_url": document.amp_web_url,
        "cdn_amp_web_url": document.cdn_amp_web_url,
        "published": document.published,
        "provider": provider.key or None,
        "provider_name": provider.name or None,
        "provider_domain": provider.domain,
        "provider_images": _images_text(provider.images),
        "images": _images_text(document.images),
        "is_secured": document.secured is not None,
        "has_body": bool(document.body.strip()),
    }


def _entry_row(entry: RelatedEntry) -> Row:
    """The digest of an entry and its columns; equal entries have equal digests."""
    provider = entry.provider or ProviderName("", "", None)
    values = (
        entry.title,
        entry.excerpt,
        entry.type,
        entry.quality,
        _optional_micros(entry.published_date_time),
        entry.web_url,
        entry.amp_web_url,
        entry.cdn_amp_web_url,
        provider.key or None,
        provider.name or None,
        provider.domain,
        _images_text(provider.images),
        _images_text(entry.images),
        entry.url,
    )
    return (_digest(orjson.dumps(values)), *values)


def _named(entry: RelatedEntry) -> Row:
    """The key of an entry's provider, and whether the entry has images of it."""
    return (entry.provider.key, bool(entry.provider.images)) if entry.provider else (None, False)


def _related_ids(document: Document) -> list[str]:
    source, seen, ids = article_id(document.path), dict[str, int](), []
    for entry in document.related:
        identity = unicodedata.normalize("NFC", entry.identity)  # as ids take it
        occurrence = seen.get(identity, 0)
        seen[identity] = occurrence + 1
        ids.append(related_id(source, identity, occurrence))
    return ids


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


UNREAD = FileVersion("", -1, -1, -1, -1, "")
"""What is known of a file that could not be read yet: equal to no version of any file."""
