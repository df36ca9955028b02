"""Picks the filter condition that drives the query, so that SQLite reads one index per value instead of scanning.

For example, articles of some topics are the merged lists of these topics, each of which is ordered in an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.filters import And, Field, Filter, HasItems, HasNames, HasReference, In, InStatus, NameList, Value
from gateway.model.collections import CustomField, FieldType
from gateway.model.records import Article, Visibility
from gateway.store.custom_columns import selects_lists
from gateway.store.custom_sources import by_item, by_reference_to_key, by_value
from gateway.store.filter_sql import COLUMNS, as_parameter, keys_where, named_records, one_of, referred
from gateway.store.list_sources import (
    BY_AUTHOR,
    BY_CATEGORY,
    BY_COLLECTION,
    BY_LOCALE,
    BY_PROVIDER,
    BY_STATUS,
    BY_TOPIC,
    BY_TYPE,
    ListSource,
)
from gateway.store.sql_fragment import Sql, keys, viewed

_COLUMNS: Mapping[Field, ListSource[Article]] = {
    Field("article.category"): BY_CATEGORY,
    Field("article.locale"): BY_LOCALE,
    Field("article.type"): BY_TYPE,
    Field.COLLECTION: BY_COLLECTION,
}
_NAMED: Mapping[NameList, ListSource[Article]] = {NameList.TOPICS: BY_TOPIC, NameList.AUTHORS: BY_AUTHOR}
_BY_PREFERENCE = (BY_TOPIC, BY_AUTHOR, BY_PROVIDER, BY_CATEGORY, BY_STATUS, BY_COLLECTION, BY_LOCALE, BY_TYPE)
"""Sources that usually have fewer articles come first."""
_UNIQUE, _CUSTOM, _FLAG = -2, -1, len(_BY_PREFERENCE)
"""The ranks of custom fields among them."""


class DrivingIndex(NamedTuple):
    source: ListSource[Article]
    parents: Sql
    """Selects the parents of the lists, each once, as `value`."""
    number: int
    """Number of names for the parents."""
    rest: Filter = And(())
    """The rest of the filter."""

    @property
    def overlaps(self) -> bool:
        """Whether the lists can share articles."""
        return self.source.table != "article"


def driving_index_of(filter_: Filter, visibility: Visibility) -> DrivingIndex | None:
    """The driving index of an article filter, if one of its parts allows it."""
    parts = list(_parts(filter_))
    found = [(driving, part) for part in parts for driving in _candidates(part, visibility)]
    if not found:
        return None
    driving, leading = min(found, key=lambda each: (_rank(*each), each[0].number))
    rest = tuple(part for part in parts if part is not leading)
    return driving._replace(parents=viewed(driving.parents, visibility), rest=And(rest))


def _rank(driving: DrivingIndex, part: Filter) -> int:
    if isinstance(part, In | HasItems | HasReference) and isinstance(part.field, CustomField):
        return _UNIQUE if part.field.is_unique else _FLAG if part.field.type is FieldType.BOOLEAN else _CUSTOM
    return _BY_PREFERENCE.index(driving.source)


def _parts(filter_: Filter) -> Iterator[Filter]:
    """The conjuncts of the filter."""
    if isinstance(filter_, And):
        for each in filter_.filters:
            yield from _parts(each)
    elif isinstance(filter_, HasNames) and filter_.needs_all and filter_.names:
        yield HasNames(filter_.list, filter_.names[:1])
        yield filter_
    elif isinstance(filter_, HasItems) and filter_.needs_all and filter_.values:
        yield HasItems(filter_.field, filter_.values[:1])
        yield filter_
    else:
        yield filter_


def _candidates(part: Filter, visibility: Visibility) -> Iterator[DrivingIndex]:
    match part:
        case HasNames(list_, names, False):
            yield DrivingIndex(_NAMED[list_], named_records(list_, names), len(names))
        case HasItems(field, values, False):
            yield DrivingIndex(by_item(field), _values(values), len(values))
        case HasReference(field, _, values):
            yield DrivingIndex(by_reference_to_key(field), referred(part), len(values))
        case In(CustomField() as field, values):
            if selects_lists(field):
                yield DrivingIndex(by_value(field), _values(values), len(values))
        case In(Field() as field, values) if COLUMNS[field].table == "provider":
            sql, parameters = one_of(COLUMNS[field].column, values)
            yield DrivingIndex(BY_PROVIDER, Sql(keys_where("provider", sql), parameters), len(values))
        case In(Field() as field, values) if field in _COLUMNS:
            yield DrivingIndex(_COLUMNS[field], _values(values), len(values))
        case InStatus(statuses) if visibility is Visibility.PREVIEW:
            yield DrivingIndex(BY_STATUS, _values(statuses), len(statuses))


def _values(values: Sequence[Value]) -> Sql:
    return Sql("SELECT DISTINCT value FROM json_each(?)", (keys([str(as_parameter(value)) for value in values]),))
