"""The rules of a site: how gateway.yaml is read, and what becomes of a document under it."""

from __future__ import annotations

import json
import os
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import frontmatter, site_config
from gateway.content.decoder import Decoded, decode
from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.parser_pool import ParserPool
from gateway.content.site import DEFAULT_SITE, Site
from gateway.content.source import Walk
from gateway.model.changes import Loaded
from gateway.model.documents import Document, FieldOrigin, Image, ProviderName
from gateway.model.problems import Severity


def site(text: str) -> Site:
    """The rules of a gateway.yaml without fault."""
    read = site_config.parse(text.encode())
    assert read.problems == ()
    return read.site


def decoded(rules: str, front: str, path: str = "a.md", body: str = "") -> Decoded:
    front_matter = frontmatter.read(path, f"---\n{front}\n---\n{body}".encode())
    assert front_matter is not None
    return decode(path, front_matter, site(rules))


def document(rules: str, front: str, path: str = "a.md") -> Document:
    """The document of a file, which has no problem."""
    found, problems, *_ = decoded(rules, f"title: T\n{front}", path)
    assert problems == ()
    assert found is not None
    return found


def codes(found: Decoded) -> list[tuple[Severity, str]]:
    return [(problem.severity, problem.code) for problem in found.problems]


# How gateway.yaml is read.


