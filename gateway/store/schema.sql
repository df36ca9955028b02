-- The tables. `indexes.sql` has their indexes. `field_columns.py` gives the columns of the plain fields of articles.
--
-- An article is one row. The lists that it owns (`topics`, `authors`, `images`, `related`, `destinations`, `assets`) are
-- JSON in the row. `related` is compressed with zstd, because it is most of the content of real sites. The tables
-- `article_url`, `article_topic`, `article_author`, `mention`, `link`, `asset`, `custom_item` and `custom_reference` repeat
-- what is searched from the other side. They are derived from the row, and deleted with it.
--
-- `addresses` is a JSON object with the addresses of assets by their destinations in the HTML of the body.
--
-- `custom` has the values of custom fields by their keys, `custom_order` the folded texts by which articles are ordered,
-- and `custom_words` a list of the searched texts of low, normal and high weight. `custom_items` and `custom_references`
-- are the rows of the tables `custom_item` and `custom_reference` as lists. These three and `navigation` are null if they
-- are empty. `file` is the path of a file that holds several articles, otherwise null.
--
-- `reachable` is 1 if the public finds the article by key at the time of the generation. `public` is 1 if public lists
-- include it: `reachable` and not unlisted. `view` is 1 in rows for the public and 0 in rows for previews. A provider,
-- topic or author that only unlisted articles name has a row in view 2, which the public finds by key.
--
-- An article whose file is broken or missing is restricted if the present rules hide more of it than those that it was
-- decoded by. `unrestricted` is its visibility without the restriction: a JSON list of `published`, `unlisted`,
-- `public_from` and `public_until`.
--
-- `text` is null if it is the body without outer white space. Times are microseconds since 1970. URLs in side tables are 64-bit digests.

CREATE TABLE generation (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch TEXT NOT NULL, counter_all INTEGER NOT NULL, counter_public INTEGER NOT NULL,
  as_of INTEGER NOT NULL, loaded_all INTEGER NOT NULL, loaded_public INTEGER NOT NULL
);
INSERT INTO generation VALUES (1, lower(hex(randomblob(8))), 0, 0, 0, 0, 0);

-- The collections of the generation as JSON, and their digest.
CREATE TABLE declaration (
  one INTEGER PRIMARY KEY CHECK (one = 1), digest TEXT NOT NULL, collections TEXT NOT NULL
);
INSERT INTO declaration VALUES (1, '', '[]');

