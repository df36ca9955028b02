"""Balancing of raw HTML."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from gateway.content.html_nesting import MOST_OPEN, MOST_OPEN_INLINE, VOID, is_deep, normalize
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
        ("<A HREF=x TITLE='\"' onclick=y>a</A>", "<a HREF=x TITLE='\"' onclick=y>a</a>"),
        ("<img alt='a > b'/>", "<img alt='a > b'>"),
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
    """Known tags stay as they are, and an unclosed construct hides nothing that follows."""
    assert normalize(html) == expected


def test_depth_is_bounded() -> None:
    """Tags that lie too deep are left out, and what they hold stays."""
    assert normalize("<div>" * 1000 + "a") == "<div>" * MOST_OPEN + "a" + "</div>" * MOST_OPEN
    assert normalize("<b>" * 1000 + "a") == "<b>" * MOST_OPEN_INLINE + "a" + "</b>" * MOST_OPEN_INLINE
    assert normalize("<b>a</b>" * 1000) == "<b>a</b>" * 1000


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", False),
        ("<ul><li>a</li></ul>" * 500, False),
        ("<p>a<br /><img src=x></p><hr>" * 500, False),
        ("<p><em>a</em></p>" * 500, False),
        ("<ul><li>" * 60 + "</li></ul>" * 60, False),
        ("<ul><li>" * 60 + "<p></p>" + "</li></ul>" * 60, True),
        ('<ol start="2"><li>' * 60 + "<p><em></em></p>" + "</li></ol>" * 60, True),
        ("<blockquote>" * 120 + "</blockquote>" * 120, False),
        ("<blockquote>" * 121 + "</blockquote>" * 121, True),
        ("<p>" + "<em><strong>" * 60 + "</strong></em>" * 60 + "</p>", True),
        ("<blockquote>" * 115 + "<table><thead><tr><th><a><code></code>" + "</blockquote>" * 115, True),
    ],
)
def test_depth_is_that_of_the_innermost_tag(html: str, expected: bool) -> None:
    """Each open tag counts, except those that have no content. Tags after each other do not add up."""
    assert is_deep(html) is expected


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
