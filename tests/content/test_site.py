"""Site rules: parsing of gateway.yaml, and its effect on documents."""

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
from gateway.model.documents import BodyRules, Document, FieldOrigin, Image, ProviderName
from gateway.model.problems import Severity


def site(text: str) -> Site:
    """The rules of a valid gateway.yaml."""
    read = site_config.parse(text.encode())
    assert read.problems == ()
    return read.site


def decoded(rules: str, front: str, path: str = "a.md", body: str = "") -> Decoded:
    front_matter = frontmatter.read(path, f"---\n{front}\n---\n{body}".encode())
    assert front_matter is not None
    return decode(path, front_matter, site(rules))


def document(rules: str, front: str, path: str = "a.md") -> Document:
    """The document of a file that has no problems."""
    found, problems, *_ = decoded(rules, f"title: T\n{front}", path)
    assert problems == ()
    assert found is not None
    return found


def codes(found: Decoded) -> list[tuple[Severity, str]]:
    return [(problem.severity, problem.code) for problem in found.problems]


# Parsing of gateway.yaml.


def test_comments_and_conflicts_in_rules() -> None:
    """A comment after a rule is accepted. A merge conflict is an error with its own code."""
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
        (
            "plugins: []",
            "SITE_KEY",
            1,
            1,
            "bundles, collections, defaults, embeds, exclude, expose, fields, folders, include, locales, numbered",
        ),
        ("fields: [a]", "SITE_VALUE", 1, 9, "This is not a mapping"),
        ("fields: {topcs: a}", "SITE_KEY", 1, 10, "Write `topics`."),
        ("fields: {secured: a}", "SITE_KEY", 1, 10, "not a known key"),
        ("fields: {topics: [a, {b: c}]}", "SITE_VALUE", 1, 22, "This is not a text"),
        ("fields: {topics: }", "SITE_VALUE", 1, 18, "This is not a text"),
        ("fields:\n  topics: {form: a}", "SITE_KEY", 2, 12, "The known keys are from, join, split."),
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
        ("base: notes", "SITE_VALUE", 1, 7, "such as `/notes`"),
        ("base: [/a, /b]", "SITE_VALUE", 1, 8, "Write one path"),
        ("embeds: [https://a.example]", "SITE_VALUE", 1, 10, "not the name of a host"),
        ("embeds: [localhost]", "SITE_VALUE", 1, 10, "such as `www.youtube.com`"),
        ("locales: [[en]]", "SITE_VALUE", 1, 11, "This is not a text"),
        ("translations: [key]", "SITE_VALUE", 1, 15, "Write `{by: [folder]}`."),
        ("translations: {from: key}", "SITE_KEY", 1, 16, "The known keys are by, keys."),
        ("translations: {by: [key, name]}", "SITE_VALUE", 1, 26, "Write some of key, folder, suffix."),
        ("translations: {keys: [secured]}", "SITE_VALUE", 1, 23, "never shown"),
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
def test_error_has_position_and_hint(text: str, code: str, line: int, column: int, told: str) -> None:
    """One mistake is one error with its position and a hint."""
    read = site_config.parse(text.encode())
    assert not read.is_good
    assert [(each.code, each.severity, each.path) for each in read.problems] == [(code, "ERROR", "gateway.yaml")]
    problem = read.problems[0]
    assert (problem.line, problem.column) == (line, column)
    assert problem.hint
    assert told in f"{problem.message} {problem.hint}"


def test_all_errors_are_reported_at_once() -> None:
    """One error does not hide others."""
    read = site_config.parse(b"fieds: {}\ninclude: ['/']\npin: [{path: a, heat: x}, {path: b}]\n")
    assert len(read.problems) == 4


@pytest.mark.parametrize("text", ["", "# nothing\n", "fields:\ndefaults:\npin:\n", "{}", "expose: []"])
def test_empty_rules_equal_the_defaults(text: str) -> None:
    """An empty file and empty sections give the default rules."""
    assert site(text)._replace(digest="") == DEFAULT_SITE


@given(st.text(max_size=200))
def test_arbitrary_files_give_rules_or_problems(text: str) -> None:
    """The reader raises no exception for any file."""
    assert isinstance(site_config.parse(text.encode("utf-8", "surrogatepass")), site_config.SiteConfig)


def test_missing_rules_are_the_defaults(tmp_path: Path) -> None:
    """A missing file is accepted. A folder that cannot be listed is an error, because it may contain rules."""
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


