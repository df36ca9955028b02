"""Path patterns, compared with a simple matcher."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.content.globs import BadGlob, Glob


def expected(pattern: list[str], path: list[str]) -> bool:
    """Match segment by segment, with every alternative."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(expected(pattern[1:], path[skip:]) for skip in range(len(path) + 1)) and bool(pattern[1:] or path)
    return bool(path) and name_matches(pattern[0], path[0]) and expected(pattern[1:], path[1:])


def name_matches(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(name_matches(pattern[1:], name[skip:]) for skip in range(len(name) + 1))
    return bool(name) and pattern[0] in {"?", name[0]} and name_matches(pattern[1:], name[1:])


@pytest.mark.parametrize(
    ("pattern", "path", "named"),
    [
        ("de/**", "de/a.md", True),
        ("de/**", "de/b/c.md", True),
        ("de/**", "de", False),
        ("de/**", "x/de/a.md", False),
        ("**/drafts/**", "drafts/a.md", True),
        ("**/drafts/**", "a/b/drafts/c/d.md", True),
        ("**", "a.md", True),
        ("*.md", "a.md", True),
        ("*.md", "a/b.md", False),
        ("**/*.md", "a/b.md", True),
        ("posts/*", "posts/a/b.md", False),
        ("posts/202?-*.md", "posts/2024-x.md", True),
        ("drafts", "drafts/a/b.md", True),
        ("drafts/", "drafts/a.md", True),
        ("drafts", "drafts.md", False),
        ("drafts/a.md", "drafts/a.md", True),
        ("Drafts", "drafts/a.md", False),
        ("a.md", "axmd", False),
        ("Über/*", "Über/\n.md", True),
        ("U\N{COMBINING DIAERESIS}ber/*", "Über/a.md", True),
    ],
)
def test_pattern_matches(pattern: str, path: str, named: bool) -> None:
    """One star stays within a name, two stars span folders, and a folder name matches everything in it."""
    assert Glob.of(pattern).matches(path) is named


@pytest.mark.parametrize(
    "pattern", ["", "/", "/a", "a//b", "./a", "../a", "a/..", "a**b", "**.md", "*.{yml,yaml}", "a[b]", "a\\b", "!a"]
)
def test_invalid_patterns_are_refused(pattern: str) -> None:
    """A pattern that matches nothing, or something unintended, is refused with a hint."""
    with pytest.raises(BadGlob) as caught:
        Glob.of(pattern)
    assert caught.value.hint


NAMES = st.text("ab.", min_size=1, max_size=4).filter(lambda name: name not in {".", ".."})
WILD = st.text("ab.*?", min_size=1, max_size=5).filter(lambda name: "**" not in name and name not in {".", ".."})


@given(
    st.lists(st.one_of(WILD, st.just("**")), min_size=1, max_size=5).filter(
        lambda pattern: pattern[-1] == "**" or not {"*", "?"}.isdisjoint(pattern[-1])
    ),
    st.lists(NAMES, min_size=1, max_size=5),
)
@example(["**", "a*", "**", "*b"], ["ab", "a", "b"])
@example(["**", "**", "*"], ["a"])
def test_patterns_match_like_the_simple_matcher(pattern: list[str], path: list[str]) -> None:
    """The compiled pattern and the simple matcher agree on any path."""
    assert Glob.of("/".join(pattern)).matches("/".join(path)) is expected(pattern, path)


def test_patterns_of_many_stars_are_fast() -> None:
    """A pattern of many stars is matched without backtracking, also if it does not match."""
    assert not Glob.of("*a" * 200 + "*b").matches("a" * 2000)
    assert not Glob.of("**/a/" * 50 + "*b").matches("a/" * 1000 + "a")
