"""Fields from nested keys, from dates in paths and texts, and from joined keys."""

from __future__ import annotations

import contextlib
import json
import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import decoder, frontmatter, nested_fields, site_config
from gateway.content.problem_collector import PositionNeeded
from gateway.model.documents import Document, FieldOrigin
from gateway.model.problems import Severity
from tests.content.test_site import codes, decoded, document, site

NESTED = (
    "fields: {topics: [taxonomies.tags, taxonomies.categories], provider: extra.team, quality: params.rating.stars, "
    "draft: extra.hide, published: [params.live], publishedDateTime: params.when, images: params.cover, "
    "slug: params.path}"
)
DEEP = "fields: {draft: extra.secretly}"
DATED = 'fields: {publishedDateTime: {from: permalink, pattern: "/{year}/{month}/{day}/"}}'


def topics(document: Document) -> list[str]:
    return [topic.name for topic in document.topics]


def front_matter(document: Document) -> dict[str, object]:
    found: dict[str, object] = json.loads(document.front_matter)
    return found


# Nested keys.


def test_dotted_names_reach_nested_mappings() -> None:
    """They give fields of all types. The nested mappings stay in `frontMatter` as they are."""
    front = (
        "taxonomies: {tags: [a, b], categories: [c]}\nextra: {team: News Desk}\n"
        "params: {rating: {stars: 4}, when: 2024-05-06, cover: {src: /a.png, caption: C}, path: a-slug}"
    )
    found = document(NESTED, front)
    assert topics(found) == ["a", "b", "c"]
    assert found.provider is not None
    assert found.provider.name == "News Desk"
    assert (found.quality, found.slug) == (4, "a-slug")
    assert found.published_date_time == datetime(2024, 5, 6, tzinfo=UTC)
    assert [image.url for image in found.images] == ["/a.png"]
    assert front_matter(found) == {
        "taxonomies": {"tags": ["a", "b"], "categories": ["c"]},
        "extra": {"team": "News Desk"},
        "params": {
            "rating": {"stars": 4},
            "when": "2024-05-06",
            "cover": {"src": "/a.png", "caption": "C"},
            "path": "a-slug",
        },
    }


def test_key_with_a_dot_takes_precedence() -> None:
    """This holds at each level."""
    assert document("fields: {quality: a.b}", '"a.b": 1\na: {b: 2}').quality == 1
    assert document("fields: {quality: x.a.b}", 'x: {"a.b": 1, a: {b: 2}}').quality == 1


def test_nested_keys_are_told_as_the_sources_of_fields() -> None:
    found = decoded("fields: {quality: params.rating}", "title: T\nparams: {rating: 3}")
    assert FieldOrigin("quality", "params.rating") in found.field_origins


@pytest.mark.parametrize(
    ("front", "published"),
    [
        ("extra: {secretly: true}", False),
        ("extra: {secretly: false}", True),
        ("extra: {team: x}", True),
        ("extra:", True),
        ("a: b", True),
        ("extra: true", False),
    ],
)
def test_nested_keys_hide(front: str, published: bool) -> None:
    assert document(DEEP, front).published is published


@pytest.mark.parametrize(
    ("front", "line"),
    [
        ("extra: {secretly: perhaps}", 2),
        ("extra: {secretly: }", 2),
        ("extra: [secretly]", 2),
        ("extra: {Secretly: true}", 2),
        ("extra:\n  secretyl: true", 3),
        ("Extra: {secretly: true}", 2),
        ("exrta: {secretly: true}", 2),
    ],
)
def test_unreadable_nested_key_that_hides_sets_the_file_aside(front: str, line: int) -> None:
    """Misspelled keys do too, at each level."""
    found = decoded(DEEP, f"title: T\n{front}")
    assert found.document is None
    assert [(each.code, each.line) for each in found.problems] == [("BAD_VISIBILITY", line + 1)]