def test_unreadable_rules_are_an_error(tmp_path: Path) -> None:
    """Rules are never skipped: a pipe is not waited for, and a link is not followed."""
    file = tmp_path / "gateway.yaml"
    os.mkfifo(file)
    assert [(each.severity, each.code) for each in site_config.read(tmp_path).problems] == [("ERROR", "NOT_A_FILE")]
    file.unlink()
    file.symlink_to("/etc/hostname")
    assert [(each.severity, each.code) for each in site_config.read(tmp_path).problems] == [("ERROR", "UNREADABLE")]
    file.unlink()
    file.write_bytes(b"\xff")
    assert [(each.severity, each.code) for each in site_config.read(tmp_path).problems] == [("ERROR", "ENCODING")]


def test_digest_covers_the_bytes(tmp_path: Path) -> None:
    """Documents decoded under other rules are recognised by the digest."""
    (tmp_path / "gateway.yaml").write_text("expose: [a]")
    first = site_config.read(tmp_path).site
    (tmp_path / "gateway.yaml").write_text("expose: [b]")
    assert len({first.digest, site_config.read(tmp_path).site.digest, DEFAULT_SITE.digest}) == 3


async def test_workers_use_the_rules(tmp_path: Path) -> None:
    """A worker decodes by the site's rules, and reads the files that they include."""
    rules = site("fields: {topics: {from: kw, split: ','}}\npin: [{path: data, locale: de}]\ninclude: ['data/*.yaml']")
    assert pickle.loads(pickle.dumps(rules)) == rules  # noqa: S301 - our own bytes
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.yaml").write_text("title: A\nkw: x, y\n")
    tasks = [Task(file) for file in Walk(tmp_path, include=rules.include).run().files.values()]
    parser_pool = ParserPool(1)
    try:
        said = [
            batch
            async for batch in parser_pool.parse(
                tasks, ParseContext(str(tmp_path), site=rules), started=datetime.now(UTC)
            )
        ]
    finally:
        await parser_pool.close()
    assert len(said) == 1
    change = said[0].sound[0]
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
def test_mapped_keys_replace_the_usual_keys(rules: str, front: str, name: str, value: object) -> None:
    """The named keys apply in their order. The native key comes first."""
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
def test_split_setting(split: str, front: str, topics: list[str]) -> None:
    """One text becomes several topics. Lists are unchanged."""
    found, *_ = decoded(f"fields: {{topics: {{from: [keywords], split: {split}}}}}", f"title: T\n{front}")
    assert found is not None
    assert [topic.name for topic in found.topics] == topics


def test_split_without_from() -> None:
    """Without `from` the usual keys apply."""
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
def test_mapped_key_is_not_a_misspelling(rules: str, front: str) -> None:
    """A key in the rules is accepted, however similar it is to another."""
    document(rules, front)


def test_misspelt_mapped_visibility_key_sets_the_file_aside() -> None:
    """A key that is mapped to a visibility field is checked like the native one."""
    found = decoded("fields: {published: [visible]}", "title: T\nvisibel: no")
    assert found.document is None
    assert codes(found) == [(Severity.ERROR, "BAD_VISIBILITY")]


def test_unreadable_mapped_flag_sets_the_file_aside() -> None:
    """The problem names the key in the file."""
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
def test_native_key_can_be_mapped_to_another_field(rules: str, front: str, name: str, value: object) -> None:
    """The key no longer gives its own field, unless that field names it too."""
    if name == "published_date_time" and isinstance(value, int):
        value = datetime(2024, 1, value, tzinfo=UTC)
    assert getattr(document(f"fields: {{{rules}}}", front), name) == value


@pytest.mark.parametrize(
    "front",
    ["published: soon", "visible: 2024-01-01", "publihsed: 2024-01-01", "Published: 2024-01-01", "visibel: no"],
)
def test_visibility_checks_follow_the_mapping(front: str) -> None:
    """A misspelling of a key that now governs visibility sets the file aside."""
    found = decoded("fields: {publishedDateTime: [published], published: [visible]}", f"title: T\n{front}")
    assert found.document is None
    assert codes(found) == [(Severity.ERROR, "BAD_VISIBILITY")]


def test_key_that_no_longer_governs_visibility() -> None:
    """Its misspelling affects only itself."""
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
def test_text_as_a_flag(rules: str, front: str, published: bool) -> None:
    """The flag is true for the listed texts, in any case. The native key holds true or false."""
    assert document(rules, front).published is published


@pytest.mark.parametrize("front", ["status: [draft]", "status: {a: b}", "status:", "statsu: draft", "draft: wip"])
def test_unreadable_text_flag_sets_the_file_aside(front: str) -> None:
    """Values that are not text are refused like any unreadable flag."""
    found = decoded(STATUS, f"title: T\n{front}")
    assert found.document is None
    assert codes(found) == [(Severity.ERROR, "BAD_VISIBILITY")]


# timezone and locales.


def test_time_zone() -> None:
    """It applies to days and to times without an offset, in files, file names and rules."""
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


