"""The statements that write one run of changes."""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

from gateway.store.article_row import COLUMNS
from gateway.store.tables import VIEWS

_OF_FILE = ("sha256", "bytes", "modified_at", "read_at", "unrestricted")
_OF_TIME = ("status", "reachable", "public")
_ALL = ("key", *_OF_TIME, *_OF_FILE, *COLUMNS)

_COLUMNS = ", ".join(f"article.{name}" for name in COLUMNS)

STORED = f"SELECT {', '.join(_ALL)} FROM article WHERE path IN (SELECT value FROM json_each(?))"
DUE = """
SELECT path FROM article WHERE published AND public_from > ?1 AND public_from <= ?2
UNION SELECT path FROM article WHERE published AND public_until > ?1 AND public_until <= ?2
"""
INSERT_ARTICLE = f"INSERT INTO article ({', '.join(_ALL)}) VALUES ({', '.join('?' * len(_ALL))})"
INSERT_URL = "INSERT INTO article_url VALUES (?, ?, ?, ?, ?)"
INSERT_TOPIC = "INSERT INTO article_topic VALUES (?, ?, ?, ?, ?, ?)"
INSERT_MENTION = "INSERT INTO mention VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"
INSERT_LINK = "INSERT INTO link VALUES (?, ?)"
REMOVE = "DELETE FROM article WHERE key = ?"
INDEX = {
    view: f"INSERT INTO search_{view} (rowid, title, topics, excerpt, provider, body) VALUES (?, ?, ?, ?, ?, ?)"
    for view in VIEWS
}
UNINDEX = {
    view: f"INSERT INTO search_{view} (search_{view}, rowid, title, topics, excerpt, provider, body)"
    " VALUES ('delete', ?, ?, ?, ?, ?, ?)"
    for view in VIEWS
}
SHOWN_WORDS = "SELECT words FROM provider WHERE view = ? AND key = ?"
MISNAMED = f"""
SELECT named.words, provider.words, article.key, article.public, {_COLUMNS}
FROM named CROSS JOIN provider ON provider.view = named.view AND provider.key = named.key
CROSS JOIN article ON article.provider = named.key AND article.public = named.view AND article.key < :first
WHERE named.kind = 'provider' AND named.words <> provider.words
UNION ALL
SELECT words(article.provider_name), provider.words, article.key, article.public, {_COLUMNS}
FROM article CROSS JOIN provider ON provider.view = article.public AND provider.key = article.provider
WHERE article.key >= :first AND provider.words <> words(article.provider_name)
"""
COUNT_NAMES = """
INSERT INTO naming VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET preview = preview + excluded.preview, public = public + excluded.public,
  reachable = reachable + excluded.reachable
"""
TOUCH = "INSERT OR IGNORE INTO touched VALUES (?, ?)"
TOUCH_ALL = (
    "INSERT INTO touched SELECT DISTINCT 'slug', wanted_slug FROM article",
    "INSERT INTO touched SELECT 'source', key FROM article",
    "INSERT INTO touched SELECT 'id', id FROM article",
    "INSERT INTO touched SELECT 'unlisted', id FROM article WHERE reachable > public",
)
"""The links of all articles lead to all backlinks, so the targets are not touched."""
INSERT_FILE = "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)"
DELETE_FILE = "DELETE FROM file WHERE path = ?"
PROBLEMS = """
SELECT about, severity, code, message, path, line, "column", hint FROM problem
WHERE scope = ? AND about IN (SELECT value FROM json_each(?)) ORDER BY rowid
"""
DELETE_PROBLEMS = "DELETE FROM problem WHERE scope = ? AND about = ?"
INSERT_PROBLEM = "INSERT INTO problem VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
GENERATION = "SELECT counter_all, counter_public, as_of FROM generation"
LAST_KEY = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'article'"
NEXT_ALL = "UPDATE generation SET counter_all = counter_all + 1, as_of = ?, loaded_all = ?"
NEXT_PUBLIC = "UPDATE generation SET counter_public = counter_public + 1, loaded_public = ?"
DELETE_MEMORY = "DELETE FROM memory"
INSERT_MEMORY = "INSERT INTO memory VALUES (?, ?)"
