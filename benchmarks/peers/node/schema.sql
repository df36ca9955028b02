CREATE TABLE providers (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, domain TEXT);
CREATE TABLE topics (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE articles (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    excerpt TEXT,
    publishedDateTime TEXT,
    webUrl TEXT,
    providerKey INTEGER REFERENCES providers
);
CREATE TABLE article_topic (
    articleKey INTEGER REFERENCES articles,
    position INTEGER,
    topicKey INTEGER NOT NULL REFERENCES topics,
    PRIMARY KEY (articleKey, position)
) WITHOUT ROWID;
CREATE TABLE related (
    key INTEGER PRIMARY KEY,
    articleKey INTEGER NOT NULL REFERENCES articles,
    title TEXT NOT NULL,
    publishedDateTime TEXT,
    webUrl TEXT,
    providerKey INTEGER REFERENCES providers
);
CREATE TABLE images (
    key INTEGER PRIMARY KEY,
    articleKey INTEGER REFERENCES articles,
    relatedKey INTEGER REFERENCES related,
    url TEXT NOT NULL,
    width INTEGER
);
CREATE INDEX articles_by_date ON articles (publishedDateTime DESC, path);
CREATE INDEX articles_of_provider ON articles (providerKey, publishedDateTime DESC, path);
CREATE INDEX articles_of_topic ON article_topic (topicKey, articleKey);
CREATE INDEX related_of_article ON related (articleKey);
CREATE INDEX images_of_article ON images (articleKey);
CREATE INDEX images_of_related ON images (relatedKey);
CREATE VIRTUAL TABLE words USING fts5 (title, topics, excerpt, provider, body, content='');
