-- The statements of `unique_check.py`. A problem is about a field and a value.

-- name: forget_all
DELETE FROM problem WHERE scope = 'unique';

-- name: forget
DELETE FROM problem WHERE scope = 'unique' AND about IN (SELECT ? || char(10) || value FROM json_each(?));

-- name: insert
INSERT INTO problem (scope, about, severity, code, message, path, hint)
VALUES ('unique', ?1 || char(10) || ?4, 1, ?3,
  'The value `' || substr(?4, 1, 100) || '` of `' || ?2 || '` belongs to ' || ?5 || '.', ?6,
  'Give it a `' || ?2 || '` of its own.');
