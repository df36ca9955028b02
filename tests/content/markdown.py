"""Bodies to test with: any text, tags and marks in any mixture, and those made to take long."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hypothesis import strategies as st

_TAGS = "a b br caption code div font form h1 h2 i img li math ol p pre select svg table tbody td textarea title tr ul"
_MARKS = [
    "*", "**", "_", "`", "```\n", "# ", "## ", "> ", "- ", "1. ", "\n", "\n\n", "[a](b)", "![a](b)", "<https://a.example>",
    "a|b\n-|-\n", "| c |", "&lt;", "&amp;", "&#10;", "<!--", "-->", "<?", "?>", "<![CDATA[", "]]>", "\t", "    ", "\\",
    "\0", "\r", "[a]: /b\n", "<", ">", '"', "'", "=", "\u2028", "\x0c", "word ", "Été", "学习", "👍🏽", "<script>",
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

HOSTILE: Mapping[str, Callable[[int], str]] = {
    "quotes": lambda n: ">" * n,
    "quoted lines": lambda n: "> a\n" * n,
    "lazy lines in a deep quote": lambda n: ">" * 30 + "a\n" + "b\n" * n,
    "lists in lists": lambda n: "- " * n,
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
    "nearly a table": lambda n: "a|b\n" * n,
    "fences": lambda n: "```\n" * n,
    "a long heading": lambda n: "a\n" * n + "=",
    "headings": lambda n: "# a\n" * n,
    "headings that look numbered": lambda n: "".join(f"# a-{i}\n# a\n" for i in range(n)),
    "a long line": lambda n: "a" * n,
    "spaces": lambda n: " " * n + "a",
    "line ends": lambda n: "\n" * n,
    "marks on one letter": lambda n: "a" + "\u0301" * n,
}
"""Ways to write a body of a length about proportional to the number given."""
