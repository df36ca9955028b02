-- What a run derives at its end from the records that it touched, for the view `:view`.

-- name: temporary
-- The records that a run affects, and the previous state of providers, topics and authors.
CREATE TEMP TABLE touched (kind TEXT NOT NULL, key NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TEMP TABLE named (
  kind TEXT NOT NULL, view INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, words TEXT NOT NULL,
  shown TEXT NOT NULL, PRIMARY KEY (view, id)
) WITHOUT ROWID;

CREATE TEMP TABLE reference_target (field INTEGER PRIMARY KEY, collection TEXT NOT NULL);

-- name: touch
INSERT OR IGNORE INTO touched VALUES (?, ?);

-- name: touch_all
-- The records of a first run. The links of all articles lead to all backlinks, so the targets are not touched. A slug of
-- one article only is already assigned. The change log does not need the ids.
INSERT INTO touched SELECT 'slug', wanted_slug FROM article GROUP BY wanted_slug HAVING count(*) > 1;
INSERT INTO touched SELECT 'source', key FROM article;

-- name: forget
-- Deletes all rows derived from touched records.
INSERT OR IGNORE INTO touched SELECT 'target', article_url.article FROM touched
CROSS JOIN article_url ON article_url.url = touched.key WHERE touched.kind = 'url';
INSERT OR IGNORE INTO touched SELECT 'linking', article.id FROM touched
CROSS JOIN link ON link.url = touched.key CROSS JOIN article ON article.key = link.article WHERE touched.kind = 'url';
DELETE FROM backlink WHERE source IN (SELECT key FROM touched WHERE kind = 'source');
DELETE FROM backlink WHERE view IN (0, 1) AND target IN (SELECT key FROM touched WHERE kind = 'target');
INSERT OR IGNORE INTO touched SELECT 'referring', custom_reference.article FROM touched
CROSS JOIN custom_reference ON custom_reference.article = touched.key WHERE touched.kind = 'source';
INSERT OR IGNORE INTO touched SELECT 'referring', custom_reference.article FROM touched
CROSS JOIN custom_reference ON custom_reference.url = touched.key WHERE touched.kind = 'url';
DELETE FROM reference WHERE source IN (SELECT key FROM touched WHERE kind = 'referring');
UPDATE backlink SET field = 0 WHERE source IN (SELECT key FROM touched WHERE kind = 'referring') AND field = 1;
DELETE FROM backlink WHERE source IN (SELECT key FROM touched WHERE kind = 'referring') AND related + body + field = 0;
DELETE FROM provider WHERE view IN (0, 1, 2) AND key IN (SELECT key FROM touched WHERE kind = 'provider');
DELETE FROM topic WHERE view IN (0, 1, 2) AND key IN (SELECT key FROM touched WHERE kind = 'topic');
DELETE FROM author WHERE view IN (0, 1, 2) AND key IN (SELECT key FROM touched WHERE kind = 'author');
DELETE FROM problem WHERE scope = 'slug' AND about IN (SELECT key FROM touched WHERE kind = 'slug')
  OR scope = 'topic' AND about IN (SELECT key FROM touched WHERE kind = 'topic')
  OR scope = 'link' AND about IN (SELECT key FROM touched WHERE kind IN ('id', 'linking'));
DELETE FROM naming WHERE preview = 0 AND (kind, key) IN (SELECT kind, key FROM touched);

-- name: derive_backlinks
-- The links of touched articles, and the links to touched articles. A target that several articles of the view have
-- belongs to the one with the lowest rank, and among these to the newest one.
INSERT INTO backlink (view, target, source, related, body, field, published_date_time, path)
SELECT :view, owner.key, source.key, link.kind = 0, link.kind = 1, 0, source.published_date_time, source.path
FROM touched CROSS JOIN article AS source ON source.key = touched.key
CROSS JOIN link ON link.article = source.key
CROSS JOIN article AS owner ON owner.key = (
  SELECT article_url.article FROM article_url WHERE article_url.url = link.url AND article_url.reachable >= :view
  ORDER BY article_url.rank, article_url.published_date_time DESC, article_url.path LIMIT 1
)
WHERE touched.kind = 'source' AND source.public >= :view AND owner.key <> source.key
ON CONFLICT DO UPDATE SET related = max(related, excluded.related), body = max(body, excluded.body)
WHERE related < excluded.related OR body < excluded.body;

INSERT INTO backlink (view, target, source, related, body, field, published_date_time, path)
SELECT :view, known.article, source.key, link.kind = 0, link.kind = 1, 0, source.published_date_time, source.path
FROM touched CROSS JOIN article_url AS known ON known.article = touched.key
CROSS JOIN link ON link.url = known.url CROSS JOIN article AS source ON source.key = link.article
WHERE touched.kind = 'target' AND source.public >= :view AND known.article <> source.key
  AND known.article = (
    SELECT article_url.article FROM article_url WHERE article_url.url = known.url AND article_url.reachable >= :view
    ORDER BY article_url.rank, article_url.published_date_time DESC, article_url.path LIMIT 1
  )
ON CONFLICT DO UPDATE SET related = max(related, excluded.related), body = max(body, excluded.body)
WHERE related < excluded.related OR body < excluded.body;

-- name: touch_references
INSERT OR IGNORE INTO touched SELECT 'referring', article FROM custom_reference;

-- name: reference_target
INSERT INTO reference_target VALUES (?, ?);

-- name: derive_references
-- The references of touched articles, and those that may lead to touched ones. `reference_target` has the collection of
-- the targets of each field, or "" for any. An article occurs once in a list.
INSERT INTO reference (source, view, field, position, target, published_date_time, path, public)
SELECT article.key, :view, meant.field, meant.position, meant.target, article.published_date_time, article.path,
  article.public
FROM (
  SELECT found.*, row_number() OVER (PARTITION BY source, field, target ORDER BY position) AS occurrence
  FROM (
    SELECT named.article AS source, named.field, named.position, owner.key AS target,
      row_number() OVER (PARTITION BY named.article, named.field, named.position ORDER BY named.rank) AS choice
    FROM touched CROSS JOIN custom_reference AS named ON named.article = touched.key
    CROSS JOIN reference_target ON reference_target.field = named.field
    CROSS JOIN article AS owner ON owner.key = (
      SELECT known.article FROM article_url AS known CROSS JOIN article AS held ON held.key = known.article
      WHERE known.url = named.url AND known.reachable >= :view
        AND (reference_target.collection = '' OR held.collection = reference_target.collection)
      ORDER BY known.rank, known.published_date_time DESC, known.path LIMIT 1
    )
    WHERE touched.kind = 'referring'
  ) AS found WHERE found.choice = 1
) AS meant CROSS JOIN article ON article.key = meant.source
WHERE meant.occurrence = 1 AND article.reachable >= :view;

INSERT INTO backlink (view, target, source, related, body, field, published_date_time, path)
SELECT DISTINCT view, target, source, 0, 0, 1, published_date_time, path
FROM (
  SELECT reference.* FROM touched CROSS JOIN reference ON reference.source = touched.key AND reference.view = :view
  WHERE touched.kind = 'referring'
  UNION ALL
  SELECT reference.* FROM touched CROSS JOIN reference ON reference.view = :view AND reference.target = touched.key
  WHERE touched.kind = 'target'
) AS led WHERE public >= :view AND target <> source
ON CONFLICT DO UPDATE SET field = 1;

-- name: derive_names
-- Providers, topics and authors: the most frequent names, ties in alphabetical order, and the columns that depend on them. Views
-- are derived in their order: the rows of view 2 are those that view 1 omits.
WITH counted AS (
  SELECT key, name, own, domain, CASE :view WHEN 0 THEN preview WHEN 1 THEN public ELSE reachable END AS uses
  FROM naming WHERE kind = 'provider' AND key IN (SELECT key FROM touched WHERE kind = 'provider')
    AND (:view < 2 OR NOT EXISTS (SELECT 1 FROM provider AS listed WHERE listed.view = 1 AND listed.key = naming.key))
), used AS (
  SELECT key, name, own, sum(uses) AS uses, max(nullif(domain, '')) AS domain
  FROM counted WHERE uses > 0 GROUP BY key, name, own
), ranked AS (
  SELECT key, name, max(domain) OVER (PARTITION BY key) AS domain, sum(own * uses) OVER (PARTITION BY key) AS count,
    row_number() OVER (PARTITION BY key ORDER BY own DESC, uses DESC, fold(name), name) AS rank
  FROM used
)
INSERT INTO provider (view, key, id, name, folded, wanted_slug, slug, domain, count, images, words)
SELECT :view, key, provider_id(key), name, fold(name), key_slug(key), key_slug(key), domain, count, coalesce(
  (SELECT provider_images FROM article
   WHERE provider = ranked.key AND provider_images <> '[]'
     AND CASE :view WHEN 2 THEN reachable ELSE public >= :view END
   ORDER BY published_date_time DESC, path LIMIT 1),
  (SELECT provider_images(source.related, mention.position) FROM mention
   CROSS JOIN article AS source ON source.key = mention.article
   WHERE mention.provider = ranked.key AND mention.pictured
     AND CASE :view WHEN 2 THEN source.reachable ELSE mention.public >= :view END
   ORDER BY mention.published_date_time DESC, mention.path, mention.position LIMIT 1),
  '[]'), words(name)
FROM ranked WHERE rank = 1;

WITH counted AS (
  SELECT key, name, CASE :view WHEN 0 THEN preview WHEN 1 THEN public ELSE reachable END AS uses
  FROM naming WHERE kind = 'topic' AND key IN (SELECT key FROM touched WHERE kind = 'topic')
    AND (:view < 2 OR NOT EXISTS (SELECT 1 FROM topic AS listed WHERE listed.view = 1 AND listed.key = naming.key))
), ranked AS (
  SELECT key, name, sum(uses) OVER (PARTITION BY key) AS count,
    row_number() OVER (PARTITION BY key ORDER BY uses DESC, fold(name), name) AS rank
  FROM counted WHERE uses > 0
)
INSERT INTO topic (view, key, id, name, folded, wanted_slug, slug, count)
SELECT :view, key, topic_id(key), name, fold(name), key_slug(key), key_slug(key), count FROM ranked WHERE rank = 1;

WITH counted AS (
  SELECT key, name, domain AS url, CASE :view WHEN 0 THEN preview WHEN 1 THEN public ELSE reachable END AS uses
  FROM naming WHERE kind = 'author' AND key IN (SELECT key FROM touched WHERE kind = 'author')
    AND (:view < 2 OR NOT EXISTS (SELECT 1 FROM author AS listed WHERE listed.view = 1 AND listed.key = naming.key))
), used AS (
  SELECT key, name, sum(uses) AS uses FROM counted WHERE uses > 0 GROUP BY key, name
), ranked AS (
  SELECT key, name, sum(uses) OVER (PARTITION BY key) AS count,
    row_number() OVER (PARTITION BY key ORDER BY uses DESC, fold(name), name) AS rank
  FROM used
), linked AS (
  SELECT key, url, row_number() OVER (PARTITION BY key ORDER BY sum(uses) DESC, url) AS rank
  FROM counted WHERE uses > 0 AND url <> '' GROUP BY key, url
)
INSERT INTO author (view, key, id, name, folded, wanted_slug, slug, url, count, images)
SELECT :view, ranked.key, author_id(ranked.key), name, fold(name), key_slug(ranked.key), key_slug(ranked.key), url,
  count, coalesce(
  (SELECT json_extract(article.authors, '$[' || listed.position || '][3]')
   FROM article_author AS listed CROSS JOIN article ON article.key = listed.article
   WHERE listed.author = ranked.key AND listed.pictured
     AND CASE :view WHEN 2 THEN article.reachable ELSE article.public >= :view END
   ORDER BY listed.published_date_time DESC, listed.path LIMIT 1),
  '[]')
FROM ranked LEFT JOIN linked ON linked.key = ranked.key AND linked.rank = 1
WHERE ranked.rank = 1;

-- name: settle
-- Assigns slugs, first to records that the public sees, so that drafts do not affect public slugs, and reports
-- collisions with the codes `:same_slug` and `:topic_spelling`. Article slugs are unique within a locale, so that a
-- translation does not change the slug of another article.
UPDATE article SET slug = ranked.given FROM (
  SELECT key, CASE WHEN row_number() OVER (PARTITION BY wanted_slug, locale ORDER BY reachable DESC, path) = 1
    THEN wanted_slug ELSE wanted_slug || suffix(path) END AS given
  FROM article WHERE wanted_slug IN (SELECT key FROM touched WHERE kind = 'slug')
) AS ranked
WHERE article.key = ranked.key AND article.slug <> ranked.given;

UPDATE provider SET slug = ranked.given FROM (
  SELECT view, key, CASE WHEN row_number() OVER (
    PARTITION BY min(view, 1), wanted_slug
    ORDER BY EXISTS (SELECT 1 FROM provider AS shown WHERE shown.view = 1 AND shown.key = named.key) DESC, key
  ) = 1 THEN wanted_slug ELSE wanted_slug || suffix(key) END AS given
  FROM provider AS named WHERE wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = 'provider')
) AS ranked
WHERE provider.view = ranked.view AND provider.key = ranked.key AND provider.slug <> ranked.given;

