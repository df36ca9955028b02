"""Which part of a filter leads: the list is then read from the indexes of what that part names, and not searched.

Articles of some topics, say, are the merged lists of these topics, each of which an index holds in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.filters import About, Every, Field, Filter, InStatus, OneOf
from gateway.model import Article, Visibility
from gateway.store.lists import BY_CATEGORY, BY_LOCALE, BY_PROVIDER, BY_STATUS, BY_TOPIC, BY_TYPE, Source
from gateway.store.predicates import PLACES, keys_where, named_topics, one_of
from gateway.store.query import Query, keys, viewed

_COLUMNS: Mapping[Field, Source[Article]] = {
    Field.CATEGORY: BY_CATEGORY,
    Field.LOCALE: BY_LOCALE,
    Field.TYPE: BY_TYPE,
}
_BY_PREFERENCE = (BY_TOPIC, BY_PROVIDER, BY_CATEGORY, BY_STATUS, BY_LOCALE, BY_TYPE)
"""Those that tend to hold fewer articles come first."""


class Lead(NamedTuple):
    source: Source[Article]
    parents: Query
    """Selects the parents whose lists the articles are in, each once and as `value`."""
    number: int
    """How many names the parents go by."""
    rest: Filter = Every(())
    """What else must hold."""

    @property
    def overlaps(self) -> bool:
        """Whether an article may be in more than one of the lists."""
        return self.source is BY_TOPIC


def lead_of(filter_: Filter, visibility: Visibility) -> Lead | None:
    """The lead of a filter of articles, if a part of it can be one."""
    parts = list(_parts(filter_))
    found = [(lead, part) for part in parts for lead in _leads(part, visibility)]
    if not found:
        return None
    lead, leading = min(found, key=lambda each: (_BY_PREFERENCE.index(each[0].source), each[0].number))
    rest = tuple(part for part in parts if part is not leading)
    return lead._replace(parents=viewed(lead.parents, visibility), rest=Every(rest))


def _parts(filter_: Filter) -> Iterator[Filter]:
    """Filters that must all hold, and together say what the filter says."""
    if isinstance(filter_, Every):
        for each in filter_.filters:
            yield from _parts(each)
    elif isinstance(filter_, About) and filter_.needs_all and filter_.topics:
        yield About(filter_.topics[:1])
        yield filter_
    else:
        yield filter_


def _leads(part: Filter, visibility: Visibility) -> Iterator[Lead]:
    match part:
        case About(topics, False):
            yield Lead(BY_TOPIC, named_topics(topics), len(topics))
        case OneOf(field, values) if PLACES[field].table == "provider":
            sql, parameters = one_of(PLACES[field].column, values)
            yield Lead(BY_PROVIDER, Query(keys_where("provider", sql), parameters), len(values))
        case OneOf(field, values) if field in _COLUMNS:
            yield Lead(_COLUMNS[field], _values([str(value) for value in values]), len(values))
        case InStatus(statuses) if visibility is Visibility.PREVIEW:
            yield Lead(BY_STATUS, _values(statuses), len(statuses))


def _values(values: Sequence[str]) -> Query:
    return Query("SELECT DISTINCT value FROM json_each(?)", (keys(values),))
