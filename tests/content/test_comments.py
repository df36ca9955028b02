"""Comments of Markdown dialects: removal, comments in code, and the amount of work."""

from __future__ import annotations

import cProfile
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.content import comments
from gateway.content.markup import read, render
from gateway.content.prose import excerpt
from gateway.content.tokenizer import terms
from tests.content.markdown import BODIES, ORDINARY

HIDDEN = "zqsecret"
FORMS = (
    ("<!--", "-->"),
    ("%%", "%%"),
    ("{% comment %}", "{% endcomment %}"),
    ("{%- comment -%}", "{%- endcomment -%}"),
    ("{% comment note %}{% comment %}", "{% endcomment %}{% endcomment %}"),
    ("{% #", "%}"),
    ("{{/*", "*/}}"),
    ("{{- /*", "*/ -}}"),
    ("{{% comment %}}", "{{% /comment %}}"),
    ("{{< comment >}}", "{{< /comment >}}"),
    ("{/*", "*/}"),
    ("{% doc %}", "{% enddoc %}"),
    ("{%- doc -%}", "{%- enddoc -%}"),
    ("{#", "#}"),
    ("{#-", "-#}"),
    ("{::comment}", "{:/comment}"),
    ("{::comment}", "{:/}"),
    ("{{!--", "--}}"),
    ("{{~!-- }}", "--~}}"),
    ("{{!", "}}"),
    ("<p hidden>", "</p>"),
    ("<DIV class='a' HIDDEN=\"\" id=b>", "</DIV>"),
    ("<div hidden><div hidden='until-found'>", "</div></div >"),
    ("<span hidden>", "</span>"),
    ("{\n  /*", "*/\n}"),
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("one ", " two"),
        ("one\n\n", "\n\ntwo"),
        ("one\n", "\ntwo"),
        ("> one ", " two"),
        ("- one\n\n  ", "\n\n  two"),
        ("# one ", "\n\ntwo"),
        ("<div>one ", "</div> two"),
        ("| one ", "| two |\n|---|---|\n| ` | ` |"),
        ("[one](https://a.example/", ") two"),
        ('<img alt="one ', ' two">'),
        ("one ``code", "\n\ntwo`` end"),
        ("one \\`", "` two"),
        ('<a title="`">one ', " ` two</a>"),
        ("<div>\n```\n</div>\n\none ", "\n\ntwo"),
        ("one\u2028```\n", "\n```\ntwo"),
        ("one\xa0```\n\n", "\n\ntwo"),
    ],
)
@pytest.mark.parametrize("inside", [f" {HIDDEN} ", f"{HIDDEN}\n\n# {HIDDEN}\n\n```\n{HIDDEN}\n", f"`{HIDDEN}` \\ <b>"])
def test_comments_are_removed(before: str, after: str, inside: str) -> None:
    """Comments of any form, within a line or over several blocks, are in no result of a body."""
    for start, end in FORMS:
        body = f"{before}{start}{inside}{end}{after}"
        rendered = render(body)
        seen = (rendered.html, rendered.text, *rendered.headings, excerpt(rendered.text, 99), read(body).text)
        assert HIDDEN not in str(seen), body
        assert HIDDEN not in str(read(body).title), body
        assert {"one", "two"} <= {*terms(read(body).text)} | {*terms(rendered.html)}, body


