"""Finds the links of bodies that lead to no file, or to a heading that does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

import orjson

from gateway.content.links import keys_meant, may_be_dead
from gateway.content.outline import anchor_of
from gateway.content.values import shown
from gateway.model.documents import Destination
from gateway.model.problems import Problem, Severity
from gateway.store.article_row import url_key
from gateway.store.rows import problem_row
from gateway.store.sql_files import named
from gateway.store.sqlite.driver import Database

DEAD_LINK = "DEAD_LINK"
DEAD_HEADING = "DEAD_HEADING"
AT_ONCE = 500
"""The number of articles that are checked in one step."""

_SQL = named("sqlite/link_check.sql")


class _Source(NamedTuple):
    """An article with links."""

    id: str
    path: str
    url: str | None
    key: int
    links: Sequence[Destination]

    def meant(self, link: Destination) -> list[int]:
        return [url_key(key) for key in keys_meant(link, self.url)]


class _Target(NamedTuple):
    """An article that a link leads to."""

    path: str
    anchors: frozenset[str]
    """Casefolded, and for wiki links also by the texts of headings."""
    body: str


def check_links(db: Database) -> None:
    """Report the dead links of the touched articles, and of those that link to touched ones."""
    rows = db.execute(_SQL["sources"]).fetchall()
    for start in range(0, len(rows), AT_ONCE):
        found = [(source.id, problem) for source, problem in _problems(db, rows[start : start + AT_ONCE])]
        db.executemany(_SQL["insert"], [("link", about, *problem_row(problem)) for about, problem in found])


def _problems(db: Database, rows: Sequence[tuple[str, str, str | None, int, str]]) -> Iterator[tuple[_Source, Problem]]:
    sources = [_source(*row) for row in rows]
    owners = _owners(db, {key for source in sources for link in source.links for key in source.meant(link)})
    led = [(source, link, _owner(source, link, owners)) for source in sources for link in source.links]
    targets = _targets(db, {owner for _, link, owner in led if owner is not None and _names_heading(link)})
    lost = {link.target.lstrip("/") for _, link, owner in led if owner is None and may_be_dead(link)}
    files = {path for (path,) in db.execute(_SQL["files"], (orjson.dumps([*lost]).decode(),))} if lost else set()
    for source, link, owner in led:
        if owner is None:
            if may_be_dead(link) and link.target.lstrip("/") not in files:
                yield source, _dead_link(source, link)
        elif _names_heading(link) and not _has_heading(targets[owner], link):
            yield source, _dead_heading(source, link, targets[owner])


def _source(id_: str, path: str, url: str | None, key: int, destinations: str) -> _Source:
    links = (Destination(*values) for values in orjson.loads(destinations))
    return _Source(id_, path, url, key, [link for link in links if not link.is_image])


def _owner(source: _Source, link: Destination, owners: Mapping[int, int]) -> int | None:
    """The key of the article that a link leads to. A link of a heading only leads to its own article."""
    if link.written.startswith("#"):
        return source.key
    return next((owners[key] for key in source.meant(link) if key in owners), None)


def _owners(db: Database, keys: Iterable[int]) -> dict[int, int]:
    return dict(db.execute(_SQL["owners"], (orjson.dumps([*keys]).decode(),)).fetchall())


def _targets(db: Database, keys: Iterable[int]) -> dict[int, _Target]:
    found = {}
    for key, path, headings, body in db.execute(_SQL["targets"], (orjson.dumps([*keys]).decode(),)):
        names = [name for _, text, anchor in orjson.loads(headings) for name in (anchor, anchor_of(text))]
        found[key] = _Target(path, frozenset(name.casefold() for name in names), body)
    return found


def _names_heading(link: Destination) -> bool:
    """Whether the fragment names a heading. `#top` is the page, `^` a block of Obsidian, and `:~:` a text."""
    return bool(link.fragment) and link.fragment.casefold() != "top" and link.fragment[0] not in "^:!/"


def _has_heading(target: _Target, link: Destination) -> bool:
    """Also an element of HTML with the name."""
    # A wiki link may name the headings above the heading.
    last = link.fragment.rpartition("#")[2]
    name = anchor_of(last) if link.is_wiki else last
    return name.casefold() in target.anchors or any(f"{quote}{last}{quote}" in target.body for quote in "\"'")


def _dead_link(source: _Source, link: Destination) -> Problem:
    message = f"The link {shown(unquote(link.written))} leads to no file."
    return _problem(source, link, DEAD_LINK, message, "Correct its path, or add the file.")


def _dead_heading(source: _Source, link: Destination, target: _Target) -> Problem:
    message = f"{target.path} has no heading for the link {shown(unquote(link.written))}."
    return _problem(source, link, DEAD_HEADING, message, "Write the anchor of a heading, as in `#first-steps`.")


def _problem(source: _Source, link: Destination, code: str, message: str, hint: str) -> Problem:
    return Problem(Severity.WARNING, code, message, source.path, link.line, link.column, hint)
