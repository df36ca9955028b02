-- The tables that only PostgreSQL has, and the statements that replace all tables. `schema.sql` declares the others.
--
-- `transfer` has the release of the tables, and the id of the newest transaction of a loader.
--
-- `search` has the words of each article. `fields` holds the title (weight A), the topics (B), the excerpt (C) and the
-- provider's shown name (D), at positions that no phrase joins. `body` is another column, because there are four weights.
--
-- `word` has the number of articles that have a word in a field. `folding` has the characters that `fold` replaces, after
-- decomposition.

-- name: create
CREATE TABLE transfer (release bigint NOT NULL, id text NOT NULL);
CREATE TABLE search (
  article bigint PRIMARY KEY, public bigint NOT NULL, fields tsvector NOT NULL, body tsvector NOT NULL
);
CREATE TABLE word (
  public bigint NOT NULL, field text NOT NULL, term text COLLATE "C" NOT NULL, docs bigint NOT NULL,
  PRIMARY KEY (public, term, field)
);
CREATE TABLE folding (character text COLLATE "C" PRIMARY KEY, folded text COLLATE "C" NOT NULL);

-- name: index_search
CREATE INDEX search_fields ON search USING gin (fields);
CREATE INDEX search_body ON search USING gin (body);

-- name: insert_transfer
INSERT INTO transfer VALUES ($1, $2);

-- name: present
-- The tables of a schema.
SELECT tablename FROM pg_tables WHERE schemaname = $1;

-- name: columns
-- A statement of SQLite.
SELECT name, type, "notnull", pk FROM pragma_table_info(?);
