"""Counts the uses of each name of a provider or topic. Their names and article counts are derived from these counts.

A run updates only the counts of the articles that it changes, so the cost of a save does not depend on the number of
other uses.
"""

from __future__ import annotations

SCHEMA = """
CREATE TABLE naming (
  kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, domain TEXT NOT NULL, own INTEGER NOT NULL,
  preview INTEGER NOT NULL, public INTEGER NOT NULL, reachable INTEGER NOT NULL,
  PRIMARY KEY (kind, key, name, domain, own)
) WITHOUT ROWID;
"""
"""`own` is 1 for an article's own name and 0 for one in a related entry. Each view has a column. `domain` is empty if
it is not given."""

USES = "(CASE :view WHEN 0 THEN preview WHEN 1 THEN public ELSE reachable END)"

NAME_DELTA = """
CREATE TEMP TABLE part (
  kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, domain TEXT NOT NULL, own INTEGER NOT NULL,
  public INTEGER NOT NULL, reachable INTEGER NOT NULL, place TEXT NOT NULL, sign INTEGER NOT NULL
)
"""
"""The names used by the articles of a run: `sign` -1 before the change, 1 after it. `place` holds what else a provider
depends on: the order of its images."""

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
"""Records which provider and topic names these articles use. Run before and after a change. The difference updates the
counts."""

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
"""Applies the recorded difference to the counts, and touches the records that it affects."""

FORGET = "DELETE FROM naming WHERE preview = 0 AND (kind, key) IN (SELECT kind, key FROM touched)"
