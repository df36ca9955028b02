"""The declaration of collections is data that travels as JSON."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.collections import (
    NO_COLLECTIONS,
    Collection,
    Collections,
    CustomField,
    EnumValue,
    FieldType,
    RecordRules,
    SearchWeight,
)

NAMES = st.from_regex(r"[a-z][a-zA-Z0-9]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


def fields(path: tuple[str, ...] = (), depth: int = 2) -> st.SearchStrategy[CustomField]:
    return st.builds(
        CustomField,
        collection=NAMES,
        path=NAMES.map(lambda name: (*path, name)),
        type=st.sampled_from(FieldType),
        keys=st.lists(TEXTS, min_size=1, max_size=2).map(tuple),
        is_list=st.booleans(),
        has_facet=st.booleans(),
        values=st.lists(st.builds(EnumValue, NAMES, TEXTS), max_size=3).map(tuple),
        fields=st.lists(fields(path, depth - 1), max_size=2).map(tuple) if depth else st.just(()),
        default=TEXTS,
        search=st.none() | st.sampled_from(SearchWeight),
        description=TEXTS,
    )


DECLARATIONS = st.lists(
    st.builds(
        Collection,
        name=NAMES,
        type=NAMES,
        finder=NAMES,
        paths=st.lists(TEXTS, max_size=2).map(tuple),
        fields=st.lists(fields(), max_size=3).map(tuple),
        records=st.none() | st.builds(RecordRules, rows=TEXTS, key=NAMES),
        description=TEXTS,
    ),
    max_size=3,
).map(lambda each: Collections(tuple(each)))


@given(DECLARATIONS)
def test_a_declaration_survives_its_json(declared: Collections) -> None:
    assert Collections.load(declared.dump()) == declared
    assert Collections.load(declared.dump()).digest == declared.digest


@given(DECLARATIONS, DECLARATIONS)
def test_digests_differ_as_declarations_do(one: Collections, other: Collections) -> None:
    assert (one.digest == other.digest) == (one == other)


def test_no_collections_have_an_empty_digest() -> None:
    assert not NO_COLLECTIONS
    assert NO_COLLECTIONS.digest == ""
    assert Collections.load(NO_COLLECTIONS.dump()) == NO_COLLECTIONS


def test_leaves_are_the_ends_of_objects() -> None:
    start = CustomField("events", ("event", "start"), FieldType.DATE_TIME, ("start",))
    event = CustomField("events", ("event",), FieldType.OBJECT, ("event",), fields=(start,))
    stops = CustomField("events", ("stops",), FieldType.OBJECT, ("stops",), is_list=True, fields=(start,))
    assert list(Collection("events", "Event", "event", (), (event, stops)).leaves) == [start, stops]
    assert (start.name, start.key, str(start)) == ("start", "event__start", "events.event__start")


def test_names_derive_from_the_path() -> None:
    """Constants and types are the same for names in camel case and with underscores."""
    spelled = [("cookTime",), ("cook_time",), ("cook", "time")]
    fields = [CustomField("recipes", path, FieldType.OBJECT, ()) for path in spelled]
    assert {field.constant for field in fields} == {"COOK_TIME"}
    recipes = Collection("recipes", "Recipe", "recipe", (), ())
    assert {recipes.type_of(field) for field in fields} == {"RecipeCookTime"}


def test_numbers_of_fields_fit_into_a_signed_integer() -> None:
    numbers = {CustomField("a", (f"field{n}",), FieldType.INT, ()).number for n in range(1000)}
    assert len(numbers) == 1000
    assert all(0 <= number < 1 << 63 for number in numbers)
