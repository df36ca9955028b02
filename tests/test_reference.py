"""The page that tells of the schema is the schema's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphql import GraphQLNamedType, GraphQLSchema

from tests import reference
from tests.contract import BUILTIN


def test_the_page_is_made_of_the_schema() -> None:
    """What is committed is what `python -m tests.reference` writes."""
    assert reference.PAGE.read_text() == reference.page(reference.read())


def test_every_word_of_the_schema_is_told() -> None:
    """Each type, field, argument and value stands on the page, and each of them is described."""
    told = reference.PAGE.read_text()
    lines = [line for line in told.splitlines() if line.lstrip().startswith("- `")]
    assert len(lines) == len(list(members(reference.read())))
    assert [line for line in lines if re.search(r": *$", line)] == []
    for name, member in members(reference.read()):
        [section] = re.findall(rf"^### {name}$(.*?)(?=^##)", told + "\n##", re.MULTILINE | re.DOTALL)
        assert f"- `{member}`" in section


def test_every_link_leads_somewhere() -> None:
    """Each name of a type is a link to its heading, of which there is one."""
    told = reference.PAGE.read_text()
    headings = re.findall(r"^#+ (.+)$", told, re.MULTILINE)
    assert len(headings) == len({heading.lower() for heading in headings})
    assert set(re.findall(r"\(#(.+?)\)", told)) <= {heading.lower() for heading in headings}


def members(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Each field, argument and value, with the name of its type."""
    for name, named in schema.type_map.items():
        if not name.startswith("__") and name not in BUILTIN:
            yield from ((name, member) for member in of(named))


def of(named: GraphQLNamedType) -> Iterator[str]:
    for name, member in getattr(named, "fields", getattr(named, "values", {})).items():
        yield name
        yield from getattr(member, "args", {})
