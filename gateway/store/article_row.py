"""Encodes documents as rows, in any process, and reads the rows that other tables derive from an article's row."""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from gateway.content.identity import article_id, related_tail, url_identity
from gateway.content.links import keys_meant, keys_of
from gateway.content.text import fold
from gateway.content.tokenizer import words
from gateway.model.changes import Encoded
from gateway.model.documents import (
    CustomValues,
    Destination,
    Document,
    NavigationEntry,
    ProviderName,
    RelatedEntry,
)
from gateway.model.instants import optional_micros
from gateway.store import field_columns
from gateway.store.rows import Row, body_text, packed, related_items

COLUMNS = (
    "id",
    "path",
    "wanted_slug",
    "slug",
    *field_columns.NAMES,
    *field_columns.FOLDED.values(),
    "published",
    "unlisted",
    "public_from",
    "public_until",
    "provider",
    "provider_name",
    "provider_domain",
    "provider_images",
    "images",
    "topics",
    "authors",
    "url",
    "aliases",
    "urls",
    "has_body",
    "is_secured",
    "file",
    "collection",
    "custom",
    "custom_order",
    "navigation",
    "translation",
    "custom_words",
    "custom_items",
    "custom_references",
    "related",
    "exposed",
    "front_matter",
    "secured",
    "body",
    "text",
    "headings",
    "lead",
    "body_rules",
    "destinations",
    "assets",
    "addresses",
)
"""The columns of an article that come from its document, in this order."""
PLAIN: Mapping[str, str | None] = {
    "collection": None,
    "custom": "{}",
    "custom_order": "{}",
    "custom_words": None,
    "custom_items": None,
    "custom_references": None,
}
"""The columns that depend on the collections, with their values outside all collections."""
TEXT_COLUMNS = ("title", "topics", "excerpt", "authors", "body", "text", "custom_words")
"""The columns of its words, except for the provider's name."""
AT = {column: at for at, column in enumerate(COLUMNS)}
_FIELDS = attrgetter(*field_columns.NAMES)
OWN, ALIAS = 0, 1
"""The ranks of an article's URLs. Among articles with a URL, the one with the lowest rank has it."""

RELATED_LINK, BODY_LINK = 0, 1
"""The kinds of links."""
REMEMBERED_ENTRIES = 8192
"""The number of encoded related entries that a process keeps. Real sites repeat most entries in many files."""


NameUse = tuple[str, str, str, str, int]
"""One use of a name by an article: "provider", "topic" or "author", its key, the name, its domain or URL or "", and 1
for the article's own name or 0 for the name in a related entry."""


class Parts(NamedTuple):
    """What other tables derive from an article's row."""

    urls: Sequence[tuple[int, int]]
    """The key of a URL that leads to the article, and its rank."""
    topics: Sequence[str]
    authors: Sequence[tuple[str, int]]
    """The key of an author, and 1 if the article has images of the author."""
    links: Sequence[tuple[int, int]]
    """The key of a URL or of another target, and the kind of the link."""
    mentions: Sequence[tuple[int, str, int]]
    """The position of a related entry, its provider, and 1 if it has images of the provider."""
    names: Sequence[NameUse]
    assets: Sequence[Row]
    """The values of each AssetFile."""
    items: Sequence[Row]
    """The number of a custom field, a position and a text."""
    references: Sequence[Row]
    """The number of a custom field, a position, a rank and the key of a URL."""


class _EntryParts(NamedTuple):
    """What other tables derive from a related entry."""

    link: int | None
    """The key of its URL."""
    name: NameUse | None
    pictured: int
    """1 if it has images of its provider."""


class _EncodedEntry(NamedTuple):
    tail: str
    """The end of its id, without its occurrence."""
    text: str
    """The other items of its JSON."""
    parts: _EntryParts


class IndexedText(NamedTuple):
    """The words of an article, by column of the full-text index."""

    title: str
    topics: str
    excerpt: str
    provider: str
    authors: str
    body: str
    custom_low: str
    custom: str
    custom_high: str


class EncodedArticle(NamedTuple):
    """One document, encoded."""

    values: tuple[Any, ...]
    """The values of COLUMNS."""
    parts: Parts
    text: IndexedText
    """With the provider's name as the document spells it."""


