"""Finds the destinations of links and images in the HTML of a body, resolves them, and replaces them by addresses.

It does not look into the folder.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from gateway.content.footnotes import ANCHORS
from gateway.content.identity import url_identity
from gateway.content.nodes import LineIndex
from gateway.model.documents import Destination

WIKI = "[["
"""The beginning of the target of a wiki link."""
PROJECT_ROOTS = ("@site/", "@/", "~/")
"""The beginnings of paths from the root of a project: in Docusaurus, in Zola and with Vite, and in Nuxt."""
MOST_DESTINATIONS = 10_000
"""The number of destinations of a body that are read."""
LONGEST_DESTINATION = 8192

_LINK = re.compile(r'<a [^>]*?(?<= )href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_IMAGE = re.compile("<img ([^>]*)>")
_SOURCE = re.compile(r'(?:^| )src="([^"]*)"')
_ALT = re.compile(r'(?:^| )alt="([^"]*)"')
_ADDRESSED = re.compile(r'(<(?:a [^>]*?(?<= )href|img [^>]*?(?<= )src)=")([^"]*)(?=")')
_TAG = re.compile("<[^>]*>")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_PART = r"(?:[^\s<>()\\]++|\\.)*+"
_BARE = rf"{_PART}(?:\({_PART}\){_PART})*+"
_ADDRESS = rf"\s*+(?:<([^<>\n]*+)>|({_BARE}))"
_VALUE = r"""\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'=<>`]++))"""
_WRITTEN = tuple(
    (mark, re.compile(re.escape(mark) + pattern))
    for mark, pattern in (("](", _ADDRESS), ("]:", _ADDRESS), ("href", _VALUE), ("src", _VALUE))
)
"""Destinations in the source: of links and images, of references, and in tags. Each expression begins with a mark, for
which the search is fast."""
_WIKI = re.compile(r"\[\[([^\[\]|\n]++)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


class Place(NamedTuple):
    """What a destination names in the folder."""

    path: str
    """NFC, POSIX, decoded, without `.` and `..`, relative to the folder. Empty for the folder itself."""
    is_rooted: bool
    """Whether it was written from the root of the site, with a leading slash."""
    fragment: str


def place(source: str, written: str) -> Place | None:
    """Resolve a destination in the file at the path `source`. None if it has a host or a scheme, or leaves the folder.

    A destination of a query or fragment only is the file itself.
    """
    if _SCHEME.match(written) or len(written) > LONGEST_DESTINATION:
        return None
    address, _, fragment = written.partition("#")
    address = address.partition("?")[0]
    is_rooted = address.startswith("/")
    path = unicodedata.normalize("NFC", unquote(address))
    if "\0" in path:
        return None
    parts = [] if is_rooted else source.split("/")[: None if not path else -1]
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return Place("/".join(parts), is_rooted, _fragment(fragment))


def of_body(rendered: str, body: str, source: str, first_line: int) -> tuple[Destination, ...]:
    """The destinations in the HTML of a body, the links first. Those of one kind that are written alike are one.

    `source` is the path of the file, and `first_line` the line of the file on which the body begins.
    """
    if "<a " not in rendered and "<img " not in rendered:
        return ()
    found: dict[tuple[str, bool], str] = {}
    for written, is_image, label in _found(rendered):
        if len(found) == MOST_DESTINATIONS:
            break
        if len(written) <= LONGEST_DESTINATION:
            found.setdefault((written, is_image), label)
    located = _Located(body, first_line) if any(_needs_place(written) for written, _ in found) else None
    return tuple(
        _destination(source, html.unescape(written), _text(label), located, is_image=is_image)
        for (written, is_image), label in found.items()
    )


def addressed(sanitised: str, addresses: Mapping[str, str]) -> str:
    """Sanitised HTML with other addresses in place of its destinations. It stays safe if the addresses are."""
    if not addresses:
        return sanitised

    def replaced(found: re.Match[str]) -> str:
        address = addresses.get(html.unescape(found[2]))
        return found[0] if address is None else found[1] + html.escape(address)

    return _ADDRESSED.sub(replaced, sanitised)


def _found(rendered: str) -> Iterator[tuple[str, bool, str]]:
    """Each destination with entities, whether it is of an image, and the HTML of its label."""
    for link in _LINK.finditer(rendered):
        if link[1] and not link[1].startswith(ANCHORS):
            yield link[1], False, link[2]
    for image in _IMAGE.finditer(rendered):
        if (written := _SOURCE.search(image[1])) and written[1]:
            alt = _ALT.search(image[1])
            yield written[1], True, alt[1] if alt else ""


def _needs_place(written: str) -> bool:
    """Whether problems may name the place of a destination."""
    return not _SCHEME.match(written)


def _destination(source: str, written: str, label: str, located: _Located | None, *, is_image: bool) -> Destination:
    if located is None or not _needs_place(written):
        return Destination(written, url_identity(written) or "", "", label, is_image)
    at = located.at(written)
    target, found = "", place(source, written)
    if at.is_wiki and found:
        target = WIKI + unicodedata.normalize("NFC", unquote(written.partition("#")[0])).casefold()
    elif found:
        target = (url_identity(written) or "") if found.is_rooted else found.path
    fragment = _fragment(written.partition("#")[2])
    return Destination(written, target, fragment, label, is_image, at.is_wiki, at.line, at.column)


def _fragment(written: str) -> str:
    return unquote(written).replace("\0", "\ufffd")


def _text(label: str) -> str:
    """The text of a label without markup."""
    if "<" in label:
        label = _TAG.sub("", label)
    return " ".join(html.unescape(label).split())


class _At(NamedTuple):
    is_wiki: bool = False
    line: int | None = None
    column: int | None = None


class _Located:
    """The places of destinations in a body: of each, the first one."""

    def __init__(self, body: str, first_line: int) -> None:
        self._offsets: dict[str, int] = {}
        self._wiki: dict[str, int] = {}
        for mark, pattern in _WRITTEN:
            for found in pattern.finditer(body) if mark in body else ():
                group = found.lastindex or 0
                self._offsets.setdefault(_read(found[group]), found.start(group))
        for found in _WIKI.finditer(body):
            self._wiki.setdefault(_read(found[1].strip()), found.start(1))
        self._lines = LineIndex(body)
        self._first_line = first_line

    def at(self, written: str) -> _At:
        text = unquote(written)
        offset = self._offsets.get(text)
        is_wiki = offset is None and text in self._wiki
        if is_wiki:
            offset = self._wiki[text]
        if offset is None:
            return _At()
        line, column = self._lines.position(offset)
        return _At(is_wiki, line + self._first_line - 1, column)


def _read(source: str) -> str:
    """The text of a destination in Markdown or HTML."""
    if "\\" in source:
        source = _ESCAPE.sub(r"\1", source)
    if "&" in source:
        source = html.unescape(source)
    return unquote(source) if "%" in source else source