def test_comments_beside_rules_are_usual() -> None:
    """A comment after a rule stops no start; a merge conflict does, by its name."""
    good = site_config.parse(b"fields: # which\n  draft: hidden # as ever\nexpose: [a] # b\n")
    assert good.is_good
    bad = site_config.parse(b"expose: [a]\n<<<<<<< a\n=======\n>>>>>>> b\n")
    assert [(problem.severity, problem.code, problem.line) for problem in bad.problems] == [
        (Severity.ERROR, "MERGE_CONFLICT", 2)
    ]


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "told"),
    [
        ("field: {}", "SITE_KEY", 1, 1, "Write `fields`."),
        ("plugins: []", "SITE_KEY", 1, 1, "defaults, expose, fields, include, locales, pin, timezone"),
        ("fields: [a]", "SITE_VALUE", 1, 9, "This is not a mapping"),
        ("fields: {topcs: a}", "SITE_KEY", 1, 10, "Write `topics`."),
        ("fields: {secured: a}", "SITE_KEY", 1, 10, "not a known key"),
        ("fields: {topics: [a, {b: c}]}", "SITE_VALUE", 1, 22, "This is not a text"),
        ("fields: {topics: }", "SITE_VALUE", 1, 18, "This is not a text"),
        ("fields:\n  topics: {form: a}", "SITE_KEY", 2, 12, "The known keys are from, split."),
        ("fields:\n  topics: {split: [a]}", "SITE_VALUE", 2, 19, "This is not a text"),
        ("fields:\n  topics: {split: ''}", "SITE_VALUE", 2, 19, "This is not a text"),
        ("fields:\n  title: {split: ','}", "SITE_VALUE", 2, 18, "not a list"),
        ("fields:\n  draft: {split: ','}", "SITE_KEY", 2, 11, "from, values"),
        ("fields:\n  title: {values: [a]}", "SITE_KEY", 2, 11, "from, split"),
        ("fields:\n  draft: {values: [a]}", "SITE_VALUE", 2, 10, "`from` is missing"),
        ("fields:\n  draft: {from: a, values: []}", "SITE_VALUE", 2, 10, "text is missing"),
        ("timezone: america/new_york", "SITE_VALUE", 1, 11, "Write `America/New_York`."),
        ("timezone: Mars/Olympus", "SITE_VALUE", 1, 11, "IANA"),
        ("timezone: ../../etc/passwd", "SITE_VALUE", 1, 11, "not a time zone"),
        ("timezone: localtime", "SITE_VALUE", 1, 11, "not a time zone"),
        ("timezone: [UTC, UTC]", "SITE_VALUE", 1, 12, "a list"),
        ("timezone:", "SITE_VALUE", 1, 10, "This is not a text"),
        ("locales: [[en]]", "SITE_VALUE", 1, 11, "This is not a text"),
        ("pin:\n  - {path: a, topics: 'a, b'}", "SITE_VALUE", 2, 23, "split at its commas"),
        ("fields: {excerpt: [Secured]}", "SITE_VALUE", 1, 20, "never shown"),
        ("expose: [secured]", "SITE_VALUE", 1, 10, "never shown"),
        ("expose: [title]", "SITE_VALUE", 1, 10, "never in `frontMatter`"),
        ("expose: {a: b}", "SITE_VALUE", 1, 9, "This is not a text"),
        ("include: ['/a']", "SITE_VALUE", 1, 11, "not a valid path pattern"),
        ("defaults: [de]", "SITE_VALUE", 1, 12, "This is not a mapping"),
        ("defaults:\n  - {locale: de}", "SITE_VALUE", 2, 5, "`path` is missing"),
        ("defaults:\n  - {path: de}", "SITE_VALUE", 2, 5, "field to set is missing"),
        ("defaults:\n  - {path: 'a**b', locale: de}", "SITE_VALUE", 2, 12, "not a valid path pattern"),
        ("defaults:\n  - {path: de, layout: a}", "SITE_KEY", 2, 16, "not a known key"),
        ("pin:\n  - {path: a, draft: true}", "SITE_KEY", 2, 15, "not a known key"),
        ("pin:\n  - {path: a, secured: x}", "SITE_KEY", 2, 15, "not a known key"),
        ("pin:\n  - {path: a, published: maybe}", "SITE_VALUE", 2, 26, "neither true nor false"),
        ("pin:\n  - {path: a, published: }", "SITE_VALUE", 2, 26, "empty"),
        ("pin:\n  - {path: a, publishedDateTime: 2024-13-01}", "SITE_VALUE", 2, 34, "not a date"),
        ("pin:\n  - {path: a, quality: high}", "SITE_VALUE", 2, 24, "not a whole number"),
        ("pin:\n  - {path: a, images: [{width: 1}]}", "SITE_VALUE", 2, 24, "without `url`"),
        ("pin:\n  - {path: a, provider: [A, B]}", "SITE_VALUE", 2, 25, "Only one is used"),
        ("pin:\n  - {path: a, slug: '!'}", "SITE_VALUE", 2, 21, "neither letters nor digits"),
        ("expose: [a]\nexpose: [b]", "DUPLICATE_KEY", 2, 1, "at lines 1 and 2"),
        ("- a", "NOT_A_MAPPING", 1, 1, "not a mapping"),
        ("a: [", "SYNTAX", 1, 5, ""),
        ("a: !!python/object:os.system {}", "UNSUPPORTED_TAG", 1, 4, ""),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, code: str, line: int, column: int, told: str) -> None:
    """One slip is one error that says where and what, and how to mend it."""
    read = site_config.parse(text.encode())
    assert not read.is_good
    assert [(each.code, each.severity, each.path) for each in read.problems] == [(code, "ERROR", "gateway.yaml")]
    problem = read.problems[0]
    assert (problem.line, problem.column) == (line, column)
    assert problem.hint
    assert told in f"{problem.message} {problem.hint}"


def test_all_that_is_wrong_is_told_at_once() -> None:
    """One error hides no other."""
    read = site_config.parse(b"fieds: {}\ninclude: ['/']\npin: [{path: a, heat: x}, {path: b}]\n")
    assert len(read.problems) == 4


@pytest.mark.parametrize("text", ["", "# nothing\n", "fields:\ndefaults:\npin:\n", "{}", "expose: []"])
def test_a_file_that_says_nothing_changes_nothing(text: str) -> None:
    """An empty file, or empty sections, are the usual rules."""
    assert site(text)._replace(digest="") == DEFAULT_SITE


@given(st.text(max_size=200))
def test_no_file_makes_the_reader_fail(text: str) -> None:
    """Whatever stands in it, there are rules or problems."""
    assert isinstance(site_config.parse(text.encode("utf-8", "surrogatepass")), site_config.SiteConfig)


