"""Generated corpora as plain Python, with ties, nulls, unusual texts and empty lists; equal for equal seeds."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

T = TypeVar("T")

SIZES = (0, 1, 2, 12, 60, 200)
AS_OF = datetime(2025, 1, 1, tzinfo=UTC)


class Named(NamedTuple):
    """A provider, topic or author in the spelling of a file, and the key that all spellings share."""

    name: str
    key: str
    slug: str
    domain: str | None = None


class Piece(NamedTuple):
    """One file."""

    path: str
    slug: str
    title: str
    subtitle: str | None
    type: str
    category: str | None
    locale: str | None
    quality: int | None
    heat: int | None
    published: bool
    published_at: datetime | None
    updated_at: datetime | None
    provider: Named | None
    topics: tuple[Named, ...]
    authors: tuple[Named, ...]
    images: tuple[str, ...]
    mentions: tuple[Named | None, ...]
    """The providers of the related entries."""
    body: str


PROVIDERS = (
    Named("Gazette", "gazette.example", "gazette-example", "gazette.example"),
    Named("gazette", "gazette.example", "gazette-example", "gazette.example"),
    Named("The Gazette", "gazette.example", "gazette-example", "gazette.example"),
    Named("Ärger & Söhne", "arger-sohne", "arger-sohne"),
    Named("Post", "post.example", "post-example", "post.example"),
    Named("Post", "post", "post"),
    Named("100%", "100", "100"),
    Named("学习", "学习", "学习"),
)
FAR = Named("Far", "far.example", "far-example", "far.example")
"""Providers that only related entries name."""
TOPICS = (
    Named("AI", "ai", "ai"),
    Named("ai", "ai", "ai"),
    Named("C++", "c++", "cplusplus"),
    Named("C#", "c#", "csharp"),
    Named("Résumé", "résumé", "resume"),
    Named("100% 'sure'_\"", "100% 'sure'_\"", "100-sure"),
    Named("机器学习", "机器学习", "机器学习"),
    Named("a_b", "a_b", "a-b"),
)
AUTHORS = (
    Named("News Desk", "news desk", "news-desk"),
    Named("NEWS DESK", "news desk", "news-desk"),
    Named("Desk, North", "desk, north", "desk-north"),
    Named("Ink & Paper", "ink & paper", "ink-paper"),
    Named("编辑部", "编辑部", "编辑部"),
    Named("Équipe", "équipe", "equipe"),
)
TITLES = (
    "A",
    "a",
    "Résumé",
    "RESU\u00adME Łódź",
    "Straße",
    "STRASSE",
    "100%",
    "a_b",
    "a%b",
    "'\"; --",
    "机器学习",
    "Ещё 🎉",
)
VALUES = (None, "news", "News", "Nëws", "50%", "a_b", "学习")
LOCALES = (None, "en", "en", "de", "pt-BR")
TYPES = ("article", "article", "video", "Pödcast")
NUMBERS = (None, -1, 0, 24, 25, 26, 50, 75, 100, 3694)
TIMES = (
    None,
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC),  # a Sunday
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2024, 1, 7, 12, tzinfo=UTC),
    datetime(2024, 1, 8, tzinfo=UTC),
    datetime(2024, 2, 29, 8, 30, tzinfo=UTC),
    datetime(2024, 12, 31, tzinfo=UTC),
    datetime(2026, 6, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 1, tzinfo=UTC),
)
BODIES = ("", " \n", "Text.", "# Heading\n\nText.", "Lead.\n\n<!-- more -->\n\nRest.")


def corpus(size: int, seed: int = 1) -> list[Piece]:
    return list(_pieces(size, random.Random(seed)))  # noqa: S311 - repeatable, and no secret


def _pieces(size: int, chance: random.Random) -> Iterator[Piece]:
    def some(values: Sequence[T], most: int) -> tuple[T, ...]:
        return tuple(chance.sample(values, chance.randint(0, most)))

    for number in chance.sample(range(size), size):
        topics = {topic.key: topic for topic in some(TOPICS, 4)}
        authors = {author.key: author for author in AUTHORS[number % 7 :][: number % 4]}
        yield Piece(
            path=f"{chance.choice(('a', 'ä', 'B'))}/{number:04}.md",
            slug=f"piece-{number:04}",
            title=chance.choice(TITLES),
            subtitle=(None, *TITLES)[number % (len(TITLES) + 1)],
            type=chance.choice(TYPES),
            category=chance.choice(VALUES),
            locale=chance.choice(LOCALES),
            quality=chance.choice(NUMBERS),
            heat=chance.choice(NUMBERS),
            published=chance.random() < 0.7,
            published_at=chance.choice(TIMES),
            updated_at=chance.choice(TIMES),
            provider=chance.choice((None, *PROVIDERS)),
            topics=tuple(topics.values()),
            authors=tuple(authors.values()),
            images=some(("https://img.example/1.jpg", "https://img.example/2.jpg"), 2),
            mentions=some((None, FAR, *PROVIDERS[:2]), 2),
            body=chance.choice(BODIES),
        )


def text(piece: Piece) -> str:
    """The content of the file."""
    front_matter: dict[str, object] = {
        "slug": piece.slug,
        "title": piece.title,
        "subtitle": piece.subtitle,
        "type": piece.type,
        "category": piece.category,
        "locale": piece.locale,
        "quality": piece.quality,
        "heat": piece.heat,
        "published": piece.published,
        "publishedDateTime": piece.published_at
        and f"{piece.published_at:%Y}".zfill(4) + f"{piece.published_at:-%m-%dT%H:%M:%SZ}",
        "updatedDateTime": piece.updated_at
        and f"{piece.updated_at:%Y}".zfill(4) + f"{piece.updated_at:-%m-%dT%H:%M:%SZ}",
        "provider": _provider(piece.provider),
        "topics": [topic.name for topic in piece.topics],
        "authors": [author.name for author in piece.authors],
        "images": [{"url": url} for url in piece.images],
        "related": [
            {"title": f"Entry {number}", "provider": _provider(provider)}
            for number, provider in enumerate(piece.mentions)
        ],
    }
    lines = [
        f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front_matter.items() if value is not None
    ]
    return "\n".join(["---", *lines, "---", piece.body])


def _provider(provider: Named | None) -> dict[str, str] | None:
    if provider is None:
        return None
    return {"name": provider.name} if provider.domain is None else {"name": provider.name, "domain": provider.domain}
