"""Hypothesis strategies for Markdown bodies: arbitrary text with markup, and inputs that take long to parse."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hypothesis import strategies as st

_TAGS = "a b br caption code div font form h1 h2 i img li math ol p pre select svg table tbody td textarea title tr ul"
_MARKS = [
    "*", "**", "_", "`", "```\n", "# ", "## ", "> ", "- ", "1. ", "\n", "\n\n", "[a](b)", "![a](b)", "<https://a.example>",
    "a|b\n-|-\n", "| c |", "&lt;", "&amp;", "&#10;", "<!--", "-->", "<?", "?>", "<![CDATA[", "]]>", "\t", "    ", "\\",
    "\0", "\r", "[a]: /b\n", "<", ">", '"', "'", "=", "\u2028", "\x0c", "word ",
    "~~", "~", "- [ ] ", "- [x] ", "[^a]", "[^a]: ", "> [!NOTE]\n", "$", "$$", "[[", "]]",
    "www.a.example", "a@b.example", "Été", "学习", "👍🏽", "<script>",
    "</script>", "<style>",
    "<iframe src=//a.example>", "<a href='javascript:alert(1)' onclick=b>", '<img title="<b>" src=x onerror=y>',
]  # fmt: skip

BODIES = st.one_of(
    st.text(),
    st.lists(
        st.one_of(
            st.sampled_from(_MARKS),
            st.sampled_from([f"<{name}>" for name in _TAGS.split()]),
            st.sampled_from([f"</{name}>" for name in _TAGS.split()]),
            st.text(max_size=5),
        ),
        max_size=30,
    ).map("".join),
)

# Markdown as people write it: text that is not markup does not resemble markup.

_WORDS = st.sampled_from(
    [
        "word",
        "Été",
        "学习",
        "a_b",
        "x2",
        "3",
        "R&D",
        "C#",
        "1.5",
        "can't",
        "&amp;",
        "&eacute;",
        "\\*",
        "\\[",
        "5 < 6",
        "😀",
        "k=v",
    ]
)
_PHRASES = st.lists(_WORDS, min_size=1, max_size=4).map(" ".join)
_CODES = st.sampled_from(["x = 1", "a_b", "*a*", "[a](b)", "<b>", "&amp;", "f(x)", "# a", "- a", "a\\b", "<script>"])
_INLINE: st.SearchStrategy[str] = st.recursive(
    st.one_of(
        _PHRASES,
        _CODES.map("`{}`".format),
        st.sampled_from([
            "<https://a.example/b?c=d>", "<me@a.example>", "<br>", "<!-- gone -->", "<script>gone</script>",
            '<img src="a.png" alt="a picture">', "[named][ref]", "![named][ref]", "[ref]", "[none]",
            "https://bare.example/a_b", "www.bare.example", "me@bare.example", "$a_b$", "[^note]", "[[page]]",
            "[[page|label]]", "<svg><text>gone</text></svg>",
        ]),
    ),
    lambda inner: st.one_of(
        inner.map("*{}*".format),
        inner.map("**{}**".format),
        inner.map("~~{}~~".format),
        inner.map("[{}](https://a.example/b_c)".format),
        _PHRASES.map('![so *{}*](a.png "title")'.format),
        inner.map("<b class='c'>{}</b>".format),
        inner.map("<custom-tag>{}</custom-tag>".format),
    ),
    max_leaves=3,
)  # fmt: skip
_TEXTS = st.lists(_INLINE, min_size=1, max_size=3).map(" ".join)
_PARAGRAPHS = st.lists(_TEXTS.map("so {}".format), min_size=1, max_size=3).map("\n".join)


def _indented(text: str, mark: str) -> str:
    return mark + text.replace("\n", "\n" + " " * len(mark))


def _fenced(lines: list[str], language: str) -> str:
    return "\n".join([f"```{language}", *lines, "```"])


def _table(rows: list[tuple[str, str]]) -> str:
    return "\n".join([f"| {a} | {b} |" for a, b in (rows[0], ("---", ":-:"), *rows[1:])])


_LEAF_BLOCKS = st.one_of(
    _PARAGRAPHS,
    st.builds("{} {}".format, st.sampled_from(["#", "##", "######"]), _TEXTS),
    st.builds("{} {}".format, st.sampled_from(["#", "##"]), _TEXTS).map("{} ##".format),
    _TEXTS.map("so {}\n---".format),
    st.builds(_fenced, st.lists(_CODES, max_size=3), st.sampled_from(["", "python", "js title=x"])),
    st.lists(_CODES, min_size=1, max_size=3).map(lambda lines: "\n".join("    " + line for line in lines)),
    st.lists(st.tuples(_PHRASES, _PHRASES), min_size=1, max_size=3).map(_table),
    _TEXTS.map("<div class='c'>\n\nso {}\n\n</div>".format),
    _PHRASES.map("<table><tr><td>{0}</td><td>{0}</td></tr></table>".format),
    st.lists(_TEXTS, min_size=1, max_size=2).map(lambda items: "\n".join(f"- [x] {item}" for item in items)),
    _TEXTS.map("> [!TIP]\n> {}".format),
    _PHRASES.map("$$\n{}\n$$".format),
    st.sampled_from(["***", "- - -", "<!--\ngone\n\n```\n-->", "<script>\ngone\n\n# gone\n</script>", "<hr>"]),
)


def _several(blocks: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(blocks, min_size=1, max_size=3).map("\n\n".join)


_BLOCKS: st.SearchStrategy[str] = st.recursive(
    _LEAF_BLOCKS,
    lambda inner: st.one_of(
        _several(inner).map(lambda text: "> " + text.replace("\n", "\n> ")),
        st.lists(_several(inner).map(lambda text: _indented(text, "- ")), min_size=1, max_size=3).map("\n".join),
        st.lists(_several(inner).map(lambda text: _indented(text, "7. ")), min_size=1, max_size=3).map("\n\n".join),
    ),
    max_leaves=4,
)
ORDINARY = _several(_BLOCKS).map("{}\n\n[ref]: https://a.example 'gone'\n\n[^note]: A *note*\n".format)
"""Bodies with all constructs of GitHub's Markdown, nested."""