def test_repeated_mappings_hide_with_each_of_their_values() -> None:
    """A value that a later mapping does not repeat is contradictory."""
    for front in ("extra: {secretly: true}\nextra: {secretly: false}", "extra: {secretly: true}\nextra: {a: b}"):
        found = decoded(DEEP, f"title: T\n{front}")
        assert found.document is None
        assert (Severity.ERROR, "BAD_VISIBILITY") in codes(found)


def test_nested_date_hides_until_it_comes() -> None:
    found = document("fields: {publishedDateTime: params.when}", "params: {when: 2999-01-01}\ndate: 2020-01-01")
    assert found.public_from == datetime(2999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["extra.secured", "secured.text", "a.Secured.b"])
def test_secured_cannot_be_reached(name: str) -> None:
    read = site_config.parse(f"fields: {{excerpt: {name}}}".encode())
    assert [each.code for each in read.problems] == ["SITE_VALUE"]


TEXTS = st.sampled_from(["true", "false", "2024-05-06", "2999-01-01", "12", "x y", "no", "~", '"a, b"', "[a, b]"])
KEYS = st.sampled_from(
    ["extra", "params", "taxonomies", "team", "hide", "live", "when", "tags", "rating", "stars", "Hide", "a.b", "date"]
)
FRONT = st.recursive(TEXTS, lambda inner: st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)
RULES = site(NESTED)


def written(fields: object, indent: int = 0) -> str:
    if not isinstance(fields, dict):
        return f" {fields}"
    return "".join(f"\n{' ' * indent}{key}:{written(value, indent + 2)}" for key, value in fields.items())


@given(st.dictionaries(KEYS, FRONT, min_size=1, max_size=5))
def test_both_parsers_give_the_same_documents(fields: dict[str, object]) -> None:
    """The scanner of plain front matter gives the same, or leaves the file to the full parser."""
    data = f"---{written(fields)}\n---\n# T\n".encode()
    plain, full = (
        frontmatter.read_plain("a.md", data, nested_fields.kept_lists(UTC)),
        frontmatter.read("a.md", data),
    )
    assert full is not None
    with contextlib.suppress(PositionNeeded):
        assert plain is None or decoder.decode("a.md", plain, RULES) == decoder.decode("a.md", full, RULES)


def test_a_hidden_file_is_explained_with_its_line() -> None:
    """The scanner does not know the lines of nested keys, so it leaves the file to the full parser."""
    data = b"---\ntitle: T\nextra:\n  secretly: true\n---\n"
    plain = frontmatter.read_plain("a.md", data, nested_fields.kept_lists(UTC))
    assert plain is not None
    with pytest.raises(PositionNeeded):
        decoder.decode("a.md", plain, site(DEEP))
    full = frontmatter.read("a.md", data)
    assert full is not None
    assert [each.line for each in decoder.decode("a.md", full, site(DEEP)).hidings] == [4]


# Dates in texts and paths.


@pytest.mark.parametrize(
    ("pattern", "text", "date"),
    [
        ("/{year}/{month}/{day}/", "/blog/2024/05/06/name/", datetime(2024, 5, 6, tzinfo=UTC)),
        ("/{year}/{month}/", "/2024/5/name/", datetime(2024, 5, 1, tzinfo=UTC)),
        ("/{year}/{month}/{day}/", "/2024/aug/20/name/", datetime(2024, 8, 20, tzinfo=UTC)),
        ("{day}.{month}.{year}", "06.05.2024", datetime(2024, 5, 6, tzinfo=UTC)),
        ("{day}/{month}/{year} {hour}:{minute}", "6/5/2024 9:05", datetime(2024, 5, 6, 9, 5, tzinfo=UTC)),
        ("{year}{month}{day}", "note 20240506", datetime(2024, 5, 6, tzinfo=UTC)),
        ("{day}.{month}.{year}", "2024-05-06", datetime(2024, 5, 6, tzinfo=UTC)),
    ],
)
def test_pattern_finds_the_date_in_a_text(pattern: str, text: str, date: datetime) -> None:
    """A text without the pattern is read as a date."""
    rules = f'fields: {{publishedDateTime: {{from: posted, pattern: "{pattern}"}}}}'
    assert document(rules, f'posted: "{text}"').published_date_time == date


