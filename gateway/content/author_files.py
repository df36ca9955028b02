"""Reads the authors in data files and pages of a site: `authors.yml`, `_data/authors/NAME.toml`, `_authors/NAME.md`."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.content.author_names import NAMES, entry
from gateway.content.file_names import file_stem
from gateway.content.inheritance import DRAFTS
from gateway.content.nodes import MappingNode, Position
from gateway.content.rules_file import RulesFile, RulesReader
from gateway.model.documents import AuthorName
from gateway.model.problems import Problem, Severity

AUTHORS_UNREADABLE = "AUTHORS_UNREADABLE"

_NAMES_OF_PAGE = (*NAMES, "title")


def data(reader: RulesReader, fields: MappingNode) -> Iterator[AuthorName]:
    """The authors by key."""
    for key, field in fields.entries.items():
        if key.strip():
            yield entry(reader.report, key, field.value)


def single(reader: RulesReader, fields: MappingNode) -> Iterator[AuthorName]:
    """The author whose key is the name of the file."""
    yield entry(reader.report, _key(reader.path), fields)


def page(reader: RulesReader, fields: MappingNode) -> Iterator[AuthorName]:
    """The author whose key is the name of the page. A page that its own front matter or its folder hides has none."""
    if DRAFTS not in reader.path.casefold().split("/") and not reader.hides(fields.entries, fields.position):
        yield entry(reader.report, _key(reader.path), fields, _NAMES_OF_PAGE)


def unreadable(path: str, message: str, position: Position) -> RulesFile:
    text = f"The authors in it cannot be read. {message}"
    problem = Problem(Severity.ERROR, AUTHORS_UNREADABLE, text, path, *position, hint="Fix it.")
    return RulesFile(problems=(problem,), is_good=False)


def not_a_mapping(path: str, position: Position) -> RulesFile:
    message, hint = "It is not a mapping, so it has no authors.", "Write keys and authors: `north: {name: Desk North}`."
    return RulesFile(problems=(Problem(Severity.WARNING, AUTHORS_UNREADABLE, message, path, *position, hint=hint),))


def _key(path: str) -> str:
    return file_stem(path.rpartition("/")[2])