def test_a_folder_without_rules_has_the_usual_ones(tmp_path: Path) -> None:
    """No file is no problem; a folder that cannot be listed may hold any rules."""
    assert site_config.read(tmp_path) == site_config.SiteConfig(DEFAULT_SITE, is_there=False)
    with pytest.raises(OSError, match="nowhere"):
        site_config.read(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["gateway.yml", "Gateway.yaml"])
@pytest.mark.parametrize("files", [[], ["gateway.yaml"]])
def test_a_misnamed_file_is_an_error(tmp_path: Path, name: str, files: list[str]) -> None:
    """Rules that are not read must not be thought to be in force, also beside a file with the right name."""
    for file in (name, *files):
        (tmp_path / file).write_text("expose: [a]")
    found = site_config.read(tmp_path)
    assert [(each.severity, each.code, each.path) for each in found.problems] == [("ERROR", "SITE_NAME", name)]
    assert (found.is_good, found.is_there, found.problems[0].hint) == (
        False,
        True,
        "Rename it to gateway.yaml, or delete it.",
    )


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Where there are rules they are never passed over: a pipe is not waited for, and a link not followed."""
    file = tmp_path / "gateway.yaml"
    os.mkfifo(file)
    assert [(each.severity, each.code) for each in site_config.read(tmp_path).problems] == [("ERROR", "NOT_A_FILE")]
    file.unlink()
    file.symlink_to("/etc/hostname")
    assert [(each.severity, each.code) for each in site_config.read(tmp_path).problems] == [("ERROR", "UNREADABLE")]
    file.unlink()
    file.write_bytes(b"\xff")
    assert [(each.severity, each.code) for each in site_config.read(tmp_path).problems] == [("ERROR", "ENCODING")]


def test_other_bytes_are_other_rules(tmp_path: Path) -> None:
    """What was decoded by the rules that were is told from what these say."""
    (tmp_path / "gateway.yaml").write_text("expose: [a]")
    first = site_config.read(tmp_path).site
    (tmp_path / "gateway.yaml").write_text("expose: [b]")
    assert len({first.digest, site_config.read(tmp_path).site.digest, DEFAULT_SITE.digest}) == 3


async def test_the_rules_reach_the_processes_that_parse(tmp_path: Path) -> None:
    """A worker decodes by them, and files that they include are documents to it."""
    rules = site("fields: {topics: {from: kw, split: ','}}\npin: [{path: data, locale: de}]\ninclude: ['data/*.yaml']")
    assert pickle.loads(pickle.dumps(rules)) == rules  # noqa: S301 - our own bytes
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.yaml").write_text("title: A\nkw: x, y\n")
    tasks = [Task(file) for file in Walk(tmp_path, include=rules.include).run().files.values()]
    parser_pool = ParserPool(1)
    try:
        said = [batch async for batch in parser_pool.parse(tasks, ParseContext(str(tmp_path), site=rules))]
    finally:
        await parser_pool.close()
    assert len(said) == 1
    change = said[0][0]
    assert isinstance(change, Loaded)
    assert isinstance(change.document, Document)
    assert (change.document.locale, [topic.key for topic in change.document.topics]) == ("de", ["x", "y"])
    assert set(change.field_origins) == {FieldOrigin("locale", "gateway.yaml:2"), FieldOrigin("topics", "kw")}


# fields.


@pytest.mark.parametrize(
    ("rules", "front", "name", "value"),
    [
        ("publishedDateTime: [posted, date]", "date: 2024-01-02\nposted: 2024-01-01", "published_date_time", 1),
        ("publishedDateTime: [posted, date]", "date: 2024-01-02\nposted:", "published_date_time", 2),
        ("publishedDateTime: posted", "publishedDateTime: 2024-01-03\nposted: 2024-01-01", "published_date_time", 3),
        ("publishedDateTime: posted", "date: 2024-01-01", "published_date_time", None),
        ("title: [headline]", "headline: H", "title", "T"),
        ("category: [section]", "section: S", "category", "S"),
        ("quality: [score]", "score: '7'", "quality", 7),
        ("heat: views", "views: 8", "heat", 8),
        ("type: [kind]", "kind: note", "type", "note"),
        ("webUrl: [link]", "link: https://a.org/b", "web_url", "https://a.org/b"),
        ("webUrl: [link]", "link: https://a.org/b\nurl: https://a.org/c", "web_url", "https://a.org/b"),
        ("slug: [handle]", "handle: My Page", "slug", "my-page"),
        ("slug: [handle]", "handle: https://a.org/b", "web_url", "https://a.org/b"),
        ("slug: [handle]", "permalink: /x/", "slug", "a"),
        ("locale: []", "lang: de", "locale", None),
        ("published: [live]", "live: no", "published", False),
        ("published: [live]", "published: yes\nlive: no", "published", False),
        ("published: [live]", "live: yes\ndraft: yes", "published", False),
        ("draft: [hidden]", "hidden: yes", "published", False),
        ("draft: [hidden]", "draft: no\nhidden: yes", "published", False),
        ("images: [pics]", "pics: [a.png]", "images", (Image("a.png"),)),
        ("provider: {from: by, split: ' and '}", "by: A", "provider", ProviderName("a", "A", None)),
    ],
)
def test_other_keys_give_a_field(rules: str, front: str, name: str, value: object) -> None:
    """The keys that are named stand in place of the usual ones, in their order; the native key comes first."""
    if name == "published_date_time" and isinstance(value, int):
        value = datetime(2024, 1, value, tzinfo=UTC)
    found, *_ = decoded(f"fields:\n  {rules}", f"title: T\n{front}")
    assert found is not None
    assert getattr(found, name) == value


@pytest.mark.parametrize(
    ("split", "front", "topics"),
    [
        ("','", "keywords: 'a,  b,,c '", ["a", "b", "c"]),
        ("' '", "keywords: a  b", ["a", "b"]),
        ("','", "keywords: ['a, b', c]", ["a, b", "c"]),
        ("','", "topics: a, b", ["a", "b"]),
        ("','", "keywords: ','", []),
        ("','", "tags: a, b", []),
        ("','", "keywords: {a: b}", []),
    ],
)
def test_a_text_is_parted_where_the_site_says_so(split: str, front: str, topics: list[str]) -> None:
    """One text becomes several topics; what is a list already is left as it is."""
    found, *_ = decoded(f"fields: {{topics: {{from: [keywords], split: {split}}}}}", f"title: T\n{front}")
    assert found is not None
    assert [topic.name for topic in found.topics] == topics


def test_a_field_can_be_split_under_its_usual_keys() -> None:
    """Without `from` the keys stay those that are usual."""
    found = document("fields: {topics: {split: ','}}", "tags: a, b")
    assert [topic.name for topic in found.topics] == ["a", "b"]


@pytest.mark.parametrize(
    ("rules", "front"),
    [
        ("fields: {published: [Published]}", "Published: true"),
        ("fields: {excerpt: [excrept]}", "excrept: x"),
        ("expose: [excerpts]", "excerpts: x"),
    ],
)
def test_a_key_that_the_site_names_is_no_slip(rules: str, front: str) -> None:
    """Who names a key means it, however much it looks like another."""
    document(rules, front)


def test_a_slip_of_a_key_that_governs_visibility_sets_the_file_aside() -> None:
    """A key that the site made govern visibility is guarded as the native one is."""
    found = decoded("fields: {published: [visible]}", "title: T\nvisibel: no")
    assert found.document is None
    assert codes(found) == [(Severity.ERROR, "BAD_VISIBILITY")]


def test_an_unreadable_flag_under_another_key_sets_the_file_aside() -> None:
    """It fails closed, and names the key that stands in the file."""
    found = decoded("fields: {published: [live]}", "title: T\nlive: maybe")
    assert found.document is None
    assert found.problems[0].message.startswith("`live` cannot be read")


@pytest.mark.parametrize(
    ("rules", "front", "name", "value"),
    [
        ("publishedDateTime: [published], published: [visible]", "published: 2024-01-01", "published_date_time", 1),
        ("publishedDateTime: [published], published: [visible]", "published: 2024-01-01", "published", True),
        ("publishedDateTime: [published], published: [visible]", "visible: no", "published", False),
        ("publishedDateTime: [published]", "published: 2024-01-01", "published", True),
        ("category: [type], type: [kind]", "type: a\nkind: b", "type", "b"),
        ("category: [type], type: [kind]", "type: a\nkind: b", "category", "a"),
        ("category: [type]", "type: a", "type", "article"),
        ("category: [type], type: [type]", "type: a", "type", "a"),
        ("category: [section], type: [section]", "section: a", "type", "a"),
        ("excerpt: [lead], title: [description]", "description: a", "excerpt", None),
        ("category: [description]", "description: a", "excerpt", None),
        ("topics: [tags, category]", "category: a", "category", None),
    ],
)
def test_a_native_key_can_be_given_to_another_field(rules: str, front: str, name: str, value: object) -> None:
    """A key that the site names for a field is no longer that of another, unless it is named there as well."""
    if name == "published_date_time" and isinstance(value, int):
        value = datetime(2024, 1, value, tzinfo=UTC)
    assert getattr(document(f"fields: {{{rules}}}", front), name) == value


@pytest.mark.parametrize(
    "front",
    ["published: soon", "visible: 2024-01-01", "publihsed: 2024-01-01", "Published: 2024-01-01", "visibel: no"],
)
def test_governing_keys_follow_what_they_are_given_to(front: str) -> None:
    """A slip fails closed under the keys that now govern visibility."""
    found = decoded("fields: {publishedDateTime: [published], published: [visible]}", f"title: T\n{front}")
    assert found.document is None
    assert codes(found) == [(Severity.ERROR, "BAD_VISIBILITY")]


def test_a_key_that_governs_nothing_any_more_is_an_ordinary_one() -> None:
    """Its slip costs nothing but itself."""
    found = decoded("fields: {category: [published], published: [live]}", "title: T\npublihsed: a")
    assert found.document is not None
    assert codes(found) == [(Severity.WARNING, "UNKNOWN_KEY")]


STATUS = "fields: {draft: {from: status, values: [draft, Wip]}}"
STATE = "fields: {published: {from: [state, phase], values: live}}"


@pytest.mark.parametrize(
    ("rules", "front", "published"),
    [
        *((STATUS, "status: draft", False), (STATUS, "status: ' WIP '", False), (STATUS, "status: done", True)),
        *((STATUS, "", True), (STATUS, "draft: true", False), (STATUS, "status: true", True)),
        *((STATE, "state: Live", True), (STATE, "state: dead", False), (STATE, "phase: live", True)),
        *((STATE, "published: no", False), (STATE, "", True)),
    ],
)
def test_a_text_can_be_a_flag(rules: str, front: str, published: bool) -> None:
    """It is true if it is one of the texts that the site lists, in any case; the native key holds true or false."""
    assert document(rules, front).published is published


@pytest.mark.parametrize("front", ["status: [draft]", "status: {a: b}", "status:", "statsu: draft", "draft: wip"])
def test_a_text_that_cannot_be_a_flag_sets_the_file_aside(front: str) -> None:
    """As any other flag that cannot be read."""
    found = decoded(STATUS, f"title: T\n{front}")
    assert found.document is None
    assert codes(found) == [(Severity.ERROR, "BAD_VISIBILITY")]


# timezone and locales.


def test_a_site_has_a_time_zone() -> None:
    """It is that of days and of times without an offset: in files, in their names, and in the rules themselves."""
    rules = "timezone: America/New_York\npin: [{path: pinned.md, publishedDateTime: 2024-07-01}]"
    midnight = datetime(2024, 7, 1, 4, tzinfo=UTC)
    assert document(rules, "date: 2024-07-01").published_date_time == midnight
    assert document(rules, "", "2024-07-01-a.md").published_date_time == midnight
    assert document(rules, "", "pinned.md").published_date_time == midnight
    assert document(rules, "updated: 2024-07-01 00:00").updated_date_time == midnight
    related = document(rules, "related: [{title: T, publishedDateTime: 2024-07-01}]").related
    assert related[0].published_date_time == midnight
    assert document(rules, "date: 2024-07-01T00:00:00Z").published_date_time == datetime(2024, 7, 1, tzinfo=UTC)
    assert pickle.loads(pickle.dumps(site(rules))) == site(rules)  # noqa: S301 - our own bytes


def test_a_site_lists_its_languages() -> None:
    """A name ends in one of them, with or without a sibling, and in no other."""
    found = document("locales: [en, fr]", "", "2024-05-06-a.fr.md")
    assert (found.slug, found.locale) == ("a", "fr")
    assert document("locales: en\ndefaults: [{path: '**', locale: de}]", "", "a.en.md").locale == "en"
    assert document("locales: en\npin: [{path: '**', locale: de}]", "lang: fr", "a.en.md").locale == "de"
    other = document("locales: [en, fr]", "", "how.to.md")
    assert (other.slug, other.locale) == ("how-to", None)


# defaults.


@pytest.mark.parametrize(
    ("rule", "front", "name", "value"),
    [
        ("locale: de", "", "locale", "de"),
        ("locale: de", "lang: fr", "locale", "fr"),
        ("locale: de", "locale:", "locale", "de"),
        ("published: false", "", "published", False),
        ("published: false", "draft: false", "published", True),
        ("published: false", "published: true", "published", True),
        ("published: true", "draft: true", "published", False),
        ("type: note", "", "type", "note"),
        ("topics: [a, A]", "", "topics", "one"),
        ("provider: {domain: A.org}", "", "provider", ProviderName("a.org", "a.org", "a.org")),
        ("images: x.png", "", "images", (Image("x.png"),)),
        ("images: x.png", "images: []", "images", ()),
        ("quality: 5", "quality: 6", "quality", 6),
        ("webUrl: https://a.org/x", "url: https://a.org/y", "web_url", "https://a.org/y"),
        ("webUrl: https://a.org/x", "", "urls", ("https://a.org/x",)),
        ("slug: s", "", "slug", "s"),
        ("slug: s", "permalink: /p/", "slug", "p"),
        ("publishedDateTime: 2024-01-01", "", "published_date_time", datetime(2024, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_default_stands_where_the_file_says_nothing(rule: str, front: str, name: str, value: object) -> None:
    """Under no key that gives the field; an empty value says nothing."""
    found = document(f"defaults: [{{path: '*.md', {rule}}}]", front)
    shown = getattr(found, name)
    assert (shown == value) or (value == "one" and [topic.key for topic in shown] == ["a"])


def test_what_a_file_shows_comes_before_a_default() -> None:
    """A date in the file's name and a heading are what the file says; its bare name is not."""
    rules = "defaults: [{path: '**', title: D, publishedDateTime: 2020-01-01, slug: d}]"
    found, *_ = decoded(rules, "", "2024-05-06-name.md", "# Heading\n")
    assert found is not None
    assert (found.title, found.slug) == ("Heading", "d")
    assert found.published_date_time == datetime(2024, 5, 6, tzinfo=UTC)
    untitled = decoded(rules, "")
    assert untitled.problems == ()
    assert untitled.document is not None
    assert untitled.document.title == "D"


