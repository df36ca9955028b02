"""Positions in a file."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.content.nodes import LineIndex, Position

BREAKS = "\r\n\v\f\x1c\x85\u2028"


@given(st.text(st.sampled_from("a" + BREAKS) | st.characters(codec="utf-8")))
def test_line_ends(text: str) -> None:
    """Only line feeds and carriage returns end lines; other Unicode separators do not."""
    for offset in range(len(text) + 1):
        before = re.split(r"\r\n|\r|\n", text[:offset])
        if text[offset - 1 : offset + 1] == "\r\n":  # CR LF is one line end
            before[-2:] = [before[-2] + "\r"]
        assert LineIndex(text).position(offset) == Position(len(before), len(before[-1]) + 1)
