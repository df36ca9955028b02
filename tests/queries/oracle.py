"""Expected answers of the API: the contract's schema, resolved over plain lists in the simplest way.

It does not import the gateway. It has no cursors: queries with cursors are compared with slices.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from graphql import DocumentNode, build_schema, execute_sync, parse, validate

from tests.queries.corpus import AS_OF, Named, Piece

CONTRACT = build_schema((Path(__file__).parent.parent / "contract.graphql").read_text())

Json = dict[str, Any]

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "in": lambda value, wanted: value in wanted,
    "nin": lambda value, wanted: value not in wanted,
    "gt": lambda value, bound: value is not None and value > bound,
    "gte": lambda value, bound: value is not None and value >= bound,
    "lt": lambda value, bound: value is not None and value < bound,
    "lte": lambda value, bound: value is not None and value <= bound,
    "contains": lambda value, text: value is not None and fold(text) in fold(value),
    "startsWith": lambda value, text: value is not None and fold(value).strip().startswith(fold(text).strip()),
    "endsWith": lambda value, text: value is not None and fold(value).strip().endswith(fold(text).strip()),
    "isNull": lambda value, wanted: (value is None) == wanted,
}
VALUES: Mapping[str, Callable[[Piece], Any]] = {
    "id": lambda piece: identity("ar", piece.path),
    "slug": lambda piece: piece.slug,
    "path": lambda piece: piece.path,
    "collection": lambda _: None,
    "category": lambda piece: piece.category,
    "type": lambda piece: piece.type,
    "locale": lambda piece: piece.locale,
    "title": lambda piece: piece.title,
    "subtitle": lambda piece: piece.subtitle,
    "quality": lambda piece: piece.quality,
    "heat": lambda piece: piece.heat,
    "publishedDateTime": lambda piece: piece.published_at,
    "updatedDateTime": lambda piece: piece.updated_at,
}
NEWEST_FIRST = ({"field": "PUBLISHED_DATE_TIME", "direction": "DESC", "nulls": "LAST"},)


@lru_cache
def parsed(query: str) -> DocumentNode:
    document = parse(query)
    assert validate(CONTRACT, document) == []
    return document


UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
LETTERS = {"ł": "l", "ø": "o", "æ": "ae"}
"""Latin letters that do not decompose. Queries are made of no others."""


def fold(text: str) -> str:
    """Without case, accents and invisible characters."""
    decomposed = unicodedata.normalize("NFKD", UNSEEN.sub("", text))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
    return "".join(LETTERS.get(c, c) for c in plain)


def identity(prefix: str, key: str) -> str:
    digest = hashlib.sha256(unicodedata.normalize("NFC", key).encode()).digest()[:16]
    return f"{prefix}_{urlsafe_b64encode(digest).decode().rstrip('=')}"


def printed(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat().replace("+00:00", "Z")


def read(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def said(given: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    """The client's arguments, with nulls removed."""
    return [(name, value) for name, value in (given or {}).items() if value is not None]


def status(piece: Piece) -> str:
    if not piece.published:
        return "DRAFT"
    return "PUBLISHED" if piece.published_at is None or piece.published_at <= AS_OF else "SCHEDULED"


def satisfies(value: Any, conditions: Mapping[str, Any]) -> bool:
    is_time = isinstance(value, datetime)
    return all(
        OPERATORS[name](value, read(wanted) if is_time and name != "isNull" else wanted)
        for name, wanted in said(conditions)
    )


class Names:
    """Providers, topics or authors with the names and counts that one visibility sees."""

    def __init__(self, prefix: str, used: Iterable[Named], mentioned: Iterable[Named] = ()) -> None:
        self._prefix = prefix
        own, other = list(used), list(mentioned)
        self.counts = Counter(one.key for one in own)
        self.named = {one.key: one for one in [*other, *own]}
        self.names = {
            key: self._majority([one for one in own if one.key == key] or [one for one in other if one.key == key])
            for key in self.named
        }

    @staticmethod
    def _majority(spelt: Sequence[Named]) -> str:
        uses = Counter(one.name for one in spelt)
        return min(uses, key=lambda name: (-uses[name], fold(name), name))

    def by_count(self, key: str, count: int) -> Any:
        return -count, fold(self.names[key]), self.names[key], key

    def value(self, key: str, field: str) -> Any:
        values = {
            "id": identity(self._prefix, key),
            "name": self.names[key],
            "slug": self.named[key].slug,
            "domain": self.named[key].domain,
        }
        return values[field]

    def matches(self, key: str | None, filter_: Mapping[str, Any] | None) -> bool:
        """Without a provider all values are null."""
        return all(
            key is not None and self.counts[key] >= wanted
            if name == "minArticles"
            else satisfies(None if key is None else self.value(key, name), wanted)
            for name, wanted in said(filter_)
        )


