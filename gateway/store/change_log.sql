-- The change log of one view. `schema.sql` describes the tables. `:counter` is the next counter of the view.

-- name: write
-- Records the articles that a run changed, added or removed.
INSERT INTO change_log (view, id, shown, added, changed, removed, at, article, slug, status)
SELECT :view, article.id, :counter, :counter, :counter, 0, :at, article.key, article.slug, article.status
FROM article WHERE article.public >= :view AND (
  article.id IN (SELECT key FROM touched WHERE kind = 'id')
  OR article.wanted_slug IN (SELECT key FROM touched WHERE kind = 'slug')
)
ON CONFLICT (view, id) DO UPDATE SET
  added = CASE WHEN removed THEN excluded.added ELSE added END, changed = excluded.changed, removed = 0,
  at = excluded.at, article = excluded.article, slug = excluded.slug, status = excluded.status
WHERE removed OR article <> excluded.article OR slug <> excluded.slug OR status <> excluded.status;

UPDATE change_log SET changed = :counter, removed = 1, at = :at
WHERE view = :view AND NOT removed AND id IN (SELECT key FROM touched WHERE kind = 'id')
  AND NOT EXISTS (SELECT 1 FROM article WHERE article.id = change_log.id AND article.public >= :view);

-- name: write_all
-- The same for a first run, with all articles, providers, topics and authors. Reads each table in its order, because looking up
-- rows of a large table takes longer.
INSERT INTO change_log (view, id, shown, added, changed, removed, at, article, slug, status)
SELECT :view, id, :counter, :counter, :counter, 0, :at, key, slug, status
FROM article NOT INDEXED WHERE public >= :view ORDER BY id;

INSERT INTO record_change SELECT :view, id, :counter FROM provider WHERE min(view, 1) = :view;

INSERT INTO record_change SELECT :view, id, :counter FROM topic WHERE min(view, 1) = :view;

INSERT INTO record_change SELECT :view, id, :counter FROM author WHERE min(view, 1) = :view;

INSERT INTO record_change SELECT :view, id, :counter FROM article WHERE reachable > public AND :view = 1;

-- name: remember
-- All values that the views show of the touched providers, topics and authors, and of those whose slug they may take or release.
-- Run before names are derived again, to detect changes.
INSERT INTO named
SELECT 'provider', view, key, id, words,
  json_array(provider.name, provider.slug, provider.domain, provider.count, provider.images)
FROM provider WHERE wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = 'provider');

INSERT INTO named
SELECT 'topic', view, key, id, '', json_array(topic.name, topic.slug, topic.count)
FROM topic WHERE wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = 'topic');

INSERT INTO named
SELECT 'author', view, key, id, '', json_array(author.name, author.slug, author.url, author.count, author.images)
FROM author WHERE wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = 'author');

-- name: mark
-- Marks the providers, topics, authors and unlisted articles that a run changed, added or removed, and the articles that share a
-- slug with a changed or added one. Run after `write`. The values are those of `remember`. Without the named index, SQLite
-- reads the whole log of the view.
INSERT INTO record_change SELECT :view, id, :counter FROM provider
WHERE min(view, 1) = :view AND wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = 'provider')
  AND NOT EXISTS (
    SELECT 1 FROM named WHERE named.view = provider.view AND named.id = provider.id
      AND shown = json_array(provider.name, provider.slug, provider.domain, provider.count, provider.images)
  )
ON CONFLICT DO UPDATE SET changed = excluded.changed;

INSERT INTO record_change SELECT :view, id, :counter FROM topic
WHERE min(view, 1) = :view AND wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = 'topic')
  AND NOT EXISTS (
    SELECT 1 FROM named WHERE named.view = topic.view AND named.id = topic.id
      AND shown = json_array(topic.name, topic.slug, topic.count)
  )
ON CONFLICT DO UPDATE SET changed = excluded.changed;

