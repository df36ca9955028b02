"""Lists by custom fields: filters, orders, pages, counts and lookups, compared with plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content.text import fold, order_key
from gateway.filters import (
    And,
    Compared,
    Comparison,
    Filter,
    HasItems,
    In,
    IsNotNull,
    MatchPosition,
    Not,
    Or,
    TextMatches,
)
from gateway.model.changes import Deleted
from gateway.model.collections import NO_COLLECTIONS, CustomField, FieldType
from gateway.model.documents import CustomValues, Document
from gateway.model.instants import instant
from gateway.model.lists import (
    PUBLISHED_DATE_TIME,
    Group,
    Interval,
    Largest,
    NullsOrder,
    Order,
    OrderDirection,
    OrderTerm,
    Window,
)
from gateway.model.problems import Severity
from gateway.model.records import Visibility
from gateway.store.protocol import ContentStore, Snapshot, read_one
from gateway.store.reads import (
    WHOLE,
    Ask,
    CountOf,
    CustomLookup,
    GroupsOf,
    HistogramOf,
    PageOf,
    Precedes,
    RangesOf,
    ReadSteps,
    Rows,
)
from gateway.store.sqlite.store import SqliteStore
from tests.store.conftest import Open
from tests.store.custom import (
    DECLARED,
    LEAVES,
    LEVEL,
    MINUTES,
    PLACE,
    POSTS,
    RATING,
    SERIES,
    SKU,
    START,
    TOOLS,
    VEGAN,
    Values,
    post,
)
from tests.store.documents import apply, day, document
from tests.store.reading import look_up

PROPERTY = settings(max_examples=40)
DAY = 86_400_000_000


TEXTS = ("alpha", "Alpha", "beta", "Łódź", "", " x", "a" * 250 + "1", "a" * 250 + "2", "x'\"--")
VALUES: Mapping[CustomField, Sequence[Any]] = {
    RATING: (4.5, 0.1, -2.25, 1e15, 123456.789012345),
    MINUTES: (0, 5, -7, 2**31 - 1),
    VEGAN: (0, 1),
    LEVEL: (0, 1, 2),
    SERIES: TEXTS,
    PLACE: TEXTS,
    START: (0, 3 * DAY + 5, 40 * DAY, -DAY),
    SKU: TEXTS,
}
ABSENT: Mapping[CustomField, Sequence[Any]] = {
    RATING: (4.500000000001, 0.1 + 0.2),
    MINUTES: (6,),
    SERIES: ("ALPHA", "alph"),
    PLACE: ("ALPHA",),
    SKU: ("none",),
    START: (1,),
}
ITEMS = ("pan", "Pan", "pot", "knife")


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[Document], dict[str, Values]]:
    documents, values = [], {}
    for number in range(draw(st.integers(0, 12))):
        path = f"{number}.md"
        found = {each: draw(st.sampled_from(VALUES[each])) for each in VALUES if draw(st.booleans())}
        if draw(st.booleans()):
            found[TOOLS] = draw(st.lists(st.sampled_from(ITEMS), max_size=3))
        others = {
            "published": draw(st.booleans()) or draw(st.booleans()),
            "published_date_time": draw(st.none() | st.integers(1, 3).map(day)),
        }
        documents.append(post(path, found, **others))
        values[path] = found
    # The same key in another collection has values of another type.
    other = document("other.md", collection="people", custom=CustomValues('{"rating":4.5,"series":7}'))
    return [*documents, other], values


def leaf_filters() -> st.SearchStrategy[Filter]:
    numbers = st.sampled_from((RATING, MINUTES, START, LEVEL))
    texts = st.sampled_from((SERIES, PLACE, SKU))

    def value(each: CustomField) -> st.SearchStrategy[Any]:
        return st.sampled_from((*VALUES[each], *ABSENT.get(each, ())))

    return st.one_of(
        st.sampled_from([*VALUES]).flatmap(
            lambda each: st.builds(In, st.just(each), st.lists(value(each), max_size=3).map(tuple))
        ),
        numbers.flatmap(lambda each: st.builds(Compared, st.just(each), st.sampled_from(Comparison), value(each))),
        texts.flatmap(lambda each: st.builds(TextMatches, st.just(each), st.sampled_from(MatchPosition), value(each))),
        st.builds(IsNotNull, st.sampled_from(LEAVES)),
        st.builds(
            HasItems, st.just(TOOLS), st.lists(st.sampled_from((*ITEMS, "PAN")), max_size=3).map(tuple), st.booleans()
        ),
    )


FILTERS = st.none() | st.recursive(
    leaf_filters(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: And(tuple(each))),
        st.lists(inner, max_size=3).map(lambda each: Or(tuple(each))),
        inner.map(Not),
    ),
    max_leaves=4,
)
TERMS = st.builds(
    OrderTerm,
    st.sampled_from([*VALUES, PUBLISHED_DATE_TIME]),
    st.sampled_from(OrderDirection),
    st.sampled_from(NullsOrder),
)
ORDERS = st.lists(TERMS, min_size=1, max_size=2).map(tuple)
COMPARISONS: Mapping[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.GREATER: lambda value, bound: value > bound,
    Comparison.GREATER_OR_EQUAL: lambda value, bound: value >= bound,
    Comparison.LESS: lambda value, bound: value < bound,
    Comparison.LESS_OR_EQUAL: lambda value, bound: value <= bound,
}


def holds(filter_: Filter | None, values: Values) -> bool:
    match filter_:
        case None:
            return True
        case And(filters) | Or(filters):
            return (all if isinstance(filter_, And) else any)(holds(each, values) for each in filters)
        case Not(inner):
            return not holds(inner, values)
        case HasItems(each, wanted, needs_all):
            had = set(values.get(each, ()))
            return had >= {*wanted} if needs_all else bool(had & {*wanted})
        case In() | Compared() | TextMatches() | IsNotNull():
            assert isinstance(filter_.field, CustomField)
            return filter_.field in values and satisfies(filter_, values[filter_.field])
    raise AssertionError(filter_)


def satisfies(condition: In | Compared | TextMatches | IsNotNull, value: Any) -> bool:
    match condition:
        case In(_, wanted):
            return any(value == each for each in wanted)
        case Compared(_, comparison, bound):
            return COMPARISONS[comparison](value, bound)
        case TextMatches(_, position, text):
            return is_matched(value, position, text)
        case IsNotNull():
            return bool(value != [])


def is_matched(value: str, position: MatchPosition, text: str) -> bool:
    if position is MatchPosition.ANYWHERE:
        return fold(text) in fold(value)
    value, text = fold(value).strip(), fold(text).strip()
    return value.startswith(text) if position is MatchPosition.START else value.endswith(text)


def ordered(documents: Sequence[Document], values: Mapping[str, Values], order: Order) -> list[str]:
    """Sorted by path first, so that paths break ties."""
    first = order[0]
    falls = not (isinstance(first.field, CustomField) and first.field.type is FieldType.STRING)
    found = sorted(documents, key=lambda one: one.path, reverse=(first.direction is OrderDirection.DESC) is not falls)
    for field_, direction, nulls in reversed(order):

        def value(one: Document, by: Any = field_) -> Any:
            if not isinstance(by, CustomField):
                return one.published_date_time
            own = values[one.path].get(by)
            return (order_key(own), own) if isinstance(own, str) else own

        known = sorted(
            (one for one in found if value(one) is not None), key=value, reverse=direction is OrderDirection.DESC
        )
        unknown = [one for one in found if value(one) is None]
        found = unknown + known if nulls is NullsOrder.FIRST else known + unknown
    return [one.path for one in found]


async def pages(snapshot: Snapshot, filter_: Filter | None, order: Order, size: int, *, backward: bool) -> list[str]:
    """All pages of records, and of rows, one after another."""
    found, as_rows = list[str](), list[str]()
    window = Window(size, backward=backward)
    listing = POSTS.where(filter_)
    while True:
        page = await read_one(snapshot, PageOf(listing, order, window))
        assert await read_one(snapshot, Precedes(listing, order, window)) is bool(found)
        rows = await snapshot.run(one_page(PageOf(listing, order, window)))
        assert len(found) <= 20
        as_rows += [row[0] for row in rows.rows]
        assert [rows.cursor(row) for row in rows.rows] == [edge.cursor for edge in page.edges]
        some = [edge.node.path for edge in page.edges]
        found = some + found if backward else found + some
        if not page.has_more:
            assert sorted(as_rows) == sorted(found)
            return found
        window = window._replace(cursor=page.edges[0 if backward else -1].cursor)


def one_page(page: PageOf[Any]) -> ReadSteps[Rows]:
    [found] = yield [Ask(page, [WHOLE], ("path", "custom"), has_cursors=True)]
    rows: Rows = found[WHOLE]
    return rows


@PROPERTY
@given(
    corpora(),
    st.lists(st.tuples(FILTERS, ORDERS), min_size=1, max_size=5),
    st.sampled_from(Visibility),
    st.integers(1, 5),
    st.booleans(),
)
async def test_lists_equal_the_oracle(
    new_store: Open,
    corpus: tuple[list[Document], dict[str, Values]],
    asked: list[tuple[Filter | None, Order]],
    visibility: Visibility,
    size: int,
    backward: bool,
) -> None:
    """Filters of each type, orders with nulls and ties, pages in both directions, and counts."""
    documents, values = corpus
    store = await new_store()
    await apply(store, *documents, collections=DECLARED)
    shown = [one for one in documents if one.path in values and (one.published or visibility is Visibility.PREVIEW)]
    async with store.snapshot(visibility) as snapshot:
        for filter_, order in asked:
            matching = [one for one in shown if holds(filter_, values[one.path])]
            assert await pages(snapshot, filter_, order, size, backward=backward) == ordered(matching, values, order)
            listing = POSTS.where(filter_)
            assert await read_one(snapshot, CountOf(listing)) == len(matching)
            assert len(await snapshot.matching_ids(listing)) == len(matching)
            for by in (PLACE, LEVEL, VEGAN, MINUTES):
                counts = Counter(values[one.path][by] for one in matching if by in values[one.path])
                assert await read_one(snapshot, GroupsOf(listing, Largest(by))) == [
                    Group(value, count) for value, count in sorted(counts.items(), key=by_count)
                ]
            tools = Counter(text for one in matching for text in {*values[one.path].get(TOOLS, ())})
            assert await read_one(snapshot, GroupsOf(listing, Largest(TOOLS))) == [
                Group(value, count) for value, count in sorted(tools.items(), key=by_count)
            ]
            assert await read_one(snapshot, RangesOf(listing, (0.1, 4.5), RATING)) == [
                sum(low <= values[one.path].get(RATING, -1e99) < high for one in matching)
                for low, high in ((-1e98, 0.1), (0.1, 4.5), (4.5, 1e98))
            ]
            starts = Counter(
                instant(values[one.path][START] // DAY * DAY) for one in matching if START in values[one.path]
            )
            assert await read_one(snapshot, HistogramOf(listing, Interval.DAY, START)) == [
                Group(start, starts[start]) for start in sorted(starts)
            ]
    await store.close()


def by_count(each: tuple[Any, int]) -> Any:
    value, count = each
    return -count, fold(value) if isinstance(value, str) else 0, value


async def test_finding_by_a_unique_field(new_store: Open) -> None:
    """A visible article comes first, and other collections are not looked at."""
    store = await new_store()
    await apply(
        store,
        post("a", {SKU: "x"}, published=False),
        post("b", {SKU: "x"}),
        post("c", {SKU: "x"}),
        post("d", {SKU: "y" * 3000}),
        post("unlisted", {SKU: "u"}, unlisted=True),
        post("draft", {SKU: "z"}, published=False),
        document("other", collection="people", custom=CustomValues('{"sku":"o"}')),
        collections=DECLARED,
    )
    wanted = ["x", "X", "y" * 3000, "z", "u", "o", "", "'"]
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        found = await look_up(snapshot, CustomLookup.of(SKU), wanted)
        assert {key[:1]: each.path for key, each in found.items()} == {"x": "b", "y": "d", "u": "unlisted"}
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        found = await look_up(snapshot, CustomLookup.of(SKU), wanted)
        assert {key[:1]: each.path for key, each in found.items()} == {
            "x": "b",
            "y": "d",
            "z": "draft",
            "u": "unlisted",
        }


async def problems(store: ContentStore) -> list[tuple[str, str]]:
    """The path and the message of each repeated value."""
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        found = await snapshot.problems(None, None)
    assert {each.severity for each in found if each.code == "NOT_UNIQUE"} <= {Severity.WARNING}
    return [(each.path, each.message) for each in found if each.code == "NOT_UNIQUE"]


async def test_repeated_values_of_unique_fields(tmp_path: Path) -> None:
    """They are reported at all but the first article of a locale, public ones first, until the values differ."""
    store = await SqliteStore.open(tmp_path / "content.db")
    await apply(
        store,
        post("a", {SKU: "x"}, published=False),
        post("b", {SKU: "x"}),
        post("c", {SKU: "x"}, locale="de"),
        post("d", {SKU: "y"}),
        post("e", {SERIES: "x"}),
        document("other", collection="people", custom=CustomValues('{"sku":"x"}')),
        collections=DECLARED,
    )
    of_a = ("a", "The value `x` of `sku` belongs to b.")
    assert await problems(store) == [of_a]
    await apply(store, post("f", {SKU: "y"}))
    assert await problems(store) == [of_a, ("f", "The value `y` of `sku` belongs to d.")]
    await apply(store, Deleted("d"), post("b", {SKU: "z"}))
    assert await problems(store) == []
    await apply(store, post("b", {SKU: "x"}), collections=NO_COLLECTIONS)
    assert await problems(store) == []
    await apply(store, collections=DECLARED)
    assert await problems(store) == [of_a]
    await store.close()
