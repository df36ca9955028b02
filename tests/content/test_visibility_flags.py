"""Visibility from front matter."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.content import frontmatter, site_config
from gateway.content.decoder import Decoded, decode
from gateway.model.documents import Document, Status

LATER = datetime(2099, 1, 1, tzinfo=UTC)
EARLIER = datetime(2020, 1, 1, tzinfo=UTC)


def decoded(front: str, path: str = "a.md") -> Decoded:
    front_matter = frontmatter.read(path, f"---\ntitle: T\n{front}\n---\n".encode())
    assert front_matter is not None
    return decode(path, front_matter)


def document(front: str) -> Document:
    found = decoded(front).document
    assert found is not None
    return found


def toml(front: str) -> Decoded:
    front_matter = frontmatter.read("a.md", f'+++\ntitle = "T"\n{front}\n+++\n'.encode())
    assert front_matter is not None
    return decode("a.md", front_matter)


@pytest.mark.parametrize(
    "front",
    [
        "draft: true",
        "published: false",
        "isDraft: true",
        "is_draft: yes",
        "private: true",
        "hidden: true",
        "headless: true",
        "publish: false",
        "isPublished: false",
        "is_published: no",
        "status: draft",
        "status: Draft ",
        "status: private",
        "visibility: private",
        "visibility: hidden",
        "permalink: false",
        'permalink: "false"',
        "eleventyExcludeFromCollections: true",
        "eleventyExcludeFromCollections: [posts]",
        "build: {render: never}",
        "build: {render: link}",
        "_build: {render: false, list: always}",
        "published: true\nprivate: true",
        "draft: false\nisDraft: true",
    ],
)
def test_hiding_keys_make_drafts(front: str) -> None:
    """A hiding key of any known generator counts, whatever the other keys are."""
    assert not document(front).published


@pytest.mark.parametrize(
    "front",
    [
        "draft: false",
        "isDraft: false",
        "private: false",
        "headless: false",
        "publish: true",
        "status: published",
        "status: evergreen",
        "status: [a, b]",
        "visibility: public",
        "permalink: /a/",
        "permalink: {build: x}",
        "eleventyExcludeFromCollections: false",
        "eleventyExcludeFromCollections: []",
        "build: {render: always, list: always}",
        "build: 1234",
        "_build: {publishResources: false}",
    ],
)
def test_other_values_do_not_hide(front: str) -> None:
    """A key that hides only by some values does not hide by others."""
    found = document(front)
    assert found.published
    assert not found.unlisted


@pytest.mark.parametrize(
    "front", ["unlisted: true", "build: {list: never}", "_build: {list: local}", "status: unlisted"]
)
def test_unlisted_document(front: str) -> None:
    """It is published and in no list."""
    found = document(front)
    assert found.published
    assert found.unlisted


@pytest.mark.parametrize(
    "front",
    [
        "isDraft = true",
        "publish = false",
        'status = "draft"',
        "eleventyExcludeFromCollections = true",
        '[build]\nrender = "never"',
        '[_build]\nrender = "never"',
    ],
)
def test_hiding_keys_in_toml(front: str) -> None:
    """The same keys hide in TOML."""
    found = toml(front).document
    assert found is not None
    assert not found.published


@pytest.mark.parametrize(
    ("front", "published_at", "public_from"),
    [
        ("date: 2020-01-01", EARLIER, EARLIER),
        ("publishDate: 2099-01-01", LATER, LATER),
        ("date: 2020-01-01\npublishDate: 2099-01-01", EARLIER, LATER),
        ("date: 2099-01-01\npublishDate: 2020-01-01", LATER, LATER),
        ("publishedDateTime: 2020-01-01\npubDate: 2099-01-01", EARLIER, LATER),
        ("date: 2020-01-01\npublish_date: 2099-01-01", EARLIER, LATER),
        ("date:\npublishdate: 2099-01-01", LATER, LATER),
        ("date: 2099-01-01\ndate: 2020-01-01", EARLIER, LATER),
        ("title: T", None, None),
        *(
            (f"{key}: 2099-01-01", LATER, LATER)
            for key in ("pubDate", "pubdate", "pubDatetime", "publishedAt", "published_at", "datePublished")
        ),
    ],
)
def test_latest_date_counts(front: str, published_at: datetime | None, public_from: datetime | None) -> None:
    """The first key gives the date that is shown. The document is public from the latest of all dates."""
    found = document(front)
    assert found.published_date_time == published_at
    assert found.public_from == public_from


@pytest.mark.parametrize(
    "key", ["expiryDate", "expirydate", "expiry_date", "expires", "unpublishDate", "unpublishdate", "unpublish_date"]
)
def test_expiry_date(key: str) -> None:
    """Each of its keys counts, and the earliest date applies."""
    assert document(f"{key}: 2020-01-01").public_until == EARLIER
    assert document(f"expiryDate: 2099-01-01\n{key}: 2020-01-01").public_until == EARLIER


@pytest.mark.parametrize(
    "front",
    [
        "Date: 2099-01-01",
        "dat: 2099-01-01",
        "daet: 2099-01-01",
        "PublishDate: 2099-01-01",
        "publishDtae: 2099-01-01",
        "pub_Date: 2099-01-01",
        "expiryDat: 2020-01-01",
        "expire: 2020-01-01",
        "Draft: true",
        "isdraft: true",
        "privat: true",
        "Private: true",
        "Status: draft",
        "visiblity: private",
        "unlistd: true",
        "Build: {render: never}",
        "eleventyExcludeFromCollection: true",
    ],
)
def test_misspelt_key_sets_the_file_aside(front: str) -> None:
    """A misspelt key that may hide the document is an error with its position and the right key."""
    found = decoded(front)
    assert found.document is None
    [problem] = found.problems
    assert (problem.code, problem.line, problem.column) == ("BAD_VISIBILITY", 3, 1)
    assert problem.hint
    assert problem.hint.startswith("Write `")


@pytest.mark.parametrize("front", ["stats: {views: 1}", "state: draft", "rate: 4", "data: {a: 1}", "hide: [toc]"])
def test_other_words_are_not_misspellings(front: str) -> None:
    """A similar key with another meaning does not set the file aside."""
    assert decoded(front).document is not None


@pytest.mark.parametrize(
    "front",
    [
        "draft: maybe",
        "draft:",
        "isDraft: maybe",
        "private: [a]",
        "publish: 2024-01-01",
        "unlisted: perhaps",
        "build: {render: sometimes}",
        "date: soon",
        "date: 2020-01-01\npublishDate: soon",
        "expires: 30d",
        "draft: true\ndraft: false",
    ],
)
def test_unreadable_value_sets_the_file_aside(front: str) -> None:
    """This holds for each key that governs visibility."""
    found = decoded(front)
    assert found.document is None
    assert [problem.code for problem in found.problems if problem.severity == "ERROR"] == ["BAD_VISIBILITY"]


def test_hiding_keys_are_reported() -> None:
    """Each hiding key is reported with its line, and with its date if it has one."""
    hidings = decoded("private: true\ndate: 2099-01-01\nexpires: 2020-01-01\nunlisted: true").hidings
    assert [(hiding.status, hiding.source, hiding.line) for hiding in hidings] == [
        (Status.SCHEDULED, "`date`", 4),
        (Status.DRAFT, "`private`", 3),
        (None, "`unlisted`", 6),
        (Status.EXPIRED, "`expires`", 5),
    ]
    assert [hiding.holds(datetime(2021, 1, 1, tzinfo=UTC)) for hiding in hidings] == [True] * 4
    assert [hiding.holds(LATER) for hiding in hidings] == [False, True, True, True]


@pytest.mark.parametrize(
    "front",
    [
        "status: [draft]",
        "status: {value: draft}",
        "visibility: [a, private]",
        "status: future",
        "visibility: members",
        "permalink: [false]",
        "permalink: {build: false}",
        "render: false",
        "build: never",
        "build: [{render: never}]",
        "build: {Render: never}",
        "build: {render: never, render: always}",
    ],
)
def test_value_hides_in_any_shape(front: str) -> None:
    """Lists, mappings, repeated keys and other cases hide like the plain form."""
    assert not document(front).published


@pytest.mark.parametrize("front", ['" draft ": true', "ｄｒａｆｔ: true", "dráft: true", "Build: {Render: never}"])
def test_unusual_spelling_of_a_key_is_a_misspelling(front: str) -> None:
    """White space, wide letters, accents and other cases of a hiding key set the file aside."""
    assert decoded(front).document is None


@pytest.mark.parametrize(
    "key", ["expiry", "expires_at", "expiresAt", "expirationDate", "unpublish_at", "unpublishAt", "unpublish_date"]
)
def test_other_expiry_keys(key: str) -> None:
    """Each of them expires an article."""
    assert document(f"{key}: 2020-01-01").public_until == EARLIER


def test_calendar_limits_in_any_zone() -> None:
    """The usual dates for "never" are read, with any time zone."""
    site = site_config.parse(
        b"timezone: America/New_York\ndefaults: [{path: '**', expiryDate: 9999-12-31T23:59:59}]\n"
    ).site
    front_matter = frontmatter.read("a.md", b"---\ntitle: T\nexpires: 9999-12-31T23:59:59\n---\n")
    assert front_matter is not None
    found = decode("a.md", front_matter, site).document
    assert found is not None
    assert found.public_until is not None
    assert found.public_until.year == 9999
