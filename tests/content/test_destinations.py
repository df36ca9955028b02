"""The destinations of links and images in bodies."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.destinations import Place, addressed, of_body, place
from gateway.content.markup import SANITISER, read, render
from gateway.model.documents import Destination
from tests.content.markdown import BODIES


def found(body: str, source: str = "blog/post.md", first_line: int = 1) -> tuple[Destination, ...]:
    return of_body(read(body).html, body, source, first_line)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("photo.png", Place("blog/photo.png", False, "")),
        ("./photo.png", Place("blog/photo.png", False, "")),
        ("../img/a%20b.png?size=2#top", Place("img/a b.png", False, "top")),
        ("/img/a.png", Place("img/a.png", True, "")),
        ("/", Place("", True, "")),
        ("caf%C3%A9.md#d%C3%A9but", Place("blog/caf\u00e9.md", False, "d\u00e9but")),
        ("cafe%CC%81.md", Place("blog/caf\u00e9.md", False, "")),
        ("#part", Place("blog/post.md", False, "part")),
        ("?page=2", Place("blog/post.md", False, "")),
        ("../..", None),
        ("/../secret", None),
        ("%2e%2e/%2e%2e/secret", None),
        ("..%2f..%2fsecret", None),
        ("a%00b", None),
        ("//cdn.example/a.png", None),
        ("https://example.org/a.png", None),
        ("mailto:a@example.org", None),
        ("data:image/png;base64,AAAA", None),
    ],
)
def test_destination_is_resolved_from_its_file(written: str, expected: Place | None) -> None:
    assert place("blog/post.md", written) == expected


@given(st.text(alphabet="./%2eEfF~\\ab", max_size=40))
def test_no_destination_leaves_the_folder(written: str) -> None:
    where = place("a/b/c.md", written)
    assert where is None or not {".", "..", ""} & set(where.path.split("/")) or where.path == ""


def test_links_and_images_have_targets_labels_and_places() -> None:
    body = (
        "See [the *other*](../other.md#part) and ![a photo](photo.png).\n"
        "\n"
        "[![](thumb.png)](/full/) [[Wiki Page|its name]] <https://example.org/x/>\n"
        '[r] <a href="raw.pdf">raw</a> <img src=bare.png>\n'
        "\n"
        "[r]: <with space.md>\n"
    )
    assert found(body, first_line=5) == (
        Destination("../other.md#part", "other.md", "part", "the other", False, False, 5, 19),
        Destination("/full/", "/full", "", "", False, False, 7, 18),
        Destination("Wiki%20Page", "[[wiki page", "", "its name", False, True, 7, 28),
        Destination("https://example.org/x/", "https://example.org/x", "", "https://example.org/x/", False),
        Destination("with%20space.md", "blog/with space.md", "", "r", False, False, 10, 7),
        Destination("raw.pdf", "blog/raw.pdf", "", "raw", False, False, 8, 14),
        Destination("photo.png", "blog/photo.png", "", "a photo", True, False, 5, 52),
        Destination("thumb.png", "blog/thumb.png", "", "", True, False, 7, 6),
        Destination("bare.png", "blog/bare.png", "", "", True, False, 8, 40),
    )


def test_wiki_embeds_are_images() -> None:
    [image] = found("![[Pasted image.png]]")
    assert (image.target, image.is_image, image.is_wiki) == ("[[pasted image.png", True, True)


def test_a_destination_is_listed_once_at_its_first_place() -> None:
    [link] = found("[a](x.md)\n[b](x.md)\n")
    assert (link.label, link.line, link.column) == ("a", 1, 5)


@pytest.mark.parametrize(
    "body", ["`[a](x.md)`", "    [a](x.md)\n", "<!-- [a](x.md) -->", "no links", "text[^1]\n\n[^1]: note"]
)
def test_code_comments_and_footnotes_have_none(body: str) -> None:
    assert found(body) == ()


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("[a](a&amp;b.md)", "a&b.md"),
        ("[a](<a b.md>)", "a%20b.md"),
        ("[a](\u00e4.md?x=1&y=2)", "%C3%A4.md?x=1&y=2"),
        ("[a](100%25.md)", "100%25.md"),
        ("[a](a\\(b.md)", "a(b.md"),
        ("[a](a(b).md)", "a(b).md"),
        ("<a href='a\"b.md'>x</a>", 'a"b.md'),
    ],
)
def test_addresses_replace_destinations(body: str, written: str) -> None:
    [destination] = found(body)
    assert (destination.written, destination.line) == (written, 1)
    shown = addressed(render(body).html, {written: "/assets/\"&'<x>"})
    assert 'href="/assets/&quot;&amp;&#x27;&lt;x&gt;"' in shown


def test_only_destinations_are_replaced() -> None:
    body = '[x.md](x.md "x.md") x.md `href="x.md"` <b title="x.md">href="x.md"</b>'
    shown = render(body).html
    changed = addressed(shown, {"x.md": "/there/"})
    assert changed == shown.replace('<a href="x.md" title', '<a href="/there/" title', 1)
    assert changed != shown


@given(BODIES)
def test_every_local_destination_of_the_html_is_found(body: str) -> None:
    """The HTML that a load reads is not sanitised, and the one that is addressed is."""
    addresses = {each.written: "/assets/found" for each in found(body)}
    shown = addressed(render(body).html, addresses)
    left = re.findall(r'<(?:a|img) [^>]*?(?:href|src)="([^"]*)"', shown)
    assert all(each.startswith(("/assets/found", "http", "mailto:", "tel:", "#fn:")) or each == "" for each in left)


@given(BODIES, st.text(max_size=20))
def test_addressed_html_is_safe(body: str, address: str) -> None:
    addresses = {each.written: f"/assets/{address}" for each in found(body)}
    shown = addressed(render(body).html, addresses)
    assert re.sub(' id="[^"]*"', "", shown).count("<") == re.sub(' id="[^"]*"', "", SANITISER.clean(shown)).count("<")
