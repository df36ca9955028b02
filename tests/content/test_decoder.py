"""Decoding of documents from the bytes of files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import frontmatter
from gateway.content.decoder import Decoded, decode
from gateway.content.identity import digits
from gateway.content.nodes import MappingEntry, MappingNode, Node, Position, ScalarNode, SequenceNode
from gateway.content.site import DEFAULT_SITE, Site
from gateway.model.documents import AuthorName, Document, FieldOrigin, Image, ProviderName
from gateway.model.problems import Problem, Severity

SEEDS = Path(__file__).parents[2] / "seeds"


def decoded(front: str, body: str = "", path: str = "a.md", site: Site = DEFAULT_SITE) -> Decoded:
    front_matter = frontmatter.read(path, f"---\n{front}\n---\n{body}".encode())
    assert front_matter is not None
    return decode(path, front_matter, site)


def document(front: str, body: str = "", path: str = "a.md") -> Document:
    """The document of a file that has no problems."""
    found, problems, *_ = decoded(f"title: T\n{front}", body, path)
    assert problems == ()
    assert found is not None
    return found


def warned(front: str, *codes: str) -> tuple[Document, tuple[Problem, ...]]:
    """The document of a file with exactly these warnings, each with a position and a hint."""
    found, problems, *_ = decoded(f"title: T\n{front}")
    assert [problem.code for problem in problems] == list(codes)
    assert all(problem.line and problem.column and problem.hint for problem in problems)
    assert found is not None
    return found, problems


def rest(found: Document) -> object:
    return json.loads(found.front_matter)


def test_seed_file() -> None:
    """A seed file is decoded completely and without problems."""
    path = "000_a1e971cc52df9b4c.txt"
    front_matter = frontmatter.read(path, (SEEDS / path).read_bytes())
    assert front_matter is not None
    found, problems, *_ = decode(path, front_matter)
    assert problems == ()
    assert found is not None
    assert found.slug == "000-a1e971cc52df9b4c"
    assert found.title == "Italy bans the use of facial-recognition technology"
    assert found.excerpt is not None
    assert found.excerpt.startswith("Italy's Data Protection Agency")
    assert (found.category, found.type, found.quality, found.heat, found.published) == (
        "news",
        "article",
        24,
        -1,
        False,
    )
    assert found.published_date_time == datetime(2022, 11, 15, 17, 36, tzinfo=UTC)
    assert found.provider == ProviderName("theiet.org", "IET", "theiet.org")
    assert [topic.name for topic in found.topics] == ["Computer Vision", "AI"]
    assert [(image.width, image.height, image.is_cached) for image in found.images] == [(1200, 450, True)]
    assert found.secured is not None
    assert found.secured.endswith("==")
    assert rest(found) == {}


def test_related_entries_of_the_seed() -> None:
    """Each entry has its own provider. The last one has no AMP page."""
    path = "000_a1e971cc52df9b4c.txt"
    front_matter = frontmatter.read(path, (SEEDS / path).read_bytes())
    assert front_matter is not None
    found = decode(path, front_matter).document
    assert found is not None
    domains = [entry.provider and entry.provider.domain for entry in found.related]
    assert domains == ["gadgetsnow.com", "mid-day.com", "livemint.com", "usnews.com"]
    assert [bool(entry.amp_web_url and entry.cdn_amp_web_url) for entry in found.related] == [True, True, True, False]
    assert [entry.quality for entry in found.related] == [71, 70, 61, 49]
    assert all(entry.identity == entry.url for entry in found.related)


def test_values_that_look_like_other_types_stay_text() -> None:
    """Titles, topics and categories keep the text that was written."""
    found, *_ = decoded("title: NO\ncategory: 1.10\ntopics: [NO, 12:30:45, 012345, 2022-11-15]")
    assert found is not None
    assert (found.title, found.category) == ("NO", "1.10")
    assert [topic.name for topic in found.topics] == ["NO", "12:30:45", "012345", "2022-11-15"]


@pytest.mark.parametrize(
    ("front", "name", "value"),
    [
        ("date: 2024-03-21", "published_date_time", datetime(2024, 3, 21, tzinfo=UTC)),
        ("date:\npubDate: 2024-03-21", "published_date_time", datetime(2024, 3, 21, tzinfo=UTC)),
        (
            "publishDate: 2024-03-20\npublishedDateTime: 2024-03-21",
            "published_date_time",
            datetime(2024, 3, 21, tzinfo=UTC),
        ),
        ("lastmod: 2024-03-21", "updated_date_time", datetime(2024, 3, 21, tzinfo=UTC)),
        ("summary: S", "excerpt", "S"),
        ("description: D\nexcerpt: E", "excerpt", "E"),
        ("lang: de", "locale", "de"),
        ("draft: true", "published", False),
        ("draft: false", "published", True),
        ("draft: no\npublished: no", "published", False),
        ("", "published", True),
        ("type: ''", "type", "article"),
        ("author: A B", "authors", (AuthorName("a b", "A B"),)),
        ("author: A\nauthors: [B]", "authors", (AuthorName("b", "B"),)),
        ("author: A\nauthors:", "authors", (AuthorName("a", "A"),)),
        ("author: A", "provider", None),
        ("source: {url: 'https://www.A.org/x'}", "provider", ProviderName("a.org", "a.org", "a.org")),
        ("source:\nprovider: {domain: A.org}", "provider", ProviderName("a.org", "a.org", "a.org")),
        ("cover: a.png", "images", (Image("a.png"),)),
        ("hero: {url: a.png, width: '2', isCached: yes}", "images", (Image("a.png", 2, is_cached=True),)),
        ("images: [a.png, {url: b.png}]", "images", (Image("a.png"), Image("b.png"))),
        ("slug: My Page", "slug", "my-page"),
        ("permalink: /a/b/", "slug", "a-b"),
        ("permalink: /about.html", "slug", "about"),
        ("permalink: /about.html", "web_url", "/about.html"),
        ("permalink: /about.html", "urls", ("/about.html",)),
        ("url: /contact/index.html", "slug", "contact"),
        ("url: /caf%C3%A9/", "slug", "cafe"),
        ("url: /caf%C3%A9/", "web_url", "/caf%C3%A9/"),
        ("url: /caf%C3%A9/", "urls", ("/caf%C3%A9",)),
        ("permalink: /", "slug", "a"),
        ("permalink: /", "web_url", "/"),
        ("slug: x\npermalink: /y/", "slug", "x"),
        ("slug: x\npermalink: /y/", "web_url", "/y/"),
        ("webUrl: /x/", "web_url", "/x/"),
        ("webUrl: /x/", "slug", "a"),
        ("webUrl: https://a.org/c\npermalink: /y/", "web_url", "https://a.org/c"),
        ("permalink: /y/\nurl: https://a.org/c", "web_url", "https://a.org/c"),
        ("permalink: /y/\nurl: https://a.org/c", "slug", "y"),
        ("permalink: /y/\nurl: //a.org/c", "web_url", "//a.org/c"),
        ("url: //a.org/c", "slug", "a"),
        ("url: //a.org/c", "urls", ("https://a.org/c",)),
        ("url: https://a.org/b", "web_url", "https://a.org/b"),
        ("url: https://a.org/b\nwebUrl: https://a.org/c", "web_url", "https://a.org/c"),
        ("webUrl: http://www.a.org/\noriginalUrl: https://a.org", "urls", ("https://a.org",)),
        ("updatedDate: 2024-03-21", "updated_date_time", datetime(2024, 3, 21, tzinfo=UTC)),
        ("heroImage: a.png", "images", (Image("a.png"),)),
        ("coverImage: {src: a.png, alt: A}", "images", (Image("a.png", title="A"),)),
        ("featured_image: {path: a.png}", "images", (Image("a.png"),)),
        ("ogImage: {image: a.png, title: ' T '}", "images", (Image("a.png", title=" T "),)),
        ("excerpt: ' E\\n'", "excerpt", " E\\n"),
        ('excerpt: " E\\n"', "excerpt", " E\n"),
        ("excerpt: |\n  E", "excerpt", "E"),
        ("excerpt: '  '", "excerpt", None),
        ("category: ' C '", "category", "C"),
    ],
)
def test_common_keys_give_fields(front: str, name: str, value: object) -> None:
    """Keys of other tools are read. Native keys take precedence."""
    assert getattr(document(front), name) == value


@pytest.mark.parametrize(
    ("path", "slug", "date"),
    [
        ("posts/2024-03-21-My_Page.md", "my-page", datetime(2024, 3, 21, tzinfo=UTC)),
        ("posts/2024-13-21-x.md", "2024-13-21-x", None),
        ("posts/2099-1-5-x.md", "x", datetime(2099, 1, 5, tzinfo=UTC)),
        ("posts/2024_05_06_x.md", "x", datetime(2024, 5, 6, tzinfo=UTC)),
        ("posts/20240506-x.md", "x", datetime(2024, 5, 6, tzinfo=UTC)),
        ("posts/2024-05-06.md", "2024-05-06", datetime(2024, 5, 6, tzinfo=UTC)),
        ("guide/index.md", "guide", None),
        ("2024-03-21-guide/INDEX.md", "guide", datetime(2024, 3, 21, tzinfo=UTC)),
        ("posts/_index.md", "posts", None),
        ("index.md", "index", None),
        ("!.md", digits("!.md"), None),
    ],
)
def test_slug_and_date_from_the_file_name(path: str, slug: str, date: datetime | None) -> None:
    """A file name gives a slug, and a date in each form that means one day."""
    found = document("", path=path)
    assert found.slug == slug
    assert found.published_date_time == date


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1))
def test_slug_has_no_outer_hyphen(name: str) -> None:
    """Every file name gives a slug without a leading or trailing hyphen."""
    found = document("", path=f"{name}.md").slug
    assert found
    assert found == found.strip("-")


@pytest.mark.parametrize(
    "permalink", ["/:year/:title/", ":slug", "/blog/{{ title | slugify }}/", "{% if a %}b{% endif %}", "false"]
)
def test_permalink_with_placeholders_gives_no_slug(permalink: str) -> None:
    """The file name gives the slug, and the pattern stays in the front matter."""
    found = document(f"permalink: {json.dumps(permalink)}")
    assert found.slug == "a"
    assert rest(found) == {"permalink": permalink}


def test_date_in_front_matter_overrides_the_file_name() -> None:
    """The file name dates only a document without a date."""
    found = document("date: 2024-03-22", path="2024-03-21-a.md")
    assert found.published_date_time == datetime(2024, 3, 22, tzinfo=UTC)


@pytest.mark.parametrize("front", ["", "title:", "title: ''"])
def test_first_heading_replaces_a_missing_title(front: str) -> None:
    """A document without a title gets the text of its first heading."""
    found, problems, *_ = decoded(front, "# *Real* title\n")
    assert problems == ()
    assert found is not None
    assert found.title == "Real title"


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("x/a b.md", "A b"),
        ("2024-05-06-my-first_post.md", "My first post"),
        ("guide/index.md", "Guide"),
        ("2024-05-06.md", "2024-05-06"),
    ],
)
def test_file_name_replaces_a_missing_title(path: str, title: str) -> None:
    """A document without title and heading gets the words of its file name, with a warning."""
    found, problems, *_ = decoded("", path=path)
    assert found is not None
    assert found.title == title
    assert [(problem.severity, problem.code) for problem in problems] == [(Severity.WARNING, "MISSING_TITLE")]


@pytest.mark.parametrize("title", ["\xa0", "'\xa0 \u200b'", "\u200b\u2060", '"\\u00ad"'])
def test_a_title_that_nobody_sees_is_missing(title: str) -> None:
    """The heading takes its place, unless it is invisible too; then that is reported."""
    found, problems, *_ = decoded(f"title: {title}", body="# \u200b\n\n# Seen\n")
    assert found is not None
    assert (found.title, problems) == ("Seen", ())
    found, problems, *_ = decoded(f"title: {title}", body="# \u200b\n", path="a-b.md")
    assert found is not None
    assert found.title == "A b"
    assert [(problem.severity, problem.code) for problem in problems] == [(Severity.WARNING, "MISSING_TITLE")]


@pytest.mark.parametrize(
    "front",
    [
        "published: maybe",
        "published:",
        "published: ''",
        "published: [true]",
        "draft: ~",
        "draft: 2",
        "Published: false",
        "publihsed: false",
        "DRAFT: true",
        "drafts: true",
        "publishedDateTime: 2024-13-01",
        "date: soon",
        "date: {a: b}",
        "published: true\npublished: false",
    ],
)
def test_unreadable_visibility_sets_the_file_aside(front: str) -> None:
    """A mistake in a key that governs visibility sets the file aside, with its position."""
    found, problems, *_ = decoded(f"title: T\n{front}")
    assert found is None
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    assert [(problem.code, problem.path) for problem in errors] == [("BAD_VISIBILITY", "a.md")]
    assert errors[0].hint
    assert errors[0].line
    assert errors[0].line >= 3


def test_empty_date_counts_as_absent() -> None:
    """An empty date has the same effect as a missing key."""
    assert document("publishedDateTime:").published_date_time is None


def test_repeated_flag_with_equal_values() -> None:
    """Only contradicting values of a repeated flag are refused."""
    found, *_ = decoded("title: T\npublished: no\npublished: 'false'")
    assert found is not None
    assert not found.published


def test_draft_overrides_published() -> None:
    """The statement that hides takes precedence, and the contradiction is reported."""
    found, problems = warned("published: true\ndraft: true", "CONFLICT")
    assert not found.published
    assert problems[0].line == 4


@pytest.mark.parametrize(
    ("front", "name", "value"),
    [
        ("quality: high", "quality", None),
        ("heat: 99999999999", "heat", None),
        ("category: [a]", "category", None),
        ("updated: soon", "updated_date_time", None),
        ("topics: [[a]]", "topics", ()),
        ("images: [{width: 1}]", "images", ()),
        ("images: [{url: a, width: wide}]", "images", (Image("a"),)),
        ("provider: {other: a}", "provider", None),
        ("slug: '!!'", "slug", "a"),
        ("secured: [x]", "secured", None),
    ],
)
def test_unreadable_value_is_dropped(front: str, name: str, value: object) -> None:
    """The article stays. The value is null or its entry is left out, with a warning at the value."""
    found, problems = warned(front, "BAD_VALUE")
    assert getattr(found, name) == value
    assert problems[0].severity is Severity.WARNING
    assert problems[0].line == 3


@pytest.mark.parametrize(
    ("key", "meant"), [("Title", "title"), ("qualty", "quality"), ("excerpts", "excerpt"), ("catgeory", "category")]
)
def test_misspelt_key_is_reported(key: str, meant: str) -> None:
    """A key that is one edit away from a known key gives a warning."""
    found, problems = warned(f"{key}: x", "UNKNOWN_KEY")
    assert problems[0].hint is not None
    assert f"`{meant}`" in problems[0].hint
    assert rest(found) == {key: "x"}


@pytest.mark.parametrize("key", ["data", "layout", "weight", "rate", "x"])
def test_unknown_key_is_kept_without_a_warning(key: str) -> None:
    """A key that does not resemble a known key is kept and not reported."""
    assert rest(document(f"{key}: x")) == {key: "x"}


def test_quoted_title_keeps_outer_white_space() -> None:
    """The title is returned as written. A title of white space counts as missing."""
    found, *_ = decoded("title: ' T '\nrelated: [{title: ' R ', excerpt: ' E '}]")
    assert found is not None
    assert (found.title, found.related[0].title, found.related[0].excerpt) == (" T ", " R ", " E ")
    assert found.related[0].identity == "R"
    untitled, *_ = decoded("title: '  '", "# Heading\n")
    assert untitled is not None
    assert untitled.title == "Heading"


def test_a_name_that_ends_in_a_language_gives_the_locale() -> None:
    """What the file itself says comes first."""
    front_matter = frontmatter.read("a.fr.md", b"---\ntitle: T\n---\n")
    assert front_matter is not None
    site = Site(locales=("en", "fr"))
    found, problems, given, _ = decode("2024-05-06-a.fr.md", front_matter, site)
    assert problems == ()
    assert found is not None
    assert (found.slug, found.locale, found.published_date_time) == ("a", "fr", datetime(2024, 5, 6, tzinfo=UTC))
    assert FieldOrigin("locale", "the file name") in given
    front_matter = frontmatter.read("a.fr.md", b"---\ntitle: T\nlang: fr-CA\n---\n")
    assert front_matter is not None
    found, *_ = decode("a.fr.md", front_matter, site)
    assert found is not None
    assert found.locale == "fr-CA"


def test_a_language_that_the_site_does_not_list_is_a_part_of_the_name() -> None:
    """It is told where the site lists none."""
    front_matter = frontmatter.read("how.to.md", b"---\ntitle: T\n---\n")
    assert front_matter is not None
    found, problems, *_ = decode("how.to.md", front_matter)
    assert found is not None
    assert (found.slug, found.locale) == ("how-to", None)
    assert [(each.severity, each.code) for each in problems] == [("INFO", "LOCALES_UNKNOWN")]
    assert decode("how.to.md", front_matter, Site(locales=("en",))).problems == ()


@pytest.mark.parametrize(
    ("front", "left"),
    [
        ("image: {path: a, alt: A, caption: C}", {"image": {"caption": "C"}}),
        ("image: {path: a, alt: A, title: T}", {"image": {"alt": "A"}}),
        ("image: {path: a, image: b}", {"image": {"image": "b"}}),
        ("images: [{url: a, caption: C}, b]", {"images": [{"caption": "C"}, None]}),
        ("images: [{url: a}, b]", {}),
        ("cover: {image: a, secured: x, deep: {secured: x, b: 1}}", {"cover": {"deep": {"b": 1}}}),
        ("author: {name: A, twitter: t}", {"author": {"twitter": "t"}}),
        ("provider: {name: A, images: [{url: a, alt: b, title: T}]}", {"provider": {"images": [{"alt": "b"}]}}),
        ("related: [{title: A, note: n}, B]", {"related": [{"note": "n"}, None]}),
        (
            "related: {title: A, provider: {name: B, x: 1}, images: {url: a, y: 2}}",
            {"related": {"provider": {"x": 1}, "images": {"y": 2}}},
        ),
        ("tags: [{name: a, color: red}]", {"tags": [{"color": "red"}]}),
        ("topics: [x]\ntags: [a]\nkeywords:", {"tags": ["a"]}),
    ],
)
def test_unmodelled_keys_of_known_mappings_stay_in_front_matter(front: str, left: object) -> None:
    """They keep their place, and lists keep a place per entry. `secured` is removed."""
    assert rest(document(front)) == left


def test_unmodelled_keys_stay_in_front_matter() -> None:
    """Unmodelled keys are kept as JSON. Only exposed keys are public."""
    front = (
        "title: T\nversion: 1.10\nweight: 3\nnested: {secured: x, a: [true]}\nsummary: S\ndescription: D\nsecured: z"
    )
    found, *_ = decoded(front, site=Site(expose=frozenset({"weight", "secured", "title"})))
    assert found is not None
    assert rest(found) == {"version": 1.1, "weight": 3, "nested": {"a": [True]}, "summary": "S"}
    assert json.loads(found.exposed) == {"weight": 3}
    assert found.secured == "z"


def test_empty_key_of_a_field_is_not_kept() -> None:
    """The schema models the field, so the empty key is not in `frontMatter`."""
    assert rest(document("tags:\ncover: null\nlayout:")) == {"layout": None}


def test_topics_that_differ_only_in_case_are_one() -> None:
    """A topic is listed once, in its first spelling."""
    assert [topic.name for topic in document("tags: [AI, ai, ~, '', B]").topics] == ["AI", "B"]


@pytest.mark.parametrize(
    ("front", "topics"),
    [
        ("tag: solo", ["solo"]),
        ("topic: a\nkeyword: b", ["a", "b"]),
        ("keywords: [c]\ncategories: [b, A]\ntags: [a, B]", ["a", "B", "c"]),
        ("topics: [x]\ntags: [a]", ["x"]),
        ("topics:\ntags: [a]", ["a"]),
        ("topics: []\ntags: [a]", []),
        ("category: c", []),
        ("tags: [{name: a}, {title: b}, {label: c}, 'd, e', {title: T, name: f}]", ["a", "b", "c", "d, e", "f"]),
        ("topic: two words", ["two words"]),
    ],
)
def test_topic_keys_are_merged(front: str, topics: list[str]) -> None:
    """The native key is used by itself. Other keys are merged in the order of the table."""
    assert [topic.name for topic in document(front).topics] == topics


@pytest.mark.parametrize(
    ("front", "topics", "hint"),
    [
        ("tags: 'a, b,,a '", ["a", "b"], "list"),
        ("topics: a, b c", ["a", "b c"], "list"),
        ("tag: a,b", ["a", "b"], "list"),
        ("tags: ruby rails", ["ruby rails"], 'split: " "'),
        ("categories: a b", ["a b"], 'split: " "'),
    ],
)
def test_topics_in_a_text_are_reported(front: str, topics: list[str], hint: str) -> None:
    """Commas separate topics. White space separates them only if the site's rules set it."""
    found, problems = warned(front, "TOPICS_AS_TEXT")
    assert [topic.name for topic in found.topics] == topics
    assert problems[0].severity is Severity.INFO
    assert hint in (problems[0].hint or "")


