"""Converts database rows to records."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

import orjson
from zstandard import ZstdCompressor, ZstdDecompressor

from gateway.content.identity import related_id
from gateway.errors import NotReady
from gateway.model.changes import FileVersion
from gateway.model.documents import Heading, Image, Restriction, Status
from gateway.model.instants import instant, micros, optional_instant
from gateway.model.problems import Problem, Severity
from gateway.model.records import Article, ArticleSource, Author, Generation, Provider, Related, Text, Topic, Visibility
from gateway.store.field_columns import INSTANTS, NAMES

T = TypeVar("T")

Row = Sequence[Any]
"""A row as the driver returns it. Values have the declared column types."""

SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.INFO)
"""By severity, worst first. A problem's row stores the index."""


@lru_cache(maxsize=8)
def generation(row: Row, visibility: Visibility) -> Generation:
    """Raises NotReady if the database has no generation yet."""
    epoch, counter_all, counter_public, as_of, loaded_all, loaded_public, due, schema = row
    if not counter_all:
        raise NotReady
    public = visibility is Visibility.PUBLIC
    counter, loaded = (counter_public, loaded_public) if public else (counter_all, loaded_all)
    return Generation(epoch, counter, instant(as_of), instant(loaded), optional_instant(due), schema)


def restriction(row: Row) -> Restriction:
    """The visibility of an article: its columns `published`, `unlisted`, `public_from` and `public_until`."""
    published, unlisted, start, end = row
    return Restriction(bool(published), bool(unlisted), optional_instant(start), optional_instant(end))


def restriction_row(value: Restriction) -> Row:
    return int(value.published), int(value.unlisted), *(time and micros(time) for time in value[2:])


class _Zstd(threading.local):
    """The contexts of one thread. To make one costs a quarter of the time of its use.

    Level -1 does not code literals, so texts are packed in three quarters of the time of level 1 and unpacked in half.
    They are a seventh longer.
    """

    def __init__(self) -> None:
        self.compressor, self.decompressor = ZstdCompressor(level=-1), ZstdDecompressor()


_zstd = _Zstd()


class Record(NamedTuple, Generic[T]):
    """How to read a kind of record: the columns to select, in the order of `make`'s parameters."""

    table: str
    columns: str
    make: Callable[[Row], T]


_OWN = (
    *("id", "slug", "path", "published", "unlisted", "status", "provider", "images", "url", "aliases"),
    *("is_secured", "sha256", "bytes", "modified_at", "collection", "custom"),
)
"""The columns of an article beside those of its plain fields."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_FIELDS, _ALL = len(NAMES), len(NAMES) + len(_OWN)


def _article(row: Row) -> Article:
    fields = [*row[:_FIELDS]]
    for at in INSTANTS:
        if (time := fields[at]) is not None:
            fields[at] = instant(time)
    id_, slug, path, published, unlisted, status, provider, pictures, url, aliases, *others = row[_FIELDS:_ALL]
    secured, sha256, size, read, collection, custom = others
    source = ArticleSource(path, sha256, size, instant(read))
    fields += (id_, slug, path, bool(published), bool(unlisted), Status(status), provider)
    former = () if aliases == "[]" else tuple(orjson.loads(aliases))
    fields += (images(pictures), url, former, bool(secured), source, collection)
    fields.append(_NOTHING if custom == "{}" else orjson.loads(custom))
    return Article(*fields)


def _mention(row: Row) -> Related:
    source, position, entries, *_ = row
    return related(source, position, related_items(entries)[position])


def _related(row: Row) -> Related | None:
    source, id_, entries = row
    found = (related(source, *entry) for entry in enumerate(related_items(entries)))
    return next((entry for entry in found if entry.id == id_), None)


def packed(items: str) -> bytes | None:
    """The column `related`: a JSON list, compressed to less than a third. Null if it is empty."""
    return None if items == "[]" else _zstd.compressor.compress(items.encode())


def related_items(entries: bytes | None) -> Sequence[Sequence[Any]]:
    """The items of the column `related`, one for each related entry."""
    items: Sequence[Sequence[Any]] = orjson.loads(_zstd.decompressor.decompress(entries)) if entries else ()
    return items


def all_related_items(column: Sequence[bytes | None]) -> list[Sequence[Sequence[Any]]]:
    """The same for several rows. Decompresses all in one call, because each releases the interpreter's lock."""
    packed: Any = [entries for entries in column if entries]
    unpacked: Iterator[Any] = iter(_zstd.decompressor.multi_decompress_to_buffer(packed) if packed else ())
    return [orjson.loads(memoryview(next(unpacked))) if entries else () for entries in column]


def related(source: str, position: int, entry: Sequence[Any]) -> Related:
    """A related entry from its item in the row of the article `source`, an id."""
    tail, url, title, excerpt, type_, quality, published, web, amp, cdn, provider, _, _, _, pictures = entry
    return Related(
        related_id(source, tail),
        position,
        title,
        excerpt,
        type_,
        quality,
        optional_instant(published),
        web,
        amp,
        cdn,
        provider,
        tuple(Image(*values) for values in pictures),
        url,
        source,
    )


def _provider(row: Row) -> Provider:
    return Provider._make((*row[:5], images(row[5])))


def _author(row: Row) -> Author:
    return Author._make((*row[:5], images(row[5])))


def _topic(row: Row) -> Topic:
    return Topic._make(row[:4])


ARTICLE = Record("article", ", ".join(f"article.{name}" for name in (*NAMES, *_OWN)), _article)
RELATED = Record("article AS source", "source.id, parent.value, source.related", _related)
"""The related entry with an id, `parent.value`."""
MENTION = Record(
    "mention JOIN article AS source ON source.key = mention.article",
    "source.id, mention.position, source.related",
    _mention,
)
"""The related entries that name a provider."""
PROVIDER = Record(
    "provider",
    "provider.id, provider.key, provider.name, provider.slug, provider.domain, provider.images",
    _provider,
)
TOPIC = Record("topic", "topic.id, topic.key, topic.name, topic.slug", _topic)
AUTHOR = Record("author", "author.id, author.key, author.name, author.slug, author.url, author.images", _author)


def images(text: str) -> tuple[Image, ...]:
    if text == "[]":
        return ()
    return tuple(Image(*values) for values in orjson.loads(text))


def text_record(row: Row) -> Text:
    """The large fields, from the columns `id`, `body`, `front_matter` or `exposed`, and the others of `_texts`."""
    id_, body, front_matter, text, headings, lead, rules, destinations, addresses = row
    outline = tuple(Heading(*values) for values in orjson.loads(headings))
    shown, plain = orjson.loads(front_matter), body_text(body, text)
    return Text(id_, body, shown, plain, outline, lead, rules, destinations != "[]", orjson.loads(addresses))


def body_text(body: str, text: str | None) -> str:
    """The text of a body, from the columns of both. Plain text is stored once."""
    return body.strip() if text is None else text


def problem(row: Row) -> Problem:
    return Problem(SEVERITIES[row[0]], *row[1:])


def problem_row(value: Problem) -> Row:
    return (SEVERITIES.index(value.severity), *value[1:])


UNREAD = FileVersion("", -1, -1, -1, -1, "")
"""The version of a file that could not be read. It differs from every real version."""
