"""The statements that write one run of changes: `write.sql` writes its batches, `derive.sql` ends it."""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

from gateway.store.article_row import COLUMNS
from gateway.store.sql_files import named, split
from gateway.store.tables import PREVIEW_VIEW, PUBLIC_VIEW

_OF_FILE = ("sha256", "bytes", "modified_at", "read_at", "unrestricted")
_OF_TIME = ("status", "reachable", "public")
_ALL = ("key", *_OF_TIME, *_OF_FILE, *COLUMNS)

_COLUMNS = ", ".join(f"article.{name}" for name in COLUMNS)

STORED = f"SELECT {', '.join(_ALL)} FROM article WHERE path IN (SELECT value FROM json_each(?))"
INSERT_ARTICLE = f"INSERT INTO article ({', '.join(_ALL)}) VALUES ({', '.join('?' * len(_ALL))})"
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

_WRITE = named("sqlite/write.sql")
GENERATION = _WRITE["generation"]
DECLARED = _WRITE["declared"]
PRESENT_INDEXES = _WRITE["present_indexes"]
DECLARE = _WRITE["declare"]
NEXT_ALL = _WRITE["next_all"]
NEXT_PUBLIC = _WRITE["next_public"]
COUNT_ARTICLES = _WRITE["count_articles"]
LAST_KEY = _WRITE["last_key"]
DUE = _WRITE["due"]
REMOVE = _WRITE["remove"]
INSERT_URL = _WRITE["insert_url"]
INSERT_TOPIC = _WRITE["insert_topic"]
INSERT_AUTHOR = _WRITE["insert_author"]
INSERT_MENTION = _WRITE["insert_mention"]
INSERT_LINK = _WRITE["insert_link"]
INSERT_ITEM = _WRITE["insert_item"]
INSERT_REFERENCE = _WRITE["insert_reference"]
INSERT_ASSET = _WRITE["insert_asset"]
INDEX = {PREVIEW_VIEW: _WRITE["index_preview"], PUBLIC_VIEW: _WRITE["index_public"]}
UNINDEX = {PREVIEW_VIEW: _WRITE["unindex_preview"], PUBLIC_VIEW: _WRITE["unindex_public"]}
SHOWN_WORDS = _WRITE["shown_words"]
COUNT_NAMES = _WRITE["count_names"]
INSERT_FILE = _WRITE["insert_file"]
DELETE_FILE = _WRITE["delete_file"]
SIGN_FOLDER = _WRITE["sign_folder"]
DELETE_FOLDER = _WRITE["delete_folder"]
PROBLEMS = _WRITE["problems"]
INSERT_PROBLEM = _WRITE["insert_problem"]
DELETE_PROBLEMS = _WRITE["delete_problems"]
INSERT_MEMORY = _WRITE["insert_memory"]
DELETE_MEMORY = _WRITE["delete_memory"]

_DERIVE = named("sqlite/derive.sql")
TEMPORARY = _DERIVE["temporary"]
TOUCH = _DERIVE["touch"]
TOUCH_ALL = split(_DERIVE["touch_all"])
FORGET = split(_DERIVE["forget"])
DERIVE_BACKLINKS = split(_DERIVE["derive_backlinks"])
TOUCH_REFERENCES = _DERIVE["touch_references"]
REFERENCE_TARGET = _DERIVE["reference_target"]
DERIVE_REFERENCES = split(_DERIVE["derive_references"])
DERIVE_NAMES = split(_DERIVE["derive_names"])
SETTLE = split(_DERIVE["settle"])
CLEAR = split(_DERIVE["clear"])