@pytest.mark.parametrize(
    "around",
    [
        "`{}`",
        "`` ` {} ``",
        "a `b\nc {}\nd`",
        "```\n{}\n```",
        "~~~ js\n{}\n~~~",
        "    {}",
        "- a\n\n  ```\n  {}\n  ```",
        "> ```\n> {}\n> ```",
    ],
)
def test_code_keeps_comments(around: str) -> None:
    """Code spans, fenced code and indented code are unchanged."""
    for start, end in FORMS[:-1]:
        code = f"{start} {HIDDEN} {end}"
        body = around.format(code)
        assert comments.strip(body) == body
        assert code in render(body).text, body
        assert HIDDEN in terms(read(body).text), body


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("a %% b %% c %% d %% e", "a  c  e"),
        ("100%% a\n\n5%% b", "100%% a\n\n5%% b"),
        ("5%%b%% c", "5 c"),
        ("100%%\na\n%% b", "100\nb"),
        ("100%% \r\n\r\na\r\n  %%\r\nb", "100\r\nb"),
        ("100%%\na\nb 5%%", "100%%\na\nb 5%%"),
        ("a %%%% b", "a %%%% b"),
        ("%%%%%%%%%%\n\na", "%%%%%%%%%%\n\na"),
        ("%%\na\n%%\n# b", "\n# b"),
        ("%%\na\n%% # b", "\n# b"),
        ("a <!-- b --> c", "a <!----> c"),
        ("<!--> b -->", "<!----> b -->"),
        ("- a\n  <!--\n  b\n  -->\n  c", "- a\n  <!---->\n  c"),
        ("\\<!-- a --> \\%% b \\{/* c */}", "\\<!-- a --> \\%% b \\{/* c */}"),
        ("\\\\%%a%%b", "\\\\b"),
        ("<div>\n\\%%a%%\n</div>", "<div>\n\\\n</div>"),
        ("{{</* figure */>}} {{%/* note */%}}", "{{</* figure */>}} {{%/* note */%}}"),
        ("{% if a %}b{% endif %} {{ c }} {#id} {d}", "{% if a %}b{% endif %} {{ c }} {#id} {d}"),
        ("{#if a}b{/if} {#a-b .c} {#} {##} {#a#} {#a\nb#}", "{#if a}b{/if} {#a-b .c} {#}   "),
        ("a {::comment/} b {::nomarkdown}c{:/} d", "a  b {::nomarkdown}c{:/} d"),
        ("{{#if a}}b{{/if}} {{{c}}} {{ !d }} {{{!-- e --}}", "{{#if a}}b{{/if}} {{{c}}} {{ !d }} {"),
        ("{% doc a %} {% docs %} {% doc-a %}", "{% doc a %} {% docs %} {% doc-a %}"),
        ("a <img src=b hidden> c <b hidden/> d <input type=hidden> e", "a <!----> c <!----> d <input type=hidden> e"),
        ("<p hidden>a<p>b</p> c", "<!----> c"),
        ("<i hidden>a<i>b</i><ib>c<i/></i> d", "<!----> d"),
        (
            "<p data-hidden aria-hidden='true' title=' hidden '>a</p>",
            "<p data-hidden aria-hidden='true' title=' hidden '>a</p>",
        ),
        ("\\<p hidden>a</p> <p hidden", "\\<p hidden>a</p> <p hidden"),
        ("{{/* a */}}{/* b */}%%c%%", ""),
        ("{% comment %}a{% comment %}b{% endcomment %}c{% endcomment %}d", "d"),
        ("%% a ` %% b ` %% c %%", " b ` "),
        ("a ` b %% c\n\nd %% ` %% e %% ` f", "a ` b \n`  ` f"),
        ("a\r\n%%\r\nb\r\n%%\r\nc\r\n", "a\r\n\r\nc\r\n"),
    ],
)
def test_remaining_text(body: str, text: str) -> None:
    """Everything except comments stays. Escaped and unopened marks are text."""
    found = comments.read(body)
    assert (found.text, found.unclosed) == (text, None)


@given(BODIES)
def test_origins_of_the_text(body: str) -> None:
    """Each copied character is at its origin."""
    found = comments.read(body)
    for to, source in found.copied[1:]:
        assert found.origin(to) == source
        assert found.text[to : to + 1] == body[source : source + 1]


@pytest.mark.parametrize("opening", [form[0] for form in FORMS])
@pytest.mark.parametrize("before", ["", "one ", "one\n\n", "> one\n> ", "- one "])
def test_comment_without_an_end_hides_the_rest(opening: str, before: str) -> None:
    """Its position is known."""
    body = f"{before}{opening} {HIDDEN}\n\n# {HIDDEN}\n"
    assert HIDDEN not in str((render(body), read(body).text, read(body).title))
    assert comments.read(body).unclosed == len(before)


