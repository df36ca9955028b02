"""SQL for lists of search results by score. Ranks only the list of all articles."""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from gateway.errors import BadUserInput
from gateway.model.lists import Edge, Window
from gateway.model.records import Article, Visibility
from gateway.search import Search
from gateway.store.cursor import ColumnType, decode, encode
from gateway.store.custom_columns import of_collection
from gateway.store.dialect import Dialect
from gateway.store.filter_sql import FilterSql
from gateway.store.reads import ARTICLES, Listing
from gateway.store.rows import ARTICLE, Row
from gateway.store.sql_fragment import Sql, joined, keys, visible


def _found(search: Search, visibility: Visibility, dialect: Dialect) -> Sql:
    """The keys of the matching articles with their scores, as `found`."""
    sql, parameters = dialect.full_text.found(search, visibility)
    return Sql(f"WITH found AS MATERIALIZED ({sql})", parameters)


def scores(search: Search, article_ids: Sequence[str], visibility: Visibility, dialect: Dialect) -> Sql:
    """Rows of an id and a score, for the articles that match."""
    text = (
        " SELECT article.id, found.score FROM json_each(?) AS parent CROSS JOIN article ON article.id = parent.value"
        " JOIN found ON found.key = article.key"
    )
    return joined("", [_found(search, visibility, dialect), Sql(text, (keys(article_ids),))])


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

    def __init__(self, listing: Listing[Article], visibility: Visibility, revision: str, dialect: Dialect) -> None:
        """Raises BadUserInput for a list without a search, or a list of a parent."""
        if listing.search is None or listing.name != ARTICLES.name:
            raise BadUserInput("This list cannot be ordered by SCORE.")
        self._listing = listing
        self._search = listing.search
        self._visibility = visibility
        self._revision = revision
        self._dialect = dialect
        digest = hashlib.sha256(dialect.full_text.expression(listing.search).encode()).hexdigest()
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
        return _found(self._search, self._visibility, self._dialect)

    def _place(self, window: Window) -> Sql:
        if window.cursor is None:
            return Sql("")
        score, path, revision = decode(window.cursor, self._name, _KINDS)
        return Sql(_PLACE, (path, revision != self._revision, score, path))

    def _listed(self, what: str, window: Window, *, backward: bool, inclusive: bool = False) -> Sql:
        conditions = [Sql(visible("article", self._visibility))]
        if self._listing.collection is not None:
            conditions.append(Sql(of_collection(self._listing.collection)))
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
