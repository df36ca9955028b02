"""The last good version of a broken file, as JSON that other releases can read.

The names are those of the article's columns. A reader ignores unknown names, and a missing name has its default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gateway.content.identity import url_identity
from gateway.model.changes import FileVersion, Loaded
from gateway.model.documents import (
    AssetFile,
    AuthorName,
    Destination,
    Document,
    Heading,
    Image,
    NavigationEntry,
    ProviderName,
    RelatedEntry,
    TopicName,
)
from gateway.model.fields import FIELDS, INSTANT, Field
from gateway.model.instants import optional_instant
from gateway.store.article_row import AT, COLUMNS, PLAIN
from gateway.store.field_columns import FOLDED
from gateway.store.rows import Row, body_text, related_items
from gateway.store.sql_files import named

_DERIVED = frozenset({"id", "slug", "urls", "has_body", "is_secured", "text", *FOLDED.values()})
_JSON = frozenset({
    *("provider_images", "images", "topics", "authors", "aliases", "exposed", "front_matter", "headings"),
    *("destinations", "assets", "addresses", "navigation"),
})  # fmt: skip
_ENTRY = (
    "id",
    "url",
    "title",
    "excerpt",
    "type",
    "quality",
    "published_date_time",
    "web_url",
    "amp_web_url",
    "cdn_amp_web_url",
    "provider",
    "provider_name",
    "provider_domain",
    "provider_images",
    "images",
)
"""The items of a related entry in a row."""

_SQL = named("sqlite/last_good.sql")
SELECT = _SQL["select"]
SELECT_BEFORE_10 = _SQL["select_before_10"]
KEEP = _SQL["keep"]
FORGET = _SQL["forget"]
AS_OF = _SQL["as_of"]
RESTORE_TIMES = _SQL["restore_times"]


def record_of(values: Row) -> str:
    """The record of a stored article, from the values of COLUMNS."""
    record = {
        name: orjson.loads(values[AT[name]]) if name in _JSON else values[AT[name]]
        for name in COLUMNS
        if name not in _DERIVED and name not in PLAIN and values[AT[name]] is not None
    }
    record["text"] = body_text(record["body"], values[AT["text"]])
    entries = related_items(values[AT["related"]])
    record["related"] = [dict(zip(_ENTRY, entry, strict=True)) for entry in entries]
    return orjson.dumps(record).decode()


def loaded(row: Row) -> Loaded:
    """The last good version as a change, from the columns of `last_good`. Raises one of UNREADABLE."""
    path, sha256, size, modified_at, _, record = row
    version = FileVersion(path, size, modified_at * 1000, -1, -1, sha256)
    return Loaded(version, _document(path, orjson.loads(record)))


UNREADABLE = (ValueError, TypeError, LookupError, OverflowError, AttributeError)


def _document(path: str, record: Mapping[str, Any]) -> Document:
    fields = {field.name: _field(field, record) for field in FIELDS}
    urls = [record.get(name) for name in ("original_url", "web_url", "amp_web_url", "cdn_amp_web_url", "url")]
    return Document(
        path=path,
        slug=record["wanted_slug"],
        published=_flag(record["published"]),
        unlisted=_flag(record["unlisted"]),
        public_from=optional_instant(record.get("public_from")),
        public_until=optional_instant(record.get("public_until")),
        url=record.get("url"),
        urls=tuple(dict.fromkeys(known for url in urls if url and (known := url_identity(url)))),
        aliases=tuple(record.get("aliases", ())),
        names=(),
        provider=_provider(record),
        topics=tuple(TopicName(*topic) for topic in record.get("topics", ())),
        authors=tuple(map(_author, record.get("authors", ()))),
        images=_images(record.get("images", ())),
        related=tuple(map(_entry, record.get("related", ()))),
        body=record.get("body", ""),
        text=record.get("text", ""),
        headings=tuple(Heading(*heading) for heading in record.get("headings", ())),
        lead=record.get("lead"),
        body_rules=record.get("body_rules", ""),
        destinations=tuple(Destination(*each) for each in record.get("destinations", ())),
        assets=tuple(AssetFile(*each) for each in record.get("assets", ())),
        addresses=tuple(record.get("addresses", {}).items()),
        front_matter=orjson.dumps(record.get("front_matter", {})),
        exposed=orjson.dumps(record.get("exposed", {})),
        secured=record.get("secured"),
        navigation=NavigationEntry(*record.get("navigation", ())),
        translation=record.get("translation"),
        file=record.get("file"),
        **fields,
    )


def _field(field: Field, record: Mapping[str, Any]) -> Any:
    if field.missing is None and not field.is_optional:
        return record[field.name]
    value = record.get(field.name, field.missing)
    return optional_instant(value) if field.kind is INSTANT else value


def _entry(record: Mapping[str, Any]) -> RelatedEntry:
    url, title = record.get("url"), record["title"]
    return RelatedEntry(
        url or title,
        url,
        title,
        record.get("excerpt"),
        record.get("type", "article"),
        record.get("quality"),
        optional_instant(record.get("published_date_time")),
        record.get("web_url"),
        record.get("amp_web_url"),
        record.get("cdn_amp_web_url"),
        _provider(record),
        _images(record.get("images", ())),
    )


def _provider(record: Mapping[str, Any]) -> ProviderName | None:
    key = record.get("provider")
    if not key:
        return None
    pictures = _images(record.get("provider_images", ()))
    return ProviderName(key, record["provider_name"], record.get("provider_domain"), pictures)


def _author(record: Sequence[Any]) -> AuthorName:
    key, name, url, pictures = record
    return AuthorName(key, name, url, _images(pictures))


def _images(values: Sequence[Sequence[Any]]) -> tuple[Image, ...]:
    return tuple(Image(*value) for value in values)


def _flag(value: object) -> bool:
    """Flags that govern visibility must be 0 or 1. Raises ValueError for other values."""
    if value not in {0, 1}:
        raise ValueError(value)
    return bool(value)
