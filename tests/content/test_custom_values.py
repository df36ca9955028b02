"""Decoding of custom fields, compared with an oracle that knows the values before they are written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Context
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import custom_values, frontmatter, links, site_config
from gateway.content.decoder import Decoded, decode
from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.problem_collector import PositionNeeded
from gateway.content.site import Site
from gateway.content.source import Walk
from gateway.loading.active_rules import GeneratorRules
from gateway.model.changes import Loaded, Quarantined
from gateway.model.documents import CustomValues, Document

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 24 * 3600 * 10**6


def site(fields: str, more: str = "") -> Site:
    """The rules of a site with one collection of all files."""
    read = site_config.parse(f"{more}\ncollections: {{posts: {{path: '**', fields: {fields}}}}}".encode())
    assert read.problems == ()
    return read.site


def decoded(fields: str, front: str, path: str = "posts/a.md", more: str = "") -> Decoded:
    found = frontmatter.read(path, f"---\ntitle: T\n{front}\n---\n".encode())
    assert found is not None
    return decode(path, found, site(fields, more))


def document(fields: str, front: str, path: str = "posts/a.md", more: str = "") -> Document:
    """The document of a file without problems."""
    found = decoded(fields, front, path, more)
    assert found.problems == ()
    assert found.document is not None
    return found.document


def values(fields: str, front: str) -> Any:
    return orjson.loads(document(fields, front).custom.values)


def told(found: Decoded) -> list[tuple[str, str, int | None, int | None]]:
    return [(each.severity.value, each.code, each.line, each.column) for each in found.problems]


def only_problem(fields: str, front: str) -> str:
    (problem,) = decoded(fields, front).problems
    return f"{problem.message} {problem.hint}"


# The types.


@pytest.mark.parametrize(
    ("type_", "written", "value"),
    [
        ("String", "a b", "a b"),
        ("String", "' a '", " a "),
        ("String", "1.10", "1.10"),
        ("Int", "'7'", 7),
        ("Int", "7.0", 7),
        ("Float", "4", 4.0),
        ("Float", "+4.50", 4.5),
        ("Float", "1e3", 1000.0),
        ("Float", ".5", 0.5),
        ("Float", "-0.0", 0.0),
        ("Float", "0.30000000000000004", 0.3),
        ("Float", "123456789.0123456789", 123456789.012346),
        ("Float", "5e-324", 0.0),
        ("Boolean", "yes", 1),
        ("Boolean", "'False'", 0),
        ("DateTime", "1970-01-01T00:00:00.000001Z", 1),
        ("DateTime", "1969-12-31", -DAY),
        ("Date", "1970-01-02", DAY),
        ("Date", "1970-01-02T00:00:00Z", DAY),
        ("Date", "Jan 3, 1970", 2 * DAY),
        ("JSON", "{a: [1, null, x], secured: b}", {"a": [1, None, "x"]}),
        ("JSON", "no", "no"),
        ("Image", "a.png", ["a.png", None, None, None, False]),
        ("Image", "{src: a.png, alt: A, width: 4}", ["a.png", 4, None, "A", False]),
        ("Markdown", '" *a* "', " *a* "),
        ("[easy, hard]", "hard", 1),
        ("[easy, hard]", "HÁRD", 1),
        ("[a, A]", "A", 1),
        ('{type: {none: "no heat", hot: "4 of 5"}}', "no heat", 0),
        ("[Int]", "[1, 2, 1]", [1, 2, 1]),
        ("[Int]", "3", [3]),
        ("[[easy, hard]]", "[hard, easy]", [1, 0]),
        ("[Image]", "[a.png, {url: b.png}]", [["a.png", *[None] * 3, False], ["b.png", *[None] * 3, False]]),
        ("[{b: Int, c: {d: Date}}]", "[{b: 1}, {c: {d: 1970-01-02}}]", [{"a__b": 1}, {"a__c__d": DAY}]),
    ],
)
def test_values_are_encoded_by_their_type(type_: str, written: str, value: object) -> None:
    assert values(f"{{a: {type_}}}", f"a: {written}") == {"a": value}


@pytest.mark.parametrize(
    ("type_", "written", "column", "message"),
    [
        ("String", "[a]", 4, "The value is a list"),
        ("Int", "1e3", 4, "not a whole number"),
        ("Int", "4294967296", 4, "does not fit into 32 bits"),
        ("Float", "1,5", 4, "Write `1.5`."),
        ("Float", "1,500", 4, "Write a number such as `1.5`."),
        ("Float", ".inf", 4, "is not a number"),
        ("Float", "nan", 4, "is not a number"),
        ("Float", "1e999", 4, "too large"),
        ("Float", "1.7976931348623157e308", 4, "too large"),
        ("Float", f"0.{'1' * 40}", 4, "is not a number"),
        ("Boolean", "maybe", 4, "neither true nor false"),
        ("DateTime", "03/04/2024", 4, "in one way only"),
        ("Date", "2024-03-01T10:00:00Z", 4, "has a time of day. Write the day only: `2024-03-01`."),
        ("[easy, hard]", "hatd", 4, "Write one of easy, hard."),
        ("[medium, hard]", "meduim", 4, "Write `medium`."),
        ("{type: {x: a, y: A}}", "À", 4, "is not one of the values"),
        ("[easy, hard]", "[easy]", 4, "The value is a list"),
        ("Image", "[a.png]", 4, "The value is a list"),
        ("Image", "{alt: A}", 4, "An image without `url` is left out"),
        ("Markdown", "{a: b}", 4, "The value is a mapping"),
        ("Reference", "{a: b}", 4, "The value is a mapping"),
        ("Reference", "a" * 8193, 4, "The reference is too long"),
        ("[Int]", "[1, x, 2]", 8, "not a whole number"),
        ("[Int]", "[[1]]", 5, "The value is a list"),
        ("{b: Int, c: {type: Int, from: d}}", "5", 4, "The value is a single value. Write a mapping with b, d."),
        ("{b: Int}", "[{b: 1}]", 4, "The value is a list"),
        ("[{b: Int}]", "[{b: 1}, x]", 13, "The value is a single value"),
        ("[{b: Int}]", "[{b: x}]", 9, "not a whole number"),
        ("{begins: Int}", "{begisn: 1}", 5, "Write `begins`."),
    ],
)
def test_unreadable_values_are_left_out(type_: str, written: str, column: int, message: str) -> None:
    """The article loads with a warning at the value."""
    found = decoded(f"{{a: {type_}}}", f"a: {written}")
    (problem,) = found.problems
    assert (problem.severity.value, problem.line, problem.column) == ("WARNING", 3, column)
    assert message in f"{problem.message} {problem.hint}"
    assert found.document is not None


@pytest.mark.parametrize("written", ["", "~", "null", "''", "' '"])
def test_empty_values_are_missing(written: str) -> None:
    every = "{a: String, b: Int, c: [Int], d: {e: Int}, f: Reference, g: JSON, h: Image}"
    front = "\n".join(f"{name}: {written}" for name in "abcdfgh")
    assert document(every, front).custom == CustomValues()


# Keys.


def test_keys_in_order_of_preference() -> None:
    """The first key that is not empty counts. Without `from` it is the name of the field."""
    fields = "{a: {type: Int, from: [x.y, z, a]}, b: Int}"
    assert values(fields, "x: {y: 1}\nz: 2\nb: 3") == {"a": 1, "b": 3}
    assert values(fields, "x: {y: }\nz: 2\na: 4") == {"a": 2}
    assert values(fields, "a: 4") == {"a": 4}


def test_custom_keys_leave_front_matter() -> None:
    """Other keys stay there: those of mappings that dotted names reach into, and those that an object does not have."""
    fields = "{a: Int, b: {type: Int, from: x.y}, c: {d: Int, e: {f: Int}}, g: [{h: Int}]}"
    front = "a: 1\nx: {y: 2, z: 3}\nc: {d: 4, i: 5, e: {f: 6, rest: 7}, secured: 8}\ng: [{h: 9}, {h: 1, j: 2}]\nk: 3"
    found = document(fields, front, more="expose: [k]")
    assert orjson.loads(found.front_matter) == {
        "x": {"y": 2, "z": 3},
        "c": {"i": 5, "e": {"rest": 7}},
        "g": [None, {"j": 2}],
        "k": 3,
    }
    assert orjson.loads(found.exposed) == {"k": 3}
    assert orjson.loads(found.custom.values) == {
        "a": 1,
        "b": 2,
        "c__d": 4,
        "c__e__f": 6,
        "g": [{"g__h": 9}, {"g__h": 1}],
    }


def test_a_key_may_give_a_native_field_too() -> None:
    found = document("{cover: Image, name: {type: String, from: title}}", "cover: a.png")
    assert [image.url for image in found.images] == ["a.png"]
    assert (found.title, found.collection) == ("T", "posts")
    assert orjson.loads(found.custom.values) == {"cover": ["a.png", None, None, None, False], "name": "T"}


def test_declared_keys_are_not_misspellings() -> None:
    """A key that resembles one of the schema is known if it is declared, and others resemble it."""
    assert values("{publisher: String, topix: Int}", "publisher: P\ntopix: 1") == {"publisher": "P", "topix": 1}
    assert "Write `servings`." in only_problem("{servings: Int}", "servngs: 1")


def test_files_of_other_collections_have_no_custom_values() -> None:
    rules = site_config.parse(b"collections: {posts: {path: posts, fields: {rating: Float}}}").site
    found = frontmatter.read("a.md", b"---\ntitle: T\nrating: 4\n---\n")
    assert found
    other = decode("a.md", found, rules).document
    assert other
    assert (other.collection, other.custom, other.front_matter) == (None, CustomValues(), b'{"rating":4}')


def test_origins_are_explained() -> None:
    """A field that another key gives is named with its collection."""
    found = decoded("{a: {type: Int, from: [x.y, z]}, b: Int}", "z: 1\nb: 2")
    assert [(each.field, each.source) for each in found.field_origins] == [("posts.a", "z")]


# Required fields and defaults.


@pytest.mark.parametrize(
    ("fields", "front", "line", "column", "message"),
    [
        ("{sku: {type: Int, required: true}}", "b: 1", 2, 1, "`sku` is required in `posts`."),
        ("{sku: {type: Int, required: true}}", "sku:", 3, 5, "`sku` is required in `posts`."),
        ("{sku: {type: Int, required: true, from: [a.b, c]}}", "a: {b: }", 3, 8, "`a.b` is required in `posts`."),
        ("{sku: {type: Int, required: true}}", "sku: x", 3, 6, 'cannot be read: "x" is not a whole number.'),
        ("{sku: {type: Image, required: true}}", "sku: [a]", 3, 6, "cannot be read: The value is a list."),
        ("{sku: {type: [Int], required: true}}", "sku: []", 3, 6, "`sku` is required in `posts`."),
        ("{sku: {type: posts, required: true}}", "b: 1", 2, 1, "`sku` is required in `posts`."),
        ("{a: {b: {type: Int, required: true}, c: Int}}", "a: {c: 1}", 3, 4, "`b` is required in `posts`."),
        ("{a: [{b: {type: Int, required: true}, c: Int}]}", "a: [{b: 1}, {c: 1}]", 3, 13, "`b` is required"),
        ("{a: {type: Object, required: true, fields: {b: Int}}}", "a: {}", 3, 4, "`a` is required in `posts`."),
        ("{a: {type: Object, required: true, fields: {b: Int}}}", "a: 1", 3, 4, "cannot be read"),
    ],
)
def test_a_file_without_a_required_field_is_set_aside(
    fields: str, front: str, line: int, column: int, message: str
) -> None:
    """There is one error for each field, at the value or at the front matter."""
    found = decoded(fields, front)
    assert found.document is None
    assert told(found) == [("ERROR", "REQUIRED_FIELD", line, column)]
    assert message in found.problems[0].message
    assert found.problems[0].hint


def test_each_missing_field_is_an_error() -> None:
    fields = "{a: {type: Int, required: true}, b: {type: Int, required: true}, c: {type: [Int], required: true}}"
    found = decoded(fields, "b: x\nc: [1, y]")
    codes = [(code, line) for _, code, line, _ in told(found)]
    assert codes == [("REQUIRED_FIELD", 2), ("REQUIRED_FIELD", 3), ("BAD_VALUE", 4)]


def test_required_fields_of_an_object_need_the_object() -> None:
    assert values("{a: {b: {type: Int, required: true}}}", "c: 1") == {}


def test_defaults_replace_missing_and_unreadable_values() -> None:
    """They are ordered, filtered and searched as written values are. In an object they need the object."""
    fields = (
        "{a: {type: String, default: É, search: low}, b: {type: [[x, y]], default: [y]}, "
        "c: {d: {type: Int, default: 4}, e: Int}, f: {type: Int, default: 5}}"
    )
    found = document(fields, "g: 1").custom
    assert orjson.loads(found.values) == {"a": "É", "b": [1], "f": 5}
    assert (found.order, found.words) == ('{"a":"e"}', ("É", "", ""))
    assert [item[1:] for item in found.items] == [(0, "y")]
    assert values(fields, "a: z\nb: []\nc: {e: 1}\nf: 6") == {"a": "z", "c__d": 4, "c__e": 1, "f": 6}
    assert told(bad := decoded(fields, "f: x")) == [("WARNING", "BAD_VALUE", 3, 4)]
    assert bad.document
    assert orjson.loads(bad.document.custom.values)["f"] == 5


def test_inherited_values(tmp_path: Any) -> None:
    """A value of another file is reported at the document that it makes incomplete. Files of rules are not checked
    against collections, but their keys are known."""
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/_index.md").write_text("---\ntitle: S\ncascade: {sku: x, servings: 2}\nsku: 1\n---\n")
    (tmp_path / "posts/a.md").write_text("---\ntitle: A\n---\n")
    (tmp_path / "posts/b.md").write_text("---\ntitle: B\nsku: 2\n---\n")
    rules = site("{sku: {type: Int, required: true}, servings: Int}")
    listing = Walk(tmp_path).run()
    inheriting, found = GeneratorRules(10**6, lambda _: None).read(tmp_path, listing, rules)
    assert found == ()
    context = ParseContext(str(tmp_path), site=inheriting)
    changes = {path: parse(Task(file), context) for path, file in listing.files.items()}
    bad, good = changes["posts/a.md"], changes["posts/b.md"]
    assert isinstance(bad, Quarantined)
    assert [(each.code, each.path, each.line) for each in bad.problems] == [("REQUIRED_FIELD", "posts/a.md", 2)]
    assert isinstance(good, Loaded)
    assert isinstance(good.document, Document)
    assert orjson.loads(good.document.custom.values) == {"sku": 2, "servings": 2}


def test_secured_is_never_quoted() -> None:
    """Problems of custom fields beside it do not have its text."""
    found = decoded("{a: {b: Int}}", "a: {b: x, secured: hush}\nsecured: hush")
    assert "hush" not in repr(found.problems)
    assert found.document
    assert b"hush" not in found.document.front_matter


# Images.


def test_images_of_custom_fields_are_found_in_the_folder(tmp_path: Any) -> None:
    """They have addresses, and missing ones are reported with their place."""
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "posts/a.md").write_text("---\ntitle: A\nhero: a.png\ngallery:\n  - a.png\n  - b.png\n---\n")
    rules = site("{hero: Image, gallery: [Image]}")
    change = parse(Task(Walk(tmp_path).run().files["posts/a.md"]), ParseContext(str(tmp_path), site=rules))
    assert isinstance(change, Loaded)
    assert isinstance(change.document, Document)
    found = orjson.loads(change.document.custom.values)
    assert found["hero"][0].startswith("/assets/posts/a.png?")
    assert [image[0] for image in found["gallery"]] == [found["hero"][0], "b.png"]
    assert [(each.code, each.line, each.column) for each in change.problems] == [("MISSING_FILE", 6, 5)]
    assert {"posts/a.png", "posts/b.png"} <= {file.path for file in change.document.assets}


# References.


def references(fields: str, front: str, path: str = "posts/a.md") -> list[tuple[int, list[str]]]:
    found = document(fields, front, path).custom
    assert found.values == "{}"
    return [(position, list(keys)) for _, position, keys in found.references]


def test_references_are_keys_in_order_of_preference() -> None:
    (first, second, third) = references("{a: [posts]}", "a: [cook, ../people/Baker.md, 'https://www.a.example/x/']")
    assert first == (0, ["[:cook", "posts/cook", "cook", "[[cook"])
    assert second == (1, ["people/Baker.md"])
    assert third == (2, ["https://a.example/x"])


PATHS = st.lists(st.from_regex(r"[a-z][A-Za-z0-9]{0,5}( [a-z]{1,3})?", fullmatch=True), min_size=1, max_size=3)


@given(PATHS, PATHS, st.from_regex(r"[a-z]{1,5}(/[a-z]{1,3})?", fullmatch=True))
def test_a_reference_finds_its_file(source: list[str], target: list[str], slug: str) -> None:
    """By its path with and without its ending, from the root and from the file, its name, its slug and its address."""
    page, path = "/".join(target), "/".join(target) + ".md"
    owned = {key for key, _ in links.keys_of(path, slug, ())}
    up = "../" * (len(source) - 1)
    for written in (path, page, f"./{up}{path}", f"./{up}{page}", target[-1], f"{target[-1]}.md", slug, f"[[{page}]]"):
        assert owned.intersection(links.keys_referred("/".join(source) + ".md", written)), written
    assert links.keys_referred("a.md", "https://a.example/b/") == ["https://a.example/b"]
    assert links.keys_referred("a.md", f"/{path}")[1:] == [path, f"content/{path}"]
    assert links.keys_referred("a.md", "ar_" + "x" * 22) == ["ar_" + "x" * 22]


# What is stored beside the values.


def test_orders_items_and_words() -> None:
    fields = (
        "{a: {type: String, search: high}, b: {type: [String], search: true}, c: {d: {type: [x, y], search: low}}, "
        "e: [{f: String}], g: {type: Markdown, search: high}, h: [[x, y]]}"
    )
    long = "É" * 300
    front = f"a: ' {long} '\nb: [Two Words, b]\nc: {{d: y}}\ne: [{{f: z}}]\ng: '**Bold** text'\nh: [y, x, y]"
    found = document(fields, front)
    collection = site(fields).collections.all[0]
    numbers = {leaf.key: leaf.number for leaf in collection.leaves}
    assert orjson.loads(found.custom.order) == {"a": "e" * 200}
    assert found.custom.words == ("y", "Two Words\nb", f" {long} \nBold text")
    assert found.custom.items == (
        *((numbers["b"], 0, "Two Words"), (numbers["b"], 1, "b")),
        *((numbers["h"], 0, "y"), (numbers["h"], 1, "x")),
    )


# The oracle.


class Written(NamedTuple):
    """A value in a file, and how it is stored."""

    text: str
    value: Any
    """None if it is empty or unreadable."""
    is_bad: bool = False


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _float(number: float) -> Written:
    rounded = float(Context(prec=15).create_decimal_from_float(number))
    return Written(repr(number), 0.0 if abs(rounded) < 2.2250738585072014e-308 else rounded)


def _instant(time: datetime) -> Written:
    return Written(time.isoformat(), (time - EPOCH) // timedelta(microseconds=1))


TEXTS = st.text("abcXYZ éß日本0:#'-,.", max_size=12)
ZONES = st.integers(-720, 720).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(1600, 1, 1), datetime(2400, 1, 1), timezones=ZONES)  # noqa: DTZ001 - zones are drawn
LEVELS = ("easy", "Medium", "very hard")
JSON = st.recursive(
    st.booleans() | st.integers(-(2**50), 2**50) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
BAD = st.sampled_from(["x-y-z", "'12 monkeys'", "1,5"]).map(lambda text: Written(text, None, is_bad=True))
VALUES: Mapping[str, st.SearchStrategy[Written]] = {
    "String": TEXTS.map(lambda text: Written(quoted(text), text if text.strip() else None)),
    "Int": st.integers(-(2**31), 2**31 - 1).map(lambda number: Written(str(number), number)) | BAD,
    "Float": st.floats(-1e300, 1e300).map(_float) | BAD,
    "Boolean": st.sampled_from(["true", "no", "'Yes'", "OFF"]).map(lambda w: Written(w, int(w in {"true", "'Yes'"})))
    | BAD,
    "Date": st.dates(date(1600, 1, 1)).map(lambda day: Written(day.isoformat(), (day - EPOCH.date()).days * DAY)) | BAD,
    "DateTime": TIMES.map(_instant) | BAD,
    f"[{', '.join(map(quoted, LEVELS[:2]))}]": st.sampled_from(LEVELS[:2]).map(
        lambda level: Written(level.upper(), LEVELS.index(level))
    )
    | BAD,
    "JSON": JSON.map(
        lambda value: Written(json.dumps(value), None if isinstance(value, str) and not value.strip() else value)
    ),
    "Markdown": TEXTS.map(lambda text: Written(quoted(text), text if text.strip() else None)),
}
EMPTY = st.sampled_from(["", "~", "''"]).map(lambda text: Written(text, None))


class Case(NamedTuple):
    """A field `a`, its lines in a file, and what is stored."""

    type: str
    lines: Sequence[str]
    values: Mapping[str, Any]
    bad: int
    """The number of its unreadable values."""


@st.composite
def cases(draw: st.DrawFn, name: str, prefix: str = "", levels: int = 1) -> Case:
    """A field of any type, with a value of this type, an unreadable one, an empty one or none."""
    key = f"{prefix}{name}"
    kinds = [*VALUES, "list", *(["object", "objects"] if levels else [])]
    kind = draw(st.sampled_from(kinds))
    if kind in VALUES:
        written = draw(VALUES[kind] | EMPTY)
        return Case(kind, [f"{name}: {written.text}"], _stored(key, written.value), written.is_bad)
    if kind == "list":
        type_ = draw(st.sampled_from(sorted(VALUES.keys() - {"JSON"})))
        members = draw(st.lists(VALUES[type_], max_size=4))
        present = [each.value for each in members if each.value is not None]
        lines = [f"{name}:", *(f"  - {each.text}" for each in members)]
        return Case(f"[{type_}]", lines, _stored(key, present or None), sum(each.is_bad for each in members))
    below = draw(st.lists(st.sampled_from("pqr"), min_size=1, max_size=3, unique=True))
    if kind == "object":
        inner = [draw(cases(each, f"{key}__", levels - 1)) for each in below]
        lines = [f"{name}:", *(f"  {line}" for each in inner for line in each.lines)]
        return Case(_object(below, inner), lines, _merged(inner), sum(each.bad for each in inner))
    types = {each: draw(st.sampled_from(sorted(VALUES.keys() - {"JSON"}))) for each in below}
    objects = [{each: draw(VALUES[type_]) for each, type_ in types.items()} for _ in range(draw(st.integers(1, 3)))]
    stored = [_merged([_stored(f"{key}__{each}", of.value) for each, of in member.items()]) for member in objects]
    lines = [f"{name}:"]
    for member in objects:
        first, *others = (f"{each}: {of.text}" for each, of in member.items())
        lines += [f"  - {first}", *(f"    {other}" for other in others)]
    declared = "[{" + ", ".join(f"{each}: {type_}" for each, type_ in types.items()) + "}]"
    bad = sum(each.is_bad for member in objects for each in member.values())
    return Case(declared, lines, _stored(key, [each for each in stored if each] or None), bad)


def _stored(key: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {key: value}


def _merged(parts: Sequence[Case] | Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        found |= part.values if isinstance(part, Case) else part
    return found


def _object(names: Sequence[str], inner: Sequence[Case]) -> str:
    return "{" + ", ".join(f"{name}: {case.type}" for name, case in zip(names, inner, strict=True)) + "}"


@given(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True).flatmap(
        lambda names: st.tuples(*(cases(name) for name in names)).map(
            lambda drawn: dict(zip(names, drawn, strict=True))
        )
    )
)
def test_decoding_equals_the_oracle(drawn: Mapping[str, Case]) -> None:
    """Values are those that were written, each unreadable one is one warning, and both parsers give the same."""
    rules = site("{" + ", ".join(f"{name}: {case.type}" for name, case in drawn.items()) + "}")
    lines = ["---", "title: T", *(line for case in drawn.values() for line in case.lines), "---", ""]
    data = "\n".join(lines).encode()
    front_matter = frontmatter.read("a.md", data)
    assert front_matter
    found = decode("a.md", front_matter, rules)
    assert found.document
    assert orjson.loads(found.document.custom.values) == _merged(list(drawn.values()))
    assert [each.code for each in found.problems] == ["BAD_VALUE"] * sum(case.bad for case in drawn.values())
    for problem in found.problems:
        assert problem.line
        assert problem.column
        assert lines[problem.line - 1][problem.column - 1 :].strip()
    assert orjson.loads(found.document.front_matter) == {}
    if plain := frontmatter.read_plain("a.md", data, {}):
        try:
            again = decode("a.md", plain, rules)
        except PositionNeeded:
            assert found.problems
        else:
            assert again == found


def test_values_are_json_without_nulls() -> None:
    assert CustomValues("{}", "{}", ("", "", ""), (), ()) == custom_values.NONE
