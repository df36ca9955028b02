"""Entries of a known layout are decoded to what the full parser gives, or left to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.content import decoder, frontmatter, nested_fields, values
from gateway.content.entry_layouts import MOST_LAYOUTS, Decode, EntryLayouts, Make
from gateway.content.nodes import MappingNode, SequenceNode
from gateway.content.plain_yaml import ItemNode, scan
from gateway.content.problem_collector import PositionNeeded
from gateway.errors import FrontMatterError

EXAMPLE = """  - title: "One"
    excerpt: 'Two'
    publishedDateTime: 2024-05-06T07:08:09Z
    webUrl: https://a.example/one
    type: article
    provider:
      name: The A
      domain: a.example
    quality: 12
    images:
      - url: "https://a.example/1.jpg"
        width: 1200
        height: 675
        isCached: true
      - url: /2.jpg
        title: Two
"""
PICTURE = """  - url: "One"
    width: 1200
    isCached: true
"""
DECODERS: Mapping[str, Decode] = {"title": values.phrase, "images.*.width": values.integer}
VALUES = [line.partition(": ")[2] for line in EXAMPLE.split("\n") if ": " in line]


def written(entry: Sequence[str]) -> str:
    """The example with other values."""
    parts = iter(entry)
    lines = [f"{line.partition(': ')[0]}: {next(parts)}" if ": " in line else line for line in EXAMPLE.split("\n")]
    return "\n".join(lines)


def by_path(paths: Sequence[str]) -> Make[dict[str, object]]:
    """Makes mappings of paths to values."""
    return lambda found: dict(zip(paths, found, strict=False))


def item(text: str) -> ItemNode:
    value = scan(f"related:\n{text}", 1, {"related": ()}).entries["related"].value
    assert isinstance(value, SequenceNode)
    (node,) = value.nodes
    assert isinstance(node, ItemNode)
    return node


TRICKY = st.sampled_from(
    [
        *("null", "Null", "~", "true", "no", "yes", "TRUE", "12", "-12", "0012", "1234567890", "1e3"),
        *("2024-05-06", "2024-13-06T07:08:09Z", "2024-05-06T24:00:00Z", "2024-05-06 07:08"),
        *('""', "''", '" "', '" a "', "' a '", '"\u200b"', "\u200b", "\xa0", '"a" # b', '"a\'b"', "'a\"b'"),
        *('"a\\"b"', '"\\u00e9"', "'it''s'", "a # b", "a #b", "a#b", "a: b", "a:b", "a:", "a ", " a"),
        *("[a, b]", "[]", "{}", "&a b", "*a", "!b", "|", ">-", "- a", "# a", "@a", "`a`", "%a", "?a", "-a", ":a"),
        *(".a", "(a)", "é", "中文", "'中文'", "«a»", "a\\b", "https://b.example/?utm_x=1", "//c.example", "/d"),
    ]
)
SHORT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.lists(st.one_of(st.sampled_from(VALUES), TRICKY, SHORT), min_size=len(VALUES), max_size=len(VALUES)),
        min_size=2,
        max_size=4,
    )
)
@example([VALUES, [*VALUES[:-1], "null"]])
def test_known_layouts_give_what_the_full_parser_gives(entries: list[list[str]]) -> None:
    """Whatever the values are, in whatever order the layouts are learned."""
    for entry in [VALUES, *entries]:
        text = written(entry)
        pictures = text.partition("images:\n")[2]
        data = f"---\ntitle: T\nimages:\n{pictures}related:\n{text}---\n".encode()
        plain = frontmatter.read_plain("a.md", data, nested_fields.kept_lists(UTC))
        if plain is None:
            continue
        try:
            found = decoder.decode("a.md", plain)
        except PositionNeeded:
            continue
        assert found == parsed(data)


def parsed(data: bytes) -> decoder.Decoded | None:
    try:
        full = frontmatter.read("a.md", data)
    except FrontMatterError:
        return None
    assert full is not None
    return decoder.decode("a.md", full)


def test_values_of_a_known_layout() -> None:
    """The tree is not needed."""
    known = EntryLayouts(DECODERS, by_path)
    text = '- title: "One"\n  images:\n  - width: 1\n  - width: 2'
    assert known.decode(text) is None
    known.learn(text, item(text))
    other = '- title: "Two"\n  images:\n  - width: 3\n  - width: 4'
    assert known.decode(other) == {"title": "Two", "images.0.width": 3, "images.1.width": 4}


@pytest.mark.parametrize(
    "text",
    [
        '- title: "Two"',
        '- title: "Two"\n  images:\n  - width: 3',
        '- title: "Two"\n  images:\n  - width: 3\n  - width:',
        '- title: "Two"\n  images:\n    - width: 3\n    - width: 4',
        '- title: "Two" # one\n  images:\n  - width: 3\n  - width: 4',
        '- title: "Two"\n  images:\n  - width: many\n  - width: 4',
        '- title: "Two"\n  images:\n  - width: 99999999999\n  - width: 4',
    ],
)
def test_other_layouts_are_not_known(text: str) -> None:
    known = EntryLayouts(DECODERS, by_path)
    learned = '- title: "One"\n  images:\n  - width: 1\n  - width: 2'
    known.learn(learned, item(learned))
    assert known.decode(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "- title: One\n  other: 1",
        "- title: One\n  other:",
        "- title: One\n  images:\n    width: 1",
        "- title: One\n  # a comment\n  images:\n  - width: 1",
        "- title: One\n  images:\n  - 1",
        "- title: [One]",
        "- title: One ",
    ],
)
def test_unusual_entries_are_not_learned(text: str) -> None:
    """Keys without a decoder stay in `frontMatter`, and comments are not values."""
    known = EntryLayouts(DECODERS, by_path)
    node = item(text)
    known.learn(text, node)
    assert known.decode(text) is None


def test_the_number_of_layouts_is_bounded() -> None:
    known = EntryLayouts({f"k{at}": values.text for at in range(2 * MOST_LAYOUTS)}, by_path)
    texts = [f"- k{at}: a" for at in range(2 * MOST_LAYOUTS)]
    for text in texts:
        known.learn(text, item(text))
    assert sum(known.decode(text) is not None for text in texts) == MOST_LAYOUTS


@pytest.mark.parametrize(("name", "key", "example"), [("related", "title", EXAMPLE), ("images", "url", PICTURE)])
def test_nodes_of_known_items_are_scanned_when_used(name: str, key: str, example: str) -> None:
    """Other keys of the file are decoded from the tree."""
    kept = nested_fields.kept_lists(UTC)
    for value in ("One", "Two"):
        text = example.replace('"One"', f'"{value}"')
        plain = frontmatter.read_plain("a.md", f"---\ntitle: T\n{name}:\n{text}---\n".encode(), kept)
        assert plain is not None
        assert decoder.decode("a.md", plain).document is not None
        (node,) = plain.fields.entries[name].value.nodes  # type: ignore[union-attr]
        assert isinstance(node, MappingNode)
        assert node.entries[key].value[0] == value
    assert node[0] is None, "the second item was scanned"
