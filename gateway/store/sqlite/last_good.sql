-- The last good versions of broken files.

-- name: select
SELECT path, sha256, bytes, modified_at, read_at, record FROM last_good;

-- name: select_before_10
-- The broken files of a release before 10, which has no records of last good versions.
SELECT path, NULL, NULL, NULL, NULL, NULL FROM article
WHERE path IN (SELECT path FROM problem WHERE severity = 0) ORDER BY path;

-- name: keep
INSERT OR IGNORE INTO last_good VALUES (?, ?, ?, ?, ?, ?);

-- name: forget
DELETE FROM last_good WHERE path = ?;

-- name: as_of
SELECT as_of FROM generation;

-- name: restore_times
UPDATE article SET (modified_at, read_at) =
  (SELECT modified_at, read_at FROM last_good WHERE last_good.path = article.path);
