-- The outbox of a working file: what PostgreSQL lacks. All statements are of SQLite.
--
-- `outbox` has the id of the last transfer that PostgreSQL is known to have, the id of the one that may have been
-- committed since, and whether all rows must be sent. If not, triggers note the keys of changed rows in the tables
-- `outbox_TABLE`, in the transaction of the change.

-- name: create
CREATE TABLE IF NOT EXISTS outbox (last TEXT, next TEXT, is_whole INTEGER NOT NULL);
INSERT INTO outbox SELECT NULL, NULL, 1 WHERE NOT EXISTS (SELECT 1 FROM outbox);

-- name: exists
SELECT count(*) FROM sqlite_schema WHERE name = 'outbox';

-- name: state
SELECT last, next, is_whole FROM outbox;

-- name: set_state
UPDATE outbox SET last = ?, next = ?, is_whole = ?;

-- name: begin
UPDATE outbox SET next = ?;

-- name: noted_articles
SELECT key FROM outbox_article;

-- name: count_changed
-- The number of articles that are new or changed. A changed one has a new key.
SELECT count(*) FROM outbox_article WHERE key IN (SELECT key FROM article);

-- name: worded_articles
-- The articles whose indexed words changed: also those of a provider whose shown name has other words now.
SELECT key FROM outbox_article WHERE key IN (SELECT key FROM article)
UNION SELECT article.key FROM outbox_provider CROSS JOIN provider USING (view, key)
CROSS JOIN article ON article.provider = outbox_provider.key AND article.public = outbox_provider.view
WHERE outbox_provider.sent_words <> provider.words;
