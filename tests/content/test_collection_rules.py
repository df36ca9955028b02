"""The section `collections` of gateway.yaml: what it declares, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import collection_names, field_settings, site_config
from gateway.content.collection_rules import MOST_COLLECTIONS, MOST_ENUM_VALUES, MOST_FIELDS
from gateway.content.field_settings import MOST_PROBLEMS
from gateway.content.site import DEFAULT_SITE, Site
from gateway.model import api_names
from gateway.model.collections import Collections, CustomField, EnumValue, FieldType, SearchWeight
from gateway.model.problems import Problem

EXAMPLE = """\
collections:
  posts:
    path: ["_posts/**", "blog/*.md"]
    description: Articles of the blog.
    fields:
      rating: Float
      difficulty: [easy, medium, hard]
      spice: {type: {none: "no heat", hot: "4 of 5"}}
      tools: [String]
      author: people
      recipe: {type: Reference, inverse: posts}
      event: {start: DateTime, place: String}
      stops: [{city: String, at: Date}]
      sku: {type: String, required: true, unique: true, from: [params.sku, sku], facet: true, search: high}
      levels: {type: [[low, high]], default: high, search: true, description: "The levels."}
      venue: {type: Object, required: true, fields: {type: String}}
  people:
    path: people
    type: Person
