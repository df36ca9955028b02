"""Problems of bodies: merge conflicts and comments without an end."""

from __future__ import annotations

import pytest

from gateway.content import body_problems
from gateway.model.documents import BodyRules
from gateway.model.problems import Severity

CONFLICT = "<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> branch\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (CONFLICT, [("MERGE_CONFLICT", 5, 1)]),
        ("a\n\n" + CONFLICT, [("MERGE_CONFLICT", 7, 1)]),
        ("```\n" + CONFLICT + "```\n\n" + CONFLICT, [("MERGE_CONFLICT", 13, 1)]),
        ("a\r\n" + CONFLICT.replace("\n", "\r\n"), [("MERGE_CONFLICT", 6, 1)]),
        ("a\n=======\n\n>>>>>>> b\n", []),
        ("<<<<<<< a\n\nb\n=======\n", []),
        (CONFLICT.replace("\n", "\n "), []),
        ("```\n" + CONFLICT + "```\n", []),
        ("a %% b %% c", []),
        ("a\nb %% c", [("UNCLOSED_COMMENT", 6, 3)]),
        ("a\n\n{% comment %}\nb", [("UNCLOSED_COMMENT", 7, 1)]),
        ("`%%` <!-- a -->", []),
        ("", []),
    ],
)
def test_problems_of_a_body(body: str, found: list[tuple[str, int, int]]) -> None:
    """Each problem is a warning at its line. Marks in code or in text are not reported."""
    problems = list(body_problems.of("a.md", body, 5, BodyRules()))
    assert [(problem.code, problem.line, problem.column) for problem in problems] == found
    assert {problem.severity for problem in problems} <= {Severity.WARNING}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("a\n\nb {{< notice info >}} c {{< /notice >}}", [("{{< notice >}}", 7, 3, "once")]),
        ("<!-- {{% x %}}\n\n-->\n{% include a.html %}", [("{% include %}", 8, 1, "once")]),
        ("{% if a %}b{% else %}c{% endif %}{% if d %}e{% endif %}", [("{% if %}", 5, 1, "2 times")]),
        ("é `{% x %}` {{ site.url }}\r\n%%a%%b {% y %}", [("{{ site.… }}", 5, 13, "once"), ("{% y %}", 6, 8, "once")]),
        ("```\n{{< a >}}\n```\n\n    {% b %}\n\n{% raw %}{% c %}{% endraw %} {{ d }} {{</* e */>}}", []),
        ("{{< figure src=a >}}{{< ref a.md >}}{% link a.md %}{% highlight c %}{% d %}{% endhighlight %}", []),
    ],
)
def test_tags_that_are_removed(body: str, found: list[tuple[str, int, int, str]]) -> None:
    """Each tag without a replacement is an INFO at its first place, outside code and comments."""
    problems = list(body_problems.of("a.md", body, 5, BodyRules()))
    assert {problem.severity for problem in problems} <= {Severity.INFO}
    assert [
        (problem.message.split("`")[1], problem.line, problem.column, problem.message.rpartition(", ")[2].rstrip("."))
        for problem in problems
    ] == found


def test_mdx_has_no_templates() -> None:
    """Braces in MDX are expressions."""
    assert list(body_problems.of("a.mdx", "{% a %} {{< b >}}", 1, BodyRules(is_mdx=True))) == []
