"""Slugs, folding and the first heading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.text import fold, plain_heading, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C", "c"),
        ("C++", "cplusplus"),
        ("C#", "csharp"),
        (".NET", "dotnet"),
        ("机器学习", "机器学习"),
        ("000_a1e971cc52df9b4c", "000-a1e971cc52df9b4c"),
        ("  Élan — vital! ", "elan-vital"),
        ("Straße", "strasse"),
        ("हिंदी", "हिंदी"),
        ("한국", "한국"),
        ("Node.js", "node-js"),
        ("❤️", ""),
        ("...", ""),
    ],
)
def test_slugs_tell_names_apart(text: str, expected: str) -> None:
    """Signs that names are told apart by are spelled out, and words of every script stay."""
    assert slug(text) == expected


@given(st.text())
def test_a_slug_is_its_own_slug(text: str) -> None:
    """A slug may be used as a name without changing, and holds nothing that divides a path."""
    found = slug(text)
    assert slug(found) == found
    assert not set(found) & set("/?#%. _+")
    assert "--" not in found
    assert found == found.strip("-")


def test_folding_ignores_case_and_accents() -> None:
    """A reader finds a word without typing its accents."""
    assert fold("ÉLAN Straße") == fold("elan strasse")


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    """Folded text can be compared with folded text."""
    assert fold(fold(text)) == fold(text)


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
        ("text\n\n---\n", None),
        ("```\n# never closed", None),
        ("# &copy; &#x41;&#66; &copy &unknown;", "© AB &copy &unknown;"),
        (f"# &#{'9' * 5000};", f"&#{'9' * 5000};"),
        ("", None),
    ],
)
def test_the_first_heading_of_a_body(body: str, heading: str | None) -> None:
    """A heading is found in both of its forms, without its markup, and never in code."""
    assert plain_heading(body) == heading