UPDATE topic SET slug = ranked.given FROM (
  SELECT view, key, CASE WHEN row_number() OVER (
    PARTITION BY min(view, 1), wanted_slug
    ORDER BY EXISTS (SELECT 1 FROM topic AS shown WHERE shown.view = 1 AND shown.key = named.key) DESC, key
  ) = 1 THEN wanted_slug ELSE wanted_slug || suffix(key) END AS given
  FROM topic AS named WHERE wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = 'topic')
) AS ranked
WHERE topic.view = ranked.view AND topic.key = ranked.key AND topic.slug <> ranked.given;

UPDATE author SET slug = ranked.given FROM (
  SELECT view, key, CASE WHEN row_number() OVER (
    PARTITION BY min(view, 1), wanted_slug
    ORDER BY EXISTS (SELECT 1 FROM author AS shown WHERE shown.view = 1 AND shown.key = named.key) DESC, key
  ) = 1 THEN wanted_slug ELSE wanted_slug || suffix(key) END AS given
  FROM author AS named WHERE wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = 'author')
) AS ranked
WHERE author.view = ranked.view AND author.key = ranked.key AND author.slug <> ranked.given;

INSERT INTO problem (scope, about, severity, code, message, path, hint)
SELECT 'slug', article.wanted_slug, 1, :same_slug,
  'The slug `' || article.wanted_slug || '` belongs to ' || first.path || '; this article answers to `'
    || article.slug || '`.',
  article.path, 'Give it a `slug` of its own.'
FROM touched CROSS JOIN article ON article.wanted_slug = touched.key
CROSS JOIN article AS first ON first.wanted_slug = touched.key AND first.slug = first.wanted_slug
  AND first.locale IS article.locale
WHERE touched.kind = 'slug' AND article.slug <> article.wanted_slug;

INSERT INTO problem (scope, about, severity, code, message, path, hint)
SELECT 'topic', topic.key, 2, :topic_spelling,
  'The topic `' || topic.name || '` is spelt `' || naming.name || '` here.',
  (SELECT min(article.path) FROM article_topic CROSS JOIN article ON article.key = article_topic.article
   CROSS JOIN json_each(article.topics) AS spelled
   WHERE article_topic.topic = topic.key AND spelled.key = article_topic.position
     AND spelled.value ->> 1 = naming.name),
  'Spell it the same way everywhere.'
FROM touched CROSS JOIN topic ON topic.view = 0 AND topic.key = touched.key
CROSS JOIN naming ON naming.kind = 'topic' AND naming.key = topic.key
WHERE touched.kind = 'topic' AND naming.name <> topic.name;

-- name: clear
DELETE FROM touched;
DELETE FROM reference_target;
DELETE FROM named;