def test_locales() -> None:
    """A file name ends in a listed language, with or without a sibling, and in no other."""
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
def test_default_applies_to_missing_values(rule: str, front: str, name: str, value: object) -> None:
    """A default applies if no key gives the field. An empty value counts as missing."""
    found = document(f"defaults: [{{path: '*.md', {rule}}}]", front)
    shown = getattr(found, name)
    assert (shown == value) or (value == "one" and [topic.key for topic in shown] == ["a"])


def test_file_overrides_a_default() -> None:
    """A date in the file name and a heading count as the file's values. The words of the name do not."""
    rules = "defaults: [{path: '**', title: D, publishedDateTime: 2020-01-01, slug: d}]"
    found, *_ = decoded(rules, "", "2024-05-06-name.md", "# Heading\n")
    assert found is not None
    assert (found.title, found.slug) == ("Heading", "d")
    assert found.published_date_time == datetime(2024, 5, 6, tzinfo=UTC)
    untitled = decoded(rules, "")
    assert untitled.problems == ()
    assert untitled.document is not None
    assert untitled.document.title == "D"


def test_last_matching_default_counts() -> None:
    """General rules come before exceptions."""
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
def test_pin_overrides_the_file(rule: str, front: str, name: str, value: object) -> None:
    """The file's own value is not read."""
    assert getattr(document(f"pin: [{{path: '*.md', {rule}}}]", front), name) == value


def test_last_matching_pin_counts() -> None:
    """As with defaults."""
    rules = "pin: [{path: '**', locale: en}, {path: de, locale: de}]"
    assert [document(rules, "", path).locale for path in ("de/a.md", "a.md")] == ["de", "en"]


def test_pin_that_hides_overrides_other_pins() -> None:
    """Later rules do not show the document."""
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
def test_misspelling_under_a_hiding_pin_is_a_warning(front: str, code: str) -> None:
    """The article is a draft, so that a public last good version does not stay."""
    found = decoded("pin: [{path: '**', published: false}]", f"title: T\n{front}")
    assert found.document is not None
    assert not found.document.published
    assert codes(found) == [(Severity.WARNING, code)]


@pytest.mark.parametrize("front", ["published: maybe", "draft:", "publihsed: no", "date: soon"])
def test_publishing_pin_does_not_excuse_an_unreadable_value(front: str) -> None:
    """An unreadable visibility value sets the file aside."""
    found = decoded("pin: [{path: '**', published: true, publishedDateTime: 2024-01-01}]", f"title: T\n{front}")
    assert found.document is None
    assert codes(found) == [(Severity.ERROR, "BAD_VISIBILITY")]


@pytest.mark.parametrize("front", ["published: false", "draft: true"])
def test_publishing_pin_over_a_draft_is_reported(front: str) -> None:
    """A draft that a pin publishes gives a warning."""
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
def test_hiding_pin_holds_for_arbitrary_files(pin: str, front: dict[str, str], others: list[str]) -> None:
    """Whatever the file and other rules contain, the document is a draft."""
    pins = ", ".join([f"{{path: 'a*', {pin}}}", *others])
    text = f"fields: {{published: [live]}}\ndefaults: [{{path: '**', published: true}}]\npin: [{pins}]"
    found = decoded(text, "\n".join(f"{key}: {value}" for key, value in front.items()), body="# T\n")
    assert found.document is not None
    assert not found.document.published


# expose, and sources of values.


def test_exposed_keys_are_public() -> None:
    """Exposed keys that the schema does not model are public."""
    found = document("expose: [layout, tags]", "layout: post\nweight: 1\ntags: [a]")
    assert json.loads(found.exposed) == {"layout": "post"}
    assert json.loads(found.front_matter) == {"layout": "post", "weight": 1}
    found = document("expose: [images]", "images: [{url: a, caption: C}]")
    assert json.loads(found.exposed) == {"images": [{"caption": "C"}]}


def test_source_of_a_value() -> None:
    """Other keys, the file name and lines of gateway.yaml are reported. Native keys are not."""
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


def test_included_yaml_files_are_documents(tmp_path: Path) -> None:
    """The whole file is front matter. gateway.yaml itself is never a document."""
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


def test_rules_of_bodies() -> None:
    """A document has the rules of its body: the base of the site, the hosts of frames, and whether it is MDX."""
    front = "title: A"
    assert document("embeds: [WWW.A.example, b.example]", front).body_rules == "www.a.example b.example"
    assert document("embeds: a.example", front, path="b/c.MDX").body_rules == "mdx a.example"
    assert document("{}", front).body_rules == ""
    rules = document("embeds: [b.example, c.example]\nbase: /notes/", front, path="b/c.mdx").body_rules
    assert BodyRules.of(rules) == BodyRules(is_mdx=True, embeds=("b.example", "c.example"), base="/notes")
