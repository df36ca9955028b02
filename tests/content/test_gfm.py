"""GitHub's extensions of Markdown: the specification's examples, and what the gateway does otherwise."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from gateway.content.markup import render
from tests.content.gfm_examples import EXAMPLES

DIFFERENCES = {
    "634 xmpp": "Addresses are links only with the schemes that the sanitiser allows, and xmpp is not one of them.",
    "635 xmpp resources": "As in 634.",
    "636 a second slash": "As in 634.",
    "657 disallowed raw HTML": "Tags that are not allowed are removed, as all HTML is sanitised. GitHub escapes them.",
}
"""The examples with another result, and the reason."""


class _Canonical(HTMLParser):
    """The HTML as tags with sorted attributes, and texts with single spaces. Ids and `rel` are the gateway's own."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kept = sorted((name, value or "") for name, value in attrs if name not in {"rel", "id"})
        self.parts.append(f"<{tag} {kept}>")

    def handle_endtag(self, tag: str) -> None:
        if tag != "input":
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if text := " ".join(data.split()):
            self.parts.append(text)


def canonical(html: str) -> list[str]:
    return [part for part in _Canonical(html).parts if part not in {"<tbody []>", "</tbody>"}]


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in DIFFERENCES])
def test_example_of_the_specification(name: str) -> None:
    """The result is that of the specification."""
    example = EXAMPLES[name]
    assert canonical(render(example.markdown).html) == canonical(example.html)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_difference_from_the_specification(name: str) -> None:
    """The differences are those that are listed."""
    example = EXAMPLES[name]
    assert canonical(render(example.markdown).html) != canonical(example.html)


@pytest.mark.parametrize(
    ("markdown", "html", "reason"),
    [
        (
            "a[^x]\n\n[^x]: b",
            (
                '<p>a<sup class="footnote-reference"><a href="#fn:1">1</a></sup></p>'
                '<div class="footnote-definition"><sup class="footnote-definition-label">1</sup>'
                '<p>b <a href="#fnref:1" class="footnote-backref" role="doc-backlink">\u21a9\ufe0e</a></p></div>'
            ),
            "The parser writes footnotes where they are written. GitHub collects them at the end.",
        ),
        (
            "> [!NOTE]\n> a",
            '<blockquote class="markdown-alert-note"><p>a</p></blockquote>',
            "The title of an alert is the matter of the page's style sheet. GitHub adds it, with a picture.",
        ),
        (
            "$a$ b",
            '<p><span class="math math-inline">$a$</span> b</p>',
            "GitHub's own element has no meaning on other pages.",
        ),
        (
            '"https://a.example" ahttps://b.example',
            '<p>"<a href="https://a.example">https://a.example</a>" ahttps://b.example</p>',
            "The specification links addresses after white space and `*_~(` only. GitHub itself does as here.",
        ),
        (
            "http://a.example/*b*",
            '<p><a href="http://a.example/">http://a.example/</a><em>b</em></p>',
            "Addresses are linked in the parser's result, so emphasis in an address counts.",
        ),
        (
            "[[a]] [[b|c]]",
            '<p><a href="a">a</a> <a href="b">c</a></p>',
            "GitHub knows wiki links in its wikis only.",
        ),
        (
            "[[1]](a)",
            '<p><a href="a">[1]</a></p>',
            "In a body with links of this form, double brackets are not wiki links, as in CommonMark.",
        ),
        (
            "US$5 and US$6, $x$",
            "<p>US$5 and US$6, $x$</p>",
            "A body whose prices would be formulas is without formulas.",
        ),
    ],
)
def test_other_extensions(markdown: str, html: str, reason: str) -> None:
    """What the specification does not have, or where GitHub differs, is as listed."""
    assert canonical(render(markdown).html) == canonical(html), reason


@pytest.mark.parametrize(
    ("markdown", "ids"),
    [
        ("a[^x][^y]\n\n[^y]: b\n[^x]: c\n[^y]: d", ["fnref:1", "fnref:2", "fn:2", "fn:1"]),
        ("[^x]: a\n\nb[^x] c[^x]", ["fn:1", "fnref:1", "fnref:1:2"]),
        ("a[^x]\n\n[^x]: b\n\n# Fn:1 {#fn:1}", ["fnref:1", "fn:1", "fn1-fn1"]),
        ("a[^x]\n\n[^x]: b\n\n# c {#fnref:1}", ["fnref:1", "fn:1", "c-fnref1"]),
    ],
)
def test_footnotes_have_unique_ids(markdown: str, ids: list[str]) -> None:
    """The first definition of a footnote and each reference to it have ids of its number, which no heading has."""
    html = render(markdown).html
    assert [part.partition('"')[0] for part in html.split(' id="')[1:]] == ids


