"""What PostgreSQL has in place of SQLite's vocabularies and of its function `fold`: tables of words and of characters.

`tables.sql` describes them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import cache
from typing import Any

from gateway.content.text import fold
from gateway.store.rows import Row
from gateway.store.sql_files import named
from gateway.store.sqlite.driver import SqliteConnection

_SQL = named("postgres/words.sql")
VOCABULARY = _SQL["vocabulary"]
COUNT_WORDS = _SQL["count_words"]
FUNCTIONS = _SQL["functions"]
_PLANES = (*range(0x80, 0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE1000))
"""The characters that can fold to others."""


async def copy_vocabulary(connection: Any, source: SqliteConnection) -> None:
    """Fills the table `word` from the vocabularies of a working file."""
    for public in (0, 1):
        rows = await source.rows(VOCABULARY.replace(":view", str(public)))
        await connection.copy_records_to_table("word", records=rows, columns=("public", "field", "term", "docs"))


async def count_words(connection: Any, articles: Collection[int], change: int) -> None:
    """Counts the words of articles in `search`: with 1 after they are inserted, with -1 before they are deleted."""
    await connection.execute(COUNT_WORDS, list(articles), change)


async def create_folding(connection: Any) -> None:
    """Fills the table `folding`, and creates the function `fold` that reads it."""
    await connection.copy_records_to_table("folding", records=folding(), columns=("character", "folded"))


async def create_functions(connection: Any) -> None:
    await connection.execute(FUNCTIONS)


@cache
def folding() -> Collection[Row]:
    """The characters of decomposed text that fold to others, with what they fold to."""
    found = ((character, fold(character)) for character in map(chr, _PLANES))
    decomposed = unicodedata.normalize
    return [(one, folded) for one, folded in found if folded != one and decomposed("NFKD", one) == one] + [
        (letter, letter.lower()) for letter in map(chr, range(0x41, 0x5B))
    ]
