-- The tables of words and of characters, and their statements.

-- name: vocabulary
-- A statement of SQLite. Longer words are not corrected, and an index of PostgreSQL does not hold them.
SELECT :view, col, term, doc FROM vocabulary_:view WHERE length(term) <= 500;

-- name: count_words
-- The words are those of `search`, where the weights of positions are the fields.
INSERT INTO word (public, field, term, docs)
SELECT public, field, lexeme, $2 * count(*) FROM (
  SELECT DISTINCT search.article, search.public,
    CASE weight WHEN 'A' THEN 'title' WHEN 'B' THEN 'topics' WHEN 'C' THEN 'excerpt' ELSE 'provider' END AS field, lexeme
  FROM search CROSS JOIN unnest(search.fields) AS held CROSS JOIN unnest(held.weights) AS weight
  WHERE search.article = ANY($1::bigint[])
  UNION ALL
  SELECT search.article, search.public, 'authors', lexeme FROM search CROSS JOIN unnest(search.authors) AS held
  WHERE search.article = ANY($1::bigint[])
  UNION ALL
  SELECT search.article, search.public, 'body', lexeme FROM search CROSS JOIN unnest(search.body) AS held
  WHERE search.article = ANY($1::bigint[])
  UNION ALL
  SELECT DISTINCT search.article, search.public,
    CASE weight WHEN 'A' THEN 'custom_high' WHEN 'B' THEN 'custom' ELSE 'custom_low' END, lexeme
  FROM search CROSS JOIN unnest(search.custom) AS held CROSS JOIN unnest(held.weights) AS weight
  WHERE search.article = ANY($1::bigint[])
) AS held WHERE length(lexeme) <= 500
GROUP BY public, field, lexeme
ON CONFLICT (public, term, field) DO UPDATE SET docs = word.docs + excluded.docs;

-- name: functions
-- `fold` of `text.py`. The first part is inlined in a query.
CREATE OR REPLACE FUNCTION fold_decomposed(text) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  SELECT string_agg(coalesce(folding.folded, held.letter), '' ORDER BY held.place)
  FROM regexp_split_to_table(normalize($1, NFKD), '') WITH ORDINALITY AS held (letter, place)
  LEFT JOIN folding ON folding.character = held.letter
$$;
CREATE OR REPLACE FUNCTION fold(text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN octet_length($1) = length($1) THEN lower($1 COLLATE "C") ELSE fold_decomposed($1) END
$$;