INSERT INTO record_change SELECT :view, id, :counter FROM author
WHERE min(view, 1) = :view AND wanted_slug IN (SELECT key_slug(key) FROM touched WHERE kind = 'author')
  AND NOT EXISTS (
    SELECT 1 FROM named WHERE named.view = author.view AND named.id = author.id
      AND shown = json_array(author.name, author.slug, author.url, author.count, author.images)
  )
ON CONFLICT DO UPDATE SET changed = excluded.changed;

INSERT INTO record_change SELECT :view, id, :counter FROM named
WHERE min(view, 1) = :view
  AND NOT EXISTS (SELECT 1 FROM provider WHERE provider.view = named.view AND provider.id = named.id)
  AND NOT EXISTS (SELECT 1 FROM topic WHERE topic.view = named.view AND topic.id = named.id)
  AND NOT EXISTS (SELECT 1 FROM author WHERE author.view = named.view AND author.id = named.id)
ON CONFLICT DO UPDATE SET changed = excluded.changed;

INSERT INTO record_change SELECT :view, key, :counter FROM touched WHERE kind = 'unlisted' AND :view = 1
ON CONFLICT DO UPDATE SET changed = excluded.changed;

INSERT INTO record_change SELECT :view, namesake.id, :counter FROM change_log INDEXED BY change_log_order
CROSS JOIN article AS namesake ON namesake.slug = change_log.slug AND namesake.id <> change_log.id
WHERE change_log.view = :view AND change_log.changed = :counter AND NOT change_log.removed
  AND namesake.reachable >= :view
ON CONFLICT DO UPDATE SET changed = excluded.changed;

-- name: moved
-- Whether the public view changed.
SELECT EXISTS (SELECT 1 FROM change_log WHERE view = 1 AND changed = :counter);

-- name: prune
-- Deletes tombstones older than a time, and records how far each view is pruned. The `+` makes SQLite use the index on
-- time instead of scanning the view.
UPDATE pruned SET counter = max(counter, coalesce(
  (SELECT max(changed) FROM change_log WHERE removed AND at < :before AND +change_log.view = pruned.view), 0));
DELETE FROM change_log WHERE removed AND at < :before;

-- name: pruned_through
SELECT counter FROM pruned WHERE view = :view;

-- name: changes
-- Changes after a cursor. Removals are included only if the client held the article, or may have received it since.
-- They can include an article that came and went between two reads.
SELECT id, added, changed, removed FROM change_log
WHERE view = :view AND changed >= :changed AND (changed > :changed OR id > :id)
  AND (removed = 0 OR shown <= :base OR changed > :since AND shown <= :told)
ORDER BY changed, id LIMIT :limit;

-- name: change_counts
SELECT count(*) FILTER (WHERE removed = 0 AND added > :since), count(*) FILTER (WHERE removed = 0 AND added <= :since),
  count(*) FILTER (WHERE removed = 1 AND shown <= :since)
FROM change_log WHERE view = :view AND changed > :since;

-- name: changed_ids
-- Changed articles, changed providers, topics and authors, and those of changed articles. A record that lost an article is
-- included: its count changed, or the article that replaced it is in the log.
SELECT id FROM change_log WHERE view = :view AND changed > :since
UNION SELECT id FROM record_change WHERE view = :view AND changed > :since
UNION SELECT provider.id FROM change_log CROSS JOIN article ON article.key = change_log.article
  CROSS JOIN provider ON provider.view = :view AND provider.key = article.provider
  WHERE change_log.view = :view AND changed > :since AND removed = 0
UNION SELECT topic.id FROM change_log CROSS JOIN article_topic ON article_topic.article = change_log.article
  CROSS JOIN topic ON topic.view = :view AND topic.key = article_topic.topic
  WHERE change_log.view = :view AND changed > :since AND removed = 0
UNION SELECT author.id FROM change_log CROSS JOIN article_author ON article_author.article = change_log.article
  CROSS JOIN author ON author.view = :view AND author.key = article_author.author
  WHERE change_log.view = :view AND changed > :since AND removed = 0
LIMIT :limit;
