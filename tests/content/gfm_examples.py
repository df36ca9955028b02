"""The examples of the extensions in the GitHub Flavored Markdown specification: Markdown and the expected HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Example(NamedTuple):
    markdown: str
    html: str


def _paragraphs(*lines: str) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def _link(address: str, scheme: str = "") -> str:
    return f'<a href="{scheme}{address}">{address}</a>'


def _www(address: str) -> str:
    return _link(address, "http://")


def _mail(address: str) -> str:
    return _link(address, "mailto:")


_BUSINESS = "www.google.com/search?q=Markup+(business)"
_ENCRYPTED = "https://encrypted.google.com/search?q=Markup+(business)"
_QUERY = "www.google.com/search?q=commonmark"

EXAMPLES: Mapping[str, Example] = {
    "198 table": Example(
        "| foo | bar |\n| --- | --- |\n| baz | bim |",
        "<table><thead><tr><th>foo</th><th>bar</th></tr></thead>"
        "<tbody><tr><td>baz</td><td>bim</td></tr></tbody></table>",
    ),
    "199 alignment": Example(
        "| abc | defghi |\n:-: | -----------:\nbar | baz",
        '<table><thead><tr><th align="center">abc</th><th align="right">defghi</th></tr></thead>'
        '<tbody><tr><td align="center">bar</td><td align="right">baz</td></tr></tbody></table>',
    ),
    "200 pipes in cells": Example(
        "| f\\|oo  |\n| ------ |\n| b `\\|` az |\n| b **\\|** im |",
        "<table><thead><tr><th>f|oo</th></tr></thead>"
        "<tbody><tr><td>b <code>|</code> az</td></tr><tr><td>b <strong>|</strong> im</td></tr></tbody></table>",
    ),
    "201 a quote ends a table": Example(
        "| abc | def |\n| --- | --- |\n| bar | baz |\n> bar",
        "<table><thead><tr><th>abc</th><th>def</th></tr></thead>"
        "<tbody><tr><td>bar</td><td>baz</td></tr></tbody></table><blockquote><p>bar</p></blockquote>",
    ),
    "202 a blank line ends a table": Example(
        "| abc | def |\n| --- | --- |\n| bar | baz |\nbar\n\nbar",
        "<table><thead><tr><th>abc</th><th>def</th></tr></thead>"
        "<tbody><tr><td>bar</td><td>baz</td></tr><tr><td>bar</td><td></td></tr></tbody></table><p>bar</p>",
    ),
    "203 a header of another width": Example(
        "| abc | def |\n| --- |\n| bar |",
        "<p>| abc | def |\n| --- |\n| bar |</p>",
    ),
    "204 rows of another width": Example(
        "| abc | def |\n| --- | --- |\n| bar |\n| bar | baz | boo |",
        "<table><thead><tr><th>abc</th><th>def</th></tr></thead>"
        "<tbody><tr><td>bar</td><td></td></tr><tr><td>bar</td><td>baz</td></tr></tbody></table>",
    ),
    "205 a table without rows": Example(
        "| abc | def |\n| --- | --- |",
        "<table><thead><tr><th>abc</th><th>def</th></tr></thead></table>",
    ),
    "279 tasks": Example(
        "- [ ] foo\n- [x] bar",
        '<ul><li><input disabled="" type="checkbox"> foo</li>'
        '<li><input checked="" disabled="" type="checkbox"> bar</li></ul>',
    ),
    "280 nested tasks": Example(
        "- [x] foo\n  - [ ] bar\n  - [x] baz\n- [ ] bim",
        '<ul><li><input checked="" disabled="" type="checkbox"> foo'
        '<ul><li><input disabled="" type="checkbox"> bar</li>'
        '<li><input checked="" disabled="" type="checkbox"> baz</li></ul></li>'
        '<li><input disabled="" type="checkbox"> bim</li></ul>',
    ),
    "491 strikethrough": Example("~~Hi~~ Hello, ~there~ world!", "<p><del>Hi</del> Hello, <del>there</del> world!</p>"),
    "492 strikethrough over paragraphs": Example(
        "This ~~has a\n\nnew paragraph~~.", _paragraphs("This ~~has a", "new paragraph~~.")
    ),
    "493 three tildes": Example("This will ~~~not~~~ strike.", _paragraphs("This will ~~~not~~~ strike.")),
    "622 www": Example("www.commonmark.org", _paragraphs(_www("www.commonmark.org"))),
    "623 a path": Example(
        "Visit www.commonmark.org/help for more information.",
        _paragraphs(f"Visit {_www('www.commonmark.org/help')} for more information."),
    ),
    "624 punctuation": Example(
        "Visit www.commonmark.org.\n\nVisit www.commonmark.org/a.b.",
        _paragraphs(f"Visit {_www('www.commonmark.org')}.", f"Visit {_www('www.commonmark.org/a.b')}."),
    ),
    "625 parentheses": Example(
        f"{_BUSINESS}\n\n{_BUSINESS}))\n\n({_BUSINESS})\n\n({_BUSINESS}",
        _paragraphs(_www(_BUSINESS), f"{_www(_BUSINESS)}))", f"({_www(_BUSINESS)})", f"({_www(_BUSINESS)}"),
    ),
    "626 parentheses within": Example(
        "www.google.com/search?q=(business))+ok", _paragraphs(_www("www.google.com/search?q=(business))+ok"))
    ),
    "627 references": Example(
        f"{_QUERY}&hl=en\n\n{_QUERY}&hl;",
        f'<p><a href="http://{_QUERY}&amp;hl=en">{_QUERY}&amp;hl=en</a></p><p>{_www(_QUERY)}&amp;hl;</p>',
    ),
    "628 an angle bracket": Example(
        "www.commonmark.org/he<lp", _paragraphs(f"{_www('www.commonmark.org/he')}&lt;lp")
    ),
    "629 schemes": Example(
        f"http://commonmark.org\n\n(Visit {_ENCRYPTED})",
        _paragraphs(_link("http://commonmark.org"), f"(Visit {_link(_ENCRYPTED)})"),
    ),
    "630 e-mail": Example("foo@bar.baz", _paragraphs(_mail("foo@bar.baz"))),
    "631 plus signs": Example(
        "hello@mail+xyz.example isn't valid, but hello+xyz@mail.example is.",
        _paragraphs(f"hello@mail+xyz.example isn't valid, but {_mail('hello+xyz@mail.example')} is."),
    ),
    "632 ends of e-mail addresses": Example(
        "a.b-c_d@a.b\n\na.b-c_d@a.b.\n\na.b-c_d@a.b-\n\na.b-c_d@a.b_",
        _paragraphs(_mail("a.b-c_d@a.b"), f"{_mail('a.b-c_d@a.b')}.", "a.b-c_d@a.b-", "a.b-c_d@a.b_"),
    ),
    "633 mailto": Example(
        "mailto:foo@bar.baz\n\nmailto:a.b-c_d@a.b\n\nmailto:a.b-c_d@a.b.\n\nmailto:a.b-c_d@a.b/\n\n"
        "mailto:a.b-c_d@a.b-\n\nmailto:a.b-c_d@a.b_",
        _paragraphs(
            _link("mailto:foo@bar.baz"),
            _link("mailto:a.b-c_d@a.b"),
            f"{_link('mailto:a.b-c_d@a.b')}.",
            f"{_link('mailto:a.b-c_d@a.b')}/",
            "mailto:a.b-c_d@a.b-",
            "mailto:a.b-c_d@a.b_",
        ),
    ),
    "634 xmpp": Example(
        "xmpp:foo@bar.baz\n\nxmpp:foo@bar.baz.",
        _paragraphs(_link("xmpp:foo@bar.baz"), f"{_link('xmpp:foo@bar.baz')}."),
    ),
    "635 xmpp resources": Example(
        "xmpp:foo@bar.baz/txt\n\nxmpp:foo@bar.baz/txt@bin\n\nxmpp:foo@bar.baz/txt@bin.com",
        _paragraphs(
            _link("xmpp:foo@bar.baz/txt"),
            _link("xmpp:foo@bar.baz/txt@bin"),
            _link("xmpp:foo@bar.baz/txt@bin.com"),
        ),
    ),
    "636 a second slash": Example(
        "xmpp:foo@bar.baz/txt/bin", _paragraphs(f"{_link('xmpp:foo@bar.baz/txt')}/bin")
    ),
    "657 disallowed raw HTML": Example(
        "<strong> <title> <style> <em>\n\n"
        "<blockquote>\n  <xmp> is disallowed.  <XMP> is also disallowed.\n</blockquote>",
        "<p><strong> &lt;title> &lt;style> <em></p>"
        "<blockquote> &lt;xmp> is disallowed. &lt;XMP> is also disallowed. </blockquote>",
    ),
}  # fmt: skip
"""By number in version 0.29 of the specification, and subject."""