class Shown(HTMLParser):
    """The text and attributes of HTML, outside and inside code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._code = 0
        self.text, self.code = "", ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in {"code", "pre"}
        self.text += str(attrs)

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"code", "pre"}

    def handle_data(self, data: str) -> None:
        if self._code:
            self.code += data
        else:
            self.text += data


INSIDE = st.lists(
    st.sampled_from(
        [HIDDEN, " ", "\n", "\n\n", "`", "```\n", "*", "# ", "- ", "> ", "    ", "|", "\\", "<b>", "<div>\n"]
    ),
    max_size=6,
).map(lambda parts: f" {HIDDEN} {''.join(parts)} ")
COMMENTS = st.builds(lambda form, inside: f"{form[0]}{inside}{form[1]}", st.sampled_from(FORMS), INSIDE)


TEXTS = st.one_of(ORDINARY, BODIES, st.text('ab` \n|-:<>"=\\~*#', max_size=60))


@given(TEXTS, COMMENTS, st.integers(min_value=0))
def test_comment_at_any_place_is_removed(body: str, comment: str, at: int) -> None:
    """At any position of any body, unless it begins in code."""
    at %= len(body) + 1
    before = body[at - 1 : at] if at else ""
    assume(before not in {"\\", "%"} and not before.isdigit())
    assume("`" not in comment or "`" not in body)  # which would close a code span within the comment
    assume(HIDDEN not in Shown(render(f"{body[:at]}{HIDDEN}{body[at:]}").html).code)
    written = f"{body[:at]}{comment}{body[at:]}"
    rendered = render(written)
    assert HIDDEN not in Shown(rendered.html).text
    assert HIDDEN not in f"{rendered.text} {rendered.headings} {read(written).text} {read(written).title}"


@given(BODIES)
def test_body_without_comments_is_unchanged(body: str) -> None:
    """Only comments are removed."""
    if not comments._OPENING.search(body):
        assert comments.strip(body) == body


class LineByLine(comments._Stripper):
    """Looks at each line, also far from comments."""

    def _skip_blocks(self, at: int) -> int:
        return at


BLOCKS = st.sampled_from([
    *("a", "- a", "1. a\n   - b", "> a", "    a", "- a\n\n  ```\n  a", "```", "~~~\n", "<pre>", "</pre>", "<div>"),
    *("a `", "<script>", "</script>", "<!--", "-->", "%%", "5%%", "{# a #}", "  {/* a */}", "  `%%a%%`", "|a|\n|-|"),
    *("a\r", "\r\n"),
])  # fmt: skip


@given(
    st.lists(st.tuples(BLOCKS, st.sampled_from(["\n\n", "\n", "\r\n\r\n", " "]))).map(
        lambda parts: "".join(map("".join, parts))
    )
)
def test_blocks_are_skipped_without_effect(body: str) -> None:
    """Blocks that no comment is near are copied; the result is that of a look at every line."""
    assert comments.read(body) == LineByLine(body).run()


PARTS = (
    *(form[0] for form in FORMS), *("".join(form) for form in FORMS), "a %%\n\n%% ", "%% x %%\n`a\n", "`", "``a`b",
    "5%%", "%%%", "> %% a\n> %%\n", "- %%\n", "<a b='%%", "<a ", "{", "{% ", "\\", "|`a|%%\n-|-\n", "a `b\n",
    "```\n%%\n", "%%a%%\n    b\n", "5%%\n", "5%%\na\n%%\n", "<p hidden></p>\n\na\n\n",
    "<i hidden", "<i hidden a='", "{#a ", "a\n\n<!---->\n\n",
    "~~~\n\na\n\n", "- a\n\n  {#id}\n\n", "a\n\n`{#-",
)  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("before", ["", "%%%% <div>\n", "a `` "])
def test_work_is_linear(before: str, part: str) -> None:
    """A body of twice the length takes twice the calls, whatever it repeats."""

    def calls(body: str) -> int:
        profile = cProfile.Profile()
        profile.runcall(comments.read.__wrapped__, body)
        entries: Any = profile.getstats()
        return sum(entry.callcount for entry in entries)

    assert calls(before + part * 800) <= 2.2 * calls(before + part * 400) + 200
