"""Generates articles of which half share one provider and one topic, and half share one word.

They are created in memory, and loaded in the same way as files: text, front matter, document, store.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from benchmarks.corpus import WORDS, date, phrase
from gateway.content import decoder, frontmatter
from gateway.model.changes import FileVersion, Loaded
from gateway.store.protocol import ChangeSet, ContentStore

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
PROVIDER, TOPIC = "everyday.example", "Everyday"
COMMON, RARE = "everywhere", "hardly"
"""A word in half of the articles, and a word in RARITIES articles, regardless of the corpus size."""
RARITIES = 10
OTHERS = 200
"""The number of providers and of topics of the other half."""
CATEGORIES = ("news", "reviews", "guides", "opinion", "local")
TYPES = ("article", "article", "article", "video", "podcast")
VOCABULARY = tuple(first + second for first in WORDS for second in WORDS)
BATCH = 500


async def fill(store: ContentStore, size: int, seed: int = 1) -> None:
    """Load `size` articles in one generation."""
    await store.apply(ChangeSet(AS_OF, _batches(size, random.Random(seed))))


async def _batches(size: int, chance: random.Random) -> AsyncIterator[Sequence[Loaded]]:
    for start in range(0, size, BATCH):
        yield [_loaded(number, size, chance) for number in range(start, min(start + BATCH, size))]


def _loaded(number: int, size: int, chance: random.Random) -> Loaded:
    path = f"{number // BATCH:03d}/{number:06d}.md"
    content = article(number, size, chance).encode()
    front_matter = frontmatter.read(path, content)
    assert front_matter
    document, *_ = decoder.decode(path, front_matter)
    assert document
    version = FileVersion(path, len(content), 0, 0, number, hashlib.sha256(content).hexdigest())
    return Loaded(version, document)


def article(number: int, size: int, chance: random.Random) -> str:
    is_everyday = chance.random() < 0.5
    provider = PROVIDER if is_everyday else f"p{chance.randrange(OTHERS)}.example"
    topics = [f"Topic {chance.randrange(OTHERS)}", *([TOPIC] if is_everyday else [])]
    words = [COMMON] if chance.random() < 0.5 else []
    if number % (size // RARITIES) == 0:
        words.append(RARE)
    return (
        f"---\ntitle: {phrase(chance, 7)} {number}\nexcerpt: {_text(chance, 20)}\n"
        f"category: {chance.choice(CATEGORIES)}\ntype: {chance.choice(TYPES)}\nquality: {chance.randint(0, 100)}\n"
        f"publishedDateTime: {date(chance)}\nwebUrl: https://{provider}/{number}\n"
        f"provider:\n  name: The {provider}\n  domain: {provider}\ntopics: [{', '.join(topics)}]\n"
        f"---\n\n{_text(chance, 100)} {' '.join(words)}\n"
    )


def _text(chance: random.Random, length: int) -> str:
    """A skewed distribution: few words are in most texts, and most words are in few."""
    return " ".join(VOCABULARY[int(len(VOCABULARY) * chance.random() ** 4)] for _ in range(length))
