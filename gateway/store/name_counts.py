"""How often each provider and topic is called what: from it they get their names and counts. It runs no SQL.

It is kept by counting what a run changes, so that a save costs what it changes, however often a provider is named
elsewhere.
"""

from __future__ import annotations

SCHEMA = """
CREATE TABLE naming (
  kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, domain TEXT NOT NULL, own INTEGER NOT NULL,
  preview INTEGER NOT NULL, public INTEGER NOT NULL, reachable INTEGER NOT NULL,
  PRIMARY KEY (kind, key, name, domain, own)
) WITHOUT ROWID;
"""
"""`own` is 1 where an article says it of itself, and 0 where it does of a related entry. A view's count is under its
name; `domain` is empty where none is said."""

USES = "(CASE :view WHEN 0 THEN preview WHEN 1 THEN public ELSE reachable END)"

NAME_DELTA = """
CREATE TEMP TABLE part (
  kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, domain TEXT NOT NULL, own INTEGER NOT NULL,
  public INTEGER NOT NULL, reachable INTEGER NOT NULL, place TEXT NOT NULL, sign INTEGER NOT NULL
)
"""
"""What the articles that a run changes name: with a `sign` of -1 what they named before, with 1 what they name now.
`place` is what else a provider may depend on: which of its images come first."""

RECORD_NAMES = """
WITH changed AS MATERIALIZED (
  SELECT key, path, published_at, public, reachable, provider, provider_name, provider_domain, provider_images
  FROM article WHERE path IN (SELECT value FROM json_each(:paths))
)
INSERT INTO part
SELECT 'provider', provider, provider_name, coalesce(provider_domain, ''), 1, public, reachable,
  iif(provider_images = '[]', '', json_array(path, published_at, provider_images)), :sign
FROM changed WHERE provider IS NOT NULL
UNION ALL
SELECT 'provider', related.provider, provider_name, coalesce(provider_domain, ''), 0, related.public, reachable,
  iif(pictured, json_array(related.path, position, related.published_at, entry.key), ''), :sign
FROM (SELECT key, reachable FROM changed) AS changed
CROSS JOIN related ON related.article = changed.key CROSS JOIN entry ON entry.key = related.entry
WHERE related.provider IS NOT NULL
UNION ALL
SELECT 'topic', topic, name, '', 1, article_topic.public, reachable, article_topic.path, :sign
FROM changed CROSS JOIN article_topic ON article_topic.article = changed.key
"""
"""Takes down what the articles of some paths name. Run before they change, and again after."""

COUNT = (
    """
    INSERT OR IGNORE INTO touched
    SELECT kind, key FROM part GROUP BY kind, key, name, domain, own, public, reachable, place HAVING sum(sign) <> 0
    """,
    """
    INSERT INTO naming
    SELECT kind, key, name, domain, own, sum(sign), sum(sign * public), sum(sign * reachable) FROM part
    GROUP BY kind, key, name, domain, own
    HAVING sum(sign) <> 0 OR sum(sign * public) <> 0 OR sum(sign * reachable) <> 0
    ON CONFLICT DO UPDATE SET preview = preview + excluded.preview, public = public + excluded.public,
      reachable = reachable + excluded.reachable
    """,
    "DELETE FROM part",
)
"""Counts what was taken down, and touches what it changes."""

FORGET = "DELETE FROM naming WHERE preview = 0 AND (kind, key) IN (SELECT kind, key FROM touched)"