def test_of_several_defaults_the_last_counts() -> None:
    """A rule for all is written above the exceptions."""
    rules = "defaults: [{path: '**', locale: en, type: page}, {path: [de, at], locale: de}]"
    assert (document(rules, "", "at/a.md").locale, document(rules, "", "at/a.md").type) == ("de", "page")
    assert document(rules, "", "fr/a.md").locale == "en"


# pin.


@pytest.mark.parametrize(
    ("rule", "front", "name", "value"),
    [
        ("locale: de", "locale: fr", "locale", "de"),
        ("locale: null", "locale: fr", "locale", None),
        ("published: false", "published: true", "published", False),
        ("published: false", "draft: false\npublished: true", "published", False),
        ("published: true", "published: true", "published", True),
        ("topics: []", "tags: [a]", "topics", ()),
        ("title: P", "", "title", "P"),
        ("slug: p", "slug: q", "slug", "p"),
        ("webUrl: https://a.org/x", "webUrl: https://a.org/y", "web_url", "https://a.org/x"),
        ("webUrl: null", "url: https://a.org/y", "web_url", None),
        ("type: note", "type: [a]", "type", "note"),
        ("publishedDateTime: 2024-01-01", "date: 2020-01-01", "published_date_time", datetime(2024, 1, 1, tzinfo=UTC)),
        ("publishedDateTime: null", "date: 2020-01-01", "published_date_time", None),
    ],
)
def test_a_pin_stands_whatever_the_file_says(rule: str, front: str, name: str, value: object) -> None:
    """The file's own value is not read."""
    assert getattr(document(f"pin: [{{path: '*.md', {rule}}}]", front), name) == value