HOSTILE: Mapping[str, Callable[[int], str]] = {
    "quotes": lambda n: ">" * n,
    "quoted lines": lambda n: "> a\n" * n,
    "lazy lines in a deep quote": lambda n: ">" * 30 + "a\n" + "b\n" * n,
    "lists in lists": lambda n: "- " * n + "a",
    "lazy lines in deep lists": lambda n: "- " * n + "a\n" + "b\n" * n,
    "deeper and deeper items": lambda n: "".join(" " * (2 * (i % 15)) + "- a\n" for i in range(n)),
    "items": lambda n: "- a\n" * n,
    "quotes in items": lambda n: "- > a\n" * n,
    "opening brackets": lambda n: "[" * n,
    "closed brackets": lambda n: "[" * n + "a" + "]" * n,
    "links in links": lambda n: "[" * n + "a" + "](b)" * n,
    "opening links": lambda n: "[a](" * n,
    "angled addresses": lambda n: "[a](<b" * n,
    "opening images": lambda n: "![" * n,
    "images in images": lambda n: "![" * n + "a" + "](b)" * n,
    "a long text in images in images": lambda n: "![" * 15 + "*a " * n + "](b)" * 15,
    "titles": lambda n: '[a](b "' * n,
    "a title without end": lambda n: "[a]: b '" + "c\n" * n,
    "definitions": lambda n: "".join(f"[{i}]: b\n" for i in range(n)),
    "references": lambda n: "[a]: b\n\n" + "[a] " * n,
    "lines that begin a definition": lambda n: "[a\n" * n,
    "emphasis": lambda n: "*a " * n,
    "emphasis in emphasis": lambda n: "*a **b " * n + "c** d*" * n,
    "runs of stars": lambda n: "*" * n + "a" + "*" * n,
    "mixed emphasis": lambda n: "*a_ " * n,
    "strong and less": lambda n: "a**b" + "c* " * n,
    "backticks of each length": lambda n: "".join("`" * i + "a" for i in range(round((2 * n) ** 0.5))),
    "comments": lambda n: "a" + "<!-- " * n,
    "instructions": lambda n: "a" + "<?" * n,
    "attributes": lambda n: "a<a" + " b" * n,
    "open attributes": lambda n: "a" + '<a b="' * n,
    "scripts": lambda n: "<script>\n\n" * n,
    "divisions": lambda n: "<div>\n\n" * n,
    "bold": lambda n: "<b>" * n + "a\n\n" * n,
    "entities": lambda n: "&a" * n,
    "cells": lambda n: "|a" * n + "\n" + "|-" * n + "\n",
    "rows": lambda n: "a|b\n-|-\n" + "c|d\n" * n,
    "rows without cells": lambda n: "|a" * 50 + "\n" + "|-" * 50 + "\n" + "b\n" * n,
    "nearly a table": lambda n: "a|b\n" * n,
    "fences": lambda n: "```\n" * n,
    "a long heading": lambda n: "a\n" * n + "=",
    "headings": lambda n: "# a\n" * n,
    "headings that look numbered": lambda n: "".join(f"# a-{i}\n# a\n" for i in range(n)),
    "a long line": lambda n: "a" * n,
    "spaces": lambda n: " " * n + "a",
    "line ends": lambda n: "\n" * n,
    "tildes": lambda n: "~" * n,
    "strikethrough": lambda n: "~~a ~b " * n,
    "strikethrough in strikethrough": lambda n: "~~a ~b " * n + "c~ d~~" * n,
    "tasks": lambda n: "- [ ] a\n" * n,
    "tasks in tasks": lambda n: "- [ ] " * n + "a",
    "footnotes": lambda n: "[^a]" * n,
    "references to a footnote": lambda n: "[^a]" * n + "\n\n[^a]: b",
    "definitions of footnotes": lambda n: (
        "".join(f"[^{i}] " for i in range(n)) + "".join(f"\n[^{i}]: b" for i in range(n))
    ),
    "definitions of one footnote": lambda n: "[^a]\n\n" + "[^a]: b\n" * n,
    "footnotes in footnotes": lambda n: "[^a]: " * n + "b",
    "lazy lines in footnotes": lambda n: "[^a]: " * n + "a\n" + "b\n" * n,
    "opening footnotes": lambda n: "[^" * n,
    "alerts": lambda n: "> [!NOTE]\n" * n,
    "alerts in alerts": lambda n: "> [!NOTE]\n" + "> > [!TIP]\n" * n,
    "pipes": lambda n: "|" * n,
    "lines of pipes": lambda n: "|\n" * n,
    "dollars": lambda n: "$" * n,
    "formulas": lambda n: "$a$ " * n,
    "opening formulas": lambda n: "$a " * n,
    "formulas in braces": lambda n: "a$b}" * n + "{$" * n,
    "prices": lambda n: "US$5 " * n,
    "wiki links": lambda n: "[[a|b]] " * n,
    "opening wiki links": lambda n: "[[" * n,
    "closed wiki links": lambda n: "[[" * n + "a" + "]]" * n,
    "addresses": lambda n: "www.a.b " * n,
    "one long address": lambda n: "http://" * n,
    "an address with parentheses": lambda n: "www.a.b/" + "(" * n + ")" * (2 * n),
    "an address with references": lambda n: "www.a.b/" + "&a;" * n,
    "an address with semicolons": lambda n: "www.a.b/" + ";" * n,
    "addresses with bad domains": lambda n: "http://a_b www.a_b.c " * n,
    "at signs": lambda n: "@" * n,
    "e-mail addresses": lambda n: "a@b.c " * n,
    "nearly an e-mail address": lambda n: "a." * n + "@",
    "a domain without end": lambda n: "a@" + "b." * n + "-",
    "own anchors": lambda n: "# a {#b}\n" * n,
    "marks on one letter": lambda n: "a" + "\u0301" * n,
}
"""Functions that write a body of a length about proportional to their argument."""
