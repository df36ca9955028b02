"""MDX bodies: what is removed, what stays, and amount of work."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given

from gateway.content.markup import read, render
from gateway.model.documents import BodyRules
from tests.content.markdown import BODIES
from tests.content.test_markup import calls, faults

MDX = BodyRules(is_mdx=True)


def html(body: str) -> str:
    return render(body, MDX).html.strip().replace(' rel="noopener noreferrer"', "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("import A from 'a'\nimport {\n  B,\n\n  C\n} from './b'\n\na", "<p>a</p>"),
        ("export const a = {\n  b: 1,\n\n  c: 2\n}\n\nd", "<p>d</p>"),
        ("a\nimport B from 'b'\n\nimport duties rose.", "<p>a\nimport B from 'b'</p>\n<p>import duties rose.</p>"),
        ("```js\nimport a from 'a'\n```", "<pre><code class=\"language-js\">import a from 'a'\n</code></pre>"),
        (
            "<Tabs>\n  <Item value='a'>\n    *a*\n\n    ```js\n    {b}\n      c\n    ```\n  </Item>\n</Tabs>\n*d*",
            '<p><em>a</em></p>\n<pre><code class="language-js">{b}\n  c\n</code></pre>\n<p><em>d</em></p>',
        ),
        (
            "- a\n\n  <Note>\n      *b*\n  </Note>\n- c",
            "<ul>\n<li>\n<p>a</p>\n<p><em>b</em></p>\n</li>\n<li>\n<p>c</p>\n</li>\n</ul>",
        ),
        ("a <Foo /> b <Foo.Bar\n  c={() => <b>d</b>}\n  {...e}\n>f</Foo.Bar>", "<p>a  b f</p>"),
        ("<>\n*a*\n</>", "<p><em>a</em></p>"),
        (
            '<div className="a" style={{color: "b"}} title="c">\n*d*\n</div>',
            '<div title="c">\n<p><em>d</em></p>\n</div>',
        ),
        ("# a {props.b} {#own}", '<h1 id="own">a</h1>'),
        ("a {b && (\n<p>\n\nc</p>)} d {'e'}{\" \"}{`f`}", "<p>a  d e f</p>"),
        (
            "a \\{b} `{c}` $\\frac{d}{e}$ {f",
            '<p>a {b} <code>{c}</code> <span class="math math-inline">$\\frac{d}{e}$</span> {f</p>',
        ),
        ("{/* a */}b <!-- c --> d", "<p>b  d</p>"),
        (
            "a < b, 1 <2, <https://a.example>",
            '<p>a &lt; b, 1 &lt;2, <a href="https://a.example">https://a.example</a></p>',
        ),
        ("a\r\n\r\n<B>\r\n    c\r\n</B>\r\n", "<p>a</p>\n<p>c</p>"),
        ("    a\n\n<B/>", "<pre><code>a\n</code></pre>"),
        ("</A>\n\n</A> b </A>", "<p>b</p>"),
    ],
)  # fmt: skip
def test_mdx(body: str, expected: str) -> None:
    """Components are their children, modules and expressions are removed, and code stays."""
    assert html(body) == expected


@given(BODIES)
def test_any_body_is_readable_as_mdx(body: str) -> None:
    """The text of the index is that of the HTML, which is safe."""
    rendered, found = render(body, MDX), read(body, MDX)
    assert (found.text, found.headings) == (rendered.text, rendered.headings)
    assert faults(rendered.html) == []


HOSTILE: dict[str, Callable[[int], str]] = {
    "opening braces": lambda n: "{" * n,
    "closed braces": lambda n: "{" * n + "}" * n,
    "expressions": lambda n: "{a}" * n,
    "imports": lambda n: "import a from 'a'\n" * n,
    "imports in text": lambda n: "a\nimport a from 'a'\n\n" * n,
    "exports with open braces": lambda n: "export const a = {\n\n" * n,
    "exports with braces": lambda n: "export const a = {\n\n}\n\n" * n,
    "components": lambda n: "<A>\n" * n + "a\n" + "</A>\n" * n,
    "components on one line": lambda n: "<A>" * n + "a",
    "indented components": lambda n: "".join(" " * (i % 20) + "<A>\n" for i in range(n)),
    "opening tags": lambda n: "<a " * n,
    "attributes": lambda n: "<A" + " b='c'" * n,
    "open attributes": lambda n: '<a b="' * n,
    "braced attributes": lambda n: "<A " + "b={c} " * n + ">",
    "opening fences": lambda n: "```\n\n" * n,
    "fences of each kind": lambda n: "```a\n~~~b\n" * n,
    "backticks": lambda n: "`a {b}\n\n" * n,
    "backticks of each length": lambda n: "".join("`" * i + "a" for i in range(round((2 * n) ** 0.5))),
    "dollars": lambda n: "$a{b} " * n,
    "double dollars": lambda n: "$$ a " * (n | 1),
    "escapes": lambda n: "\\{" * n,
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_work_is_linear(hostile: Callable[[int], str]) -> None:
    """A body four times as long takes about four times the work."""
    small, large = hostile(400), hostile(1600)
    assert calls(render, large, MDX) <= 4.7 * calls(render, small, MDX) + 1000
    assert calls(render, large, MDX) <= 30 * len(large) + 1000