def test_of_several_pins_the_last_counts() -> None:
    """As with defaults."""
    rules = "pin: [{path: '**', locale: en}, {path: de, locale: de}]"
    assert [document(rules, "", path).locale for path in ("de/a.md", "a.md")] == ["de", "en"]


def test_of_several_pins_one_that_hides_comes_first() -> None:
    """No later rule shows what one hides."""
    rules = "pin: [{path: drafts, published: false}, {path: '**', published: true}]"
    assert not document(rules, "", "drafts/a.md").published


@pytest.mark.parametrize(
    ("front", "code"),
    [
        ("published: maybe", "BAD_VALUE"),
        ("published:", "BAD_VALUE"),
        ("published: true\npublished: false", "BAD_VALUE"),
        ("draft: [x]", "BAD_VALUE"),
        ("date: soon", "BAD_VALUE"),
        ("Published: true", "UNKNOWN_KEY"),
    ],
)
def test_under_a_pin_that_hides_no_slip_sets_the_file_aside(front: str, code: str) -> None:
    """Else a last good version that was published would stay; the slip is told, and the article is a draft."""
    found = decoded("pin: [{path: '**', published: false}]", f"title: T\n{front}")
    assert found.document is not None
    assert not found.document.published
    assert codes(found) == [(Severity.WARNING, code)]


