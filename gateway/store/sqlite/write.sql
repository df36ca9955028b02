-- The statements that write one batch of changes, and the counters of a generation. `write_sql.py` has those that name
-- all columns of articles.

-- name: generation
SELECT counter_all, counter_public, as_of FROM generation;

-- name: next_all
UPDATE generation SET counter_all = counter_all + 1, as_of = ?, loaded_all = ?;

-- name: next_public
UPDATE generation SET counter_public = counter_public + 1, loaded_public = ?;

-- name: count_articles
SELECT count(*) FROM article;

-- name: last_key
SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'article';

-- name: due
-- The files whose articles are shown or hidden between two times.
SELECT path FROM article WHERE published = 1 AND public_from > ?1 AND public_from <= ?2
UNION SELECT path FROM article WHERE published = 1 AND public_until > ?1 AND public_until <= ?2;

-- name: remove
DELETE FROM article WHERE key = ?;

-- name: insert_url
INSERT INTO article_url VALUES (?, ?, ?, ?, ?, ?);

-- name: insert_topic
INSERT INTO article_topic VALUES (?, ?, ?, ?, ?, ?);

-- name: insert_author
INSERT INTO article_author VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: insert_mention
INSERT INTO mention VALUES (NULL, ?, ?, ?, ?, ?, ?, ?);

-- name: insert_link
INSERT INTO link VALUES (?, ?, ?);

-- name: insert_asset
INSERT INTO asset VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: insert_item
INSERT INTO custom_item VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: insert_reference
INSERT INTO custom_reference VALUES (?, ?, ?, ?, ?);

-- name: declared
SELECT digest, collections FROM declaration;

-- name: present_indexes
SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY rowid;

-- name: declare
UPDATE declaration SET digest = ?, collections = ?;

-- name: index_preview
INSERT INTO search_0 (rowid, title, topics, excerpt, provider, authors, body, custom_low, custom, custom_high)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: index_public
INSERT INTO search_1 (rowid, title, topics, excerpt, provider, authors, body, custom_low, custom, custom_high)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: unindex_preview
INSERT INTO search_0 (search_0, rowid, title, topics, excerpt, provider, authors, body, custom_low, custom, custom_high)
VALUES ('delete', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: unindex_public
INSERT INTO search_1 (search_1, rowid, title, topics, excerpt, provider, authors, body, custom_low, custom, custom_high)
VALUES ('delete', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: shown_words
SELECT words FROM provider WHERE view = ? AND key = ?;

-- name: count_names
INSERT INTO naming VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET preview = preview + excluded.preview, public = public + excluded.public,
  reachable = reachable + excluded.reachable;

-- name: insert_file
INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?);

-- name: delete_file
DELETE FROM file WHERE path = ?;

-- name: sign_folder
INSERT OR REPLACE INTO folder VALUES (?, ?);

-- name: delete_folder
DELETE FROM folder WHERE path = ?;

-- name: problems
SELECT about, severity, code, message, path, line, "column", hint FROM problem
WHERE scope = ? AND about IN (SELECT value FROM json_each(?)) ORDER BY key;

-- name: insert_problem
INSERT INTO problem VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: delete_problems
DELETE FROM problem WHERE scope = ? AND about = ?;

-- name: insert_memory
INSERT INTO memory VALUES (?, ?);

-- name: delete_memory
DELETE FROM memory;