def encode(document: Document) -> Encoded:
    """Encodes a document for the store. Can run in any process of this Python version."""
    values, parts, text = encode_article(document)
    plain: Any = (values, parts[:], text[:])  # marshal knows no named tuples
    return Encoded(marshal.dumps(plain))


def decode(encoded: Encoded) -> EncodedArticle:
    values, parts, text = marshal.loads(encoded.content)  # noqa: S302 - from our own process
    return EncodedArticle(values, Parts(*parts), IndexedText(*text))


def encode_article(document: Document) -> EncodedArticle:
    entries = list(map(_encoded_entry, document.related))
    values = _values(document, packed(_related_text(entries)))
    parts = _parts(values, [entry.parts for entry in entries])
    return EncodedArticle(values, parts, text_of(values, values[AT["provider_name"]] or ""))


def _values(document: Document, related: bytes | None) -> tuple[Any, ...]:
    provider, custom = document.provider or _NO_PROVIDER, document.custom
    return (
        article_id(document.path),
        document.path,
        document.slug,
        document.slug,
        *_field_values(document),
        int(document.published),
        int(document.unlisted),
        optional_micros(document.public_from),
        optional_micros(document.public_until),
        provider.key or None,
        provider.name or None,
        provider.domain,
        _json(provider.images),
        _json(document.images),
        _json(document.topics),
        _json(document.authors),
        document.url,
        _json(document.aliases),
        _json(_owned_urls(document)),
        int(bool(document.body.strip())),
        int(document.secured is not None),
        document.file,
        document.collection,
        custom.values,
        custom.order,
        _json_or_none(document.navigation, NavigationEntry()),
        document.translation,
        _json_or_none(custom.words, CustomValues().words),
        _json_or_none(custom.items),
        _json_or_none(_reference_rows(custom)),
        related,
        document.exposed.decode(),
        document.front_matter.decode(),
        document.secured,
        document.body,
        None if document.text == document.body.strip() else document.text,
        _json(document.headings),
        document.lead,
        document.body_rules,
        _json(document.destinations),
        _json(document.assets),
        orjson.dumps(dict(document.addresses)).decode(),
    )


def _owned_urls(document: Document) -> list[tuple[int, int]]:
    """The keys of the URLs that lead to the article, each once, and their ranks."""
    aliases = [identity for alias in document.aliases if (identity := url_identity(alias))]
    ranks = {**dict.fromkeys(aliases, ALIAS), **dict.fromkeys(document.urls, OWN)}
    for key, rank in ((article_id(document.path), OWN), *keys_of(document.path, document.slug, document.names)):
        ranks.setdefault(key, rank)
    return [(url_key(url), rank) for url, rank in ranks.items()]


def _reference_rows(custom: CustomValues) -> tuple[Row, ...]:
    """The rows of references, without the columns of their article."""
    return tuple(
        (field, position, rank, url_key(key))
        for field, position, keys in custom.references
        for rank, key in enumerate(keys)
    )


def _field_values(document: Document) -> list[Any]:
    """The plain fields, and the folded texts of some."""
    values = [*_FIELDS(document)]
    folded = [None if (text := values[at]) is None else fold(text.strip()) for at in field_columns.FOLDED_AT]
    for at in field_columns.INSTANTS:
        values[at] = optional_micros(values[at])
    return values + folded


def plain(values: Row) -> tuple[Any, ...]:
    """The values of COLUMNS of a stored article that leaves its collection."""
    return tuple(PLAIN.get(name, value) for name, value in zip(COLUMNS, values, strict=True))


def parts_of(values: Row) -> Parts:
    """The parts of a stored article, from the values of COLUMNS."""
    return _parts(values, [_entry_parts(item[1], *item[10:14]) for item in related_items(values[AT["related"]])])


