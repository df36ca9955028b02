"""Balancing of raw HTML."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from gateway.content.html_nesting import MOST_OPEN, MOST_OPEN_INLINE, VOID, normalize
from tests.content.markdown import BODIES


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a <b>b</b> &amp; c > d", "a <b>b</b> &amp; c > d"),
        ("<b><i>a</b>b</i>", "<b><i>a</i></b>b"),
        ("<div>a", "<div>a</div>"),
        ("a</div>", "a"),
        ("<br/><hr>", "<br><hr>"),
        ("<blink>a</blink>", "a"),
        ("a < b <c", "a &lt; b &lt;c"),
        ("<A HREF=x TITLE='\"' onclick=y>a</A>", '<a href="x" title="&quot;">a</a>'),
        ('<a href="x" href="y" title>a</a>', '<a href="x" title="">a</a>'),
        ("<img alt='a > b'>", '<img alt="a > b">'),
        ("a<!-- b <b> --> c --> d", "a c --> d"),
        ("a<!-->b<!--->c", "abc"),
        ("a<!-- <!-- b --> c --> d", "a c --> d"),
        ("a<!-- b <b>c</b>", "a<b>c</b>"),
        ("a<?php b ?>c<!DOCTYPE html>d", "acd"),
        ("a<script>b <b> c</script>d", "ad"),
        ("a<script>b<b>c</b>", "ab<b>c</b>"),
        ("a<title>b</TITLE >c", "ac"),
        ("a</script>b", "ab"),
    ],
)
def test_html_is_balanced(html: str, expected: str) -> None:
    """Known tags keep their attributes, and an unclosed construct hides nothing that follows."""
    assert normalize(html) == expected


def test_depth_is_bounded() -> None:
    """Tags that lie too deep are left out, and what they hold stays."""
    assert normalize("<div>" * 1000 + "a") == "<div>" * MOST_OPEN + "a" + "</div>" * MOST_OPEN
    assert normalize("<b>" * 1000 + "a") == "<b>" * MOST_OPEN_INLINE + "a" + "</b>" * MOST_OPEN_INLINE
    assert normalize("<b>a</b>" * 1000) == "<b>a</b>" * 1000


@given(BODIES)
def test_tags_are_well_nested(body: str) -> None:
    """For any HTML, every open tag is closed in order and the number of open tags is limited."""
    for html in (body, body * 10):
        tree: list[str] = []
        for closes, name in re.findall(r"<(/?)([a-z0-9]+)", normalize(html)):
            if closes:
                assert tree.pop() == name
            elif name not in VOID:
                tree.append(name)
                assert len(tree) <= MOST_OPEN
        assert tree == []
