"""Fills a relational database with the articles of a running gateway. `peers/node` has its schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.contenders import PEERS
from tests.commands import Running

SCHEMA = PEERS / "node/schema.sql"
PAGE = """
query ($after: String) {
  articles(first: 50, after: $after, orderBy: []) {
    nodes {
      id path title excerpt publishedDateTime webUrl provider { ...Publisher } topics { name } images { url width }
      body { text } related { title publishedDateTime webUrl provider { ...Publisher } images { url width } }
    }
    pageInfo { endCursor hasNextPage }
  }
}
fragment Publisher on Provider { id name domain }
"""

Record = Mapping[str, Any]


def fill(database: Path, server: Running) -> None:
    """Write a new database."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(SCHEMA.read_text())
        for article in _served(server):
            _insert(connection, article)
        connection.execute("ANALYZE")


def _served(server: Running) -> Iterator[Record]:
    """All articles in the order of their paths."""
    page: Record = {"endCursor": None, "hasNextPage": True}
    while page["hasNextPage"]:
        found = server.post(PAGE, after=page["endCursor"])["data"]["articles"]
        yield from found["nodes"]
        page = found["pageInfo"]


def _insert(connection: sqlite3.Connection, article: Record) -> None:
    """Insert an article with all that belongs to it."""
    key = connection.execute(
        "INSERT INTO articles VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(article[name] for name in ("id", "path", "title", "excerpt", "publishedDateTime", "webUrl")),
            _provider(connection, article["provider"]),
        ),
    ).lastrowid
    for position, topic in enumerate(article["topics"]):
        connection.execute("INSERT OR IGNORE INTO topics VALUES (NULL, ?)", (topic["name"],))
        connection.execute(
            "INSERT INTO article_topic SELECT ?, ?, key FROM topics WHERE name = ?", (key, position, topic["name"])
        )
    for image in article["images"]:
        connection.execute("INSERT INTO images VALUES (NULL, ?, NULL, ?, ?)", (key, image["url"], image["width"]))
    texts = (
        article["title"],
        " ".join(topic["name"] for topic in article["topics"]),
        article["excerpt"],
        article["provider"]["name"],
        article["body"]["text"],
    )
    connection.execute(
        "INSERT INTO words (rowid, title, topics, excerpt, provider, body) VALUES (?, ?, ?, ?, ?, ?)", (key, *texts)
    )
    for entry in article["related"]:
        _insert_related(connection, key, entry)


def _insert_related(connection: sqlite3.Connection, article: int | None, entry: Record) -> None:
    key = connection.execute(
        "INSERT INTO related VALUES (NULL, ?, ?, ?, ?, ?)",
        (
            article,
            *(entry[name] for name in ("title", "publishedDateTime", "webUrl")),
            _provider(connection, entry["provider"]),
        ),
    ).lastrowid
    for image in entry["images"]:
        connection.execute("INSERT INTO images VALUES (NULL, NULL, ?, ?, ?)", (key, image["url"], image["width"]))


def _provider(connection: sqlite3.Connection, provider: Record | None) -> int | None:
    """The key of a provider, which is inserted if it is new."""
    if not provider:
        return None
    row = (provider["id"], provider["name"], provider["domain"])
    connection.execute("INSERT OR IGNORE INTO providers VALUES (NULL, ?, ?, ?)", row)
    (key,) = connection.execute("SELECT key FROM providers WHERE id = ?", row[:1]).fetchone()
    return int(key)