@pytest.mark.parametrize("front", ["published: maybe", "draft:", "publihsed: no", "date: soon"])
def test_a_pin_that_shows_excuses_no_slip(front: str) -> None:
    """What governs visibility and cannot be read publishes nothing, also where a pin sets it."""
    found = decoded("pin: [{path: '**', published: true, publishedDateTime: 2024-01-01}]", f"title: T\n{front}")
    assert found.document is None
    assert codes(found) == [(Severity.ERROR, "BAD_VISIBILITY")]


@pytest.mark.parametrize("front", ["published: false", "draft: true"])
def test_a_pin_that_shows_a_draft_says_so(front: str) -> None:
    """Who writes a draft must not find it published without a word."""
    found = decoded("pin: [{path: '**', published: true}]", f"title: T\n{front}")
    assert found.document is not None
    assert found.document.published
    assert codes(found) == [(Severity.WARNING, "CONFLICT")]
    assert "line 1 of gateway.yaml" in found.problems[0].message


@given(
    st.sampled_from(["published: false", "published: no"]),
    st.dictionaries(
        st.sampled_from(["published", "draft", "date", "publishedDateTime", "Published", "live", "title"]),
        st.sampled_from(["true", "false", "maybe", "", "[a]", "2024-01-01", "2024-13-01", "{a: b}", "'yes'"]),
    ),
    st.lists(st.sampled_from(["{path: '**', published: true}", "{path: a.md, published: yes}"]), max_size=2),
)
def test_no_file_comes_out_of_a_pin_that_hides_it(pin: str, front: dict[str, str], others: list[str]) -> None:
    """Whatever the file and other rules say, it is read, and is a draft."""
    pins = ", ".join([f"{{path: 'a*', {pin}}}", *others])
    text = f"fields: {{published: [live]}}\ndefaults: [{{path: '**', published: true}}]\npin: [{pins}]"
    found = decoded(text, "\n".join(f"{key}: {value}" for key, value in front.items()), body="# T\n")
    assert found.document is not None
    assert not found.document.published