def _parts(values: Row, entries: Sequence[_EntryParts]) -> Parts:
    topics: list[list[str]] = orjson.loads(values[AT["topics"]])
    authors: list[tuple[str, str, str | None, list[object]]] = orjson.loads(values[AT["authors"]])
    provider, name, domain = values[AT["provider"] : AT["provider"] + 3]
    names: list[NameUse] = [("topic", key, spelled, "", 1) for key, spelled in topics]
    names += [("author", key, spelled, url or "", 1) for key, spelled, url, _ in authors]
    if provider:
        names.append(("provider", provider, name, domain or "", 1))
    names += [entry.name for entry in entries if entry.name]
    mentions = [(at, entry.name[1], entry.pictured) for at, entry in enumerate(entries) if entry.name]
    links = dict.fromkeys([(entry.link, RELATED_LINK) for entry in entries if entry.link is not None])
    items, references = (
        orjson.loads(text) if (text := values[AT[name]]) else () for name in ("custom_items", "custom_references")
    )
    if values[AT["destinations"]] != "[]":
        links |= dict.fromkeys((url_key(target), BODY_LINK) for target in _linked(values))
    assets = () if (text := values[AT["assets"]]) == "[]" else orjson.loads(text)
    return Parts(
        orjson.loads(values[AT["urls"]]),
        [key for key, _ in topics],
        [(key, int(bool(pictures))) for key, _, _, pictures in authors],
        list(links),
        mentions,
        names,
        assets,
        items,
        references,
    )


def _linked(values: Row) -> Iterator[str]:
    """The keys of the targets of the links of a body."""
    for each in orjson.loads(values[AT["destinations"]]):
        yield from keys_meant(Destination(*each), values[AT["url"]])


def _entry_parts(url: str | None, provider: str | None, name: str, domain: str | None, pictures: object) -> _EntryParts:
    named: NameUse | None = ("provider", provider, name, domain or "", 0) if provider else None
    return _EntryParts(None if url is None else url_key(url), named, int(bool(pictures)))


def text_of(values: Row, provider: str) -> IndexedText:
    """The words of an encoded or stored article, from the values of COLUMNS. `provider` is the shown name of its
    provider, or ""."""
    return indexed_text([values[AT[name]] for name in TEXT_COLUMNS], provider)


def indexed_text(values: Row, provider: str) -> IndexedText:
    """The words of an article, from the values of TEXT_COLUMNS."""
    title, topics, excerpt, authors, body, text, custom = values
    keys = (key for key, _ in orjson.loads(topics))  # a key has the words of each of its spellings
    names = (name for _, name, *_ in orjson.loads(authors))
    return IndexedText(
        words(title),
        words(" ".join(keys)),
        words(excerpt or ""),
        words(provider),
        words(" ".join(names)),
        words(body_text(body, text)),
        *(map(words, orjson.loads(custom)) if custom else ("", "", "")),
    )


@lru_cache(maxsize=REMEMBERED_ENTRIES)
def url_key(url: str) -> int:
    """The key of a normalised URL in side tables: 64 bits of its digest, signed."""
    return int.from_bytes(hashlib.sha256(url.encode("utf-8", "surrogatepass")).digest()[:8], signed=True)


_NO_PROVIDER = ProviderName("", "", None)


def _related_text(entries: Sequence[_EncodedEntry]) -> str:
    """The entries as JSON. The first item of an entry is the end of its id."""
    seen: dict[str, int] = {}
    items = []
    for entry in entries:
        occurrence = seen[entry.tail] = seen.get(entry.tail, -1) + 1
        items.append(f'["{entry.tail}-{occurrence}",{entry.text}')
    return f"[{','.join(items)}]"


@lru_cache(maxsize=REMEMBERED_ENTRIES)
def _encoded_entry(entry: RelatedEntry) -> _EncodedEntry:
    provider = entry.provider or _NO_PROVIDER
    values = (
        entry.url,
        entry.title,
        entry.excerpt,
        entry.type,
        entry.quality,
        optional_micros(entry.published_date_time),
        entry.web_url,
        entry.amp_web_url,
        entry.cdn_amp_web_url,
        provider.key or None,
        provider.name or None,
        provider.domain,
        provider.images,
        entry.images,
    )
    return _EncodedEntry(related_tail(entry.identity), _json(values)[1:], _entry_parts(entry.url, *provider))


def _json(values: Sequence[Any]) -> str:
    """A list as JSON. Named tuples in it are lists too."""
    return orjson.dumps(values, default=tuple).decode()


def _json_or_none(values: tuple[Any, ...], empty: tuple[Any, ...] = ()) -> str | None:
    return None if values == empty else _json(values)
