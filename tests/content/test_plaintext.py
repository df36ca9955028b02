"""Plain text of Markdown bodies, and the amount of work."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import lines, plaintext
from gateway.content.markup import render
from gateway.content.plaintext import first_heading, plain_text
from gateway.content.tokenizer import terms
from tests.content.markdown import ORDINARY


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("# A *bold* title ##\n\ntext", "A bold title\ntext"),
        ("Two\nlines\n===\nmore", "Two lines\nmore"),
        ("# One {#first} #\nTwo {: #second}\n---\n{#third}", "One\nTwo\n{#third}"),
        ('a [link](https://x.example/y "title"), ![image](z.png)', "a link, image"),
        ("[![image](z.png)](https://x.example)", "image"),
        ("[wiki](https://x.example/A_(b)) [empty]()", "wiki empty"),
        ("[1](see below) and f(x)[0](y", "[1](see below) and f(x)[0](y"),
        ("[one][Ref] [two][none]\n\n[ref]: https://x.example 'title'\n", "one [two][none]"),
        ("<b class='x'>bold</b>ly, a<br>b, a < b, c > d", "boldly, a b, a < b, c > d"),
        ("see <https://x.example/y> or <me@x.example>", "see https://x.example/y or me@x.example"),
        ("`a <b> [c](d)` and ``e ` f``", "a <b> [c](d) and e ` f"),
        ("a `b", "a `b"),
        ("```python\nx = 'y' # z\n```\nend", "x = 'y' # z\nend"),
        ("```\nnever closed *x*", "never closed *x*"),
        ("- one\n* two\n3. three\n> four\nmore", "one\ntwo\nthree\nfour more"),
        ("text\n14. on, and\n    on", "text 14. on, and on"),
        ("- ```js\n  a_b *c*\n  ```\n  *d*", "a_b *c*\nd"),
        ("> ```js\n> *a*\nb *c*", "*a*\nb c"),
        ("- item\n\n      *code*\n\n    *text*\n\n*end*", "item\n*code*\ntext\nend"),
        ("    <b> *code* &amp;\n# A\n    code", "<b> *code* &amp;\nA\ncode"),
        ("a <svg><b>x</b> y</svg> b <select> c <!-- > --> d", "a b c d"),
        ("<textarea>\n# x\n\ny</textarea>*b*\n\n<style>\nc", "b\nc"),
        ("<img src='x' alt=\"A 'b' &amp; c\"> <img alt> <IMG ALT=d>", "A 'b' & c d"),
        ("| a | b |\n|---|:-:|\n| c | d |", "a b\nc d"),
        ("_em_ snake_case 2 * 3 **x** ~~y~~", "em snake_case 2 * 3 x ~~y~~"),
        (r"\*one\* \[two](three)", "*one* [two](three)"),
        ("R&amp;D &#x41; &copy", "R&D A &copy"),
        ("a <!-- b --> c", "a c"),
        ("<!-- a\n\nb --> c", "c"),
        ("<style>\na\n</style>\nb", "b"),
        ("", ""),
    ],
)
def test_plain_text(body: str, shown: str) -> None:
    """Marks, tags, comments and link targets are removed. Text, code and text that resembles markup stay."""
    assert plain_text(body) == shown


@given(ORDINARY)
def test_words_equal_those_of_the_rendered_text(body: str) -> None:
    """The index and `Body.text` have the same words, in the same order."""
    assert terms(plain_text(body)) == terms(render(body).text)


@given(st.text("ab \n[](<>)!`*_~\\#&;-|\"'/1.:", max_size=80))
def test_arbitrary_text_has_a_plain_text(body: str) -> None:
    """Any text is accepted, and the result contains nothing that was not written."""
    remaining = iter("".join(terms(body)))
    assert all(letter in remaining for letter in "".join(terms(plain_text(body))))


@pytest.mark.parametrize(
    ("body", "heading"),
    [
        ("text\n\n## A *bold* `code` [link](https://a.org) ##\n", "A bold code link"),
        ("# snake_case _is_ \\*one\\* &amp; C#\n", "snake_case is *one* & C#"),
        ("Two\nlines\n===\n", "Two lines"),
        ("---\n\n#hashtag\n\n# Real", "Real"),
        ("```\n# code\n~~~\n```\n# Real", "Real"),
        ("~~~~ py\n# code\n~~~\n# code\n~~~~~\n# Real", "Real"),
        ("    # code\n\n#\n\n# Real", "Real"),
        ("- item\n---\n# Real", "Real"),
        ("> # quoted\n\n- # item\n\n# Real", "Real"),
        ("1. item\n   ```\n   # code\n   ```\n\n# Real", "Real"),
        ("<!--\n# hidden\n-->\n# Real", "Real"),
        ("text\n\n---\n", None),
        ("```\n# never closed", None),
        ("# &copy; &#x41;&#66; &copy &unknown;", "© AB &copy &unknown;"),
        (f"# &#{'9' * 5000};", f"&#{'9' * 5000};"),
        ("", None),
    ],
)
def test_first_heading(body: str, heading: str | None) -> None:
    """Both forms of headings are found, without markup, but not in code, quotes or lists."""
    assert first_heading(body) == heading


@given(st.lists(st.text("abc", min_size=1), max_size=20))
def test_plain_text_is_unchanged(words: list[str]) -> None:
    """Text without markup keeps every word."""
    assert terms(plain_text(" ".join(words))) == words


HOSTILE = (
    "[",
    "](",
    "[a](b ",
    "[](",
    "[](x y)",
    "`a``b",
    "<a ",
    "<",
    "*a ",
    "_",
    "&",
    "\\",
    "<!--\n",
    "> ",
    "# #",
    "|\n",
    "a\n",
)


def steps(body: str) -> int:
    """The lines of code that run for a body. Each regular expression consumes what it matches."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        if frame.f_code.co_filename not in {plaintext.__file__, lines.__file__}:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        plain_text(body)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("part", HOSTILE)
def test_work_is_linear(part: str) -> None:
    """A body of twice the length takes twice the steps, whatever it repeats."""
    once, twice = steps(part * 500), steps(part * 1000)
    assert twice <= 2.1 * once + 100
    assert twice <= 40 * len(part) * 1000 + 100


@pytest.mark.parametrize("part", HOSTILE)
def test_pieces_do_not_overlap(part: str) -> None:
    """The concatenated pieces are the text again."""
    text = part.replace("\n", " ") * 100
    assert "".join(plaintext._PIECE.findall(text)) == text