# expose, and where a value is from.


def test_the_public_reads_what_is_exposed() -> None:
    """Keys that are named, where the schema does not model what they hold."""
    found = document("expose: [layout, tags]", "layout: post\nweight: 1\ntags: [a]")
    assert json.loads(found.exposed) == {"layout": "post"}
    assert json.loads(found.front_matter) == {"layout": "post", "weight": 1}
    found = document("expose: [images]", "images: [{url: a, caption: C}]")
    assert json.loads(found.exposed) == {"images": [{"caption": "C"}]}


def test_where_a_value_is_from_is_told() -> None:
    """Other keys, the file's name and the lines of gateway.yaml; a native key needs no telling."""
    rules = "defaults:\n  - {path: '**', locale: de}\npin:\n  - {path: '**', type: note}"
    front = "title: T\ntags: [a]\ndraft: true\nexcerpt: E\npermalink: /p/\nurl: https://a.org"
    found = decoded(rules, front, "2024-01-01-a.md")
    assert sorted(found.field_origins) == [
        FieldOrigin("locale", "gateway.yaml:2"),
        FieldOrigin("publishedDateTime", "the file name"),
        FieldOrigin("slug", "permalink"),
        FieldOrigin("topics", "tags"),
        FieldOrigin("type", "gateway.yaml:4"),
        FieldOrigin("webUrl", "url"),
    ]
    assert decoded("", "title: T\nlayout: post\ntags:").field_origins == (FieldOrigin("frontMatter", "layout"),)


