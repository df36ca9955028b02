"""Snippets of text around matches."""

from __future__ import annotations

import html
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.snippets import extract
from gateway.model.lists import SearchMode
from gateway.search import Search

LONG = "word " * 50 + "net and more net here " + "tail " * 50


@pytest.mark.parametrize(
    ("text", "query", "mode", "length", "shown"),
    [
        ("Data & <net>", "net", SearchMode.ALL_TERMS, 99, "Data &amp; &lt;<mark>net</mark>&gt;"),
        ("Networks", "net", SearchMode.ALL_TERMS, 99, "<mark>Networks</mark>"),
        ("Networks nets", "net x", SearchMode.ALL_TERMS, 99, None),
        ("Networks nets", "net x", SearchMode.PREFIX, 99, "<mark>Networks</mark> <mark>nets</mark>"),
        ("big data, data big", "Data, big", SearchMode.PHRASE, 99, "big data, <mark>data big</mark>"),
        ("big big big", "big big", SearchMode.PHRASE, 99, "<mark>big big big</mark>"),
        ("关于机器学习的书", "机器学习", SearchMode.ALL_TERMS, 99, "关于<mark>机器学习</mark>的书"),
        ("关于机器学习", "学", SearchMode.ALL_TERMS, 99, "关于机器<mark>学</mark>习"),
        ("关于学 机", "学 于", SearchMode.ANY_TERM, 99, "关<mark>于学</mark> 机"),
        ("机器 学习", "器 学", SearchMode.PHRASE, 99, "机<mark>器 学</mark>习"),
        ("机器学习，数据", "学习 数据", SearchMode.PHRASE, 99, "机器<mark>学习，数据</mark>"),
        ("Die Größe: Ærø", "aero", SearchMode.ALL_TERMS, 99, "Die Größe: <mark>Ærø</mark>"),
        ("a con\u00adtent b", "content", SearchMode.ALL_TERMS, 99, "a <mark>con\u00adtent</mark> b"),
        ("Ünïcode 🎉 Résumé", "resume", SearchMode.ALL_TERMS, 99, "Ünïcode 🎉 <mark>Résumé</mark>"),
        (LONG, "net", SearchMode.ALL_TERMS, 40, "…word word <mark>net</mark> and more <mark>net</mark> here tail…"),
        (LONG, "word", SearchMode.PHRASE, 20, "<mark>word</mark> <mark>word</mark> <mark>word</mark>…"),
        ("x" * 50 + "net" + "y" * 50, "xx", SearchMode.ALL_TERMS, 10, f"<mark>{'x' * 10}</mark>"),
        ("学" * 100, "学", SearchMode.ALL_TERMS, 22, f"<mark>{'学' * 20}</mark>…"),
        ("net", "net", SearchMode.ALL_TERMS, 0, ""),
    ],
)
def test_snippet(text: str, query: str, mode: SearchMode, length: int, shown: str | None) -> None:
    """Matches are marked, everything else is escaped, and a long text is cut around most of its matches."""
    found = extract(text, Search(query, mode=mode).hits, length)
    assert (found.html if found else None) == shown


@given(
    st.text("ab éæ学习\u00ad<&. ", max_size=60),
    st.text("abæ 学", min_size=1, max_size=6),
    st.sampled_from(SearchMode),
    st.integers(0, 40),
)
def test_snippet_is_part_of_its_text(text: str, query: str, mode: SearchMode, length: int) -> None:
    """Its length is limited, its highlights are inside it and in order, and the HTML is the text with marks."""
    shown = " ".join(text.split())
    hits = Search(query, mode=mode).hits(shown)
    assert all(one[1] <= other[0] for one, other in pairwise(hits))
    found = extract(text, Search(query, mode=mode).hits, length)
    assert bool(found) == bool(hits)
    if not found:
        return
    assert len(found.text) <= max(length, 0)
    assert found.text.strip("…") in shown
    places = [place for highlight in found.highlights for place in highlight]
    assert places == sorted(places)
    assert all(0 <= place <= len(found.text) for place in places)
    assert html.unescape(re.sub("</?mark>", "", found.html)) == found.text
    marked = [html.unescape(each) for each in re.findall("<mark>(.*?)</mark>", found.html)]
    assert marked == [found.text[start:end] for start, end in found.highlights]
    if length >= 20:
        assert marked
