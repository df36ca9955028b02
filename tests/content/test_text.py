"""Slugs and folding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.text import fold, slug


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
