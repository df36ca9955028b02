CREATE SCHEMA relational;
SET search_path = relational;
CREATE TABLE providers (key bigint PRIMARY KEY, id text NOT NULL UNIQUE, name text NOT NULL, domain text);
CREATE TABLE topics (key bigint PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE articles (
    key bigint PRIMARY KEY,
    id text NOT NULL UNIQUE,
    path text NOT NULL UNIQUE,
    title text NOT NULL,
    excerpt text,
    published_date_time text,
    web_url text,
    provider_key bigint REFERENCES providers
);
CREATE TABLE article_topic (
    article_key bigint REFERENCES articles,
    position bigint,
    topic_key bigint NOT NULL REFERENCES topics,
    PRIMARY KEY (article_key, position)
);
CREATE TABLE related (
    key bigint PRIMARY KEY,
    article_key bigint NOT NULL REFERENCES articles,
    title text NOT NULL,
    published_date_time text,
    web_url text,
    provider_key bigint REFERENCES providers
);
CREATE TABLE images (
    key bigint PRIMARY KEY,
    article_key bigint REFERENCES articles,
    related_key bigint REFERENCES related,
    url text NOT NULL,
    width integer
);
CREATE INDEX ON articles (published_date_time DESC, path);
CREATE INDEX ON articles (provider_key, published_date_time DESC, path);
CREATE INDEX ON article_topic (topic_key, article_key);
CREATE INDEX ON related (article_key, key);
CREATE INDEX ON related (provider_key);
CREATE INDEX ON images (article_key, key);
CREATE INDEX ON images (related_key, key);
CREATE FUNCTION articles_before(before text) RETURNS SETOF relational.articles LANGUAGE sql STABLE AS $$
    SELECT * FROM relational.articles WHERE published_date_time < before ORDER BY published_date_time DESC, path
$$;
