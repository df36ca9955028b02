"""docs/schema.md equals the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphql import GraphQLNamedType, GraphQLSchema

from tests import reference
from tests.contract import BUILTIN


def test_page_is_up_to_date() -> None:
    """The committed file equals the output of `python -m tests.reference`."""
    assert reference.PAGE.read_text() == reference.page(reference.read())


def test_page_is_complete() -> None:
    """Each type, field, argument and value is on the page, with a description."""
    text = reference.PAGE.read_text()
    lines = [line for line in text.splitlines() if line.lstrip().startswith("- `")]
    assert len(lines) == len(list(members(reference.read())))
    assert [line for line in lines if re.search(r": *$", line)] == []
    for name, member in members(reference.read()):
        [section] = re.findall(rf"^### {name}$(.*?)(?=^##)", text + "\n##", re.MULTILINE | re.DOTALL)
        assert f"- `{member}`" in section


def test_links_of_types_resolve() -> None:
    """Each type name links to its only heading."""
    text = reference.PAGE.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert len(headings) == len({heading.lower() for heading in headings})
    assert set(re.findall(r"\(#(.+?)\)", text)) <= {heading.lower() for heading in headings}


def members(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Each field, argument and value, with its type's name."""
    for name, named in schema.type_map.items():
        if not name.startswith("__") and name not in BUILTIN:
            yield from ((name, member) for member in of(named))


def of(named: GraphQLNamedType) -> Iterator[str]:
    for name, member in getattr(named, "fields", getattr(named, "values", {})).items():
        yield name
        yield from getattr(member, "args", {})
