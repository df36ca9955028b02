-- The tables that only PostgreSQL has, and the statements that replace all tables. `schema.sql` declares the others.
--
-- `transfer` has the release of the tables, and the id of the newest transaction of a loader.
--
-- `search` has the words of each article. `fields` holds the title (weight A), the topics (B), the excerpt (C) and the
-- provider's shown name (D), at positions that no phrase joins. `authors` and `body` are other columns, because there are
-- four weights. `custom` holds the custom fields of high weight (A), of normal weight (B) and of low weight (C).
--
-- `word` has the number of articles that have a word in a field. `folding` has the characters that `fold` replaces, after
-- decomposition.

-- name: create
CREATE TABLE transfer (release bigint NOT NULL, id text NOT NULL);
CREATE TABLE search (
  article bigint PRIMARY KEY, public bigint NOT NULL, fields tsvector NOT NULL, authors tsvector NOT NULL,
  body tsvector NOT NULL, custom tsvector NOT NULL
);
CREATE TABLE word (
  public bigint NOT NULL, field text NOT NULL, term text COLLATE "C" NOT NULL, docs bigint NOT NULL,
  PRIMARY KEY (public, term, field)
);
CREATE TABLE folding (character text COLLATE "C" PRIMARY KEY, folded text COLLATE "C" NOT NULL);

-- name: index_search
CREATE INDEX search_fields ON search USING gin (fields);
CREATE INDEX search_authors ON search USING gin (authors);
CREATE INDEX search_body ON search USING gin (body);
CREATE INDEX search_custom ON search USING gin (custom);

-- name: insert_transfer
INSERT INTO transfer VALUES ($1, $2);

-- name: present
-- The tables of a schema.
SELECT tablename FROM pg_tables WHERE schemaname = $1;

-- name: has_transfer
SELECT to_regclass($1) IS NOT NULL;

-- name: transfer
SELECT release, id FROM transfer;

-- name: advance
-- Continues only from the transfer that the sender knows, and locks its row.
UPDATE transfer SET id = $2 WHERE id = $1;

-- name: server
SELECT pg_is_in_recovery(), current_setting('server_encoding');

-- name: try_lock
SELECT pg_try_advisory_lock($1, hashtext($2));

-- name: is_locked
-- Whether this session has the lock. Behind a pooler, statements may run in another session.
SELECT EXISTS (
  SELECT 1 FROM pg_locks
  WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = $1::bigint AND objid = (hashtext($2)::bigint & 4294967295) AND objsubid = 2
);

-- name: holder
SELECT format('process %s (%s) of %s', pg_stat_activity.pid, application_name, coalesce(host(client_addr), 'its host'))
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND classid = $1::bigint
  AND objid = (hashtext($2)::bigint & 4294967295) AND objsubid = 2;

-- name: notify
SELECT pg_notify($1, counter_all::text) FROM generation;

-- name: last_good
SELECT path, sha256, bytes, modified_at, read_at, record FROM last_good;

-- name: as_of
SELECT as_of FROM generation;

-- name: columns
-- A statement of SQLite.
SELECT name, type, "notnull", pk FROM pragma_table_info(?);

-- name: restore_sequence
-- A statement of SQLite. Keys are not used again, so that an article that changes gets a new one.
DELETE FROM sqlite_sequence WHERE name = 'article';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'article', max(ifnull((SELECT max(key) FROM article), 0), ifnull((SELECT max(article) FROM change_log), 0));
