"""The tree of the pages of a generation in memory, for one visibility.

It is made of the articles in public lists, so a hidden article gives neither a title nor a folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from gateway.content.file_names import Named, split_number
from gateway.content.text import fold
from gateway.model.documents import NavigationEntry
from gateway.model.navigation import Folder, NavigationItem
from gateway.model.records import Visibility
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
        return _parent(self.path)

    @property
    def shown_title(self) -> str:
        return self.entry.title or self.title

    @property
    def rank(self) -> Rank:
        return _rank(self.entry, self.shown_title, self.path)


class _Contents(NamedTuple):
    pages: list[Page]
    folders: list[str]
    """The paths of the folders in it."""


class _Folder(NamedTuple):
    folder: Folder
    rank: Rank
    is_hidden: bool
    children: Sequence[Page | _Folder]
    """Pages and folders in order, without its own page and hidden pages."""
    folders: Sequence[Folder]
    """Its folders in order."""


class Tree:
    """The folders and pages of one view, or those of one locale. Immutable."""

    def __init__(self, pages: Sequence[Page]) -> None:
        contents: dict[str, _Contents] = {"": _Contents([], [])}
        for page in pages:
            _contents_of(contents, page.folder).pages.append(page)
        self._folders: dict[str, _Folder] = {}
        for path in sorted(contents, key=len, reverse=True):  # a folder after those in it
            self._folders[path] = self._made(path, contents[path])

    def _made(self, path: str, contents: _Contents) -> _Folder:
        page = min((each for each in contents.pages if each.entry.is_index), key=_index_rank, default=None)
        parent, _, name = path.rpartition("/")
        title = page.shown_title if page else _title(name)
        entry = page.entry if page else NavigationEntry(number=split_number(name)[0])
        folders = sorted([self._folders[each] for each in contents.folders], key=lambda each: each.rank)
        shown = [(each.rank, each) for each in contents.pages if each is not page and not each.entry.is_hidden]
        ranked: list[tuple[Rank, Page | _Folder]] = [*shown, *((each.rank, each) for each in folders)]
        return _Folder(
            Folder(path, title, page and page.id, parent if path else None),
            _rank(entry, title, path),
            entry.is_hidden,
            [each for _, each in sorted(ranked, key=lambda each: each[0])],
            [each.folder for each in folders],
        )

    def folder(self, path: str) -> Folder | None:
        found = self._folders.get(path)
        return found and found.folder

    def folder_of(self, path: str) -> Folder:
        """The folder of a file. If it has no page in the tree, its title is that of its name."""
        return self._folder_at(_parent(path))

    def breadcrumbs(self, path: str) -> Sequence[Folder]:
        """The folders from the top down to that of a file, without the content folder."""
        names = path.split("/")[:-1]
        return [self._folder_at("/".join(names[: at + 1])) for at in range(len(names))]

    def _folder_at(self, path: str) -> Folder:
        parent, _, name = path.rpartition("/")
        return self.folder(path) or Folder(path, _title(name), None, parent if path else None)

    def folders_in(self, path: str) -> Sequence[Folder]:
        """The folders directly in a folder, in order, with hidden ones."""
        found = self._folders.get(path)
        return found.folders if found else ()

    def items(self, under: str, depth: int) -> Sequence[NavigationItem]:
        """The items in a folder and below it, down to a depth."""
        found = self._folders.get(under)
        return [*self._items(found, depth)] if found and depth else ()

    def _items(self, found: _Folder, depth: int) -> Iterator[NavigationItem]:
        for each in found.children:
            if isinstance(each, Page):
                yield NavigationItem(each.shown_title, each.path, None, each.id)
            elif not each.is_hidden:
                path, title, article_id, _ = each.folder
                items = [*self._items(each, depth - 1)] if depth > 1 else ()
                yield NavigationItem(title, path, path, article_id, items)


def _contents_of(known: dict[str, _Contents], path: str) -> _Contents:
    """The contents of a folder. Adds it, and those that contain it."""
    added, above = list[str](), path
    while above not in known:
        known[above] = _Contents([], [])
        added.append(above)
        above = _parent(above)
    for each in added:
        known[_parent(each)].folders.append(each)
    return known[path]


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def page(row: Row) -> Page:
    """A page from the columns of COLUMNS."""
    id_, path, title, locale, entry = row
    return Page(id_, path, title, locale, NavigationEntry(*orjson.loads(entry)) if entry else NavigationEntry())


def _title(name: str) -> str:
    return Named(None, split_number(name)[1], None).words


def _rank(entry: NavigationEntry, title: str, path: str) -> Rank:
    weight, number = entry.weight, entry.number
    return weight is None, weight or 0, number is None, number or 0, fold(title), path


def _index_rank(page: Page) -> tuple[bool, str]:
    """Of the pages of one folder, that without a locale comes first."""
    return page.locale is not None, page.path


class Trees:
    """The trees of one generation: of all pages, and of those of each locale."""

    def __init__(self, rows: Sequence[Row]) -> None:
        """Rows of COLUMNS."""
        self._pages = [*map(page, rows)]
        self._locales = {each.locale for each in self._pages}
        self._made: dict[str | None, Tree] = {}

    def of(self, locale: str | None) -> Tree:
        """The tree of all pages, or of those in a locale."""
        if locale is not None and locale not in self._locales:
            return _EMPTY
        if locale not in self._made:
            self._made[locale] = Tree([each for each in self._pages if locale in (None, each.locale)])
        return self._made[locale]


_EMPTY = Tree(())


class TreeCache:
    """The trees of the generation that was read last, for one visibility."""

    def __init__(self, visibility: Visibility) -> None:
        self._visibility = visibility
        self._held: tuple[str, int, Trees] | None = None

    def of(self, generation: Row) -> Trees | None:
        epoch, counter = self._key(generation)
        return self._held[2] if self._held and self._held[:2] == (epoch, counter) else None

    def hold(self, generation: Row, rows: Sequence[Row]) -> Trees:
        """Makes the trees of a generation from the rows of COLUMNS."""
        trees = Trees(rows)
        self._held = (*self._key(generation), trees)
        return trees

    def _key(self, generation: Row) -> tuple[str, int]:
        epoch, counter_all, counter_public, *_ = generation
        return epoch, counter_public if self._visibility is Visibility.PUBLIC else counter_all
