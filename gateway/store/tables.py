"""The schema of the database, and the SQL that derives tables from others.

`schema.sql` describes the tables.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gateway.model import fields
from gateway.store.field_columns import DEFINITIONS, ORDERS

RELEASE = 11 + fields.VERSION
"""The version of the schema and of its content. A database of another release is rebuilt."""
APPLICATION = 0x67617465
"""Distinguishes this program's databases from others."""

SAME_SLUG = "SAME_SLUG"
TOPIC_SPELLING = "TOPIC_SPELLING"
"""Codes of problems that several files share."""

PUBLIC_VIEW = 1
PREVIEW_VIEW = 0
VIEWS = (PREVIEW_VIEW, PUBLIC_VIEW)
KEYED_VIEW = 2


def _statements(name: str) -> str:
    """The statements of a file, with those of the plain fields at its comments `fields` and `orders`."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return text.replace("/* fields */", DEFINITIONS).replace("/* orders */", ORDERS)


SCHEMA = _statements("schema.sql")
INDEXES: Mapping[str, str] = {
    match[1]: match[0]
    for match in re.finditer(r"^CREATE (?:UNIQUE )?INDEX (\w+)[^;]+", _statements("indexes.sql"), re.MULTILINE)
}
"""The statement that creates each index, by name."""

TEMPORARY = """
CREATE TEMP TABLE touched (kind TEXT NOT NULL, key NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TEMP TABLE named (
  kind TEXT NOT NULL, view INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, words TEXT NOT NULL,
  shown TEXT NOT NULL, PRIMARY KEY (view, id)
) WITHOUT ROWID;
"""
"""The records that a run affects, and the previous state of providers and topics."""

_OWNER = """(
  SELECT article_url.article FROM article_url WHERE article_url.url = {url} AND article_url.reachable >= :view
  ORDER BY article_url.published_date_time DESC, article_url.path LIMIT 1
)"""

FORGET = (
    """
    INSERT OR IGNORE INTO touched SELECT 'target', article_url.article FROM touched
    CROSS JOIN article_url ON article_url.url = touched.key WHERE touched.kind = 'url'
    """,
    "DELETE FROM backlink WHERE source IN (SELECT key FROM touched WHERE kind = 'source')",
    "DELETE FROM backlink WHERE view IN (0, 1) AND target IN (SELECT key FROM touched WHERE kind = 'target')",
    "DELETE FROM provider WHERE view IN (0, 1, 2) AND key IN (SELECT key FROM touched WHERE kind = 'provider')",
    "DELETE FROM topic WHERE view IN (0, 1, 2) AND key IN (SELECT key FROM touched WHERE kind = 'topic')",
    """
    DELETE FROM problem WHERE scope = 'slug' AND about IN (SELECT key FROM touched WHERE kind = 'slug')
      OR scope = 'topic' AND about IN (SELECT key FROM touched WHERE kind = 'topic')
    """,
    "DELETE FROM naming WHERE preview = 0 AND (kind, key) IN (SELECT kind, key FROM touched)",
)
"""Deletes all rows derived from touched records."""

DERIVE_BACKLINKS = (
    f"""
    INSERT OR IGNORE INTO backlink (view, target, source, published_date_time, path)
    SELECT :view, owner.key, source.key, source.published_date_time, source.path
    FROM touched CROSS JOIN article AS source ON source.key = touched.key
    CROSS JOIN link ON link.article = source.key
    CROSS JOIN article AS owner ON owner.key = {_OWNER.format(url="link.url")}
    WHERE touched.kind = 'source' AND source.public >= :view AND owner.key <> source.key
    """,
    f"""
    INSERT OR IGNORE INTO backlink (view, target, source, published_date_time, path)
    SELECT :view, known.article, source.key, source.published_date_time, source.path
    FROM touched CROSS JOIN article_url AS known ON known.article = touched.key
    CROSS JOIN link ON link.url = known.url CROSS JOIN article AS source ON source.key = link.article
    WHERE touched.kind = 'target' AND source.public >= :view AND known.article <> source.key
      AND known.article = {_OWNER.format(url="known.url")}
    """,
)
"""Derives the backlinks again, for one view."""

USES = "(CASE :view WHEN 0 THEN preview WHEN 1 THEN public ELSE reachable END)"

_UNLISTED = """
(:view < 2 OR NOT EXISTS (SELECT 1 FROM {table} AS listed WHERE listed.view = 1 AND listed.key = naming.key))
"""
"""The rows of view 2 are those that public lists omit."""

DERIVE_NAMES = (
    f"""
    WITH used AS (
      SELECT key, name, own, sum({USES}) AS uses, max(nullif(domain, '')) AS domain
      FROM naming WHERE kind = 'provider' AND key IN (SELECT key FROM touched WHERE kind = 'provider') AND {USES} > 0
        AND {_UNLISTED.format(table="provider")}
      GROUP BY key, name, own
    ), ranked AS (
      SELECT key, name, max(domain) OVER (PARTITION BY key) AS domain, sum(own * uses) OVER (PARTITION BY key) AS count,
        row_number() OVER (PARTITION BY key ORDER BY own DESC, uses DESC, fold(name), name) AS rank
      FROM used
    )
    INSERT INTO provider (view, key, id, name, folded, wanted_slug, slug, domain, count, images, words)
    SELECT :view, key, provider_id(key), name, fold(name), key_slug(key), key_slug(key), domain, count, coalesce(
      (SELECT provider_images FROM article
       WHERE provider = ranked.key AND public >= :view AND provider_images <> '[]'
       ORDER BY published_date_time DESC, path LIMIT 1),
      (SELECT provider_images(source.related, mention.position) FROM mention
       CROSS JOIN article AS source ON source.key = mention.article
       WHERE mention.provider = ranked.key AND mention.public >= :view AND mention.pictured
       ORDER BY mention.published_date_time DESC, mention.path, mention.position LIMIT 1),
      '[]'), words(name)
    FROM ranked WHERE rank = 1
    """,
    f"""
    INSERT INTO topic (view, key, id, name, folded, wanted_slug, slug, count)
    SELECT :view, key, topic_id(key), name, fold(name), key_slug(key), key_slug(key), count FROM (
      SELECT key, name, sum({USES}) OVER (PARTITION BY key) AS count,
        row_number() OVER (PARTITION BY key ORDER BY {USES} DESC, fold(name), name) AS rank
      FROM naming WHERE kind = 'topic' AND key IN (SELECT key FROM touched WHERE kind = 'topic') AND {USES} > 0
        AND {_UNLISTED.format(table="topic")}
    ) WHERE rank = 1
    """,
)
"""Derives providers and topics again, one view after the other: the most frequent names, ties in alphabetical order,
and the columns that depend on them."""

_SLUGS = """
UPDATE {table} SET slug = ranked.given FROM (
  SELECT view, key, CASE WHEN row_number() OVER (
    PARTITION BY min(view, 1), wanted_slug
    ORDER BY EXISTS (SELECT 1 FROM {table} AS shown WHERE shown.view = 1 AND shown.key = named.key) DESC, key
  ) = 1 THEN wanted_slug ELSE wanted_slug || suffix(key) END AS given
  FROM {table} AS named WHERE wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = '{table}')
) AS ranked
WHERE {table}.view = ranked.view AND {table}.key = ranked.key AND {table}.slug <> ranked.given
"""

SETTLE = (
    """
    UPDATE article SET slug = ranked.given FROM (
      SELECT key, CASE WHEN row_number() OVER (PARTITION BY wanted_slug, locale ORDER BY reachable DESC, path) = 1
        THEN wanted_slug ELSE wanted_slug || suffix(path) END AS given
      FROM article WHERE wanted_slug IN (SELECT key FROM touched WHERE kind = 'slug')
    ) AS ranked
    WHERE article.key = ranked.key AND article.slug <> ranked.given
    """,
    _SLUGS.format(table="provider"),
    _SLUGS.format(table="topic"),
    f"""
    INSERT INTO problem (scope, about, severity, code, message, path, hint)
    SELECT 'slug', article.wanted_slug, 1, '{SAME_SLUG}',
      'The slug `' || article.wanted_slug || '` belongs to ' || first.path || '; this article answers to `'
        || article.slug || '`.',
      article.path, 'Give it a `slug` of its own.'
    FROM touched CROSS JOIN article ON article.wanted_slug = touched.key
    CROSS JOIN article AS first ON first.wanted_slug = touched.key AND first.slug = first.wanted_slug
      AND first.locale IS article.locale
    WHERE touched.kind = 'slug' AND article.slug <> article.wanted_slug
    """,
    f"""
    INSERT INTO problem (scope, about, severity, code, message, path, hint)
    SELECT 'topic', topic.key, 2, '{TOPIC_SPELLING}',
      'The topic `' || topic.name || '` is spelt `' || naming.name || '` here.',
      (SELECT min(article.path) FROM article_topic CROSS JOIN article ON article.key = article_topic.article
       CROSS JOIN json_each(article.topics) AS spelled
       WHERE article_topic.topic = topic.key AND spelled.key = article_topic.position
         AND spelled.value ->> 1 = naming.name),
      'Spell it the same way everywhere.'
    FROM touched CROSS JOIN topic ON topic.view = 0 AND topic.key = touched.key
    CROSS JOIN naming ON naming.kind = 'topic' AND naming.key = topic.key
    WHERE touched.kind = 'topic' AND naming.name <> topic.name
    """,
)
"""Assigns slugs, first to records that the public sees, so that drafts do not affect public slugs, and reports
collisions. Article slugs are unique within a locale, so that a translation does not change the slug of another article.
"""

CLEAR = ("DELETE FROM touched", "DELETE FROM named")
