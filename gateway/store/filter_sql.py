"""Translates filters to SQL conditions with bound values.

A condition can be null if the filter does not hold: `AND`, `OR` and `WHERE` treat null as false, and `NOT` is written
as `IS NOT TRUE`.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from gateway.content.text import fold, storable
from gateway.filters import (
    And,
    AnyField,
    ArticlePart,
    Compared,
    Comparison,
    Field,
    Filter,
    HasItems,
    HasNames,
    HasPart,
    HasReference,
    In,
    InStatus,
    IsNotNull,
    MatchPosition,
    NameList,
    Not,
    Or,
    TextMatches,
    Value,
)
from gateway.model.collections import CustomField, FieldType
from gateway.model.documents import Status
from gateway.model.instants import micros
from gateway.model.records import Visibility
from gateway.store.custom_columns import INTEGER, REAL, value_column
from gateway.store.field_columns import FOLDED
from gateway.store.sql_fragment import Sql, joined, keys, viewed


class ColumnReference(NamedTuple):
    """A field's table, its column, and the column with case and accents folded."""

    table: str
    column: str
    folded: str


_FOLDED = {
    "provider.name": "provider.folded",
    "topic.name": "topic.folded",
    "author.name": "author.folded",
    **{f"article.{name}": f"article.{folded}" for name, folded in FOLDED.items()},
}
COLUMNS: Mapping[Field, ColumnReference] = {
    field: ColumnReference(field.record, field.value, _FOLDED.get(field.value, f"fold({field.value})"))
    for field in Field
}


def column_of(field: AnyField) -> ColumnReference:
    """A custom field is tested only in lists within its collection."""
    if isinstance(field, Field):
        return COLUMNS[field]
    column = value_column(field)
    return ColumnReference("article", column, f"fold({column})")


_COMPARISONS: Mapping[Comparison, str] = {
    Comparison.GREATER: ">",
    Comparison.GREATER_OR_EQUAL: ">=",
    Comparison.LESS: "<",
    Comparison.LESS_OR_EQUAL: "<=",
}
_PARTS: Mapping[ArticlePart, str] = {
    ArticlePart.BODY: "article.has_body = 1",
    ArticlePart.IMAGE: "article.images <> '[]'",
    ArticlePart.RELATED: "article.related IS NOT NULL",
    ArticlePart.TOPIC: "article.topics <> '[]'",
    ArticlePart.AUTHOR: "article.authors <> '[]'",
}
_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))
"""All white space of Unicode. SQLite trims spaces only."""
_Leaf = In | Compared | TextMatches | IsNotNull | HasNames | HasItems | HasReference | InStatus | HasPart
TRUE, FALSE = Sql("TRUE"), Sql("FALSE")


class FilterSql:
    """Builds the conditions of one list, for one visibility."""

    def __init__(self, table: str, visibility: Visibility, nearer: Mapping[str, str] = MappingProxyType({})) -> None:
        """`table` holds the list's records. `nearer` maps columns to covering ones."""
        self._table = table
        self._visibility = visibility
        self._nearer = nearer

    def of(self, filter_: Filter) -> Sql:
        return viewed(self._of(filter_), self._visibility)

    def _of(self, filter_: Filter) -> Sql:
        match filter_:
            case And(filters):
                return self._all(filters, " AND ", TRUE)
            case Or(filters):
                return self._all(filters, " OR ", FALSE)
            case Not(inner):
                sql, parameters = self._of(inner)
                return Sql(f"({sql}) IS NOT TRUE", parameters)
            case _:
                return self._leaf(filter_)

    def _leaf(self, filter_: _Leaf) -> Sql:
        match filter_:
            case InStatus(statuses):
                return self._in_status(statuses)
            case HasNames(list_, names, needs_all):
                return _names_all(list_, names) if needs_all else _names_any(list_, names)
            case HasItems():
                return _has_items(filter_)
            case HasReference(field) | IsNotNull(CustomField(type=FieldType.REFERENCE) as field):
                return _refers(field, filter_)
            case HasPart(part):
                return Sql(_PARTS[part])
            case _:
                return self._at(filter_.field, self._comparison(filter_))

    def _all(self, filters: Sequence[Filter], word: str, otherwise: Sql) -> Sql:
        sql, parameters = joined(word, (self._of(each) for each in filters))
        return Sql(f"({sql})", parameters) if filters else otherwise

    def _in_status(self, statuses: Sequence[Status]) -> Sql:
        """The public sees only published articles. `statuses` does not widen that."""
        if self._visibility is Visibility.PUBLIC:
            return TRUE if Status.PUBLISHED in statuses else FALSE
        return Sql("article.status IN (SELECT value FROM json_each(?))", (keys(statuses),))

    def _at(self, field: AnyField, comparison: Sql) -> Sql:
        """Compares a field of the provider once per provider instead of once per article."""
        table = column_of(field).table
        if table == self._table:
            return comparison
        sql, parameters = comparison
        return Sql(f"article.{table} IN ({keys_where(table, sql)})", parameters)

    def _comparison(self, filter_: In | Compared | TextMatches | IsNotNull) -> Sql:
        place = column_of(filter_.field)
        column = self._nearer.get(place.column, place.column)
        match filter_:
            case In(_, values):
                return one_of(column, values)
            case Compared(_, comparison, value):
                return Sql(f"{column} {_COMPARISONS[comparison]} ?", (as_parameter(value),))
            case TextMatches(_, position, text):
                return _matching(column, place.folded, position, fold(text))
            case IsNotNull():
                return Sql(f"{column} IS NOT NULL")


