"""The tree of a site as one view shows it: folders, and the items of a navigation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Folder(NamedTuple):
    path: str
    """Relative to the content folder. "" is the content folder itself."""
    title: str
    article_id: str | None
    """The id of its page."""
    parent_path: str | None
    """The path of the folder that contains it."""


class NavigationItem(NamedTuple):
    """A page, or a folder with its items."""

    title: str
    path: str
    """The path of the file or of the folder."""
    folder_path: str | None
    """The path of the folder, if it is one."""
    article_id: str | None
    """The id of the page, or of the folder's page."""
    items: Sequence[NavigationItem] = ()
    """In order. Empty at the depth of the navigation."""
