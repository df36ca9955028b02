"""The tree of the pages of a generation in memory, for one visibility.

It is made of the articles in public lists, so a hidden article gives neither a title nor a folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

import orjson

from gateway.content.file_names import Named, split_number
from gateway.content.text import fold
from gateway.model.documents import NavigationEntry
from gateway.model.navigation import Folder, NavigationItem
from gateway.store.rows import Row

COLUMNS = "article.id, article.path, article.title, article.locale, article.navigation"

Rank = tuple[bool, float, bool, int, str, str]
"""Orders siblings by weight, number, title and path. Those without a weight or a number are last."""


class Page(NamedTuple):
    id: str
    path: str
    title: str
    locale: str | None
    entry: NavigationEntry

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def shown_title(self) -> str:
        return self.entry.title or self.title

    @property
    def rank(self) -> Rank:
        return _rank(self.entry.weight, self.entry.number, self.shown_title, self.path)


class _Folder(NamedTuple):
    folder: Folder
    rank: Rank
    is_hidden: bool
    children: Sequence[Page | str]
    """Pages and paths of folders, in order. Hidden ones are left out."""
    folders: Sequence[str]
    """The paths of its folders, in order, with hidden ones."""


class Tree:
    """Immutable."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._folders: dict[str, _Folder] = {}
        below: dict[str, tuple[list[Page], list[str]]] = {}
        for page in pages:
            _containing(below, page.folder)[0].append(page)
        for path in sorted(below, key=len, reverse=True):  # those below a folder first
            self._folders[path] = self._made(path, *below[path])
        self._order = [*self._ids("")] if below else []
        self._place = {id_: at for at, id_ in enumerate(self._order)}

    def _made(self, path: str, pages: Sequence[Page], paths: Sequence[str]) -> _Folder:
        index = min((page for page in pages if page.entry.is_index), key=_index_rank, default=None)
        parent, _, name = path.rpartition("/")
        number, stem = split_number(name)
        title = index.shown_title if index else Named(None, stem, None).words
        folders = [self._folders[each] for each in paths]
        shown: list[tuple[Rank, Page | str]] = [
            (page.rank, page) for page in pages if page is not index and not page.entry.is_hidden
        ]
        shown += [(each.rank, each.folder.path) for each in folders if not each.is_hidden]
        entry = index.entry if index else NavigationEntry(number=number)
        return _Folder(
            Folder(path, title, index and index.id, parent if path else None),
            _rank(entry.weight, entry.number, title, path),
            entry.is_hidden,
            [child for _, child in sorted(shown, key=lambda each: each[0])],
            [each.folder.path for each in sorted(folders, key=attrgetter("rank"))],
        )

    def _ids(self, path: str) -> Iterator[str]:
        """The pages of a folder and below it, depth first, its own first."""
        found = self._folders[path]
        if found.folder.article_id and not found.is_hidden:
            yield found.folder.article_id
        for child in found.children:
            if isinstance(child, Page):
                yield child.id
            else:
                yield from self._ids(child)

    def folder(self, path: str) -> Folder | None:
        found = self._folders.get(path)
        return found and found.folder

    def folder_of(self, path: str) -> Folder:
        """The folder of a file, which may have no page in the tree."""
        return self._folder_at(path.rpartition("/")[0])

    def breadcrumbs(self, path: str) -> Sequence[Folder]:
        """The folders from the top down to that of a file, without the content folder."""
        names = path.split("/")[:-1]
        return [self._folder_at("/".join(names[: at + 1])) for at in range(len(names))]

    def folders_in(self, path: str) -> Sequence[Folder]:
        """The folders directly in a folder, in order."""
        found = self._folders.get(path)
        return [self._folders[each].folder for each in found.folders] if found else []

    def items(self, under: str, depth: int, locale: str | None) -> Sequence[NavigationItem]:
        """The items of a folder, down to a depth. With a locale, only those with pages in it."""
        found = self._folders.get(under)
        return [*self._items(found, depth, locale)] if found else []

    def neighbours(self, id_: str) -> tuple[str | None, str | None]:
        """The ids of the pages before and after a page in the order of the navigation."""
        at = self._place.get(id_)
        if at is None:
            return None, None
        return self._order[at - 1] if at else None, self._order[at + 1] if at + 1 < len(self._order) else None

    def _folder_at(self, path: str) -> Folder:
        """A folder, which may have no page in the tree: its title is then that of its name."""
        parent, _, name = path.rpartition("/")
        return self.folder(path) or Folder(path, _title(name), None, parent if path else None)

    def _items(self, found: _Folder, depth: int, locale: str | None) -> Iterator[NavigationItem]:
        for child in found.children:
            if not isinstance(child, Page):
                inner = self._folders[child]
                if locale is None or self._is_in(inner, locale):
                    yield self._folder_item(inner, depth - 1, locale)
            elif locale is None or child.locale == locale:
                yield NavigationItem(child.shown_title, child.path, None, child.id)

    def _folder_item(self, found: _Folder, depth: int, locale: str | None) -> NavigationItem:
        path, title, article_id, _ = found.folder
        items = [*self._items(found, depth, locale)] if depth > 0 else ()
        return NavigationItem(title, path, path, article_id, items)