def test_first_provider_is_used() -> None:
    """The others stay in the front matter."""
    found, problems = warned("source: [A, {name: B, url: 'https://b.org'}]", "PROVIDERS_LEFT_OUT")
    assert found.provider == ProviderName("a", "A", None)
    assert rest(found) == {"source": [{"name": "B", "url": "https://b.org"}]}
    assert problems[0].severity is Severity.INFO


def test_related_entry_without_a_title_uses_its_url() -> None:
    """The URL is the title of the entry."""
    found, _ = warned("related: [{webUrl: 'https://www.a.org/b/c/?d=e'}]", "RELATED_WITHOUT_TITLE")
    assert found.related[0].title == "a.org/c"


def test_related_entry_without_title_and_url_is_dropped() -> None:
    """Other entries stay."""
    found, _ = warned("related: [{quality: 1}, {title: A}]", "RELATED_LEFT_OUT")
    assert [(entry.title, entry.identity, entry.url, entry.type) for entry in found.related] == [
        ("A", "A", None, "article")
    ]


def test_url_of_a_related_entry() -> None:
    """An AMP page is used if no other page is given. Plain text is a URL or a title."""
    found, *_ = decoded("title: T\nrelated: [{title: A, ampWebUrl: 'http://a.org/amp/'}, 'https://b.org/c', Text]")
    assert found is not None
    assert [entry.identity for entry in found.related] == ["https://a.org/amp", "https://b.org/c", "Text"]


