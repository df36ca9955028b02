"""Arguments that clients could send, as JSON, with values inside and outside the corpora."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.queries.corpus import (
    AUTHORS,
    LOCALES,
    NUMBERS,
    PROVIDERS,
    SIZES,
    TIMES,
    TITLES,
    TOPICS,
    TYPES,
    VALUES,
    Named,
)
from tests.queries.oracle import fold, identity, printed

Json = dict[str, Any]
Strategy = st.SearchStrategy[Any]


def some(fields: Mapping[str, Strategy]) -> st.SearchStrategy[Json]:
    """An input with one or two of its fields, rarely with none or with null. Larger inputs would rarely match."""
    one = st.sampled_from(sorted(fields)).flatmap(lambda name: st.fixed_dictionaries({name: often(fields[name])}))
    return st.one_of(one, one, one, st.builds(merged, one, one), st.just({}))


def often(values: Strategy) -> Strategy:
    return st.integers(0, 9).flatmap(lambda drawn: values if drawn else st.none())


def merged(one: Json, other: Json) -> Json:
    return {**one, **other}


def sample(*values: Any) -> Strategy:
    return st.sampled_from([value for value in dict.fromkeys(values) if value is not None])


def exact(values: Strategy) -> dict[str, Strategy]:
    lists = st.lists(values, max_size=4)
    return {"eq": values, "ne": values, "in": lists, "nin": lists}


def ids(prefix: str, *keys: str) -> Strategy:
    return some(exact(sample("", "nowhere", *(identity(prefix, key) for key in keys))))


def folds_alike(character: str) -> bool:
    """Whether the oracle folds the text like the gateway."""
    is_latin = unicodedata.name(character, "").startswith("LATIN ")
    return not is_latin or fold(character).isascii()


CHARACTERS = st.characters().filter(folds_alike)


def texts(*values: str | None) -> Strategy:
    wanted = st.one_of(sample(*values), sample(*values), st.text(CHARACTERS, max_size=3))
    parts = sample(
        "",
        "a",
        "łó",
        "lód",
        "su\u200bm",
        "É",
        "a ",
        " e\u200b",
        "\xa0",
        "e",
        "%",
        "_",
        "学",
        "\0",
        "\ud800",
        "ss",
        ".md",
        *values,
    ) | wanted.map(lambda text: text[1:-1])
    return some({**exact(wanted), "contains": parts, "startsWith": parts, "endsWith": parts, "isNull": st.booleans()})


def numbers() -> Strategy:
    wanted = sample(*NUMBERS, -(2**31), 2**31 - 1)
    bounds = dict.fromkeys(("gt", "gte", "lt", "lte"), wanted)
    return some({**exact(wanted), **bounds, "isNull": st.booleans()})


def times() -> Strategy:
    wanted = sample(*map(printed, TIMES), "2024-01-07T12:00:00+02:00", "2024-01-08")
    return some({**dict.fromkeys(("eq", "gt", "gte", "lt", "lte"), wanted), "isNull": st.booleans()})


WORLDS = st.one_of(st.integers(0, len(SIZES) - 1), st.integers(len(SIZES) - 3, len(SIZES) - 1))
FEW = st.integers(-1, 30)
PROVIDER_FILTERS = some(
    {
        "id": ids("pr", *(one.key for one in PROVIDERS)),
        "name": texts(*(one.name for one in PROVIDERS), "Far"),
        "slug": texts(*(one.slug for one in PROVIDERS)),
        "domain": texts(*(one.domain for one in PROVIDERS)),
        "minArticles": FEW,
    }
)
TOPIC_FILTERS = some(
    {
        "id": ids("to", *(one.key for one in TOPICS)),
        "name": texts(*(one.name for one in TOPICS)),
        "slug": texts(*(one.slug for one in TOPICS)),
        "minArticles": FEW,
    }
)
AUTHOR_FILTERS = some(
    {
        "id": ids("au", *(one.key for one in AUTHORS)),
        "name": texts(*(one.name for one in AUTHORS)),
        "slug": texts(*(one.slug for one in AUTHORS)),
        "minArticles": FEW,
    }
)


def names(*known: Named) -> Strategy:
    """A filter of a list of names."""
    wanted = sample(*(one.name for one in known), *(one.slug for one in known), "none", "\0", "\ud800")
    some_of = st.lists(wanted, max_size=3)
    return some({"anyOf": some_of, "allOf": some_of, "noneOf": some_of, "isEmpty": st.booleans()})


STATUSES = sample("PUBLISHED", "DRAFT", "SCHEDULED")
LEAVES = {
    "id": ids("ar", *(f"{folder}/{number:04}.md" for folder in "aäB" for number in range(4))),
    "slug": texts("piece-0001", "piece-0007", "PIECE-0001"),
    "path": texts("a/0001.md", "ä/0001.md", "B/0001.md"),
    "category": texts(*VALUES),
    "type": texts(*TYPES),
    "locale": texts(*LOCALES),
    "title": texts(*TITLES),
    "subtitle": texts(*TITLES),
    "quality": numbers(),
    "heat": numbers(),
    "publishedDateTime": times(),
    "updatedDateTime": times(),
    "provider": PROVIDER_FILTERS,
    "topics": names(*TOPICS),
    "authors": names(*AUTHORS),
    "status": some({"eq": STATUSES, "in": st.lists(STATUSES, max_size=3)}),
    "hasBody": st.booleans(),
    "hasImage": st.booleans(),
    "hasRelated": st.booleans(),
}


def few(values: Strategy) -> Strategy:
    return st.lists(values, min_size=1, max_size=3)


def chosen(*values: str | None) -> Strategy:
    """One value of the corpora, or several."""
    wanted = sample(*values)
    return wanted.map(lambda value: {"eq": value}) | few(wanted).map(lambda several: {"in": several})


def listed(*known: Named) -> Strategy:
    """A filter of a list of names that has an index."""
    wanted = few(sample(*(one.name for one in known), *(one.slug for one in known)))
    return wanted.map(lambda found: {"anyOf": found}) | wanted.map(lambda found: {"allOf": found[:2]})


LEADS = {
    "topics": listed(*TOPICS),
    "authors": listed(*AUTHORS),
    "provider": chosen(*(one.slug for one in PROVIDERS)).map(lambda wanted: {"slug": wanted})
    | chosen(*(one.name for one in PROVIDERS)).map(lambda wanted: {"name": wanted}),
    "category": chosen(*VALUES),
    "type": chosen(*TYPES),
    "locale": chosen(*LOCALES),
    "status": LEAVES["status"],
}
"""Filters with an index."""
LEAD = st.sampled_from(sorted(LEADS)).flatmap(lambda name: st.fixed_dictionaries({name: LEADS[name]}))
LEAF = some(LEAVES)
COMBINED = st.recursive(
    LEAF,
    lambda inner: st.builds(
        merged, LEAF, some({"and": st.lists(inner, max_size=3), "or": st.lists(inner, max_size=3), "not": inner})
    ),
    max_leaves=4,
)
FILTERS = st.one_of(LEAD, st.builds(merged, LEAD, LEAD), st.builds(merged, COMBINED, LEAD), COMBINED, often(COMBINED))

DIRECTIONS, NULLS = sample("ASC", "DESC"), sample("FIRST", "LAST")


def orders(nulls: Mapping[str, Strategy], *fields: str) -> Strategy:
    term = st.fixed_dictionaries({"field": st.sampled_from(fields), "direction": DIRECTIONS}, optional=nulls)
    return st.none() | st.lists(term, max_size=3)


ARTICLE_ORDERS = orders(
    {"nulls": NULLS},
    *("PUBLISHED_DATE_TIME", "UPDATED_DATE_TIME", "QUALITY", "HEAT", "TITLE", "SUBTITLE", "PROVIDER_NAME", "PATH"),
)
PROVIDER_ORDERS = orders({}, "ARTICLE_COUNT", "NAME", "DOMAIN")
TOPIC_ORDERS = AUTHOR_ORDERS = orders({}, "ARTICLE_COUNT", "NAME")
WINDOWS = st.builds(
    lambda offset, size, end: {"offset": offset, end: size},
    st.none() | st.integers(0, 15),
    st.none() | st.integers(0, 8),
    st.sampled_from(("first", "last")),
)
