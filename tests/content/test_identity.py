"""Ids, keys and normalised URLs."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.content.identity import (
    LONGEST_URL,
    article_id,
    digits,
    provider_id,
    provider_key,
    related_id,
    related_tail,
    suffix,
    topic_id,
    topic_key,
    url_host,
    url_identity,
)

HOSTS = st.sampled_from(
    ["a.org", "WWW.a.org", "www.www.a.org", "www.com", "x.cdn.ampproject.org", "bücher.example", "[::1]", "a／b.org"]
)
PIECES = st.sampled_from(["/", "c/s/", "v/", "a.org", "x.cdn.ampproject.org", "%", "%41", "%e4", "ä", "?", "&", "="])
TRICKY = st.builds(
    lambda scheme, host, pieces: f"{scheme}://{host}{''.join(pieces)}",
    st.sampled_from(["http", "HTTPS"]),
    HOSTS,
    st.lists(st.one_of(PIECES, st.sampled_from([":80", ":0443", "@", "#x", "utm_a=1", "b=2", "\ud800", " "]))),
)


def test_ids_are_equal_on_every_machine() -> None:
    """An id is the first 16 bytes of the key's SHA-256."""
    assert article_id("") == "ar_47DEQpj8HBSa-_TImW-5JA"
    assert {provider_id("a")[:3], topic_id("a")[:3]} == {"pr_", "to_"}
    assert provider_id("a")[3:] == topic_id("a")[3:] == article_id("a")[3:]


def test_path_id_ignores_unicode_composition() -> None:
    """File systems compose letters differently. The id is the same."""
    assert article_id("é.md") == article_id(unicodedata.normalize("NFD", "é.md"))


def test_related_id_has_parts_of_fixed_length() -> None:
    """The article and the identity are separated by length, whatever characters they contain."""
    found = related_id(article_id("a.md"), f"{related_tail('https://a.org')}-3")
    assert re.fullmatch(r"re_[\w-]{44}-3", found)
    assert found[3:25] == article_id("a.md")[3:]


def test_suffix_is_six_digits_of_the_digest() -> None:
    """A colliding slug always gets the same suffix."""
    assert suffix("") == "-e3b0c4"
    assert digits("") == "e3b0c4"


@pytest.mark.parametrize(
    ("name", "domain", "key"),
    [("IET", "TheIET.org", "theiet.org"), ("U.S. News", None, "u-s-news"), ("Mint", " ", "mint")],
)
def test_provider_key_is_its_domain_or_its_name(name: str, domain: str | None, key: str) -> None:
    """Equal domains are one provider, whatever the spelling of the name."""
    assert provider_key(name, domain) == key


def test_provider_without_a_slug_has_a_key() -> None:
    """Two names of punctuation are two providers."""
    assert provider_key("!!", None)
    assert provider_key("!!", None) != provider_key("??", None)


def test_topic_key_ignores_case_and_spacing() -> None:
    """ "AI" and "ai" are one topic. A wide space is a space."""
    assert topic_key(" Computer\u3000 VISION ") == topic_key("computer vision")


def test_topic_key_ignores_invisible_characters() -> None:
    """A name of invisible characters only is a topic of its own."""
    assert topic_key("con\u00adtent \u200bai") == topic_key("Content AI")
    assert topic_key("\u200b") == "\u200b"
    assert topic_key("край") != topic_key("краи")


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("http://www.Example.org:80/a/", "https://example.org/a"),
        ("https://example.org:443#top", "https://example.org"),
        ("https://example.org:8443/", "https://example.org:8443"),
        ("https://user:word@example.org/a", "https://example.org/a"),
        ("https://example.org/?b=2&a=1&utm_source=x&gclid=y&fbclid=z&mc_cid=w", "https://example.org?a=1&b=2"),
        ("https://example.org/?gclids=1", "https://example.org?gclids=1"),
        ("https://example.org/%7ea/%c3%a4/ä /%zz", "https://example.org/~a/%C3%A4/%C3%A4%20/%25zz"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("https://www.com/", "https://www.com"),
        ("http://xwww.example.org/?a", "https://xwww.example.org?a"),
        ("http://[::1]:8000/a", "https://[::1]:8000/a"),
        ("https://www-a-org.cdn.ampproject.org/c/s/www.a.org/b/?utm_medium=x", "https://a.org/b"),
        ("https://a-org.cdn.ampproject.org/c/a.org/b", "https://a.org/b"),
        ("https://x.cdn.ampproject.org/about", "https://x.cdn.ampproject.org/about"),
        ("//www.example.org/a/", "https://example.org/a"),
        (" /about.html#top ", "/about.html"),
        ("/caf%c3%a9/", "/caf%C3%A9"),
        ("/café", "/caf%C3%A9"),
        ("/%7Ea//b c\\d", "/~a//b%20c%5Cd"),
        ("/?b=2&utm_source=x&a=1", "/?a=1&b=2"),
        ("/a/?b=2&a=1", "/a?a=1&b=2"),
        ("/", "/"),
    ],
)
def test_equivalent_urls_have_one_identity(url: str, identity: str) -> None:
    """Parts that do not change the page do not change its identity."""
    assert url_identity(url) == identity


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a/b",
            "example.org",
            "ftp://a.org",
            "https://",
            "https:///a",
            "http://[::1",
            "https://a b.org",
            "mailto:a",
            "//",
            "///a",
            "/" * (LONGEST_URL + 1),
            "/" + "ä" * LONGEST_URL,
        ),
        *("https://a.org:x/", "https://a／b.org/", "https://a.org/" + "a" * LONGEST_URL, "https://..."),
    ],
)
def test_invalid_addresses_have_no_identity(text: str) -> None:
    """Relative links, other schemes, broken hosts and overlong texts have no identity."""
    assert url_identity(text) is None


@given(st.one_of(st.text(), TRICKY, st.lists(PIECES).map(lambda pieces: "/" + "".join(pieces))))
@example("https://x.cdn.ampproject.org/c/s")
@example("https://a.org/%4%31")
def test_normalisation_is_idempotent(text: str) -> None:
    """Any text is accepted, and normalising twice gives the same result."""
    found = url_identity(text)
    if found is not None:
        assert url_identity(found) == found
        assert found.isascii()


def test_host_of_an_identity() -> None:
    """The host excludes port, path and query."""
    assert url_host("https://a.org?x=/") == url_host("https://a.org:8000/b") == "a.org"
    assert url_host("/a.org") == ""


@given(st.from_regex(r"https://[a-z0-9.-]{1,12}(/[A-Za-z0-9._~!$&'()*+,;=:@/-]{0,12})?", fullmatch=True))
def test_plain_url_has_the_identity_of_its_parts(url: str) -> None:
    """Most URLs are recognised as normalised. A fragment, which is ignored, makes them be taken apart."""
    assert url_identity(url) == url_identity(f"{url}#")
