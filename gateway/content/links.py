"""The keys by which articles are found from links: those of a file, and those that a link may mean.

A key is a normalised URL, the path of a file in the folder, `[[` and a name, or `[:` and a slug.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urljoin

from gateway.content.destinations import PROJECT_ROOTS, WIKI, place
from gateway.content.identity import url_identity
from gateway.content.source import EXTENSIONS
from gateway.content.text import slug
from gateway.model.documents import Destination

SLUG = "[:"
"""The beginning of the key of a slug."""
MOST_FOLDERS = 8
"""The number of folders of a name in a wiki link that are compared."""
OTHER_NAME = 1000
"""The rank of a name in front matter, which is after those of all files."""

_INDEXES = frozenset({"index", "_index"})
_WIKI_LINK = re.compile(r"\[\[(?P<name>[^\]\[|#]+)(?:[|#][^\]\[]*)?\]\]")
_ID = re.compile(r"ar_[A-Za-z0-9_-]{22}")
_DATED = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}-[^/]+")
_ENDING = re.compile(r"(?<=[^/])\.[^./\s]*$")


def keys_of(path: str, slug_: str, names: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The keys of the file at a path beside its URLs, with their ranks. `names` are other names of the article.

    The path counts with and without its ending, and that of an index file also as its folder. Without its ending it is
    also found where a slug is meant. A wiki link may name any number of folders before the file. Of files with one
    name, the one in the fewest folders has the lowest rank.
    """
    page = _ENDING.sub("", path)
    pages = [page]
    folder, _, name = page.rpartition("/")
    if name in _INDEXES and folder:
        pages.append(folder)
    for each in (path, *pages, SLUG + slug_):
        yield each, 0
    if page != slug_:
        yield SLUG + page, 1
    depth = page.count("/")
    for each in pages:
        parts = _folded(each).split("/")
        for at in range(max(0, len(parts) - MOST_FOLDERS), len(parts)):
            yield WIKI + "/".join(parts[at:]), depth
    for other in names:
        yield WIKI + _folded(other), OTHER_NAME


def key_named(path: str, written: str) -> str | None:
    """The key of the article that a related entry of the file at `path` names without a URL, or None.

    It is a path from the root of the folder, also without its ending, a path from the file that begins with `.` or is
    only a name, `[[a name]]` or a slug.
    """
    if found := _WIKI_LINK.fullmatch(written):
        return WIKI + _without_ending(_folded(found["name"]))
    if "/".join(map(slug, written.split("/"))) == written:
        return SLUG + written
    if not is_document_path(written) and not written.startswith(("./", "../")):
        return None
    is_from_file = written.startswith(".") or "/" not in written
    found_place = place(path if is_from_file else "", written)
    return found_place.path or None if found_place else None


def keys_referred(path: str, written: str) -> list[str]:
    """The keys that a reference in the file at `path` may mean, the most likely first.

    It is an id, an address, what a related entry may be, a path without its ending, or the name of a file.
    """
    if _ID.fullmatch(written):
        return [written]
    if url := url_identity(written):
        return [url, *(_from_root(written) if url.startswith("/") else [])]
    keys = [key_named(path, written)]
    if not _WIKI_LINK.fullmatch(written):
        keys += [found.path for found in (place(path, written), place("", written)) if found]
        keys.append(None if written.startswith(".") else WIKI + _without_ending(_folded(written)))
    return list(dict.fromkeys(filter(None, keys)))


def keys_meant(link: Destination, url: str | None) -> list[str]:
    """The keys that a link may mean, the most likely first. `url` is the address of the article with the link."""
    target = link.target
    if link.is_image or not target:
        return []
    if target.startswith(WIKI):
        return [_without_ending(target)]
    if target.startswith("https://"):
        return [target]
    written = unicodedata.normalize("NFC", unquote(re.split("[?#]", link.written, maxsplit=1)[0]))
    if target.startswith("/"):
        return [target, *_from_root(written)] if is_document_path(written) else [target]
    keys = [target]
    if written.startswith(PROJECT_ROOTS):
        keys += _from_root(written.partition("/")[2])
    elif not written.startswith("."):
        # The tags of templates name files from the root of the site, or a post by its name.
        keys += _from_root(written) if "/" in written else [f"_posts/{written}"] if _DATED.match(written) else []
    if url and not is_document_path(target):
        keys.append(url_identity(urljoin(url, link.written)) or "")
    return list(dict.fromkeys(filter(None, keys)))


def _from_root(path: str) -> list[str]:
    """A path from the root of the site, or from its content folder."""
    return [path.strip("/"), f"content/{path.strip('/')}"]


def may_be_dead(link: Destination) -> bool:
    """Whether a link leads to nothing if no article has one of its keys, and the folder does not have its file.

    Addresses of the site may be pages that the site's generator makes, and so may relative ones with other endings.
    """
    if link.is_image or not link.target or link.target.startswith("https://"):
        return False
    if link.target.startswith("/"):
        return is_document_path(link.target)
    return link.is_wiki or is_document_path(link.target) or not _ENDING.search(link.target)


def is_document_path(path: str) -> bool:
    """Whether the path has the ending of a document."""
    return path.lower().endswith(EXTENSIONS)


def _without_ending(name: str) -> str:
    ending = next((each for each in EXTENSIONS if name.endswith(each)), "")
    return name.removesuffix(ending)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().casefold()
