"""SQL of full-text search in PostgreSQL. `tables.sql` describes the columns `fields` and `body`."""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from gateway.content.tokenizer import is_character
from gateway.model.lists import SearchField, SearchMode
from gateway.model.records import Visibility
from gateway.search import Search
from gateway.store.postgres.search_text import lexeme
from gateway.store.search_columns import COLUMNS, WEIGHTS
from gateway.store.sql_fragment import Sql, joined

_LETTERS: Mapping[SearchField, str] = {
    SearchField.TITLE: "A",
    SearchField.TOPICS: "B",
    SearchField.EXCERPT: "C",
    SearchField.PROVIDER: "D",
}
"""The weights of the words in `fields`."""
_BY_LETTER = [name for field in reversed(list(_LETTERS)) for name in COLUMNS[field]]
_MOST = max(WEIGHTS.values())
_COLUMNS: Mapping[SearchField, str] = {
    SearchField.AUTHORS: "authors",
    SearchField.BODY: "body",
    SearchField.FIELDS: "custom",
}
"""The fields with columns of their own."""
_ALL = ("fields", *_COLUMNS.values())
BY_LENGTH = 1
"""Divides a rank by the logarithm of the length. Only that of a body, because other fields are short."""
_BODY_WEIGHT = WEIGHTS["body"] / WEIGHTS["provider"]
"""Words without a weight have that of the provider, and so have the authors."""


class TsVectors:
    """See `FullText`."""

    def expression(self, search: Search) -> str:
        return f"{sorted(search.fields)} {search.mode} {_query(search, '')}"

    def matching(self, key: str, search: Search, visibility: Visibility) -> Sql:
        condition, parameters = _condition(search)
        return Sql(
            f"{key} IN (SELECT search.article FROM search WHERE {_shown(visibility)} AND {condition})", parameters
        )

    def found(self, search: Search, visibility: Visibility) -> Sql:
        condition, parameters = _condition(search)
        score = _score("search", "CAST(? AS tsquery)")
        text = f"SELECT search.article AS key, {score} AS score FROM search WHERE {_shown(visibility)} AND {condition}"
        return Sql(text, (*[_ranked(search)] * score.count("?"), *parameters))

    def holders(self, words: Iterable[str], visibility: Visibility, most: int) -> Sql:
        """A word that many articles have in one field is not counted exactly."""
        held = "CAST('''' || wanted.value || '''' AS tsquery)"
        is_held = " OR ".join(f"{column} @@ {held}" for column in _ALL)
        counted = f"SELECT 1 FROM search WHERE {_shown(visibility)} AND ({is_held})"
        views = "(1)" if visibility is Visibility.PUBLIC else "(0, 1)"
        text = (
            f"SELECT wanted.value, CASE WHEN (SELECT coalesce(max(docs), 0) FROM word WHERE public IN {views}"
            f" AND term = wanted.value) >= {most} THEN {most}"
            f" ELSE (SELECT count(*) FROM ({counted} LIMIT {most}) AS held) END FROM json_each(?) AS wanted"
        )
        return Sql(text, (json.dumps(sorted(set(words))),))

    def any_of(self, words: Iterable[str]) -> str:
        return " | ".join(map(_quoted, words))

    def likenesses(self, visibility: Visibility) -> str:
        score = _score("search", "CAST(subject.words AS tsquery)")
        is_held = " OR ".join(f"search.{column} @@ CAST(subject.words AS tsquery)" for column in _ALL)
        return (
            f"SELECT subject.at, search.article, {score} AS likeness FROM subject CROSS JOIN search"
            f" WHERE {_shown(visibility)} AND ({is_held})"
        )


def _shown(visibility: Visibility) -> str:
    return "search.public = 1" if visibility is Visibility.PUBLIC else "TRUE"


def _score(table: str, query: str) -> str:
    ranks = {column: f"ts_rank({_weights(column)}, {table}.{column}, {query}" for column in _ALL}
    others = ") + ".join(rank for column, rank in ranks.items() if column != "body")
    return f"CAST({others}) + {_BODY_WEIGHT} * {ranks['body']}, {BY_LENGTH}) AS double precision)"


def _weights(column: str) -> str:
    """The weights of the letters D to A."""
    of_letters = ("custom_low", "custom_low", "custom", "custom_high") if column == "custom" else _BY_LETTER
    return f"CAST('{{{', '.join(str(WEIGHTS[each] / _MOST) for each in of_letters)}}}' AS real[])"


def _condition(search: Search) -> Sql:
    """In the mode ALL_TERMS, each word can be in another field."""
    letters = "".join(letter for field, letter in _LETTERS.items() if field in search.fields)
    columns = ["fields"] * bool(letters) + [name for field, name in _COLUMNS.items() if field in search.fields]
    if not search.words or not columns:
        return Sql("FALSE")
    if search.mode in {SearchMode.PHRASE, SearchMode.ANY_TERM}:
        return _in_any(columns, {column: _query(search, letters if column == "fields" else "") for column in columns})
    every = [
        _in_any(columns, {column: _word(search, word, letters if column == "fields" else "") for column in columns})
        for word in dict.fromkeys(search.words)
    ]
    return joined(" AND ", every)


def _in_any(columns: Iterable[str], queries: Mapping[str, str]) -> Sql:
    parts = [Sql(f"search.{column} @@ CAST(? AS tsquery)", (queries[column],)) for column in columns]
    sql, parameters = joined(" OR ", parts)
    return Sql(f"({sql})", parameters)


def _query(search: Search, letters: str) -> str:
    """The words of the search, next to each other for a phrase, and any of them otherwise."""
    if search.mode is SearchMode.PHRASE:
        *before, last = search.words or ("",)
        marks = f"{'*' if search.words and search.begins(last) else ''}{letters}"
        return " <-> ".join([*(_marked(word, letters) for word in before), _marked(last, marks)])
    return " | ".join(_word(search, word, letters) for word in dict.fromkeys(search.words))


def _ranked(search: Search) -> str:
    """The words that a score counts. An exact word scores higher than its prefix."""
    words = dict.fromkeys(search.words)
    exact = (_quoted(word) for word in words if search.begins(word) and not is_character(word))
    return " | ".join([*(_word(search, word, "") for word in words), *exact])


def _word(search: Search, word: str, letters: str) -> str:
    return _marked(word, f"{'*' if search.begins(word) else ''}{letters}")


def _marked(word: str, marks: str) -> str:
    return f"{_quoted(word)}:{marks}" if marks else _quoted(word)


def _quoted(word: str) -> str:
    return f"'{lexeme(word)}'"
