"""The plain fields of articles: a declaration applies from front matter to the API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.content import decoder, frontmatter
from gateway.model.documents import Document
from gateway.model.fields import FIELDS, INSTANT, INTEGER, PHRASE, TEXT, Field, Kind
from gateway.store.article_row import encode_article
from gateway.store.sqlite import last_good
from tests.test_graph import data, loaded

VALUES: Mapping[Kind[Any], tuple[object, object]] = {
    TEXT: ("échelle", "Zoo"),
    PHRASE: ("échelle", "Zoo"),
    INTEGER: (-1, 2),
    INSTANT: ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"),
}
"""A smaller and a larger value of each kind."""


def decoded(text: str) -> Document:
    front_matter = frontmatter.read("a.md", text.encode())
    assert front_matter
    document = decoder.decode("a.md", front_matter).document
    assert document
    return document


@pytest.mark.usefixtures("each_database_in_full")
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
async def test_field_of_the_api(tmp_path: Path, field: Field) -> None:
    """The API has the value of front matter, and filters and orders by it as declared."""
    low, high = VALUES[field.kind]
    files = {f"{name}.md": f"---\n{field.key}: {value}\n---\n" for name, value in (("a", high), ("b", low))}
    async with loaded(tmp_path, files) as store:

        async def found(arguments: str) -> list[object]:
            answer = await data(store, f"{{ articles({arguments}) {{ nodes {{ {field.key} }} }} }}")
            return [node[field.key] for node in answer["articles"]["nodes"]]

        assert await found("orderBy: []") == [high, low]
        if field.filtered:
            value = low if isinstance(low, int) else f'"{low}"'
            assert await found(f"filter: {{ {field.key}: {{ eq: {value} }} }}") == [low]
        if field.ordered:
            assert await found(f"orderBy: {{ field: {field.constant} }}") == [low, high]
            assert await found(f"orderBy: {{ field: {field.constant}, direction: DESC }}") == [high, low]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_keys_of_a_field(field: Field) -> None:
    """Each key gives the same value."""
    values = {getattr(decoded(f"---\n{key}: {VALUES[field.kind][0]}\n---\n"), field.name) for key in field.all_keys}
    assert len(values) == 1
    assert values != {field.missing}


def test_last_good_version_has_all_fields() -> None:
    """It is the same document."""
    lines = "".join(f"{field.key}: {VALUES[field.kind][0]}\n" for field in FIELDS)
    document = decoded(f"---\n{lines}---\n")
    record = last_good.record_of(encode_article(document).values)
    assert last_good.loaded(("a.md", "", 1, 1, 1, record)).document == document