def test_toml_gives_the_same_values_as_yaml() -> None:
    """Both formats follow the same rules."""
    text = '+++\ntitle = "T"\ndate = 2024-03-21T04:00:00+02:00\ndraft = true\nquality = 5\ntags = ["a"]\n+++\n'
    front_matter = frontmatter.read("a.md", text.encode())
    assert front_matter is not None
    found, problems, *_ = decode("a.md", front_matter)
    assert problems == ()
    assert found is not None
    assert (found.published, found.quality, found.topics[0].name) == (False, 5, "a")
    assert found.published_date_time == datetime(2024, 3, 21, 2, tzinfo=UTC)


MARK = Position(2, 1)
SCALARS = st.builds(
    lambda text, plain: ScalarNode(text, plain, MARK), st.text(st.characters(codec="utf-8")), st.booleans()
)
KEYS = st.one_of(
    st.sampled_from(["title", "published", "draft", "date", "topics", "images", "related", "authors", "url", "webUrl"]),
    st.sampled_from(["name", "domain", "width", "isCached", "secured", "provider", "publishedDateTime"]),
    st.sampled_from(["tag", "label", "cover", "path", "alt", "caption", "permalink", "locale", "updatedDate"]),
    st.text(st.characters(codec="utf-8")),
)


def mapping(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[MappingNode]:
    entries = st.dictionaries(KEYS, nodes, max_size=6)
    return entries.map(
        lambda found: MappingNode({k: MappingEntry(ScalarNode(k, True, MARK), v) for k, v in found.items()}, MARK)
    )


NODES: st.SearchStrategy[Node] = st.recursive(
    SCALARS,
    lambda nodes: st.one_of(mapping(nodes), st.lists(nodes, max_size=3).map(lambda n: SequenceNode(tuple(n), MARK))),
)


@given(mapping(NODES), st.text(max_size=50))
def test_arbitrary_front_matter_gives_a_document_or_an_error(fields: MappingNode, body: str) -> None:
    """The decoder raises no other exception for any file."""
    found, problems, *_ = decode("a.md", frontmatter.FrontMatter(fields, body, 3, ()))
    assert (found is None) == any(problem.severity is Severity.ERROR for problem in problems)
    assert found is None or (found.title and found.slug and isinstance(rest(found), dict))
