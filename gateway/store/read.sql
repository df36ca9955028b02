-- The statements of readers. `change_log.sql` has those of the log. Lookups, lists and searches are composed in Python.

-- name: generation
-- The last columns are the time at which the next article is shown or hidden, and the digest of the collections.
SELECT epoch, counter_all, counter_public, as_of, loaded_all, loaded_public, (
  SELECT min(due) FROM (
    SELECT min(public_from) AS due FROM article WHERE published = 1 AND public_from > (SELECT as_of FROM generation)
    UNION ALL
    SELECT min(public_until) FROM article WHERE published = 1 AND public_until > (SELECT as_of FROM generation)
  ) AS dues
), (SELECT digest FROM declaration) FROM generation;

-- name: problems
SELECT severity, code, message, path, line, "column", hint FROM problem WHERE severity BETWEEN ? AND ?
ORDER BY severity, path, line NULLS FIRST, "column" NULLS FIRST, code, message LIMIT ?;

-- name: unexposed
-- Reads the whole table.
SELECT held.key, count(*) AS articles
FROM article CROSS JOIN json_each(article.front_matter) AS held
WHERE NOT EXISTS (SELECT 1 FROM json_each(article.exposed) AS shown WHERE shown.key = held.key)
GROUP BY held.key ORDER BY articles DESC, held.key;

-- name: files
-- The files after a path.
SELECT file.*, article.status, article.read_at, article.sha256, article.unrestricted
FROM file LEFT JOIN article ON article.path = file.path WHERE file.path > ? ORDER BY file.path LIMIT ?;

-- name: files_under
-- The files at paths, and those in folders at these paths.
SELECT file.*, article.status, article.read_at, article.sha256, article.unrestricted
FROM file LEFT JOIN article ON article.path = file.path WHERE file.path IN (SELECT value FROM json_each(?1))
UNION
SELECT file.*, article.status, article.read_at, article.sha256, article.unrestricted
FROM json_each(?1) AS folder
CROSS JOIN file ON file.path > folder.value || '/' AND file.path < folder.value || '0'
LEFT JOIN article ON article.path = file.path;

-- name: files_in
-- The files directly in a folder, between two texts. The third parameter is the position of their names in their paths.
SELECT file.*, article.status, article.read_at, article.sha256, article.unrestricted
FROM file LEFT JOIN article ON article.path = file.path
WHERE file.path > ?1 AND file.path < ?2 AND instr(substr(file.path, ?3), '/') = 0 ORDER BY file.path LIMIT ?4;

-- name: folders
SELECT path, signature FROM folder;

-- name: files_like
-- The files that have one of some digests or inodes.
SELECT file.*, article.status, article.read_at, article.sha256, article.unrestricted
FROM file LEFT JOIN article ON article.path = file.path
WHERE file.sha256 IN (SELECT value FROM json_each(?)) OR file.inode IN (SELECT value FROM json_each(?));

-- name: assets
-- The files that articles refer to, and the missing ones.
SELECT DISTINCT path, size, mtime_ns, ctime_ns, inode, digest FROM asset;

-- name: referrers
-- The files that articles refer to at paths, and in folders at these paths, each with the path of an article.
SELECT asset.path, article.path FROM asset CROSS JOIN article ON article.key = asset.article
WHERE asset.path IN (SELECT value FROM json_each(?1))
UNION
SELECT asset.path, article.path FROM json_each(?1) AS folder
CROSS JOIN asset ON asset.path > folder.value || '/' AND asset.path < folder.value || '0'
CROSS JOIN article ON article.key = asset.article;

-- name: declaration
SELECT collections FROM declaration;

-- name: memory
SELECT name, value FROM memory;
