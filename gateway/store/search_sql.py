"""SQL for full-text search: matches, scores and words. Ranks only the list of all articles."""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.content.tokenizer import is_character
from gateway.errors import BadUserInput
from gateway.model.lists import Edge, SearchField, SearchMode, Window
from gateway.model.records import Article, Visibility
from gateway.search import Search
from gateway.store.cursor import ColumnType, Value, decode, encode
from gateway.store.filter_sql import FilterSql
from gateway.store.reads import ARTICLES, Listing
from gateway.store.rows import ARTICLE, Row
from gateway.store.sql_fragment import Sql, joined, keys, visible
from gateway.store.tables import PREVIEW_VIEW, PUBLIC_VIEW

COLUMNS: Mapping[SearchField, tuple[str, float]] = {
    SearchField.TITLE: ("title", 10.0),
    SearchField.TOPICS: ("topics", 6.0),
    SearchField.EXCERPT: ("excerpt", 4.0),
    SearchField.PROVIDER: ("provider", 2.0),
    SearchField.BODY: ("body", 1.0),
}
"""The columns of an index in order, with their weights."""

NOTHING = '""'
"""The expression that matches nothing."""

_WEIGHTS = ", ".join(str(weight) for _, weight in COLUMNS.values())


def expression(search: Search) -> str:
    """The search as an FTS5 expression. Every word is quoted, so that it is not read as an operator."""
    columns = columns_of(search)
    if not search.words or not columns:
        return NOTHING
    return f"{{{' '.join(columns)}}} : ({_words(search)})"


def columns_of(search: Search) -> list[str]:
    return [name for field, (name, _) in COLUMNS.items() if field in search.fields]


def _words(search: Search) -> str:
    if search.mode is SearchMode.PHRASE:
        return f'"{" ".join(search.words)}"{"*" if search.begins(search.words[-1]) else ""}'
    return (" OR " if search.mode is SearchMode.ANY_TERM else " AND ").join(
        _word(search, word) for word in dict.fromkeys(search.words)
    )


def _word(search: Search, word: str) -> str:
    """A prefix term also includes the exact word, so that exact matches score higher. A character of a script without
    spaces scores equally at any position of a run."""
    if is_character(word):
        return f'"{word}"*'
    return f'("{word}" OR "{word}"*)' if search.begins(word) else f'"{word}"'


def indexes(visibility: Visibility) -> Sequence[str]:
    """The disjoint indexes of the visible articles."""
    return [f"search_{view}" for view in _views(visibility)]


def vocabularies(visibility: Visibility) -> Sequence[str]:
    """The document frequency of each word, by index and column."""
    return [f"vocabulary_{view}" for view in _views(visibility)]


def _views(visibility: Visibility) -> Sequence[int]:
    return (PUBLIC_VIEW,) if visibility is Visibility.PUBLIC else (PUBLIC_VIEW, PREVIEW_VIEW)


def score(index: str) -> str:
    return f"-bm25({index}, {_WEIGHTS})"


def union(visibility: Visibility, select: str, *parameters: Value) -> Sql:
    """A query of each index of the visible articles. `{index}` is its name, `{score}` the score of a match."""
    texts = [select.format(index=name, score=score(name)) for name in indexes(visibility)]
    return joined(" UNION ALL ", [Sql(text, parameters) for text in texts])


def matching(key: str, search: Search, visibility: Visibility) -> Sql:
    """The condition that the search matches the article with a key."""
    found = union(visibility, "SELECT rowid FROM {index} WHERE {index} MATCH ?", expression(search))
    return Sql(f"{key} IN ({found.sql})", found.parameters)


def _found(search: Search, visibility: Visibility) -> Sql:
    """The keys of the matching articles with their scores, as `found`."""
    select = "SELECT rowid AS key, {score} AS score FROM {index} WHERE {index} MATCH ?"
    sql, parameters = union(visibility, select, expression(search))
    return Sql(f"WITH found AS MATERIALIZED ({sql})", parameters)


