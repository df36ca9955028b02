"""Encodes documents as database rows, in any process."""

from __future__ import annotations

import hashlib
import pickle
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from gateway.content.identity import article_id, related_id, suffix
from gateway.content.plaintext import plain_text
from gateway.content.text import fold
from gateway.content.tokenizer import words
from gateway.model.changes import Encoded
from gateway.model.documents import Document, Image, ProviderName, RelatedEntry
from gateway.store.rows import Row, micros


class ArticleRows(NamedTuple):
    """The rows of one document. The rows of its parts end with its path, which links them to the article. Entry rows
    start with their digest, because articles can share them."""

    article: Mapping[str, Any]
    text: Row
    words: Row
    urls: Sequence[Row]
    topics: Sequence[Row]
    entries: Sequence[Row]
    related: Sequence[Row]


def encode(document: Document) -> Encoded:
    """Encodes a document for the store. Can run in any process."""
    rows = article_rows(document)
    return Encoded(_digest_of(document, rows), pickle.dumps(rows, protocol=pickle.HIGHEST_PROTOCOL))


def decode(encoded: Encoded) -> ArticleRows:
    rows: ArticleRows = pickle.loads(encoded.content)  # noqa: S301 - from a process of our own
    return rows


def article_rows(document: Document) -> ArticleRows:
    path = document.path
    entries = [_entry_row(entry) for entry in document.related]
    return ArticleRows(
        article=_article_row(document),
        text=(document.body, document.front_matter, document.exposed, document.secured, path),
        words=(*map(words, (document.title, document.excerpt or "", plain_text(document.body))), path),
        urls=[(url, path) for url in document.urls],
        topics=[(at, topic.key, topic.name, path) for at, topic in enumerate(document.topics)],
        entries=entries,
        related=[
            (id_, at, entries[at][0], *_named(entry), path)
            for at, (id_, entry) in enumerate(zip(_related_ids(document), document.related, strict=True))
        ],
    )


def _digest_of(document: Document, rows: ArticleRows) -> bytes:
    """Equal for documents with equal served content."""
    entries = b"".join(row[0] for row in rows.entries)
    topics = [row[:-1] for row in rows.topics]
    values = [list(rows.article.values()), document.body, document.secured, document.urls, topics]
    parts = (orjson.dumps(values), document.front_matter, document.exposed, entries)
    return _digest(b"".join(len(part).to_bytes(8) + part for part in parts))


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
        "title_folded": fold(document.title.strip()),
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
        "unlisted": document.unlisted,
        "public_from": _optional_micros(document.public_from),
        "public_until": _optional_micros(document.public_until),
        "provider": provider.key or None,
        "provider_name": provider.name or None,
        "provider_domain": provider.domain,
        "provider_images": _images_text(provider.images),
        "images": _images_text(document.images),
        "is_secured": document.secured is not None,
        "has_body": bool(document.body.strip()),
    }


def _entry_row(entry: RelatedEntry) -> Row:
    """An entry's digest and columns. Equal entries have equal digests."""
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
    """The key of an entry's provider, and whether the entry has images of the provider."""
    return (entry.provider.key, bool(entry.provider.images)) if entry.provider else (None, False)


def _related_ids(document: Document) -> list[str]:
    source, seen, ids = article_id(document.path), dict[str, int](), []
    for entry in document.related:
        identity = unicodedata.normalize("NFC", entry.identity)  # the form that ids are derived from
        occurrence = seen.get(identity, 0)
        seen[identity] = occurrence + 1
        ids.append(related_id(source, identity, occurrence))
    return ids


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _images_text(values: Sequence[Image]) -> str:
    return orjson.dumps([tuple(image) for image in values]).decode() if values else "[]"


def _optional_micros(time: datetime | None) -> int | None:
    return None if time is None else micros(time)
