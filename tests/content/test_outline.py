"""The text and the title of Markdown bodies, for the index and the decoder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.markup import lead, read, render
from gateway.content.tokenizer import terms
from gateway.model.documents import BodyRules
from tests.content.markdown import BODIES, HOSTILE, ORDINARY


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
        ("<b class='x'>bold</b>ly, a<br>b, a < b, c > d", "boldly, a\nb, a < b, c > d"),
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
        ("<textarea>\n# x\n\ny</textarea>*b*\n\n<style>\nc", "*b* c"),
        ("<img src='x' alt=\"A 'b' &amp; c\"> <img alt> <IMG ALT=d>", "A 'b' & c d"),
        ("a<IMG>b <sub>c</sub> <img src=x>d", "ab c d"),
        ("<pre>\n a <b>b</b>\n\n<p>c  d</p>\n\t<p> e</p>\n</pre>\n\nf \t g", " a b\nc  d\n e\nf g"),
        ("a\xa0 b\u3000c\x0bd\n e", "a\xa0 b\u3000c\x0bd e"),
        ("> a\n\n***\n\n- b\n\n  c", "a\nb\nc"),
        ("| a | b |\n|---|:-:|\n| c | d |", "a b\nc d"),
        ("_em_ snake_case 2 * 3 **x** ~~y~~", "em snake_case 2 * 3 x y"),
        ("- [ ] one\n- [x] two[^a]\n\n[^a]: note", "one\ntwo\nnote"),
        ("> [!TIP]\n> $a_b$\n\n$$\nc\n$$", "$a_b$\n$$ c $$"),
        ("[[one]] [[two|three]] ![[four.png]]", "one three four.png"),
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
    assert read(body).text == shown


@given(st.one_of(ORDINARY, BODIES))
def test_text_and_headings_equal_the_rendered_ones(body: str) -> None:
    """The index and `Body.text` have the same words, although a body without HTML is not sanitised for the index."""
    found, rendered = read(body), render(body)
    assert (found.text, found.headings) == (rendered.text, rendered.headings)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_text_of_hostile_bodies_equals_the_rendered_one(hostile: Callable[[int], str]) -> None:
    """Limits of depth and size apply to both."""
    for number in (10, 1000):
        found, rendered = read(hostile(number)), render(hostile(number))
        assert (found.text, found.headings) == (rendered.text, rendered.headings)


@given(st.text("ab \n[](<>)!`*_~\\#&;-|\"'/1.:", max_size=80))
def test_arbitrary_text_has_a_plain_text(body: str) -> None:
    """Any text is accepted, and the result contains nothing that was not written."""
    remaining = iter("".join(terms(body)))
    assert all(letter in remaining for letter in "".join(terms(read(body).text)))


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
        ('<h1 align="center">\n  <b>Real</b>\n</h1>\n\n## Second', "Real"),
        ("<blockquote>\n<h2>quoted</h2>\n</blockquote>\n<svg><h1>hidden</h1></svg>\n\n# Real", "Real"),
        ("text\n\n---\n", None),
        ("```\n# never closed", None),
        ("# &copy; &#x41;&#66; &copy &unknown;", "© AB &copy &unknown;"),
        (f"# &#{'9' * 5000};", f"&#{'9' * 5000};"),
        ("", None),
    ],
)
def test_first_heading(body: str, heading: str | None) -> None:
    """All forms of headings are found, without markup, but not in code, quotes or lists."""
    assert read(body).title == heading


@given(st.lists(st.text("abc", min_size=1), max_size=20))
def test_plain_text_is_unchanged(words: list[str]) -> None:
    """Text without markup keeps every word."""
    assert terms(read(" ".join(words)).text) == words


@pytest.mark.parametrize(
    "mark", ["<!-- more -->", "<!--more-->", "<!-- truncate -->", "<!--excerpt-->", "{/* truncate */}"]
)
@pytest.mark.parametrize(
    ("body", "before"),
    [
        ("# A *b*\n\nc [d][e]\n\n{}\n\nf\n\n[e]: g", "A b\nc d"),
        ("a {}b\n\nc", "a"),
        ("- a\n- b {} c\n", "a\nb"),
        ("a[^b]\n\n{}\n\n[^b]: c", "a"),
        ("<div>a\n\n{}\n\nb</div>", "a"),
        ("%% {} %%a\n\n{}\n\nb {}", "a"),
        ("{{< c >}}a {% link d.md %}\n\n{}\n\nb", "a d.md"),
        ("{}\n\na", None),
        ("`{}`\n\n    {}\n", None),
        ("<!-- moreover -->a", None),
    ],
)
def test_marks_that_end_the_excerpt(mark: str, body: str, before: str | None) -> None:
    """The text before the first mark outside code and comments."""
    assert lead(body.replace("{}", mark)) == before


@pytest.mark.parametrize(
    ("body", "separator", "before"),
    [
        ("a\n\nb\n\n\nc", "\n\n\n", "a\nb"),
        ("a\n\nb", "\n\n", "a"),
        ("a\n\n[more]\n\nb", "[more]", "a"),
        ("a <!--x-->b<!--more-->", "<!--x-->", "a"),
        ("a <!--more-->b", "<!--x-->", "a"),
        ("```\na\n---\n```\nb", "---", None),
    ],
)
def test_separators_of_excerpts(body: str, separator: str, before: str | None) -> None:
    """A separator ends the excerpt at its first place."""
    assert lead(body, BodyRules(), separator) == before


@given(BODIES, BODIES)
def test_excerpt_of_any_body(before: str, after: str) -> None:
    """It is text, also if the mark parts markup."""
    found = lead(f"{before}\n\n<!-- more -->\n\n{after}")
    assert found is None or found.strip() == found.strip("\n").strip()


def test_mark_in_mdx() -> None:
    """Components around the mark are replaced."""
    assert (
        lead("import A from 'a'\n\n<A>\n    *b*\n\n    {/* truncate */}\n\n    c\n</A>", BodyRules(is_mdx=True)) == "b"
    )