def scores(search: Search, article_ids: Sequence[str], visibility: Visibility) -> Sql:
    """Rows of an id and a score, for the articles that match."""
    text = (
        " SELECT article.id, found.score FROM json_each(?) AS parent CROSS JOIN article ON article.id = parent.value"
        " JOIN found ON found.key = article.key"
    )
    return joined("", [_found(search, visibility), Sql(text, (keys(article_ids),))])


_PLACE = """, place AS MATERIALIZED (SELECT coalesce(
  (SELECT found.score FROM article CROSS JOIN found ON found.key = article.key WHERE article.path = ? AND ?), ?
) AS score, ? AS path)
"""
_KINDS = (ColumnType(float), ColumnType(str), ColumnType(str))


class Ranked:
    """The queries of a search result, ordered by score, then by path.

    A cursor holds a score, a path and the revision of the score. Under another revision the list continues after the
    article of that path if it still matches, and otherwise after the score.
    """

    def __init__(self, listing: Listing[Article], visibility: Visibility, revision: str) -> None:
        """Raises BadUserInput for a list without a search, or a list of a parent."""
        if listing.search is None or listing.name != ARTICLES.name:
            raise BadUserInput("This list cannot be ordered by SCORE.")
        self._listing = listing
        self._search = listing.search
        self._visibility = visibility
        self._revision = revision
        digest = hashlib.sha256(expression(listing.search).encode()).hexdigest()
        self._name = f"article SCORE {digest[:16]}"

    def page(self, _whole: Sequence[str], window: Window) -> Sql:
        """Rows of the list's index, the record's columns, a score and a path: up to one more than the window's size."""
        listed, parameters = self._listed("article.key, found.score, article.path", window, backward=window.backward)
        text = (
            f", listed AS MATERIALIZED ({listed} LIMIT ? OFFSET ?)"
            f" SELECT 0, {ARTICLE.columns}, listed.score, listed.path"
            " FROM listed CROSS JOIN article ON article.key = listed.key"
        )
        page = Sql(text, (*parameters, window.limit + 1, window.offset))
        return joined("", [self._found(), self._place(window), page])

    def has_rows_before(self, _whole: Sequence[str], window: Window) -> Sql:
        """One row with the list's index if a row exists on the other side of the window's cursor or offset."""
        sql, parameters = self._listed("0", window, backward=not window.backward, inclusive=True)
        return joined("", [self._found(), self._place(window), Sql(f"{sql} LIMIT 1", parameters)])

    def sort(self, rows: list[list[Any]]) -> None:
        rows.sort(key=lambda row: (-row[-2], row[-1]))

    def edge(self, row: Row) -> Edge[Article]:
        return Edge(encode(self._name, (*row[-2:], self._revision)), ARTICLE.make(row), row[-2])

    def _found(self) -> Sql:
        return _found(self._search, self._visibility)

    def _place(self, window: Window) -> Sql:
        if window.cursor is None:
            return Sql("")
        score, path, revision = decode(window.cursor, self._name, _KINDS)
        return Sql(_PLACE, (path, revision != self._revision, score, path))

    def _listed(self, what: str, window: Window, *, backward: bool, inclusive: bool = False) -> Sql:
        conditions = [Sql(visible("article", self._visibility))]
        if self._listing.filter:
            conditions.append(FilterSql("article", self._visibility).of(self._listing.filter))
        tables = "found CROSS JOIN article ON article.key = found.key"
        if window.cursor is not None:
            worse, later = (">", "<") if backward else ("<", ">")
            later += "=" if inclusive else ""
            beyond = f"found.score = place.score AND article.path {later} place.path"
            conditions.append(Sql(f"(found.score {worse} place.score OR {beyond})"))
            tables += " CROSS JOIN place"
        where, parameters = joined(" AND ", conditions)
        order = "found.score, article.path DESC" if backward else "found.score DESC, article.path"
        return Sql(f"SELECT {what} FROM {tables} WHERE {where} ORDER BY {order}", parameters)