"""


def site(text: str) -> Site:
    read = site_config.parse(text.encode())
    assert read.problems == ()
    return read.site


def field(declaration: str) -> CustomField:
    """The only field of a collection."""
    (found,) = site(f"collections: {{posts: {{path: posts, fields: {declaration}}}}}").collections.all[0].fields
    return found


def problems(text: str) -> list[Problem]:
    return list(site_config.parse(text.encode()).problems)


def test_everything_that_can_be_declared() -> None:
    """Short forms, long forms, and names that are derived."""
    posts, people = site(EXAMPLE).collections
    assert (posts.name, posts.type, posts.finder) == ("posts", "Post", "post")
    assert (people.type, people.finder, people.fields) == ("Person", "person", ())
    assert (posts.paths, posts.description) == (("_posts/**", "blog/*.md"), "Articles of the blog.")
    fields = {each.name: each for each in posts.fields}
    assert {name: (each.type.value, each.is_list) for name, each in fields.items()} == {
        "rating": ("Float", False),
        "difficulty": ("enum", False),
        "spice": ("enum", False),
        "tools": ("String", True),
        "author": ("Reference", False),
        "recipe": ("Reference", False),
        "event": ("object", False),
        "stops": ("object", True),
        "sku": ("String", False),
        "levels": ("enum", True),
        "venue": ("object", False),
    }
    assert fields["difficulty"].values == tuple(EnumValue(text, text) for text in ("easy", "medium", "hard"))
    assert fields["spice"].values == (EnumValue("none", "no heat"), EnumValue("hot", "4 of 5"))
    assert (fields["author"].target, fields["recipe"].target, fields["recipe"].inverse) == ("people", "", "posts")
    assert [each.path for each in fields["event"].fields] == [("event", "start"), ("event", "place")]
    assert [each.keys for each in fields["stops"].fields] == [("city",), ("at",)]
    assert fields["sku"].keys == ("params.sku", "sku")
    assert (fields["sku"].is_required, fields["sku"].is_unique, fields["sku"].has_facet) == (True, True, True)
    assert (fields["sku"].search, fields["levels"].search) == (SearchWeight.HIGH, SearchWeight.NORMAL)
    assert (fields["levels"].default, fields["levels"].description) == ("[1]", "The levels.")
    assert [each.path for each in fields["venue"].fields] == [("venue", "type")]


@pytest.mark.parametrize(
    ("declaration", "default"),
    [
        ("{a: {type: Float, default: 1.50}}", "1.5"),
        ("{a: {type: Int, default: 07}}", "7"),
        ("{a: {type: Boolean, default: yes}}", "1"),
        ("{a: {type: Date, default: 1970-01-02}}", "86400000000"),
        ("{a: {type: DateTime, default: 1970-01-01T00:00:01+00:00}}", "1000000"),
        ("{a: {type: [low, high], default: HIGH}}", "1"),
        ("{a: {type: [String], default: [x, y]}}", '["x","y"]'),
        ("{a: {type: JSON, default: {b: [1, secured]}}}", '{"b":[1,"secured"]}'),
    ],
)
def test_defaults_are_encoded(declaration: str, default: str) -> None:
    """Defaults are read as values of files are."""
    assert field(declaration).default == default


def test_times_in_defaults_are_those_of_the_site() -> None:
    text = "timezone: Europe/Paris\ncollections: {a: {path: a, fields: {b: {type: DateTime, default: 1970-01-01}}}}"
    assert site(text).collections.all[0].fields[0].default == str(-3600 * 10**6)


def test_the_first_collection_that_matches_a_path() -> None:
    """Patterns may overlap. Other files belong to no collection."""
    rules = site("collections: {guides: {path: docs/guides}, docs: {path: 'docs/**'}}")
    names = [[each.name for each in rules.collections_of(path)] for path in ("docs/guides/a.md", "docs/b.md", "c.md")]
    assert names == [["guides", "docs"], ["docs"], []]
    first = rules.collection_of("docs/guides/a.md")
    assert first
    assert first.name == "guides"
    assert rules.collection_of("c.md") is None


@pytest.mark.parametrize("text", ["collections:", "collections: {}"])
def test_empty_collections_are_the_default(text: str) -> None:
    assert site(text)._replace(digest="") == DEFAULT_SITE


@pytest.mark.parametrize(
    ("name", "type_", "finder"),
    [
        ("recipes", "Recipe", "recipe"),
        ("news", "News", "newsItem"),
        ("series", "Series", "seriesItem"),
        ("categories_of_food", "CategoriesOfFood", "categoriesOfFood"),
        ("stories", "Story", "story"),
        ("classes", "Class", "class"),
        ("boxes", "Box", "box"),
        ("dishes", "Dish", "dish"),
        ("analysis", "Analysis", "analysisItem"),
        ("blog_posts", "BlogPost", "blogPost"),
        ("blogPosts", "BlogPost", "blogPost"),
        ("FAQs", "FAQ", "faq"),
        ("s", "S", "sItem"),
        ("_1s", "_1s", "_1sItem"),
    ],
)
def test_names_of_types_and_finders(name: str, type_: str, finder: str) -> None:
    (found,) = site(f"collections: {{{name}: {{path: a}}}}").collections
    assert (found.type, found.finder) == (type_, finder)


FIELD = "collections: {posts: {path: a, fields: {"
"""The beginning of a declaration on one line. A field begins in column 41."""


HIDING = "fields: {draft: params.hide}\n" + FIELD


@pytest.mark.parametrize(
    ("text", "line", "column", "told"),
    [
        ("collections: [a]", 1, 14, "This is not a mapping"),
        ("collections: {posts: a}", 1, 22, "This is not a mapping"),
        ("collections: {posts: {fields: {}}}", 1, 22, "`path` is missing"),
        ("collections: {posts: {path: /a}}", 1, 29, "not a valid path pattern"),
        ("collections: {posts: {path: a, type: [b]}}", 1, 38, "This is not a text"),
        ("collections: {posts: {path: a, type: my-post}}", 1, 38, "`myPost`"),
        ("collections: {blog-posts: {path: a}}", 1, 15, "`blogPosts`"),
        ("collections: {__schema: {path: a}}", 1, 15, "belong to GraphQL"),
        ("collections: {Image: {path: a}}", 1, 15, "a type of fields"),
        ("collections: {articles: {path: a}}", 1, 15, "a field of Query"),
        ("collections: {topics: {path: a, type: Subject}}", 1, 15, "a field of Query"),
        ("collections: {posts: {path: a, type: Topic}}", 1, 38, "a type of the API"),
        ("collections: {posts: {path: a, type: PlainArticle}}", 1, 38, "a type of the API"),
        ("collections: {posts: {path: a, type: Float}}", 1, 38, "a type of the API"),
        (
            "collections:\n  post: {path: a}\n  posts: {path: a, type: Entry}\n  blog: {path: b, type: Post}",
            4,
            25,
            'also a type of the collection "post" (line 2)',
        ),
        ("collections:\n  post: {path: a, type: X}\n  posts: {path: b}", 3, 3, 'the list of the collection "post"'),
        ("collections:\n  a: {path: a, type: Post}\n  b: {path: b, type: PostFilter}", 3, 22, "also a type of"),
        ("collections: {posts: {path: a, fields: [b]}}", 1, 40, "This is not a mapping"),
        (FIELD + "a: Strng}}}", 1, 44, "Write `String`."),
        (FIELD + "a: string}}}", 1, 44, "Write `String`."),
        (FIELD + "a: post}}}", 1, 44, "Write `posts`."),
        (FIELD + "a: Number}}}", 1, 44, "The types are String, Int, Float, Boolean, DateTime, Date, JSON"),
        (FIELD + "a: }}}", 1, 44, "is not a type"),
        (FIELD + "a: []}}}", 1, 44, "The list is empty"),
        (FIELD + "a: {}}}}", 1, 44, "The object has no fields"),
        (FIELD + "a: [draft]}}}", 1, 45, "is not a type"),
        (FIELD + "a: [String, Int]}}}", 1, 45, "Write `[String]` for a list."),
        (FIELD + "a: [x, {b: c}]}}}", 1, 48, "This is not a text"),
        (FIELD + "a: [x, x]}}}", 1, 48, "is repeated"),
        (FIELD + "a: [x, true]}}}", 1, 48, "not a name in GraphQL"),
        (FIELD + "a: [x, gluten-free]}}}", 1, 48, "a mapping of names to texts"),
        (FIELD + "a: [x, __y]}}}", 1, 48, "belong to GraphQL"),
        (FIELD + "a: {type: {x: y, z: y}}}}}", 1, 61, "is repeated"),
        (FIELD + "a: {type: {x: Date, y: String}}}}}", 1, 51, "For an object"),
        (FIELD + "a: {type: {}}}}}", 1, 51, "For an object"),
        (FIELD + "a: [[String]]}}}", 1, 45, "A list of lists"),
        (FIELD + "a: [{type: String}]}}}", 1, 45, "Write `{type: [String], required: true}`."),
        (FIELD + "a: {type: Object}}}}", 1, 51, "`fields` of the object are missing"),
        (FIELD + "a: {type: Object, fields: [b]}}}}", 1, 67, "This is not a mapping"),
        (FIELD + "a: {type: String, fields: {b: Int}}}}}", 1, 59, "`fields` does not apply to String"),
        (FIELD + "my-field: Int}}}", 1, 41, "`myField`, with `from: my-field`"),
        (FIELD + "1: Int}}}", 1, 41, "`_1`, with `from: 1`"),
        (FIELD + "__typename: Int}}}", 1, 41, "belong to GraphQL"),
        (FIELD + "a__b: Int}}}", 1, 41, "belong to GraphQL"),
        (FIELD + f"{'a' * 65}: Int}}}}}}", 1, 41, "more than 64 characters"),
        (FIELD + "title: String}}}", 1, 41, "field of every article. Delete it, or rename it and write `from: title`"),
        (FIELD + "and: String}}}", 1, 41, "a filter of every article"),
        (FIELD + "categories: [String]}}}", 1, 41, "a facet of every article"),
        (FIELD + "Title: {type: String, from: b}}}}", 1, 41, "an order of every article"),
        (FIELD + "cookTime: Int, cook_time: Int}}}", 1, 56, 'also the name in enums of the field "posts.cookTime"'),
        (FIELD + "a: {b: Int}, aB: Int}}}", 1, 54, 'the field "posts.a.b"'),
        (FIELD + "connection: [x, y]}}}", 1, 41, "also a type of the collection"),
        (FIELD + "draft: Boolean}}}", 1, 41, "governs visibility"),
        (FIELD + "a: {type: Boolean, from: isDraft}}}}", 1, 66, "governs visibility"),
        (FIELD + "Draft: Boolean}}}", 1, 41, "is read as `draft`"),
        (FIELD + "build: JSON}}}", 1, 41, "governs visibility"),
        (HIDING + "params: JSON}}}", 2, 41, "contains keys that govern visibility"),
        (HIDING + "params: {a: Int, hide: String}}}}", 2, 58, "governs visibility"),
        (FIELD + "a: {type: String, from: build.render}}}}", 1, 65, "governs visibility"),
        (FIELD + "a: {type: String, from: b.Secured}}}}", 1, 65, "never shown"),
        (FIELD + "a: {secured: String}}}}", 1, 45, "never shown"),
        (FIELD + "a: {type: Int, form: b}}}}", 1, 56, "The known keys are default, description, facet"),
        (FIELD + "a: {type: Int, required: maybe}}}}", 1, 66, "neither true nor false"),
        (FIELD + "a: {type: Int, required: true, default: 1}}}}", 1, 72, "never missing"),
        (FIELD + "a: {type: Int, default: x}}}}", 1, 65, "not a whole number"),
        (FIELD + "a: {type: [Int], default: [1, x]}}}}", 1, 71, "not a whole number"),
        (FIELD + "a: {type: Int, default: ''}}}}", 1, 65, "The default is empty"),
        (FIELD + "a: {type: Image, default: a.png}}}}", 1, 58, "`default` does not apply to Image"),
        (FIELD + "a: {type: Int, search: high}}}}", 1, 56, "It applies to String, an enum, Markdown."),
        (FIELD + "a: {type: String, search: loud}}}}", 1, 67, "low, normal, high, or true"),
        (FIELD + "a: {type: JSON, facet: true}}}}", 1, 57, "`facet` does not apply to JSON"),
        (FIELD + "a: {type: Float, unique: true}}}}", 1, 58, "It applies to String, Int."),
        (FIELD + "a: {type: [Int], unique: true}}}}", 1, 58, "Only single values are unique"),
        (FIELD + "a: {b: {type: Int, unique: true}}}}}", 1, 60, "Only single values are unique"),
        (FIELD + "a: [{b: {type: String, search: true}}]}}}", 1, 64, "does not apply in a list of objects"),
        (FIELD + "a: [{b: posts}]}}}", 1, 49, "A list of objects cannot have references"),
        (FIELD + "a: {type: Int, inverse: b}}}}", 1, 56, "`inverse` does not apply to Int"),
        (FIELD + "a: {type: posts, inverse: a}}}}", 1, 67, 'also the field "posts.a"'),
        (FIELD + "a: {type: Reference, inverse: title}}}}", 1, 71, "Choose another `inverse`."),
        (FIELD + "a: {type: Reference, inverse: b-c}}}}", 1, 71, "`bC`"),
        (FIELD + "a: {type: Int, description: [b]}}}}", 1, 69, "This is not a text"),
        (FIELD + f"a: {{type: Int, description: {'b' * 1001}}}}}}}}}", 1, 69, "more than 1000 characters"),
        (FIELD + f"a: {{type: Int, from: {'b' * 201}}}}}}}}}", 1, 62, "more than 200 characters"),
    ],
)
def test_a_mistake_is_one_error_with_its_place(text: str, line: int, column: int, told: str) -> None:
    """One mistake is one error with line, column and a hint."""
    (problem,) = problems(text)
    assert f"{problem.message} {problem.hint}".find(told) >= 0, f"{problem.message} {problem.hint}"
    assert (problem.line, problem.column, problem.severity.value) == (line, column, "ERROR")
    assert problem.hint


def test_a_key_of_another_name_may_be_declared() -> None:
    """Keys that are one letter from one that hides, and keys of native fields, may be fields."""
    posts = "{publisher: String, cover: Image, sortTitle: {type: String, from: title}}"
    rules = site(f"collections: {{posts: {{path: a, fields: {posts}}}}}")
    assert {"publisher", "cover", "title"} <= rules.known
    assert problems(HIDING + "params: {a: Int}}}}") == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "collections:\n" + "".join(f"  c{n}: {{path: a}}\n" for n in range(MOST_COLLECTIONS + 1)),
            "There are more than 100 collections.",
        ),
        (
            FIELD + ", ".join(f"f{n}: Int" for n in range(10_000)) + "}}}",
            "There are more than 500 fields in all collections.",
        ),
        (
            FIELD + "a: {" + ", ".join(f"f{n}: {{g: Int}}" for n in range(10_000)) + "}}}}",
            "There are more than 500 fields in all collections.",
        ),
        (FIELD + "a: {b: {c: {d: {e: Int}}}}}}}", "Fields are nested more than 4 levels deep."),
        (FIELD + "a: {" * 60 + "b: Int" + "}" * 63, "Fields are nested more than 4 levels deep."),
        (
            FIELD + "a: [" + ", ".join(f"v{n}" for n in range(MOST_ENUM_VALUES + 1)) + "]}}}",
            "The enum has more than 200 values.",
        ),
        (FIELD + "a: {type: Int, from: [" + ", ".join(f"k{n}" for n in range(200)) + "]}}}}", "more than 100 entries"),
        ("collections: {a: {path: [" + ", ".join(f"k{n}" for n in range(200)) + "]}}", "more than 100 entries"),
    ],
)
def test_reading_ends_at_a_limit(text: str, told: str) -> None:
    """A declaration that is too large has one error."""
    (problem,) = problems(text)
    assert told in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    "text",
    [
        FIELD + ", ".join(f"__f{n}: Int" for n in range(10_000)) + "}}}",
        FIELD + ", ".join(f"f{n}: {{}}" for n in range(10_000)) + "}}}",
        FIELD + "a: {type: Int, " + ", ".join(f"s{n}: 1" for n in range(10_000)) + "}}}}",
        "collections: {posts: {path: a, " + ", ".join(f"s{n}: 1" for n in range(10_000)) + "}}",
        "collections:\n" + "".join(f"  c-{n}: {{path: a, fields: {{title: Int}}}}\n" for n in range(100)),
    ],
)
def test_the_number_of_problems_is_bounded(text: str) -> None:
    assert len(problems(text)) == MOST_PROBLEMS


def test_nothing_is_read_beyond_a_limit() -> None:
    """The error is at the first field that is too many. Mistakes after it are not reported."""
    lines = "".join(f"      f{n}: [{{g: Int}}]\n" for n in range(10_000))
    (problem,) = problems(f"collections:\n  posts:\n    path: a\n    fields:\n{lines}      __typename: Int\n")
    assert (problem.line, problem.column) == (5 + MOST_FIELDS // 2, 7)


def test_references_may_form_a_cycle() -> None:
    """Collections may refer to each other and to themselves."""
    text = "{a: {path: a, fields: {b: b, next: {type: a, inverse: last}}}, b: {path: b, fields: {a: [a]}}}"
    a, b = site(f"collections: {text}").collections
    assert [each.target for each in (*a.fields, *b.fields)] == ["b", "a", "a"]


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}|[a-z]+-[a-z]+|__\w+", fullmatch=True)
SCALARS = st.sampled_from([*field_settings.TYPES, "posts", "none", "true", "", "1"]) | st.text(max_size=4)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.sampled_from(sorted(field_settings.OF_FIELD)), inner, max_size=4)
    ),
    max_leaves=12,
)


def written(tree: object) -> str:
    """A tree as YAML in one line."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"? {written(key)} : {written(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(written, tree)) + "]"
    return "'" + "".join(each if each.isprintable() else "?" for each in str(tree)).replace("'", "''") + "'"


@given(st.dictionaries(NAMES, st.fixed_dictionaries({"path": st.just("a"), "fields": TREES}) | TREES, max_size=3))
def test_any_declaration_gives_collections_or_problems(declared: dict[str, object]) -> None:
    """Names of an accepted declaration are distinct names in GraphQL, and it survives its JSON."""
    read = site_config.parse(f"collections: {written(declared)}".encode())
    for problem in read.problems:
        assert problem.line == 1
        assert problem.hint
    if not read.is_good:
        return
    found = read.site.collections
    assert Collections.load(found.dump()) == found
    types = [each.type for each in found]
    root = [name for each in found for name in (each.name, each.finder, f"{each.name}Facets")]
    for collection in found:
        leaves = list(collection.leaves)
        assert len({leaf.key for leaf in leaves}) == len(leaves)
        assert len({leaf.number for leaf in leaves}) == len(leaves)
        names = {each.name for each in collection.fields}
        assert not names & (api_names.ARTICLE_FIELDS | api_names.FILTERS | api_names.FACETS)
        types += [collection.type_of(leaf) for leaf in leaves if leaf.type is FieldType.ENUM]
    assert len(set(types)) == len(types)
    assert len(set(root)) == len(root)
    assert not any(map(collection_names.fault, (*types, *root)))
    assert not set(types) & api_names.TYPES
    assert not set(root) & api_names.QUERY_FIELDS
