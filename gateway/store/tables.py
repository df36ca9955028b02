"""The schema of the database, and the SQL that derives tables from others.

`reachable` is 1 if the public finds the article by key at the time of the generation. `public` is 1 if public lists
include it: `reachable` and not unlisted. `view` is 1 in rows for the public and 0 in rows for previews, so that a view
lists the articles with `public >= view`. A provider or topic that only unlisted articles name has a row in view 2,
which the public finds by key. Times are microseconds since 1970.

An article whose file is broken or missing is `restricted` if the present rules hide more of it than those that it was
decoded by. Its row there has its visibility without the restriction.

Texts named `words` hold tokens separated by spaces. `search_0` and `search_1` are the contentless full-text indexes of
the views. `article_indexed` records which articles an index has, with the words in `article_words`.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

from gateway.store.name_counts import USES

RELEASE = 9
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

SCHEMA = """
CREATE TABLE generation (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch TEXT NOT NULL, counter_all INTEGER NOT NULL, counter_public INTEGER NOT NULL,
  as_of INTEGER NOT NULL, loaded_all INTEGER NOT NULL, loaded_public INTEGER NOT NULL
);
INSERT INTO generation VALUES (1, lower(hex(randomblob(8))), 0, 0, 0, 0, 0);

CREATE TABLE memory (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE file (
  path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL, sha256 TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX file_sha256 ON file (sha256);

CREATE TABLE problem (
  scope TEXT NOT NULL, about TEXT NOT NULL, severity INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  path TEXT NOT NULL, line INTEGER, "column" INTEGER, hint TEXT
);
CREATE INDEX problem_about ON problem (scope, about);
CREATE INDEX problem_order ON problem (severity, path, line, "column", code, message);

CREATE TABLE article (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE, path TEXT NOT NULL UNIQUE,
  wanted_slug TEXT NOT NULL, suffix TEXT NOT NULL, slug TEXT NOT NULL,
  category TEXT, title TEXT NOT NULL, title_folded TEXT NOT NULL, excerpt TEXT, type TEXT NOT NULL, locale TEXT,
  quality INTEGER, heat INTEGER, published_at INTEGER, updated_at INTEGER,
  original_url TEXT, web_url TEXT, amp_web_url TEXT, cdn_amp_web_url TEXT,
  published INTEGER NOT NULL, unlisted INTEGER NOT NULL, public_from INTEGER, public_until INTEGER,
  status TEXT NOT NULL, reachable INTEGER NOT NULL, public INTEGER NOT NULL,
  provider TEXT, provider_name TEXT, provider_domain TEXT, provider_images TEXT NOT NULL,
  images TEXT NOT NULL, is_secured INTEGER NOT NULL,
  has_body INTEGER NOT NULL,
  sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, modified_at INTEGER NOT NULL, read_at INTEGER NOT NULL,
  digest BLOB NOT NULL
);
CREATE INDEX article_slug ON article (slug, reachable DESC, locale IS NOT NULL, path);
CREATE INDEX article_wanted_slug ON article (wanted_slug);
CREATE INDEX article_from ON article (public_from) WHERE published;
CREATE INDEX article_until ON article (public_until) WHERE published;
CREATE INDEX article_published ON article (published_at DESC, path);
CREATE INDEX article_updated ON article (updated_at DESC, path);
CREATE INDEX article_quality ON article (quality DESC, path);
CREATE INDEX article_heat ON article (heat DESC, path);
CREATE INDEX article_published_rising ON article (published_at, path);
CREATE INDEX article_updated_rising ON article (updated_at, path);
CREATE INDEX article_quality_rising ON article (quality, path);
CREATE INDEX article_heat_rising ON article (heat, path);
CREATE INDEX article_title ON article (title_folded, title, path);
CREATE INDEX article_provider ON article (provider, published_at DESC, path);
CREATE INDEX article_images ON article (provider, published_at DESC, path, public) WHERE images <> '[]';
CREATE INDEX article_pictured ON article (provider, published_at DESC, path) WHERE provider_images <> '[]';
CREATE INDEX article_category ON article (category, published_at DESC, path);
CREATE INDEX article_type ON article (type, published_at DESC, path);
CREATE INDEX article_locale ON article (locale, published_at DESC, path);
CREATE INDEX article_status ON article (status, published_at DESC, path);
CREATE INDEX public_published ON article (published_at DESC, path, public) WHERE public;
CREATE INDEX public_updated ON article (updated_at DESC, path, public) WHERE public;
CREATE INDEX public_quality ON article (quality DESC, path, public) WHERE public;
CREATE INDEX public_heat ON article (heat DESC, path, public) WHERE public;
CREATE INDEX public_published_rising ON article (published_at, path, public) WHERE public;
CREATE INDEX public_updated_rising ON article (updated_at, path, public) WHERE public;
CREATE INDEX public_quality_rising ON article (quality, path, public) WHERE public;
CREATE INDEX public_heat_rising ON article (heat, path, public) WHERE public;
CREATE INDEX public_title ON article (title_folded, title, path, public) WHERE public;
CREATE INDEX public_path ON article (path, public) WHERE public;
CREATE INDEX public_provider ON article (provider, published_at DESC, path, public) WHERE public;
CREATE INDEX public_category ON article (category, published_at DESC, path, public) WHERE public;
CREATE INDEX public_type ON article (type, published_at DESC, path, public) WHERE public;
CREATE INDEX public_locale ON article (locale, published_at DESC, path, public) WHERE public;

CREATE TABLE restricted (
  article INTEGER PRIMARY KEY REFERENCES article ON DELETE CASCADE,
  published INTEGER NOT NULL, unlisted INTEGER NOT NULL, public_from INTEGER, public_until INTEGER
);

CREATE TABLE article_text (
  article INTEGER PRIMARY KEY REFERENCES article ON DELETE CASCADE,
  body TEXT NOT NULL, front_matter BLOB NOT NULL, exposed BLOB NOT NULL, secured TEXT
);

CREATE TABLE article_url (
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, url TEXT NOT NULL,
  published_at INTEGER, path TEXT NOT NULL, reachable INTEGER NOT NULL,
  PRIMARY KEY (article, url)
) WITHOUT ROWID;
CREATE INDEX article_url_owner ON article_url (url, published_at DESC, path, reachable);

CREATE TABLE article_topic (
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, position INTEGER NOT NULL,
  topic TEXT NOT NULL, name TEXT NOT NULL,
  published_at INTEGER, path TEXT NOT NULL, public INTEGER NOT NULL,
  PRIMARY KEY (article, position)
) WITHOUT ROWID;
CREATE INDEX topic_published ON article_topic (topic, published_at DESC, path);
CREATE INDEX public_topic_published ON article_topic (topic, published_at DESC, path, public) WHERE public;

CREATE TABLE entry (
  key INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE,
  title TEXT NOT NULL, excerpt TEXT, type TEXT NOT NULL, quality INTEGER, published_at INTEGER,
  web_url TEXT, amp_web_url TEXT, cdn_amp_web_url TEXT,
  provider TEXT, provider_name TEXT, provider_domain TEXT, provider_images TEXT NOT NULL, images TEXT NOT NULL, url TEXT
);
CREATE INDEX entry_url ON entry (url) WHERE url IS NOT NULL;

CREATE TABLE related (
  key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, position INTEGER NOT NULL, entry INTEGER NOT NULL,
  provider TEXT, pictured INTEGER NOT NULL, published_at INTEGER, path TEXT NOT NULL, public INTEGER NOT NULL,
  UNIQUE (article, position)
);
CREATE INDEX related_pictured ON related (provider, published_at DESC, path, position) WHERE pictured;
CREATE INDEX related_entry ON related (entry);
CREATE INDEX related_provider ON related (provider, published_at DESC, path, position);
CREATE INDEX public_related_provider ON related (provider, published_at DESC, path, position, public) WHERE public;

CREATE TABLE backlink (
  view INTEGER NOT NULL, target TEXT NOT NULL, source INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
  published_at INTEGER, path TEXT NOT NULL,
  PRIMARY KEY (view, target, source)
) WITHOUT ROWID;
CREATE INDEX backlink_order ON backlink (view, target, published_at DESC, path);
CREATE INDEX backlink_source ON backlink (source);

CREATE TABLE provider (
  view INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL,
  wanted_slug TEXT NOT NULL, slug TEXT NOT NULL, domain TEXT, count INTEGER NOT NULL, images TEXT NOT NULL,
  words TEXT NOT NULL,
  PRIMARY KEY (view, key)
) WITHOUT ROWID;
CREATE INDEX provider_id ON provider (view, id);
CREATE INDEX provider_slug ON provider (view, slug);
CREATE INDEX provider_wanted_slug ON provider (wanted_slug);
CREATE INDEX provider_count ON provider (view, count DESC, key);
CREATE INDEX provider_count_rising ON provider (view, count, key);
CREATE INDEX provider_domain ON provider (view, domain, key);
CREATE INDEX provider_name ON provider (view, folded, name, key);
CREATE INDEX provider_exact_name ON provider (view, name);

CREATE TABLE topic (
  view INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL,
  wanted_slug TEXT NOT NULL, slug TEXT NOT NULL, count INTEGER NOT NULL, words TEXT NOT NULL,
  PRIMARY KEY (view, key)
) WITHOUT ROWID;
CREATE INDEX topic_id ON topic (view, id);
CREATE INDEX topic_slug ON topic (view, slug);
CREATE INDEX topic_wanted_slug ON topic (wanted_slug);
CREATE INDEX topic_count ON topic (view, count DESC, key);
CREATE INDEX topic_count_rising ON topic (view, count, key);
CREATE INDEX topic_name ON topic (view, folded, name, key);
CREATE INDEX topic_exact_name ON topic (view, name);

CREATE TABLE article_words (
  article INTEGER PRIMARY KEY REFERENCES article ON DELETE CASCADE,
  title TEXT NOT NULL, excerpt TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE article_indexed (
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, view INTEGER NOT NULL,
  topics TEXT NOT NULL, provider TEXT NOT NULL,
  PRIMARY KEY (article, view)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE search_0 USING fts5(title, topics, excerpt, provider, body, content='', tokenize='ascii');
CREATE VIRTUAL TABLE search_1 USING fts5(title, topics, excerpt, provider, body, content='', tokenize='ascii');
CREATE VIRTUAL TABLE vocabulary_0 USING fts5vocab(search_0, col);
CREATE VIRTUAL TABLE vocabulary_1 USING fts5vocab(search_1, col);
"""

TEMPORARY = """
CREATE TEMP TABLE touched (kind TEXT NOT NULL, key NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TEMP TABLE named (
  kind TEXT NOT NULL, view INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, words TEXT NOT NULL,
  shown TEXT NOT NULL, PRIMARY KEY (view, id)
) WITHOUT ROWID;
"""
"""The records that a run affects, and the previous state of providers and topics."""

TOUCH = """
WITH changed AS MATERIALIZED (
  SELECT key, id, wanted_slug, reachable > public AS unlisted FROM article
  WHERE path IN (SELECT value FROM json_each(?))
)
INSERT OR IGNORE INTO touched
SELECT 'slug', wanted_slug FROM changed
UNION ALL SELECT 'source', key FROM changed
UNION ALL SELECT 'target', id FROM changed
UNION ALL SELECT 'unlisted', id FROM changed WHERE unlisted
UNION ALL SELECT 'url', url FROM changed JOIN article_url ON article_url.article = changed.key
UNION ALL SELECT 'entry', entry FROM changed JOIN related ON related.article = changed.key
"""
"""Run before and after articles change, because both their old and their new relations are affected."""

_OWNER = """(
  SELECT article_url.article FROM article_url WHERE article_url.url = {url} AND article_url.reachable >= :view
  ORDER BY article_url.published_at DESC, article_url.path LIMIT 1
)"""

FORGET = (
    """
    DELETE FROM entry WHERE key IN (SELECT key FROM touched WHERE kind = 'entry')
      AND NOT EXISTS (SELECT 1 FROM related WHERE related.entry = entry.key)
    """,
    """
    INSERT OR IGNORE INTO touched SELECT 'target', article.id FROM touched
    CROSS JOIN article_url ON article_url.url = touched.key CROSS JOIN article ON article.key = article_url.article
    WHERE touched.kind = 'url'
    """,
    "DELETE FROM backlink WHERE source IN (SELECT key FROM touched WHERE kind = 'source')",
    "DELETE FROM backlink WHERE view IN (0, 1) AND target IN (SELECT key FROM touched WHERE kind = 'target')",
    "DELETE FROM provider WHERE view IN (0, 1, 2) AND key IN (SELECT key FROM touched WHERE kind = 'provider')",
    "DELETE FROM topic WHERE view IN (0, 1, 2) AND key IN (SELECT key FROM touched WHERE kind = 'topic')",
    """
    DELETE FROM problem WHERE scope = 'slug' AND about IN (SELECT key FROM touched WHERE kind = 'slug')
      OR scope = 'topic' AND about IN (SELECT key FROM touched WHERE kind = 'topic')
    """,
)
"""Deletes all rows derived from touched records."""

DERIVE_BACKLINKS = (
    f"""
    INSERT OR IGNORE INTO backlink (view, target, source, published_at, path)
    SELECT :view, owner.id, related.article, related.published_at, related.path
    FROM touched CROSS JOIN related ON related.article = touched.key CROSS JOIN entry ON entry.key = related.entry
    CROSS JOIN article AS owner ON owner.key = {_OWNER.format(url="entry.url")}
    WHERE touched.kind = 'source' AND related.public >= :view AND owner.key <> related.article
    """,
    f"""
    INSERT OR IGNORE INTO backlink (view, target, source, published_at, path)
    SELECT :view, owner.id, related.article, related.published_at, related.path
    FROM touched CROSS JOIN article AS owner ON owner.id = touched.key
    CROSS JOIN article_url AS known ON known.article = owner.key CROSS JOIN entry ON entry.url = known.url
    CROSS JOIN related ON related.entry = entry.key
    WHERE touched.kind = 'target' AND related.public >= :view AND owner.key <> related.article
      AND owner.key = {_OWNER.format(url="known.url")}
    """,
)
"""Derives the backlinks again, for one view."""

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
       ORDER BY published_at DESC, path LIMIT 1),
      (SELECT entry.provider_images FROM related CROSS JOIN entry ON entry.key = related.entry
       WHERE related.provider = ranked.key AND related.public >= :view AND related.pictured
       ORDER BY related.published_at DESC, related.path, related.position LIMIT 1),
      '[]'), words(name)
    FROM ranked WHERE rank = 1
    """,
    f"""
    INSERT INTO topic (view, key, id, name, folded, wanted_slug, slug, count, words)
    SELECT :view, key, topic_id(key), name, fold(name), key_slug(key), key_slug(key), count, words(name) FROM (
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
        THEN wanted_slug ELSE wanted_slug || suffix END AS given
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
      (SELECT min(path) FROM article_topic WHERE topic = topic.key AND name = naming.name),
      'Spell it the same way everywhere.'
    FROM touched CROSS JOIN topic ON topic.view = 0 AND topic.key = touched.key
    CROSS JOIN naming ON naming.kind = 'topic' AND naming.key = topic.key
    WHERE touched.kind = 'topic' AND naming.name <> topic.name
    """,
)
"""Assigns slugs, first to records that the public sees, so that drafts do not affect public slugs, and reports
collisions. Article slugs are unique within a locale, so that a translation does not change the slug of another article.
"""

CLEAR = "DELETE FROM touched"
