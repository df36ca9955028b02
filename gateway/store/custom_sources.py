"""The orders, lists and lookups by custom fields. They are made for each field, where `list_sources` has constants."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from gateway.model.collections import CustomField
from gateway.model.records import Article
from gateway.store.cursor import ColumnType
from gateway.store.custom_columns import REAL, TEXT, folded_column, is_text, of_collection, sql_type, value_column
from gateway.store.list_sources import (
    LOOKUPS,
    SOURCES,
    Column,
    ListSource,
    LookupSource,
    article_lookup,
    article_source,
    listed_source,
)
from gateway.store.reads import CustomLookup, Listing, Lookup


@lru_cache
def order_columns(field: CustomField) -> tuple[Column, ...]:
    """The columns that order articles by the field."""
    if is_text(field):
        kind = ColumnType(str, nullable=True)
        return Column(folded_column(field), kind), Column(value_column(field), kind, follows=True)
    kind = ColumnType(float if sql_type(field) == REAL else int, nullable=True)
    return (Column(value_column(field), kind, falls=True),)


@lru_cache
def by_value(field: CustomField) -> ListSource[Article]:
    """The articles of its collection with a value."""
    return article_source(f"{value_column(field)} = {_wanted(field)}")


@lru_cache
def by_item(field: CustomField) -> ListSource[Article]:
    """The articles whose list has a text."""
    conditions = f"listed.field = {field.number}", "listed.value = parent.value"
    return listed_source("custom_item", "article", *conditions)


@lru_cache
def _by_reference(field: CustomField, target: str) -> ListSource[Article]:
    """The articles that refer to a target, an expression for its key."""
    conditions = "listed.view = :view", f"listed.field = {field.number}", f"listed.target = {target}"
    return listed_source("reference", "source", *conditions)


def by_reference_to_key(field: CustomField) -> ListSource[Article]:
    """The articles that refer to the parent, an article's key."""
    return _by_reference(field, "parent.value")


def list_source(listing: Listing[Any]) -> ListSource[Any]:
    if listing.reference is None:
        return SOURCES[listing.name]
    return _by_reference(listing.reference, "(SELECT target.key FROM article AS target WHERE target.id = parent.value)")


def lookup_source(lookup: Lookup[Any]) -> LookupSource[Any]:
    return _by_unique_value(lookup.field) if isinstance(lookup, CustomLookup) else LOOKUPS[lookup]


@lru_cache
def _by_unique_value(field: CustomField) -> LookupSource[Article]:
    """The first article of its collection with a value."""
    condition = f"{of_collection(field.collection)} AND {value_column(field)} = {_wanted(field)}"
    return article_lookup(condition, "article")


def _wanted(field: CustomField) -> str:
    """The value of a parent, which is a text in some engines."""
    kind = sql_type(field)
    return "parent.value" if kind == TEXT else f"CAST(parent.value AS {kind})"
