"""SQL for similar articles: by shared topics, then by words of titles and excerpts.

The work per article is bounded: its rarest topics, the newest articles of each, and rare words. The selection depends
only on visible content.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gateway.content.tokenizer import is_character, terms
from gateway.model.records import Visibility
from gateway.store.dialect import FullText
from gateway.store.rows import ARTICLE, Row
from gateway.store.sql_fragment import Sql, keys, reachable, view, visible

MOST_TOPICS = 10
"""Number of topics compared per article, rarest first."""
NEWEST = 100
"""Number of articles compared per topic, newest first."""
MOST_WORDS = 6
"""Number of words compared per article, rarest first."""
COMMON = 200
"""Words in more articles than this are ignored."""
LIKEST = 100
"""Number of articles compared by words, best match first."""
LOOKED_UP = 64
"""Number of words of title and excerpt whose frequency is read, from the start. Single characters of scripts without
spaces are skipped, because words of two characters are more specific."""


class Subject(NamedTuple):
    """An article whose neighbours are requested."""

    key: int
    words: tuple[str, ...]
    topics: tuple[tuple[str, int], ...]
    """Topics with their number of articles."""

    @classmethod
    def of(cls, row: Row) -> Subject:
        key, title, excerpt, topics = row
        words = dict.fromkeys(word for word in terms(f"{title} {excerpt or ''}") if not is_character(word))
        return cls(key, tuple(words)[:LOOKED_UP], tuple((topic, count) for topic, count in json.loads(topics or "[]")))


def subjects(article_ids: Sequence[str], visibility: Visibility) -> Sql:
    """Rows of an id and the columns of a Subject."""
    text = f"""
    SELECT article.id, article.key, article.title, article.excerpt, (
      SELECT json_group_array(json_array(topic.key, topic.count)) FROM article_topic
      CROSS JOIN topic ON topic.view = {view(visibility)} AND topic.key = article_topic.topic
      WHERE article_topic.article = article.key)
    FROM json_each(?) AS parent CROSS JOIN article ON article.id = parent.value WHERE {reachable("article", visibility)}
    """
    return Sql(text, (keys(article_ids),))


def holders(words: Iterable[str], visibility: Visibility, full_text: FullText) -> Sql:
    """Rows of a word and the number of articles that have it, counted up to one more than COMMON."""
    return full_text.holders(words, visibility, COMMON + 1)


def neighbours(
    subjects: Sequence[Subject], held: Mapping[str, int], first: int, visibility: Visibility, full_text: FullText
) -> Sql:
    """Rows of a subject's index, the record's columns and a score, best first per subject.

    A shared topic adds a whole number, higher for rarer topics. Word similarity adds a fraction.
    """
    shown = visible("listed", visibility)
    worded = full_text.likenesses(visibility)
    text = f"""
    WITH subject AS MATERIALIZED (
      SELECT each.key AS at, CAST(json_extract(each.value, '$[0]') AS BIGINT) AS article,
        json_extract(each.value, '$[1]') AS words, json_extract(each.value, '$[2]') AS topics
      FROM json_each(?) AS each
    ), topic AS MATERIALIZED (
      SELECT subject.at, json_extract(topic.value, '$[0]') AS key,
        CAST(json_extract(topic.value, '$[1]') AS BIGINT) AS weight
      FROM subject CROSS JOIN json_each(subject.topics) AS topic
    ), worded AS MATERIALIZED ({worded}), likest AS (
      SELECT worded.at, worded.article,
        row_number() OVER (PARTITION BY worded.at ORDER BY worded.likeness DESC, article.path) AS rank
      FROM worded CROSS JOIN article ON article.key = worded.article
    ), candidate AS MATERIALIZED (
      SELECT at, article FROM likest WHERE rank <= {LIKEST}
      UNION SELECT topic.at, article.key FROM topic CROSS JOIN article ON article.key IN (
        SELECT listed.article FROM article_topic AS listed WHERE listed.topic = topic.key AND {shown}
        ORDER BY listed.published_date_time DESC NULLS LAST, listed.path LIMIT {NEWEST})
    ), weighed AS (
      SELECT candidate.at, candidate.article, coalesce((
        SELECT sum(topic.weight) FROM article_topic CROSS JOIN topic
        WHERE article_topic.article = candidate.article AND topic.at = candidate.at
          AND topic.key = article_topic.topic), 0)
        + coalesce(worded.likeness / (1 + worded.likeness), 0) AS score
      FROM candidate LEFT JOIN worded ON worded.at = candidate.at AND worded.article = candidate.article
      WHERE candidate.article <> (SELECT subject.article FROM subject WHERE subject.at = candidate.at)
    ), ranked AS (
      SELECT weighed.*, row_number() OVER (PARTITION BY at ORDER BY score DESC, article.path) AS rank
      FROM weighed CROSS JOIN article ON article.key = weighed.article WHERE {visible("article", visibility)}
    )
    SELECT ranked.at, {ARTICLE.columns}, ranked.score
    FROM ranked CROSS JOIN article ON article.key = ranked.article
    WHERE ranked.rank <= ? ORDER BY ranked.at, ranked.rank
    """
    wanted = [
        (subject.key, full_text.any_of(_telling(subject.words, held)), _weights(subject.topics)) for subject in subjects
    ]
    return Sql(text, (json.dumps(wanted), first))


def _telling(words: Sequence[str], held: Mapping[str, int]) -> Sequence[str]:
    """The rarest words that other articles share."""
    shared = sorted((word for word in words if 1 < held[word] <= COMMON), key=lambda word: (held[word], word))
    return shared[:MOST_WORDS]


def _weights(topics: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """The rarest topics that other articles share, with their weights."""
    shared = sorted((topic for topic in topics if topic[1] > 1), key=lambda topic: (topic[1], topic[0]))
    return [(topic, math.ceil(100 / math.log(count))) for topic, count in shared[:MOST_TOPICS]]