def test_pattern_in_a_nested_key_and_for_other_dates() -> None:
    rules = 'fields: {updatedDateTime: {from: extra.changed, pattern: "{day}.{month}.{year}"}}'
    found = document(rules, "extra: {changed: on 6.5.2024}")
    assert found.updated_date_time == datetime(2024, 5, 6, tzinfo=UTC)


def test_ignored_texts_are_no_date() -> None:
    rules = "fields: {publishedDateTime: {from: date, ignore: [Last Modified, Created]}}"
    assert document(rules, "date: last modified").published_date_time is None
    assert document(rules, "date: 2024-05-06").published_date_time == datetime(2024, 5, 6, tzinfo=UTC)
    assert codes(decoded(rules, "title: T\ndate: modified")) == [(Severity.ERROR, "BAD_VISIBILITY")]


def test_only_nested_names_that_hide_are_checked_for_misspellings() -> None:
    found = decoded("fields: {quality: params.rating, draft: extra.hidden}", "title: T\nparams: {ratings: 2}")
    assert found.problems == ()


def test_address_with_a_date_remains_an_address() -> None:
    """It may lack the date, and may still hide the document."""
    found = document(DATED, "permalink: /2024/05/06/name/")
    assert found.published_date_time == datetime(2024, 5, 6, tzinfo=UTC)
    assert (found.web_url, found.slug) == ("/2024/05/06/name/", "2024-05-06-name")
    assert document(DATED, "permalink: /about/").published_date_time is None
    assert not document(DATED, "permalink: false").published


@pytest.mark.parametrize("text", ["soon", "45.13.2024", "06.05.24"])
def test_unreadable_date_sets_the_file_aside(text: str) -> None:
    """A text with neither the pattern nor a date may be a mistake in a date that hides the file."""
    rules = 'fields: {publishedDateTime: {from: posted, pattern: "{day}.{month}.{year}"}}'
    assert codes(decoded(rules, f'title: T\nposted: "{text}"')) == [(Severity.ERROR, "BAD_VISIBILITY")]


@pytest.mark.parametrize(
    ("pattern", "path", "date", "slug"),
    [
        ("{year}/{month}/{day}/", "2026/08/20/name.md", datetime(2026, 8, 20, tzinfo=UTC), "name"),
        ("{year}/{month}/{day}/", "blog/2026/08/20/name/index.md", datetime(2026, 8, 20, tzinfo=UTC), "name"),
        ("posts/{year}/{month}/", "posts/2026/8/name.md", datetime(2026, 8, 1, tzinfo=UTC), "name"),
        ("{year}/{month}/{day}-", "2026/08/20-name.md", datetime(2026, 8, 20, tzinfo=UTC), "name"),
        ("{year}/{month}/{day}", "2026/08/20.md", datetime(2026, 8, 20, tzinfo=UTC), "20"),
        ("/{year}/{month}/{day}/", "2026/08/20/name.md", datetime(2026, 8, 20, tzinfo=UTC), "name"),
        ("{year}/{month}/{day}/", "2026/13/20/name.md", None, "name"),
        ("{year}/{month}/{day}/", "2026/08/2024-01-02-name.md", datetime(2024, 1, 2, tzinfo=UTC), "name"),
        ("{year}/", "x2026/name.md", None, "name"),
    ],
)
def test_date_of_a_path(pattern: str, path: str, date: datetime | None, slug: str) -> None:
    """It is part of neither slug nor title. Without it, the date of the file's name counts."""
    rules = f'fields: {{publishedDateTime: {{path: "{pattern}"}}}}'
    found = decoded(rules, "", path).document
    assert found is not None
    assert (found.published_date_time, found.slug) == (date, slug)


