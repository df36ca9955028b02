"""The addresses of an article in its front matter: its own, and its former ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

from gateway.content.identity import url_identity

_HOST = re.compile(r"[\w-]++\.[\w.-]++/")
_PATH = re.compile(r"[^\s:/][^\s:]*+")
_PATH_KEYS = frozenset({"permalink", "path"})
"""The keys of which a single word is a path: in Obsidian, Hexo and Jekyll, and in Zola."""
_WORD = re.compile(r"[\w-]+")
_NAME = re.compile(r"(?!.*://)[^/].*", re.DOTALL)
_INDEX_PAGE = re.compile(r"(?<=/)index\.html?$")


def site_path(key: str, written: str, *, is_path: bool) -> str:
    """The path of the page that a key of the slug holds, or ""."""
    if is_path:
        return _INDEX_PAGE.sub("", written)
    is_relative = key != "slug" and _is_relative(written)
    is_relative = is_relative or (key in _PATH_KEYS and _WORD.fullmatch(written) is not None)
    return _INDEX_PAGE.sub("", f"/{written}") if is_relative else ""


def former_addresses(
    names: Iterable[str], url: str | None, own: Collection[str], based: Callable[[str], str]
) -> tuple[str, ...]:
    """The former addresses among the names of an article. `based` puts an address below the base of the site."""
    found: dict[str, str] = {}
    for name in names:
        address = _former_address(name, url, based)
        if (identity := url_identity(address)) and identity not in own:
            found.setdefault(identity, address)
    return tuple(found.values())


def _former_address(written: str, url: str | None, based: Callable[[str], str]) -> str:
    """The address in a list of aliases, or "". A single word is beside the page, as in Hugo."""
    if url_identity(written):
        return based(written)
    if _is_relative(written):
        return based(f"/{written}")
    return f"{url.rstrip('/').rpartition('/')[0]}/{written}" if url and _WORD.fullmatch(written) else ""


def _is_relative(written: str) -> bool:
    """Whether a text is a path of the site without its first slash, as in `looks/second/`, and does not begin with a
    host."""
    is_path = "/" in written or written.lower().endswith((".html", ".htm"))
    return is_path and _PATH.fullmatch(written) is not None and not _HOST.match(written)


def spellings(url: str | None) -> tuple[str, ...]:
    """An address, and its path if it has a host."""
    if url is None or url.startswith("/"):
        return () if url is None else (url,)
    return url, "/" + url.partition("://")[2].partition("/")[2]


def other_names(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that are not addresses, for wiki links."""
    return tuple(name for name in names if _NAME.fullmatch(name))
