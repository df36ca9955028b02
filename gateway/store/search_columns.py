"""The columns of the full-text indexes, and the vocabularies of the visible articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.model.lists import SearchField
from gateway.model.records import Visibility
from gateway.search import Search
from gateway.store.tables import PREVIEW_VIEW, PUBLIC_VIEW

COLUMNS: Mapping[SearchField, Mapping[str, float]] = {
    SearchField.TITLE: {"title": 10.0},
    SearchField.TOPICS: {"topics": 6.0},
    SearchField.EXCERPT: {"excerpt": 4.0},
    SearchField.PROVIDER: {"provider": 2.0},
    SearchField.AUTHORS: {"authors": 2.0},
    SearchField.BODY: {"body": 1.0},
    SearchField.FIELDS: {"custom_low": 1.0, "custom": 4.0, "custom_high": 8.0},
}
"""The columns of an index in order, with their weights, by field."""
WEIGHTS: Mapping[str, float] = {name: weight for columns in COLUMNS.values() for name, weight in columns.items()}


def columns_of(search: Search) -> list[str]:
    return [name for field, columns in COLUMNS.items() if field in search.fields for name in columns]


def vocabularies(visibility: Visibility) -> Sequence[str]:
    """The document frequency of each word, by index and column."""
    return [f"vocabulary_{view}" for view in index_views(visibility)]


def index_views(visibility: Visibility) -> Sequence[int]:
    """The disjoint indexes of the visible articles."""
    return (PUBLIC_VIEW,) if visibility is Visibility.PUBLIC else (PUBLIC_VIEW, PREVIEW_VIEW)