@pytest.mark.parametrize(
    ("markdown", "end"),
    [
        ("a[^x]\n\n[^x]: b", "<p>b {1}</p>"),
        ("a[^x] b[^x]\n\n[^x]: c\n\n    d", "<p>c</p><p>d {1} {2}</p>"),
        ("a[^x]\n\n[^x]:\n    - b", "<ul><li>b</li></ul> {1}"),
        ("a[^x]\n\n[^x]: b\n    <div>c</div>", "<p>b</p><div>c</div> {1}"),
        ("[^x]: a[^x]", '<p>a<sup class="footnote-reference"><a href="#fn:1">1</a></sup> {1}</p>'),
        ("[^x]: a", "<p>a</p>"),
        ("a[^x]\n\n[^x]: b\n\n[^x]: c", "<p>b {1}</p>"),
        ("a[^x]\n\n<a href=b>\n\n[^x]: c\n\n</a>", "<p>c</p></div></a>"),
        ("a[^x]\n\n<a href=b>\n\n[^x]: <table><td><a href=c>d</a></table>", "</table></div></a>"),
    ],
)
def test_footnotes_link_back(markdown: str, end: str) -> None:
    """The first definition of a footnote ends with a link for each reference, which the text does not contain."""
    rendered = render(markdown)
    shown = "".join(canonical(rendered.html))
    first = '<a href="#fnref:1" class="footnote-backref" role="doc-backlink">\u21a9\ufe0e</a>'
    second = first.replace('fnref:1"', 'fnref:1:2"').replace("</a>", "<sup>2</sup></a>")
    assert "".join(canonical(end.replace("{1}", first).replace("{2}", second))) in shown
    assert shown.count("backref") == end.count("{")
    assert not {*"\u21a9\ufe0e12"} & {*rendered.text}


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<input type=checkbox disabled checked>", '<input type="checkbox" disabled="" checked="">'),
        ("<input type=text autofocus onfocus=alert(1)>", ""),
        ("<input disabled value=checkbox type=image src=x>", '<input disabled="" type="checkbox">'),
        ("<div class='footnote-definition x'>a</div>", "<div>a</div>"),
        ("<span class='math math-inline'>a</span>", '<p><span class="math math-inline">a</span></p>'),
        ("<p class='markdown-alert-note'>a</p>", "<p>a</p>"),
        ("<a title=' www.a.example '>www.b.example</a>", '<p><a title=" www.a.example ">www.b.example</a></p>'),
    ],
)
def test_html_of_extensions_in_the_source(html: str, shown: str) -> None:
    """A checkbox is disabled, and only the classes that Markdown gives are retained."""
    assert canonical(render(html).html) == canonical(shown)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("见https://a.example/é。", "https://a.example/%C3%A9%E3%80%82"),
        ("(www.a.example/b_(c))", "http://www.a.example/b_(c)"),
        ("http://localhost:3000/", "http://localhost:3000/"),
        ("HTTPS://A.EXAMPLE", "HTTPS://A.EXAMPLE"),
        ("www.a_b.example.org", "http://www.a_b.example.org"),
        ("www.a.b_c.org www.localhost", "http://www.localhost"),
        ('http://a.example/"onclick="alert(1)', "http://a.example/%22onclick=%22alert(1)"),
        ("`www.a.example` [www.b.example](c) www.d.example", "http://www.d.example"),
        ("/me@a.example me@b.example", "mailto:me@b.example"),
    ],
)
def test_addresses_in_text(text: str, address: str) -> None:
    """The last address of a text is linked, without what does not belong to it."""
    assert f'<a href="{address}"' in render(text).html.rpartition("<p>")[2]
    assert render(text).html.count("http://www.a.b_c") == 0


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Hello, World!", "hello-world"),
        ("a  b", "a-b"),
        ("a — b", "a--b"),
        ("I ♥ unicode", "i--unicode"),
        ("Привет non-latin 你好", "привет-non-latin-你好"),
        ("👍 done ☑️", "-done-️"),
        ("x² ½ Ⅳ ⓐ", "x--ⅳ-ⓐ"),
        ("a\xa0b", "ab"),
        ("snake_case.py", "snake_casepy"),
    ],
)
def test_anchors_as_on_github(heading: str, anchor: str) -> None:
    """Letters, marks, digits, `_` and `-` stay, spaces are hyphens, and all other characters go."""
    assert [each.anchor for each in render(f"# {heading}").headings] == [anchor]
