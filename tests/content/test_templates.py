"""Hugo's shortcodes and Liquid's tags in bodies: replacements, code, and amount of work."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.content.markup import read, removed_tags, render
from gateway.model.documents import BodyRules
from tests.content.test_markup import ATTACKS, Reader, calls, faults


def html(markdown: str, *embeds: str) -> str:
    return render(markdown, BodyRules(embeds=embeds)).html.strip().replace(' rel="noopener noreferrer"', "")


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        (
            """[a]({{< ref "b.md#c" >}}) [d]({{% relref path='e f.md' %}})""",
            '<p><a href="b.md#c">a</a> <a href="e%20f.md">d</a></p>',
        ),
        (
            "[a]({% link _posts/b.md %}) [c]({%- post_url 2020-01-02-d -%})",
            '<p><a href="_posts/b.md">a</a> <a href="2020-01-02-d">c</a></p>',
        ),
        (
            "[a]({{ site.baseurl }}/b/) ![c]({{ '/d.png' | relative_url }})",
            '<p><a href="/b/">a</a> <img src="/d.png" alt="c"></p>',
        ),
        (
            '{{< figure src="a.png" alt="b" title="C" caption="d & e" width="3" link="/f" >}}\n*g*',
            (
                '<figure><a href="/f"><img src="a.png" alt="b" width="3"></a><figcaption>'
                "<strong>C</strong> d &amp; e</figcaption></figure>\n<p><em>g</em></p>"
            ),
        ),
        (
            "- a\n\n  {{< figure src=`b.png` >}}\n- c",
            '<ul>\n<li>\n<p>a</p>\n<figure><img src="b.png" alt=""></figure>\n</li>\n<li>\n<p>c</p>\n</li>\n</ul>',
        ),
        (
            '{{< highlight go "linenos=table" >}}\na := `b`\n\n    c\n{{< /highlight >}}\nd',
            '<pre><code class="language-go">a := `b`\n\n    c\n</code></pre>\n<p>d</p>',
        ),
        (
            "- a\n  {% highlight ruby linenos %}\n  ```\n  {% endhighlight %}",
            '<ul>\n<li>a\n<pre><code class="language-ruby">```\n</code></pre>\n</li>\n</ul>',
        ),
        (
            "a {{< highlight c >}}b{{< /highlight >}} c",
            '<p>a</p>\n<pre><code class="language-c">b\n</code></pre>\n<p>c</p>',
        ),
        ("{% raw %}{{ site.a }}{% b %}{% endraw %} *c*", "<p>{{ site.a }}{% b %} <em>c</em></p>"),
        ("`{{< a >}}`\n\n```\n{% b %}\n```", "<p><code>{{&lt; a &gt;}}</code></p>\n<pre><code>{% b %}\n</code></pre>"),
        ("{{% notice %}}\n*a*\n{{% /notice %}}", "<p><em>a</em></p>"),
        ('a {{< b c="d" />}} e {% assign f = 1 %} {{ g }}', "<p>a  e  {{ g }}</p>"),
        ("{{</* a */>}} 5 {% of {{ b", "<p>{{&lt;/* a */&gt;}} 5 {% of {{ b</p>"),
        ("{% highlight a %}b *c*", "<p>b <em>c</em></p>"),
        (
            "{{< youtube a-B_1 >}}",
            '<p><a href="https://www.youtube.com/watch?v=a-B_1">https://www.youtube.com/watch?v=a-B_1</a></p>',
        ),
        ("""{{< youtube "a'b" >}}""", ""),
    ],
)  # fmt: skip
def test_tags(markdown: str, expected: str) -> None:
    """Known tags are replaced, others are removed, and code stays as it is."""
    assert html(markdown) == expected


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("{{ site.baseurl }}/b/", "/notes/b/"),
        ("{{site.baseurl-}}/b/", "/notes/b/"),
        ("{{ '/b/' | relative_url }}", "/notes/b/"),
        ('{{ "/b/" | absolute_url }}', "/notes/b/"),
        ('{{ "/b/" | prepend: site.baseurl }}', "/notes/b/"),
        ('{{ "/b/" | url }}', "/notes/b/"),
        ('{{ "/b/" | downcase | relative_url }}', "/notes/b/"),
        ('{{ "/b/" | prepend: site.url }}', "/b/"),
        ("{{ 'b/' | relative_url }}", "/notes/b/"),
        ("{{ 'b/' | url }}", "b/"),
        ("{{ 'https://a.example/b/' | relative_url }}", "https://a.example/b/"),
        ("{{ site.baseurl }}{% link _posts/b.md %}", "_posts/b.md"),
        ("{{ site.baseurl }}{% post_url 2024-01-02-b %}", "2024-01-02-b"),
    ],
)
def test_base_of_the_site(written: str, address: str) -> None:
    """Addresses begin with it where the tag puts it, except those of files."""
    assert f'<a href="{address}"' in render(f"[a]({written})", BodyRules(base="/notes")).html
    assert [*removed_tags(f"[a]({written})", BodyRules())] == []


def test_video_of_an_allowed_host() -> None:
    """A video is a frame if the site allows its host."""
    shown = html("{{< youtube id=ab title='C' >}}\n*d*", "www.youtube.com")
    assert '<iframe src="https://www.youtube.com/embed/ab" title="C" allowfullscreen=""' in shown
    assert shown.endswith("></iframe>\n<p><em>d</em></p>")


FRAME = (
    '<iframe src="https://a.example/b?c=d&amp;e" loading="lazy" referrerpolicy="strict-origin-when-cross-origin"'
    ' sandbox="allow-scripts allow-same-origin allow-popups allow-presentation"></iframe>'
)


@pytest.mark.parametrize(
    "frame",
    [
        '<iframe src="https://a.example/b?c=d&e"></iframe>',
        '<iframe src="https://a.example/b?c=d&e" onload="x()" allow="camera" name="y" style="z"><b>z</b></iframe>',
        "<IFRAME SANDBOX=allow-top-navigation SRC='https://a.example/b?c=d&e'></IFRAME>",
    ],
)
def test_frames_of_allowed_hosts(frame: str) -> None:
    """They are sandboxed, without content, and without attributes that give them more rights."""
    found = html(f"a\n\n{frame}\n\nb", "a.example")
    assert Reader(found).tags[1:-1] == Reader(FRAME).tags
    assert found.startswith("<p>a</p>\n<iframe ")
    assert found.endswith("></iframe>\n<p>b</p>")
    assert "iframe" not in html(frame)


@pytest.mark.parametrize(
    "attributes",
    [
        "src='https://b.example/'",
        "src='https://a.example.b.example/'",
        "src='https://a.example@b.example/'",
        "src='https://a.example\\\\@b.example/'",
        "src='https://a.example:444/'",
        "src='http://a.example/'",
        "src='//a.example/'",
        "src='javascript:alert(1)//https://a.example/'",
        "src='https://a.example/' srcdoc='a'",
        "src='https://a.example/' src='https://b.example/'",
        "data-src='https://a.example/'",
        "title=' src=https://a.example/ ' src=javascript:x",
        "",
    ],
)
def test_other_frames_are_removed(attributes: str) -> None:
    """A frame has one address, of an allowed host and with https."""
    assert html(f"<iframe {attributes}>a</iframe>", "a.example") == ""


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(
    "frame",
    [
        '{{{{< figure src="{0}" alt="{0}" caption="{0}" >}}}}',
        "<iframe src='https://a.example/'>{0}</iframe>",
        "{{{{< highlight {0} >}}}}{0}{{{{< /highlight >}}}}",
    ],
)
def test_no_attack_gets_through(attack: str, frame: str) -> None:
    """No tag, attribute or address that runs code remains in what tags and frames give."""
    found = faults(html(frame.format(attack), "a.example"))
    assert [each for each in found if str(each).split("'")[1] != "iframe"] == []


HOSTILE: dict[str, Callable[[int], str]] = {
    "shortcodes": lambda n: "{{< a >}}" * n,
    "opening shortcodes": lambda n: "{{< a " * n,
    "marks of shortcodes": lambda n: "{{<" * n + ">}}",
    "figures": lambda n: '{{< figure src="a" >}}' * n,
    "figures on one line": lambda n: " " + "{{< figure >}}" * n,
    "a figure with arguments": lambda n: "{{< figure " + "a=b " * n + ">}}",
    "a figure with quotes": lambda n: "{{< figure " + 'a="' * n + ">}}",
    "highlights without end": lambda n: "{{< highlight a >}}" * n,
    "highlighted ticks": lambda n: "{{< highlight >}}" + "`a" * n + "{{< /highlight >}}",
    "raw without end": lambda n: "{% raw %}" * n,
    "tags of Liquid": lambda n: "{% a %}" * n,
    "opening tags of Liquid": lambda n: "{% a" * n,
    "variables": lambda n: "{{ site.a }}" * n,
    "opening variables": lambda n: "{{ site." * n,
    "opening texts": lambda n: '{{ "' * n,
    "tags beside code": lambda n: "`a` {% b %} " * n,
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_work_is_linear(hostile: Callable[[int], str]) -> None:
    """A body four times as long takes about four times the work, and its text is that of the HTML."""
    small, large = hostile(400), hostile(1600)
    assert calls(render, large) <= 4.7 * calls(render, small) + 1000
    assert calls(render, large) <= 20 * (len(large) + len(html(large))) + 1000
    assert read(large).text == render(large).text


_PARTS = [
    "{{< a >}}", "{{< /a >}}", '{{% b c="d" %}}', "{% e %}", "{% raw %}", "{% endraw %}", "{{< highlight f >}}",
    "{{< /highlight >}}", "{% highlight g %}", "{% endhighlight %}", "{{< figure src=h >}}", "{{< youtube i >}}",
    "{{ site.j }}", "{{ 'k' | l }}", "{{<",
    "{%", "{{", ">}}", "%}", "}}", "`", "```\n", "    ", "\n", "\n\n", "- ", "> ",
    "é", "<b>", "<!-- ", " -->", "%%", "word ",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PARTS), max_size=25).map("".join))
@example("%%{{< a >}}%%{{< a >}}")
def test_any_body_with_tags(body: str) -> None:
    """The text of the index is that of the HTML, and each removed tag is at its place in the body."""
    rules = BodyRules(embeds=("www.youtube.com",))
    rendered, found = render(body, rules), read(body, rules)
    assert (found.text, found.headings) == (rendered.text, rendered.headings)
    for tag in removed_tags(body, rules):
        assert body[tag.at] == "{"
