-- The statements of `link_check.py`. Links are checked in the view of previews.

-- name: sources
-- The touched articles with links, and those with a link that may lead to a touched one.
SELECT article.id, article.path, article.url, article.key, article.destinations
FROM touched CROSS JOIN article ON article.key = touched.key
WHERE touched.kind = 'source' AND article.destinations <> '[]'
UNION
SELECT article.id, article.path, article.url, article.key, article.destinations
FROM touched CROSS JOIN article ON article.id = touched.key
WHERE touched.kind = 'linking' AND article.destinations <> '[]';

-- name: owners
-- The article of each key that has one.
SELECT wanted.value, (
  SELECT article_url.article FROM article_url WHERE article_url.url = wanted.value
  ORDER BY article_url.rank, article_url.published_date_time DESC, article_url.path LIMIT 1
) AS owner FROM json_each(?) AS wanted WHERE owner IS NOT NULL;

-- name: targets
SELECT article.key, article.path, article.headings, article.body
FROM json_each(?) AS wanted CROSS JOIN article ON article.key = wanted.value;

-- name: files
-- The paths that a file or a folder of the content folder has.
SELECT wanted.value FROM json_each(?) AS wanted
WHERE EXISTS (SELECT 1 FROM file WHERE file.path = wanted.value)
  OR EXISTS (SELECT 1 FROM file WHERE file.path > wanted.value || '/' AND file.path < wanted.value || '0');

-- name: insert
INSERT INTO problem VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?);