# include.


def test_files_of_yaml_are_documents_where_they_are_included(tmp_path: Path) -> None:
    """They are front matter from the first line to the last; the rules themselves never are a document."""
    for name in ("gateway.yaml", "data/a.yaml", "data/b.YML", "data/deep/c.yml", "data/d.json", "data/.e.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# A comment\ntitle: T\nquality: high\n")
    rules = site("include: ['*', 'data/*']")
    files = Walk(tmp_path, include=rules.include).run().files
    assert list(files) == ["data/a.yaml", "data/b.YML"]
    change = parse(Task(files["data/a.yaml"]), ParseContext(str(tmp_path), site=rules))
    assert isinstance(change, Loaded)
    assert isinstance(change.document, Document)
    assert (change.document.title, change.document.slug, change.document.body) == ("T", "a", "")
    assert [(problem.line, problem.column) for problem in change.problems] == [(3, 10)]


# The usual dates bound what is public.


@pytest.mark.parametrize(
    ("field", "front", "bound"),
    [
        ("publishedDateTime", "date: 2999-01-01", "public_from"),
        ("publishedDateTime", "pubDate: 2999-01-01", "public_from"),
        ("publishedDateTime", "publishDate: 2999-01-01", "public_from"),
        ("publishDate", "publishDate: 2999-01-01", "public_from"),
        ("expiryDate", "expiryDate: 2999-01-01", "public_until"),
        ("expiryDate", "expires: 2999-01-01", "public_until"),
    ],
)
def test_usual_dates_stay_bounds_where_other_keys_are_mapped(field: str, front: str, bound: str) -> None:
    """They give no date of the article then, but hide it as before, unless the site gives them to another field."""
    found = document(f"fields: {{{field}: when}}\n", front)
    assert getattr(found, bound) == datetime(2999, 1, 1, tzinfo=UTC)
    assert found.published_date_time is None or field == "publishDate"
    key = front.partition(":")[0]
    given = document(f"fields: {{{field}: when, category: {key}}}\n", front)
    assert getattr(given, bound) is None