def keys_where(table: str, condition: str) -> str:
    """Selects the keys of the view's providers, topics or authors that meet a condition."""
    return f"SELECT {table}.key AS value FROM {table} WHERE {table}.view = :view AND {condition}"


def one_of(column: str, values: Sequence[Value]) -> Sql:
    bound = [as_parameter(value) for value in values if not isinstance(value, str) or storable(value)]
    match bound:
        case []:
            return FALSE
        case [value]:
            return Sql(f"{column} = ?", (value,))
        case _:
            return Sql(f"{column} IN (SELECT {_member(bound)} FROM json_each(?))", (json.dumps(bound),))


def _member(values: Sequence[int | float | str]) -> str:
    """The expression of a member of a JSON list of values, with their type."""
    if any(isinstance(value, str) for value in values):
        return "value"
    return f"CAST(value AS {REAL if any(isinstance(value, float) for value in values) else INTEGER})"


def named_records(list_: NameList, names: Sequence[str]) -> Sql:
    """Selects the keys of the list's records with one of these slugs or exact names."""
    kind, wanted = list_.value, keys(names)
    is_named = " OR ".join(f"{kind}.{column} IN (SELECT value FROM json_each(?))" for column in ("slug", "name"))
    return Sql(keys_where(kind, f"({is_named})"), (wanted, wanted))


def _names_any(list_: NameList, names: Sequence[str]) -> Sql:
    kind, (sql, parameters) = list_.value, named_records(list_, names)
    had = f"SELECT 1 FROM article_{kind} AS had WHERE had.article = article.key AND had.{kind} IN ({sql})"
    return Sql(f"EXISTS ({had})", parameters)


def _names_all(list_: NameList, names: Sequence[str]) -> Sql:
    """One condition for any number of names: SQLite limits the depth of an expression to a thousand."""
    kind, wanted = list_.value, list(dict.fromkeys(names))
    words = " UNION ".join(
        f"SELECT {kind}.{name} AS word FROM article_{kind} AS had JOIN {kind} ON {kind}.view = :view"
        f" AND {kind}.key = had.{kind} WHERE had.article = article.key"
        for name in ("slug", "name")
    )
    found = f"SELECT count(*) FROM ({words}) AS named WHERE word IN (SELECT value FROM json_each(?))"
    return Sql(f"({found}) = ?", (keys(wanted), len(wanted)))


def _has_items(filter_: HasItems) -> Sql:
    """An index finds the articles with one of the texts: see `driving_index`. These conditions test an article."""
    wanted = list(dict.fromkeys(filter_.values))
    had = (
        f"FROM custom_item AS had WHERE had.article = article.key AND had.field = {filter_.field.number}"
        " AND had.value IN (SELECT value FROM json_each(?))"
    )
    if filter_.needs_all:
        return Sql(f"(SELECT count(DISTINCT had.value) {had}) = ?", (keys(wanted), len(wanted)))
    return Sql(f"EXISTS (SELECT 1 {had})", (keys(wanted),))


def _refers(field: CustomField, filter_: HasReference | IsNotNull) -> Sql:
    led = f"led.source = article.key AND led.view = :view AND led.field = {field.number}"
    if isinstance(filter_, IsNotNull):
        return Sql(f"EXISTS (SELECT 1 FROM reference AS led WHERE {led})")
    targets, parameters = referred(filter_)
    return Sql(f"EXISTS (SELECT 1 FROM reference AS led WHERE {led} AND led.target IN ({targets}))", parameters)


def referred(filter_: HasReference) -> Sql:
    """Selects the keys of the articles that the filter names, as `value`."""
    column = filter_.by.value.partition(".")[2]
    named, parameters = one_of(f"target.{column}", filter_.values)
    return Sql(f"SELECT target.key AS value FROM article AS target WHERE {named}", parameters)


def _matching(column: str, folded: str, position: MatchPosition, text: str) -> Sql:
    """At the start and at the end, outer white space of the column and of the text is ignored."""
    if position is not MatchPosition.ANYWHERE:
        text = text.strip()
    if not text:
        return Sql(f"{column} IS NOT NULL")
    if not storable(text):
        return FALSE
    match position:
        case MatchPosition.ANYWHERE:
            return Sql(f"instr({folded}, ?) > 0", (text,))
        case MatchPosition.START:
            return Sql(f"substr(ltrim({folded}, ?), 1, ?) = ?", (_SPACE, len(text), text))
        case MatchPosition.END:
            trimmed = f"rtrim({folded}, ?)"
            end = f"substr({trimmed}, length({trimmed}) - ?)"
            return Sql(f"{end} = ?", (_SPACE, _SPACE, len(text) - 1, text))


def as_parameter(value: Value) -> int | float | str:
    """The value as a parameter. A slot is itself."""
    return micros(value) if isinstance(value, datetime) else value