def test_written_date_takes_precedence_over_the_path() -> None:
    rules = 'fields: {publishedDateTime: {path: "{year}/{month}/{day}/"}}'
    assert document(rules, "date: 2024-01-01", "2026/08/20/a.md").published_date_time == datetime(
        2024, 1, 1, tzinfo=UTC
    )
    found = decoded(rules, "title: T", "2999/08/20/a.md")
    assert FieldOrigin("publishedDateTime", "the path") in found.field_origins
    assert [each.source for each in found.hidings] == ["the path"]


@pytest.mark.parametrize(
    "rule",
    [
        'publishedDateTime: {from: a, pattern: "{yaer}"}',
        'publishedDateTime: {from: a, pattern: "{day}"}',
        'publishedDateTime: {from: a, pattern: "{year}{year}"}',
        'publishedDateTime: {from: a, pattern: "{year}-{day}"}',
        "publishedDateTime: {path: []}",
        "publishedDateTime: {path: {}}",
        'publishedDateTime: {from: a, pattern: "none"}',
    ],
)
def test_bad_pattern_is_an_error(rule: str) -> None:
    read = site_config.parse(f"fields: {{{rule}}}".encode())
    assert {each.code for each in read.problems} == {"SITE_VALUE"}
    assert all(each.line == 1 and each.column and each.hint for each in read.problems)


@given(st.text(alphabet="{}yearmonthday/-.0123456789", max_size=40), st.text(alphabet="2026/08-x", max_size=60))
def test_arbitrary_patterns_give_rules_or_problems(pattern: str, path: str) -> None:
    read = site_config.parse(f"fields: {{publishedDateTime: {{path: {json.dumps(pattern)}}}}}".encode())
    if read.is_good:
        decoder.decode(f"{path}.md", frontmatter.FrontMatter(RULES_FIELDS, "# T\n", 1, ()), read.site)


RULES_FIELDS = frontmatter.read_whole("a.yaml", b"title: T").fields


# Joined keys.


def test_joined_keys_are_one_list() -> None:
    """The keys that the schema does not model are under the field's name."""
    rules = "fields: {images: {join: [cover, params.gallery]}, topics: {join: [tags, category]}}"
    front = "cover: {src: /a.png, caption: C}\nparams: {gallery: [/b.png, /c.png]}\ntopics: [x]\ntags: y\ncategory: z"
    found = document(rules, front)
    assert [image.url for image in found.images] == ["/a.png", "/b.png", "/c.png"]
    assert topics(found) == ["x", "y", "z"]
    assert front_matter(found)["images"] == [{"caption": "C"}, None, None]


def test_joined_keys_may_be_empty() -> None:
    rules = "fields: {images: {join: [cover, gallery]}}"
    assert document(rules, "cover: []\ngallery:").images == ()
    assert [image.url for image in document(rules, "cover: [~, /a.png]\ngallery:").images] == ["/a.png"]


def test_joined_texts_are_split() -> None:
    assert topics(document('fields: {topics: {join: [a, b], split: " "}}', "a: x y\nb: [z z, w]")) == [
        "x",
        "y",
        "z z",
        "w",
    ]


def test_lists_in_joined_lists_are_joined() -> None:
    rules = "fields: {topics: {join: [categories]}, images: {join: [photos]}}"
    found = document(rules, "categories: [[a, b], [a, c], d]\nphotos: [[/a.png], /b.png]")
    assert topics(found) == ["a", "b", "c", "d"]
    assert [image.url for image in found.images] == ["/a.png", "/b.png"]


def test_join_and_from_are_one_too_many() -> None:
    read = site_config.parse(b"fields: {topics: {from: a, join: [b]}}")
    assert [(each.code, each.line, each.column) for each in read.problems] == [("SITE_VALUE", 1, 28)]


def test_rules_can_be_sent_to_other_processes() -> None:
    rules = site(DATED)
    assert pickle.loads(pickle.dumps(rules)) == rules  # noqa: S301 - own data
