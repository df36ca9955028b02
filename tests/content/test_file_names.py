"""Dates, languages and slugs from paths and addresses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.file_names import address_slug, language_of, named


@pytest.mark.parametrize(
    ("path", "day", "stem", "words"),
    [
        ("posts/2024-03-21-My_Page.md", "2024-03-21", "My_Page", "My Page"),
        ("2099-1-5-x.md", "2099-01-05", "x", "X"),
        ("2024_05_06_a_trip.md", "2024-05-06", "a_trip", "A trip"),
        ("2024 05 06 A trip.md", "2024-05-06", "A trip", "A trip"),
        ("2024.05.06 - a-trip.md", "2024-05-06", "a-trip", "A trip"),
        ("20240506-x.md", "2024-05-06", "x", "X"),
        ("20240506 x.md", "2024-05-06", "x", "X"),
        ("2024-05-06日记.md", "2024-05-06", "日记", "日记"),
        ("2024-05-06.md", "2024-05-06", "2024-05-06", "2024-05-06"),
        ("20240506.md", "2024-05-06", "20240506", "20240506"),
        ("2024-05-06-trip/index.md", "2024-05-06", "trip", "Trip"),
        ("x/2024_5_6/_index.md", "2024-05-06", "2024_5_6", "2024_5_6"),
        ("guide/INDEX.md", None, "guide", "Guide"),
        ("index.md", None, "index", "Index"),
        ("my-first-post.md", None, "my-first-post", "My first post"),
        ("2024-13-21-x.md", None, "2024-13-21-x", "2024 13 21 x"),
        ("2023-02-29-x.md", None, "2023-02-29-x", "2023 02 29 x"),
        ("2024-05-061-x.md", None, "2024-05-061-x", "2024 05 061 x"),
        ("2024-5-1st.md", None, "2024-5-1st", "2024 5 1st"),
        ("2024-05_06-x.md", None, "2024-05_06-x", "2024 05 06 x"),
        ("2024.1.2.md", None, "2024.1.2", "2024.1.2"),
        ("12345678-x.md", None, "12345678-x", "12345678 x"),
        ("2024-05.md", None, "2024-05", "2024 05"),
        ("21-03-2024-x.md", None, "21-03-2024-x", "21 03 2024 x"),
        ("--.md", None, "--", "--"),
    ],
)
def test_date_prefix(path: str, day: str | None, stem: str, words: str) -> None:
    """Every form that means an existing day is read. The rest names the document."""
    found = named(path)
    assert found.date == (datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None)
    assert (found.stem, found.words, found.locale) == (stem, words, None)


@pytest.mark.parametrize(
    "path", ["202405061030 x.md", "20240506T1030-x.md", "20240506T103000.md", "2024-05-06T10-30.md"]
)
def test_time_after_the_date(path: str) -> None:
    """Notes are often named by their time of creation."""
    assert named(path).date == datetime(2024, 5, 6, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("20240506T103000Z-x.md", "x"),
        ("2024-05-06T10-30-00Z-x.md", "x"),
        ("2024-05-06T10:30:00-x.md", "x"),
        ("2024-05-06T123000+0200-x.md", "x"),
        ("20240506T103000Z.md", "20240506T103000Z"),
    ],
)
def test_zone_after_the_time(path: str, stem: str) -> None:
    """It belongs to the time and not to the title."""
    found = named(path, ZoneInfo("America/New_York") if "Z" in path or "+" in path else UTC)
    assert found.date == datetime(2024, 5, 6, 10, 30, tzinfo=UTC)
    assert found.stem == stem


def test_date_is_midnight_in_the_time_zone_of_the_site() -> None:
    """As in front matter."""
    assert named("2024-01-15-x.md", ZoneInfo("America/New_York")).date == datetime(2024, 1, 15, 5, tzinfo=UTC)
    assert named("0001-01-01-x.md", ZoneInfo("Asia/Tokyo")).date is None


@given(
    st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    st.sampled_from(["{:%Y-%m-%d}", "{0.year}_{0.month}_{0.day}", "{:%Y%m%d}"]),
)
def test_every_day_is_read(day: date, form: str) -> None:
    """In every form, and with any rest."""
    for name in (f"{form.format(day)}.md", f"{form.format(day)}-x.md", f"{form.format(day)}_x/index.md"):
        found = named(name).date
        assert found is not None
        assert found.date() == day


@given(st.text(min_size=1).filter(lambda name: not name.endswith("/")))
def test_arbitrary_names(name: str) -> None:
    """Any name gives a stem, and words for a title."""
    found = named(f"a/{name}")
    assert found.stem
    assert found.words


@pytest.mark.parametrize(
    ("path", "locales", "stem", "locale"),
    [
        ("2024-05-06-name.fr.md", ["fr"], "name", "fr"),
        ("name.fr.md", [], "name.fr", None),
        ("name.fr.md", ["en", "fr"], "name", "fr"),
        ("name.FR.md", ["fr"], "name", "fr"),
        ("name.pt_br.md", ["pt-BR"], "name", "pt-BR"),
        ("name.de.md", ["en", "fr"], "name.de", None),
        ("name.gsw.md", ["gsw"], "name", "gsw"),
        ("x/_index.de.md", ["de"], "x", "de"),
        ("x/_index.de.md", [], "x", "de"),
        ("x/Index.pt-BR.md", [], "x", "pt-BR"),
        ("x/index.md", [], "x", None),
        ("x/index.to.md", ["en"], "index.to", None),
        ("x/index.min.md", [], "index.min", None),
        (".de.md", ["de"], ".de", None),
    ],
)
def test_language_suffix(path: str, locales: list[str], stem: str, locale: str) -> None:
    """If the site lists it, or without a list if a sibling shows it."""
    found = named(path, UTC, locales)
    assert (found.stem, found.locale) == (stem, locale)


@pytest.mark.parametrize(
    ("path", "language"),
    [
        *(("a.fr.md", ".fr"), ("x.y/a.pt-BR.md", ".pt-BR"), ("how.to.md", ".to"), ("a.b.de.md", ".de")),
        *(("a.md", ""), ("a.min.md", ""), ("a.gsw.md", ""), (".de.md", ""), ("x.fr/a.md", ""), ("x/.fr.md", "")),
    ],
)
def test_the_end_of_a_name_may_be_a_language(path: str, language: str) -> None:
    """With a code of ISO 639-1 and a region."""
    assert language_of(path) == language


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        *(("/about.html", "about"), ("/about.HTM", "about"), ("about.html", "about"), ("/about/", "about")),
        *(("/contact/index.html", "contact"), ("/contact/index", "contact"), ("/caf%C3%A9/", "cafe")),
        *(("/a/b/", "a-b"), ("/de/a.html?x#y", "de-a"), ("/my-index.html", "my-index"), ("My Page", "my-page")),
        *(("/", ""), ("/index.html", ""), ("/%ff/", ""), ("index", "index"), ("100%41", "100-41")),
    ],
)
def test_slug_of_an_address(address: str, slug: str) -> None:
    """The name of the page without its folders. Other text is a slug itself."""
    assert address_slug(address) == slug