class Oracle:
    """The answers for one visibility."""

    def __init__(self, corpus: Sequence[Piece], *, preview: bool) -> None:
        self.pieces = sorted((one for one in corpus if preview or status(one) == "PUBLISHED"), key=lambda one: one.path)
        self.providers = Names(
            "pr",
            [one.provider for one in self.pieces if one.provider],
            [provider for one in self.pieces for provider in one.mentions if provider],
        )
        self.topics = Names("to", [topic for one in self.pieces for topic in one.topics])
        self.authors = Names("au", [author for one in self.pieces for author in one.authors])

    def answer(self, query: str, variables: Json | None = None) -> Any:
        result = execute_sync(CONTRACT, parsed(query), self.root(), variable_values=variables)
        assert not result.errors, result.errors
        return result.data

    # Filters and orders.

    def matches(self, piece: Piece, filter_: Mapping[str, Any] | None) -> bool:
        return all(self._holds(piece, name, wanted) for name, wanted in said(filter_))

    def _holds(self, piece: Piece, name: str, wanted: Any) -> bool:
        special: Mapping[str, Callable[[], bool]] = {
            "and": lambda: all(self.matches(piece, each) for each in wanted),
            "or": lambda: any(self.matches(piece, each) for each in wanted),
            "not": lambda: not self.matches(piece, wanted),
            "provider": lambda: self.providers.matches(piece.provider.key if piece.provider else None, wanted),
            "topics": lambda: all(named(self.topics, piece.topics, *each) for each in said(wanted)),
            "authors": lambda: all(named(self.authors, piece.authors, *each) for each in said(wanted)),
            "status": lambda: satisfies(status(piece), wanted),
            "hasBody": lambda: bool(piece.body.strip()) is wanted,
            "hasImage": lambda: bool(piece.images) is wanted,
            "hasRelated": lambda: bool(piece.mentions) is wanted,
        }
        return special[name]() if name in special else satisfies(VALUES[name](piece), wanted)

    def sorted(
        self,
        filter_: Json | None = None,
        order: Sequence[Mapping[str, Any]] | None = None,
        among: Sequence[Piece] | None = None,
    ) -> list[Piece]:
        """The list is sorted by path first, so paths break ties."""
        terms = NEWEST_FIRST if order is None else order
        found = [one for one in (self.pieces if among is None else among) if self.matches(one, filter_)]
        found.sort(key=lambda one: one.path, reverse=is_backwards(terms))
        for term in reversed(terms):
            values = {one.path: self._sorted_by(one, term["field"]) for one in found}
            known = [one for one in found if values[one.path] is not None]
            known.sort(key=lambda one: values[one.path], reverse=term.get("direction") == "DESC")
            unknown = [one for one in found if values[one.path] is None]
            found = unknown + known if term.get("nulls") == "FIRST" else known + unknown
        return found

    def _sorted_by(self, piece: Piece, field: str) -> Any:
        match field:
            case "PUBLISHED_DATE_TIME":
                return piece.published_at
            case "UPDATED_DATE_TIME":
                return piece.updated_at
            case "TITLE":
                return fold(piece.title), piece.title
            case "SUBTITLE":
                return piece.subtitle and (fold(piece.subtitle), piece.subtitle)
            case "PROVIDER_NAME":
                name = piece.provider and self.providers.names[piece.provider.key]
                return name and (fold(name), name)
            case _:
                return getattr(piece, field.lower())

    def _names(self, names: Names, filter_: Json | None, order: Sequence[Mapping[str, Any]] | None) -> list[str]:
        terms = ({"field": "ARTICLE_COUNT", "direction": "DESC"},) if order is None else order
        found = sorted((key for key in names.named if names.matches(key, filter_)), reverse=is_backwards(terms))
        for term in reversed(terms):
            by: Mapping[str, Callable[[str], Any]] = {
                "ARTICLE_COUNT": lambda key: names.counts[key],
                "NAME": lambda key: (fold(names.names[key]), names.names[key]),
                "DOMAIN": lambda key: names.named[key].domain,
            }
            value = by[term["field"]]
            known = sorted(
                (key for key in found if value(key) is not None), key=value, reverse=term.get("direction") == "DESC"
            )
            found = known + [key for key in found if value(key) is None]
        return found

    # Schema.

    def root(self) -> Json:
        return {
            "article": lambda _, path: next((self._article(one) for one in self.pieces if one.path == path), None),
            "articles": partial(self._articles, self.pieces),
            "providers": partial(self._names_page, self.providers, self._provider),
            "topics": partial(self._names_page, self.topics, self._topic),
            "authors": partial(self._names_page, self.authors, self._author),
            "provider": partial(self._by_slug, self.providers, self._provider),
            "topic": partial(self._by_slug, self.topics, self._topic),
            "author": partial(self._by_slug, self.authors, self._author),
            "facets": self._facets,
        }

    def _names_page(self, names: Names, make: Callable[[str], Json], _: object, **arguments: Any) -> Json:
        filter_, order = arguments.pop("filter", None), arguments.pop("orderBy", None)
        return page([make(key) for key in self._names(names, filter_, order)], **arguments)

    @staticmethod
    def _by_slug(names: Names, make: Callable[[str], Json], _: object, slug: str) -> Json | None:
        return next((make(key) for key, named in names.named.items() if named.slug == slug), None)

    def _articles(self, among: Sequence[Piece], _: object, **arguments: Any) -> Json:
        found = self.sorted(arguments.pop("filter", None), arguments.pop("orderBy", None), among)
        return page([self._article(one) for one in found], **arguments)

    def _article(self, piece: Piece) -> Json:
        values = {name: value(piece) for name, value in VALUES.items()}
        return {
            **values,
            "publishedDateTime": printed(piece.published_at),
            "updatedDateTime": printed(piece.updated_at),
            "published": piece.published,
            "status": status(piece),
            "provider": lambda _: piece.provider and self._provider(piece.provider.key),
            "topics": lambda _: [self._topic(topic.key) for topic in piece.topics],
            "authors": lambda _: [self._author(author.key) for author in piece.authors],
            "images": [{"url": url} for url in piece.images],
            "adjacent": partial(self._adjacent, piece),
        }

    def _adjacent(self, piece: Piece, _: object, **arguments: Any) -> Json:
        before, after = self._beside(piece, arguments.get("orderBy"), arguments.get("filter"))
        newer, older = self._beside(piece, None, arguments.get("filter"))
        return {"previous": before, "next": after, "newer": newer, "older": older}

    def _beside(self, piece: Piece, order: Any, filter_: Json | None) -> tuple[Json | None, Json | None]:
        line = self.sorted(None, order)
        place = line.index(piece)
        before, after = (
            [one for one in side if self.matches(one, filter_)] for side in (line[:place], line[place + 1 :])
        )
        return self._article(before[-1]) if before else None, self._article(after[0]) if after else None

    def _provider(self, key: str) -> Json:
        own = [one for one in self.pieces if one.provider and one.provider.key == key]
        return {
            **{field: self.providers.value(key, field) for field in ("id", "name", "slug", "domain")},
            "articles": partial(self._articles, own),
            "topics": lambda _, **arguments: self._topic_counts(own, **arguments),
        }

    def _topic(self, key: str) -> Json:
        own = [one for one in self.pieces if any(topic.key == key for topic in one.topics)]
        return {
            **{field: self.topics.value(key, field) for field in ("id", "name", "slug")},
            "articles": partial(self._articles, own),
            "providers": lambda _, **arguments: self._provider_counts(own, **arguments),
            "relatedTopics": lambda _, **arguments: [
                each
                for each in self._topic_counts(own, first=1000)
                if each["topic"]["slug"] != self.topics.named[key].slug
            ][: arguments.get("first")],
        }

    def _author(self, key: str) -> Json:
        own = [one for one in self.pieces if any(author.key == key for author in one.authors)]
        return {
            **{field: self.authors.value(key, field) for field in ("id", "name", "slug")},
            "articles": partial(self._articles, own),
            "topics": lambda _, **arguments: self._topic_counts(own, **arguments),
        }

    # Counts.

    def _facets(self, _: object, **arguments: Any) -> Json:
        filter_ = arguments.get("filter")

        def counts(own: str, count: Callable[..., list[Json]], _: object, **asked: Any) -> list[Json]:
            excluded = asked.pop("excludeOwnFilter", None) is not False
            return count(
                self.sorted({name: value for name, value in said(filter_) if name != own or not excluded}), **asked
            )

        return {
            "topics": partial(counts, "topics", self._topic_counts),
            "authors": partial(counts, "authors", self._author_counts),
            "providers": partial(counts, "provider", self._provider_counts),
            "categories": partial(counts, "category", partial(value_counts, "category")),
            "types": partial(counts, "type", partial(value_counts, "type")),
            "collections": partial(counts, "collection", lambda _among, **_asked: []),
            "dates": lambda _, interval: date_counts(self.sorted(filter_), interval),
            "quality": lambda _, bounds: range_counts(self.sorted(filter_), [25, 50, 75] if bounds is None else bounds),
        }

    def _topic_counts(self, among: Sequence[Piece], **asked: Any) -> list[Json]:
        counts = Counter(topic.key for one in among for topic in one.topics)
        return [
            {"topic": self._topic(key), "count": count} for key, count in most(counts, self.topics.by_count, **asked)
        ]

    def _author_counts(self, among: Sequence[Piece], **asked: Any) -> list[Json]:
        counts = Counter(author.key for one in among for author in one.authors)
        found = most(counts, self.authors.by_count, **asked)
        return [{"author": self._author(key), "count": count} for key, count in found]

    def _provider_counts(self, among: Sequence[Piece], **asked: Any) -> list[Json]:
        counts = Counter(one.provider.key for one in among if one.provider)
        found = most(counts, self.providers.by_count, **asked)
        return [{"provider": self._provider(key), "count": count} for key, count in found]


