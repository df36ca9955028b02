-- The statements by which a gateway follows the generations.

-- name: is_standby
SELECT pg_is_in_recovery();

-- name: has_tables
SELECT to_regclass($1) IS NOT NULL;

-- name: release
SELECT release FROM transfer;
