"""SQL that maintains the full-text indexes.

The indexes are contentless: removing an article requires exactly the words that were added. These are stored beside the
indexes, once for both, because another Python version with another Unicode version could compute others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from gateway.store.tables import VIEWS

INDEXES: Mapping[int, str] = {view: f"search_{view}" for view in VIEWS}
VOCABULARIES: Mapping[int, str] = {view: f"vocabulary_{view}" for view in VIEWS}
"""Document frequency of each word, by column of the view's index."""

INSERT_WORDS = "INSERT INTO article_words SELECT key, ?, ?, ? FROM article WHERE path = ?"

_WORDS = """
  FROM json_each(?) AS chosen
  CROSS JOIN article_indexed AS indexed ON indexed.article = chosen.value AND indexed.view = {view}
  CROSS JOIN article_words AS words ON words.article = chosen.value
"""
_COLUMNS = "words.article, words.title, indexed.topics, words.excerpt, indexed.provider, words.body"

_REMOVE_WORDS = (
    "INSERT INTO {index} ({index}, rowid, title, topics, excerpt, provider, body) SELECT 'delete'," + _COLUMNS + _WORDS,
    "DELETE FROM article_indexed WHERE view = {view} AND article IN (SELECT value FROM json_each(?))",
)
_ADD_WORDS = (
    """
    INSERT INTO article_indexed SELECT article.key, {view},
      coalesce((SELECT group_concat(words, ' ') FROM (
        SELECT topic.words FROM article_topic
        CROSS JOIN topic ON topic.view = {view} AND topic.key = article_topic.topic
        WHERE article_topic.article = article.key ORDER BY article_topic.position)), ''),
      coalesce((SELECT words FROM provider WHERE view = {view} AND key = article.provider), '')
    FROM json_each(?) AS chosen CROSS JOIN article ON article.key = chosen.value WHERE article.public >= {view}
    """,
    "INSERT INTO {index} (rowid, title, topics, excerpt, provider, body) SELECT " + _COLUMNS + _WORDS,
)

REMOVE_WORDS = {view: [text.format(view=view, index=INDEXES[view]) for text in _REMOVE_WORDS] for view in VIEWS}
"""Removes articles, by key, from the index of a view. Run before the articles change."""
REINDEX = {
    view: [text.format(view=view, index=INDEXES[view]) for text in (*_REMOVE_WORDS, *_ADD_WORDS)] for view in VIEWS
}
"""Adds the current words of articles, by key, to the index of a view, if the view shows them."""

STALE = """
SELECT article.key FROM touched CROSS JOIN article ON article.key = touched.key WHERE touched.kind = 'source'
UNION SELECT article.key FROM named CROSS JOIN provider ON provider.view = named.view AND provider.key = named.key
  CROSS JOIN article ON article.provider = named.key
  WHERE named.kind = 'provider' AND named.view = :view AND provider.words <> named.words
UNION SELECT article_topic.article FROM named CROSS JOIN topic ON topic.view = named.view AND topic.key = named.key
  CROSS JOIN article_topic ON article_topic.topic = named.key
  WHERE named.kind = 'topic' AND named.view = :view AND topic.words <> named.words
ORDER BY 1
"""
"""Keys of the articles whose index entry may be wrong, stale or missing. A changed name is a word of many unchanged
articles."""


def numbers(articles: Sequence[int]) -> str:
    """Article keys as a parameter of the statements."""
    return json.dumps(articles)