def named(names: Names, used: Sequence[Named], condition: str, wanted: Any) -> bool:
    """Whether a list of names meets a condition."""
    had = {word for one in used for word in (one.slug, names.names[one.key])}
    match condition:
        case "anyOf":
            return any(word in had for word in wanted)
        case "allOf":
            return all(word in had for word in wanted)
        case "noneOf":
            return not any(word in had for word in wanted)
        case _:
            return (not had) is bool(wanted)


def is_backwards(order: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the first term is against the direction of its index: numbers and dates fall there, and texts rise."""
    falls = {"PUBLISHED_DATE_TIME", "UPDATED_DATE_TIME", "QUALITY", "HEAT", "ARTICLE_COUNT"}
    return bool(order) and (order[0].get("direction") == "DESC") is not (order[0]["field"] in falls)


def page(rows: Sequence[Json], first: int | None = None, last: int | None = None, offset: int | None = None) -> Json:
    skipped = offset or 0
    line = rows[::-1] if last is not None else rows
    size = next((number for number in (first, last) if number is not None), 20)
    found = line[skipped : skipped + size]
    more, less = len(line) > skipped + size, bool(line[:skipped])
    if last is not None:
        found, more, less = found[::-1], less, more
    return {
        "nodes": found,
        "edges": [{"node": row} for row in found],
        "totalCount": len(rows),
        "pageInfo": {"hasNextPage": more, "hasPreviousPage": less},
    }


def most(counts: Counter[str], order: Callable[[str, int], Any], **asked: Any) -> list[tuple[str, int]]:
    """The largest counts, at most `first` of them and each at least `minCount`. Null means the default."""
    first, least = (asked.get(name) for name in ("first", "minCount"))
    found = [(key, count) for key, count in counts.items() if count >= (1 if least is None else least)]
    return sorted(found, key=lambda each: order(*each))[: 20 if first is None else first]


def value_counts(field: str, among: Sequence[Piece], **asked: Any) -> list[Json]:
    counts = Counter(value for one in among if (value := getattr(one, field)) is not None)
    found = most(counts, lambda value, count: (-count, fold(value), value), **asked)
    return [{"value": value, "count": count} for value, count in found]


def bucket(time: datetime, interval: str) -> tuple[datetime, datetime]:
    """Start and end of a bucket. The last bucket ends with the last possible time."""
    start = time.replace(hour=0, minute=0, second=0, microsecond=0)
    latest = datetime.max.replace(tzinfo=UTC)
    match interval:
        case "DAY":
            length = timedelta(days=1)
        case "WEEK":
            start -= timedelta(days=start.weekday())
            length = timedelta(days=7)
        case "MONTH":
            start = start.replace(day=1)
            return start, latest if (start.year, start.month) == (9999, 12) else following_month(start)
        case _:
            start = start.replace(month=1, day=1)
            return start, latest if start.year == 9999 else start.replace(year=start.year + 1)
    return start, latest if latest - start < length else start + length


def following_month(start: datetime) -> datetime:
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def date_counts(among: Sequence[Piece], interval: str) -> list[Json]:
    counts = Counter(bucket(one.published_at, interval) for one in among if one.published_at)
    return [
        {"start": printed(start), "end": printed(end), "count": count} for (start, end), count in sorted(counts.items())
    ]


def range_counts(among: Sequence[Piece], bounds: Sequence[int]) -> list[Json]:
    edges = [None, *sorted(set(bounds)), None]
    return [
        {
            "gte": low,
            "lt": high,
            "count": sum(
                one.quality is not None and (low is None or low <= one.quality) and (high is None or one.quality < high)
                for one in among
            ),
        }
        for low, high in pairwise(edges)
    ]