CREATE TABLE memory (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE file (
  path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL, sha256 TEXT NOT NULL
) WITHOUT ROWID;

-- The folders that have files, without the files of folders below them. `signature` is a digest of the states of these
-- files, or null if one of them was written since the signature was made. `folder_signatures.py` makes it.
CREATE TABLE folder (path TEXT PRIMARY KEY, signature BLOB) WITHOUT ROWID;

-- The last good versions of files that are broken now. `record` is the document as JSON. Its format is stable, so that
-- another release can read it.
CREATE TABLE last_good (
  path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, modified_at INTEGER NOT NULL,
  read_at INTEGER NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE problem (
  key INTEGER PRIMARY KEY,
  scope TEXT NOT NULL, about TEXT NOT NULL, severity INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  path TEXT NOT NULL, line INTEGER, "column" INTEGER, hint TEXT
);

CREATE TABLE article (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL, path TEXT NOT NULL, wanted_slug TEXT NOT NULL, slug TEXT NOT NULL,
  /* fields */
  published INTEGER NOT NULL, unlisted INTEGER NOT NULL, public_from INTEGER, public_until INTEGER,
  status TEXT NOT NULL, reachable INTEGER NOT NULL, public INTEGER NOT NULL,
  provider TEXT, provider_name TEXT, provider_domain TEXT, provider_images TEXT NOT NULL,
  images TEXT NOT NULL, topics TEXT NOT NULL, authors TEXT NOT NULL, url TEXT, aliases TEXT NOT NULL, urls TEXT NOT NULL,
  has_body INTEGER NOT NULL, is_secured INTEGER NOT NULL,
  sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, modified_at INTEGER NOT NULL, read_at INTEGER NOT NULL,
  file TEXT, collection TEXT, custom TEXT NOT NULL, custom_order TEXT NOT NULL, navigation TEXT, translation TEXT,
  custom_words TEXT, custom_items TEXT, custom_references TEXT,
  unrestricted TEXT, related BLOB, exposed TEXT NOT NULL, front_matter TEXT NOT NULL, secured TEXT, body TEXT NOT NULL,
  text TEXT, headings TEXT NOT NULL, lead TEXT, body_rules TEXT NOT NULL, destinations TEXT NOT NULL,
  assets TEXT NOT NULL, addresses TEXT NOT NULL
);

-- The URLs that lead to an article. `rank` is 0 for its own ones and 1 for its aliases.
CREATE TABLE article_url (
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, url INTEGER NOT NULL, rank INTEGER NOT NULL,
  published_date_time INTEGER, path TEXT NOT NULL, reachable INTEGER NOT NULL,
  PRIMARY KEY (article, url)
) WITHOUT ROWID;

CREATE TABLE article_topic (
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, position INTEGER NOT NULL, topic TEXT NOT NULL,
  published_date_time INTEGER, path TEXT NOT NULL, public INTEGER NOT NULL,
  PRIMARY KEY (article, position)
) WITHOUT ROWID;

-- `pictured` is 1 if the article has images of the author.
CREATE TABLE article_author (
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, position INTEGER NOT NULL, author TEXT NOT NULL,
  pictured INTEGER NOT NULL, published_date_time INTEGER, path TEXT NOT NULL, public INTEGER NOT NULL,
  PRIMARY KEY (article, position)
) WITHOUT ROWID;

-- The related entries that have a provider. `pictured` is 1 if the entry has images of the provider.
CREATE TABLE mention (
  key INTEGER PRIMARY KEY,
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, position INTEGER NOT NULL, provider TEXT NOT NULL,
  pictured INTEGER NOT NULL, published_date_time INTEGER, path TEXT NOT NULL, public INTEGER NOT NULL
);

-- What an article links to. `kind` is 0 for the URL of a related entry, and 1 for the target of a link in the body.
CREATE TABLE link (
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, url INTEGER NOT NULL, kind INTEGER NOT NULL,
  PRIMARY KEY (article, url, kind)
) WITHOUT ROWID;

-- The files that an article refers to and that are not documents, with their stamps. `digest` is null if a file is
-- missing.
CREATE TABLE asset (
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, path TEXT NOT NULL, size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, digest TEXT, reachable INTEGER NOT NULL,
  PRIMARY KEY (article, path)
) WITHOUT ROWID;

-- The members of lists of texts and enums. `field` is the number of a custom field.
CREATE TABLE custom_item (
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, field INTEGER NOT NULL, position INTEGER NOT NULL,
  value TEXT NOT NULL, published_date_time INTEGER, path TEXT NOT NULL, public INTEGER NOT NULL,
  PRIMARY KEY (article, field, position)
) WITHOUT ROWID;

-- The URLs that references of custom fields may mean. Of one position, the first one that leads to an article is meant.
CREATE TABLE custom_reference (
  article INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, field INTEGER NOT NULL, position INTEGER NOT NULL,
  rank INTEGER NOT NULL, url INTEGER NOT NULL, PRIMARY KEY (article, field, position, rank)
) WITHOUT ROWID;

-- The articles that references of custom fields lead to, for each view. Both sides are keys of articles. `public` is 1 if
-- public lists include the source.
CREATE TABLE reference (
  source INTEGER NOT NULL REFERENCES article ON DELETE CASCADE, view INTEGER NOT NULL, field INTEGER NOT NULL,
  position INTEGER NOT NULL, target INTEGER NOT NULL,
  published_date_time INTEGER, path TEXT NOT NULL, public INTEGER NOT NULL,
  PRIMARY KEY (source, view, field, position)
) WITHOUT ROWID;

-- The links that resolve to an article, for each view. Both sides are keys of articles. `related` is 1 if a related entry
-- is one, `body` if a link of the body is, and `field` if a reference of a custom field is.
CREATE TABLE backlink (
  view INTEGER NOT NULL, target INTEGER NOT NULL, source INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
  related INTEGER NOT NULL, body INTEGER NOT NULL, field INTEGER NOT NULL,
  published_date_time INTEGER, path TEXT NOT NULL,
  PRIMARY KEY (view, target, source)
) WITHOUT ROWID;

-- The number of uses of each name. `own` is 1 for an article's own name, and 0 for one in a related entry. Each view has
-- a column. `domain` is that of a provider, or the URL of an author. It is empty if it is not given.
CREATE TABLE naming (
  kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, domain TEXT NOT NULL, own INTEGER NOT NULL,
  preview INTEGER NOT NULL, public INTEGER NOT NULL, reachable INTEGER NOT NULL,
  PRIMARY KEY (kind, key, name, domain, own)
) WITHOUT ROWID;

CREATE TABLE provider (
  view INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL,
  wanted_slug TEXT NOT NULL, slug TEXT NOT NULL, domain TEXT, count INTEGER NOT NULL, images TEXT NOT NULL,
  words TEXT NOT NULL,
  PRIMARY KEY (view, key)
) WITHOUT ROWID;

CREATE TABLE topic (
  view INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL,
  wanted_slug TEXT NOT NULL, slug TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (view, key)
) WITHOUT ROWID;

CREATE TABLE author (
  view INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL,
  wanted_slug TEXT NOT NULL, slug TEXT NOT NULL, url TEXT, count INTEGER NOT NULL, images TEXT NOT NULL,
  PRIMARY KEY (view, key)
) WITHOUT ROWID;

-- The change log. `shown`, `added` and `changed` are counters of the view: when the article was first shown, last added
-- and last changed. `article`, `slug` and `status` are the values shown last. An article that is rewritten gets a new
-- key. A removed article leaves a tombstone. `pruned` has the counter up to which tombstones are deleted.
CREATE TABLE change_log (
  view INTEGER NOT NULL, id TEXT NOT NULL,
  shown INTEGER NOT NULL, added INTEGER NOT NULL, changed INTEGER NOT NULL, removed INTEGER NOT NULL,
  at INTEGER NOT NULL,
  article INTEGER NOT NULL, slug TEXT NOT NULL, status TEXT NOT NULL,
  PRIMARY KEY (view, id)
) WITHOUT ROWID;

CREATE TABLE pruned (view INTEGER PRIMARY KEY, counter INTEGER NOT NULL);
INSERT INTO pruned VALUES (0, 0), (1, 0);

-- The counter of the last change to a provider, topic or author as the view shows it, including its names and counts. The public
-- view also marks unlisted articles, which have no row in the log. An article is marked when another one with its slug
-- changes, because a lookup by slug can return either.
CREATE TABLE record_change (
  view INTEGER NOT NULL, id TEXT NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (view, id)
) WITHOUT ROWID;

-- The full-text indexes: `search_1` of the public articles, `search_0` of all others. They store no text: the words of
-- an article are computed from its row.
CREATE VIRTUAL TABLE search_0 USING fts5(
  title, topics, excerpt, provider, authors, body, custom_low, custom, custom_high, content='', tokenize='ascii'
);
CREATE VIRTUAL TABLE search_1 USING fts5(
  title, topics, excerpt, provider, authors, body, custom_low, custom, custom_high, content='', tokenize='ascii'
);
CREATE VIRTUAL TABLE vocabulary_0 USING fts5vocab(search_0, col);
CREATE VIRTUAL TABLE vocabulary_1 USING fts5vocab(search_1, col);
