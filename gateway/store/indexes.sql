-- The indexes. A large run drops those of the tables that it fills, and creates them again at its end.
--
-- Each order has one index, which is read in both directions. In most of them `public` comes first: a preview merges the
-- public rows and the others. `field_columns.py` gives those of the orders by plain fields.

CREATE INDEX file_sha256 ON file (sha256);
CREATE INDEX file_inode ON file (inode);
CREATE INDEX problem_about ON problem (scope, about);
CREATE INDEX problem_order ON problem (severity, path, line, "column", code, message);

CREATE UNIQUE INDEX article_id ON article (id);
CREATE UNIQUE INDEX article_path ON article (path);
CREATE INDEX article_slug ON article (slug, reachable DESC, (locale IS NOT NULL), path);
CREATE INDEX article_wanted_slug ON article (wanted_slug);
CREATE INDEX article_from ON article (public_from) WHERE published = 1;
CREATE INDEX article_until ON article (public_until) WHERE published = 1;
/* orders */
CREATE INDEX article_order ON article (public, path);
CREATE INDEX article_provider ON article (provider, public, published_date_time DESC, path);
CREATE INDEX article_category ON article (category, public, published_date_time DESC, path);
CREATE INDEX article_collection ON article (collection, public, published_date_time DESC, path);
CREATE INDEX article_type ON article (type, public, published_date_time DESC, path);
CREATE INDEX article_locale ON article (locale, public, published_date_time DESC, path);
CREATE INDEX article_status ON article (status, published_date_time DESC, path);
CREATE INDEX article_pictured ON article (provider, published_date_time DESC, path, public)
  WHERE provider_images <> '[]';

CREATE INDEX article_translation ON article (translation, public, path) WHERE translation IS NOT NULL;

CREATE INDEX article_url_owner ON article_url (url, rank, published_date_time DESC, path, reachable);
CREATE INDEX article_topic_order ON article_topic (topic, public, published_date_time DESC, path);
CREATE INDEX article_author_order ON article_author (author, public, published_date_time DESC, path);
CREATE INDEX article_author_pictured ON article_author (author, published_date_time DESC, path, public)
  WHERE pictured;
CREATE INDEX mention_article ON mention (article);
CREATE INDEX mention_order ON mention (provider, public, published_date_time DESC, path, position);
CREATE INDEX mention_pictured ON mention (provider, published_date_time DESC, path, position, public) WHERE pictured;
CREATE INDEX link_url ON link (url);
CREATE INDEX asset_path ON asset (path, reachable);
CREATE INDEX custom_item_order ON custom_item (field, value, public, published_date_time DESC, path);
CREATE INDEX custom_reference_url ON custom_reference (url);
CREATE INDEX reference_order ON reference (view, target, field, public, published_date_time DESC, path);
CREATE INDEX backlink_order ON backlink (view, target, published_date_time DESC, path);
CREATE INDEX backlink_source ON backlink (source);

CREATE INDEX provider_id ON provider (view, id);
CREATE INDEX provider_slug ON provider (view, slug);
CREATE INDEX provider_wanted_slug ON provider (wanted_slug);
CREATE INDEX provider_count ON provider (view, count DESC, key);
CREATE INDEX provider_domain ON provider (view, domain, key);
CREATE INDEX provider_name ON provider (view, folded, name, key);
CREATE INDEX provider_exact_name ON provider (view, name);

CREATE INDEX topic_id ON topic (view, id);
CREATE INDEX topic_slug ON topic (view, slug);
CREATE INDEX topic_wanted_slug ON topic (wanted_slug);
CREATE INDEX topic_count ON topic (view, count DESC, key);
CREATE INDEX topic_name ON topic (view, folded, name, key);
CREATE INDEX topic_exact_name ON topic (view, name);

CREATE INDEX author_id ON author (view, id);
CREATE INDEX author_slug ON author (view, slug);
CREATE INDEX author_wanted_slug ON author (wanted_slug);
CREATE INDEX author_count ON author (view, count DESC, key);
CREATE INDEX author_name ON author (view, folded, name, key);
CREATE INDEX author_exact_name ON author (view, name);

CREATE INDEX change_log_order ON change_log (view, changed, id);
CREATE INDEX change_log_tombstone ON change_log (at) WHERE removed;
CREATE INDEX record_change_order ON record_change (view, changed);
