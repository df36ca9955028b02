"""SQL for the grouped counts of a list's articles."""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gateway.model.collections import CustomField, FieldType
from gateway.model.lists import Grouping, Interval, Largest
from gateway.model.records import Visibility
from gateway.store.custom_columns import INTEGER, is_text, sql_type, value_column
from gateway.store.dialect import Dialect
from gateway.store.list_query import ListQuery
from gateway.store.rows import ARTICLE, AUTHOR, PROVIDER, TOPIC, Record
from gateway.store.sql_fragment import Sql, viewed


class _GroupColumns(NamedTuple):
    """The grouping column or joined table, and the columns of a group's value."""

    column: str
    joined: str
    value: str
    shown: str
    table: str
    """The table of the groups' records, which has their counts in the list of all articles. "" for texts."""
    columns: str
    order: str


def _values(column: str) -> _GroupColumns:
    return _GroupColumns(column, "", "member.value", "", "", "counted.value", "fold(counted.value), counted.value")


def _records(record: Record[Any], column: str, joined: str, value: str) -> _GroupColumns:
    table = record.table
    shown = f" JOIN {table} ON {table}.view = :view AND {table}.key = counted.value"
    return _GroupColumns(
        column, joined, value, shown, table, record.columns, f"{table}.folded, {table}.name, {table}.key"
    )


def _named(record: Record[Any]) -> _GroupColumns:
    """The records that a list of an article names."""
    joined = f" CROSS JOIN article_{record.table} AS had ON had.article = member.value"
    return _records(record, "article.key", joined, f"had.{record.table}")


_KINDS: Mapping[Grouping, _GroupColumns] = {
    Grouping.TOPIC: _named(TOPIC),
    Grouping.AUTHOR: _named(AUTHOR),
    Grouping.PROVIDER: _records(PROVIDER, "article.provider", "", "member.value"),
    Grouping.CATEGORY: _values("article.category"),
    Grouping.TYPE: _values("article.type"),
    Grouping.COLLECTION: _values("article.collection"),
}


def group_columns(by: Grouping | CustomField) -> _GroupColumns:
    """Values of an enum are ordered as declared, texts by their folded forms, and articles by title."""
    if isinstance(by, Grouping):
        return _KINDS[by]
    if by.type is FieldType.REFERENCE:
        return _referred(by)
    if by.is_list:
        joined = f" CROSS JOIN custom_item AS had ON had.article = member.value AND had.field = {by.number}"
        return _values("article.key")._replace(joined=joined, value="had.value")
    values = _values(value_column(by))
    return values if is_text(by) else values._replace(order="counted.value")


def _referred(field: CustomField) -> _GroupColumns:
    """The articles that references lead to."""
    had = f"had.source = member.value AND had.view = :view AND had.field = {field.number}"
    joined = f" CROSS JOIN reference AS had ON {had}"
    shown = " JOIN article ON article.key = counted.value"
    order = "article.title_folded, article.title, article.path"
    return _GroupColumns("article.key", joined, "had.target", shown, "", ARTICLE.columns, order)


def largest_records(groups: Largest, visibility: Visibility) -> Sql | None:
    """The query of `top_groups` for the list of all articles, from stored counts. None for groups without records."""
    kind = group_columns(groups.by)
    text = (
        f"SELECT 0, {kind.table}.count, {kind.columns}, 0 FROM {kind.table}"
        f" WHERE {kind.table}.view = :view AND {kind.table}.count >= ?"
        f" ORDER BY {kind.table}.count DESC, {kind.order} LIMIT ?"
    )
    return viewed(Sql(text, (max(groups.least, 1), groups.first)), visibility) if kind.table else None


def top_groups(listed: ListQuery, parents: Sequence[str], groups: Largest) -> Sql:
    """Rows of a parent's index, a group's count and its value, in order."""
    kind = group_columns(groups.by)
    members, parameters = listed.matching_ids(kind.column, parents)
    counted = (
        f"SELECT member.at, {kind.value} AS value, count(*) AS count FROM ({members}) AS member{kind.joined}"
        f" WHERE {kind.value} IS NOT NULL GROUP BY member.at, {kind.value} HAVING count(*) >= ?"
    )
    ranked = (
        f"SELECT counted.at, counted.count, {kind.columns},"
        f" row_number() OVER (PARTITION BY counted.at ORDER BY counted.count DESC, {kind.order}) AS rank"
        f" FROM ({counted}) AS counted{kind.shown}"
    )
    query = Sql(
        f"SELECT * FROM ({ranked}) AS ranked WHERE rank <= ? ORDER BY at, rank",
        (*parameters, groups.least, groups.first),
    )
    return listed.viewed(query)


def histogram(
    listed: ListQuery, parents: Sequence[str], interval: Interval, dialect: Dialect, by: CustomField | None = None
) -> Sql:
    """Rows of a parent's index, an interval's first day since 1970 and its count, in order. By default of the dates of
    publication."""
    members, parameters = listed.matching_ids(value_column(by) if by else "article.published_date_time", parents)
    return Sql(
        f"SELECT member.at, {dialect.starts[interval]} AS start, count(*) FROM ({members}) AS member"
        " WHERE member.value IS NOT NULL GROUP BY member.at, start ORDER BY member.at, start",
        parameters,
    )


def ranges(
    listed: ListQuery, parents: Sequence[str], bounds: Sequence[int | float], by: CustomField | None = None
) -> Sql:
    """Rows of a parent's index, the number of bounds that a value reaches, and the count of articles, in order. By
    default of the quality."""
    members, parameters = listed.matching_ids(value_column(by) if by else "article.quality", parents)
    kind = sql_type(by) if by else INTEGER
    counted = (
        f"SELECT member.at, member.value, count(*) AS count FROM ({members}) AS member"
        " WHERE member.value IS NOT NULL GROUP BY member.at, member.value"
    )
    return Sql(
        "SELECT counted.at, (SELECT count(*) FROM json_each(?) AS bound"
        f" WHERE CAST(bound.value AS {kind}) <= counted.value) AS reached,"
        f" CAST(sum(counted.count) AS BIGINT) FROM ({counted}) AS counted GROUP BY counted.at, reached",
        (json.dumps(list(bounds)), *parameters),
    )
