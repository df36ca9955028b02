"""SQL for full-text search: matches, scores and words. Ranks only the list of all articles."""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from gateway.content.tokenizer import is_character
from gateway.errors import BadUserInput
from gateway.model.lists import Edge, SearchField, SearchMode, Window
from gateway.model.records import Article, Visibility
from gateway.search import Search
from gateway.store.cursor import ColumnType, decode, encode
from gateway.store.filter_sql import FilterSql
from gateway.store.fulltext_index import INDEXES
from gateway.store.protocol import ARTICLES, Listing
from gateway.store.rows import ARTICLE, Row
from gateway.store.sql_fragment import Sql, joined, keys, view, visible

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


def index(visibility: Visibility) -> str:
    return INDEXES[view(visibility)]


def score(visibility: Visibility) -> str:
    return f"-bm25({index(visibility)}, {_WEIGHTS})"


def matching(key: str, search: Search, visibility: Visibility) -> Sql:
    """The condition that the search matches the article with a key."""
    name = index(visibility)
    return Sql(f"{key} IN (SELECT rowid FROM {name} WHERE {name} MATCH ?)", (expression(search),))


def scores(search: Search, article_ids: Sequence[str], visibility: Visibility) -> Sql:
    """Rows of an id and a score, for the articles that match."""
    name = index(visibility)
    text = f"""
    WITH chosen AS MATERIALIZED (
      SELECT article.key, article.id FROM json_each(?) AS parent CROSS JOIN article ON article.id = parent.value
    )
    SELECT chosen.id, {score(visibility)} FROM {name} CROSS JOIN chosen ON chosen.key = {name}.rowid
    WHERE {name} MATCH ?
    """
    return Sql(text, (keys(article_ids), expression(search)))


_FOUND = """
WITH found AS MATERIALIZED (SELECT rowid AS key, {score} AS score FROM {index} WHERE {index} MATCH ?)
"""
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
        self._visibility = visibility
        self._revision = revision
        self._expression = expression(listing.search)
        digest = hashlib.sha256(self._expression.encode()).hexdigest()
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

    def sort(self, rows: list[Row]) -> None:
        rows.sort(key=lambda row: (-row[-2], row[-1]))

    def edge(self, row: Row) -> Edge[Article]:
        return Edge(encode(self._name, (*row[-2:], self._revision)), ARTICLE.make(row), row[-2])

    def _found(self) -> Sql:
        text = _FOUND.format(score=score(self._visibility), index=index(self._visibility))
        return Sql(text, (self._expression,))

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
