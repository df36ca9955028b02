"""Finds the files that documents refer to, such as pictures, and makes their addresses.

Only files of the allowed types, in the content folder, and not hidden are assets. All else is as if it were missing.
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from gateway.content.destinations import PROJECT_ROOTS, WIKI, place
from gateway.content.image_size import HEAD_BYTES, Size, image_size
from gateway.content.media_types import media_type
from gateway.content.site import Site
from gateway.content.source import Stamp, Walk, join, open_inside
from gateway.errors import ContentFolderError
from gateway.model.documents import AssetFile, Image

VERSION = "v"
"""The parameter with the beginning of the digest in an address."""
VERSION_DIGITS = 8
"""The number of digits of the digest in an address."""
WHOLE_BYTES = 16 * 2**20
"""The size up to which the digest is that of all bytes. Of a larger file, it is that of its ends, its size and its
modification time."""
STATIC_FOLDERS = ("static", "public", "assets", "source", "src")
"""The folders that generators copy to the root of the site."""
ABSOLUTE = ("https://", "http://")
"""The usual beginnings of destinations that do not name a file. There may be others."""
ANYWHERE = "*/"
"""The beginning of the path that stands for a file with a name, in whichever folder it is."""
MOST_FILES = 10_000
"""The number of files of a document, including missing ones. Further destinations stay as they are written."""
REMEMBERED = 4096
_CHUNK = 2**20


class Content(NamedTuple):
    """What addresses and pages need to know of a file's bytes."""

    digest: str
    size: Size | None
    """The size in pixels, if it is an image of a known type."""


class OpenAsset(NamedTuple):
    """A file that is open to read. The caller closes the descriptor."""

    descriptor: int
    stamp: Stamp
    media_type: str


class AssetFolder:
    """The assets of one content folder. Remembers the contents of files by their stamps. Threads can share it."""

    def __init__(self, root: Path | str, *, follow_links: bool = False) -> None:
        self.root = root
        self._follow_links = follow_links
        self._contents = OrderedDict[tuple[str, Stamp], Content]()
        self._paths: Mapping[str, str] | None = None
        """The nearest path to the root by the name of the file, once it is needed."""

    def open(self, path: str) -> OpenAsset | None:
        """Open the asset at a path, given in NFC. None if it is missing or not an asset."""
        if media_type(path) is None:
            return None
        for name in dict.fromkeys((path, unicodedata.normalize("NFD", path))):
            try:
                descriptor, real = open_inside(self.root, name, follow_links=self._follow_links)
            except (OSError, ValueError):
                continue
            status, kind = os.fstat(descriptor), media_type(real)
            if stat.S_ISREG(status.st_mode) and kind is not None:  # a link may have another name than its target
                return OpenAsset(descriptor, Stamp.of(status), kind)
            os.close(descriptor)
        return None

    def anywhere(self, name: str) -> str | None:
        """The path of the asset with a name that is nearest to the root, as editors of wiki links find it, or None.

        The folder is walked once.
        """
        if self._paths is None:
            self._paths = dict(_names(Path(self.root), follow_links=self._follow_links))
        return self._paths.get(name)

    def stamp(self, path: str) -> Stamp | None:
        """The stamp of the asset at a path, which may begin with ANYWHERE, or None."""
        if path.startswith(ANYWHERE):
            path = self.anywhere(path.removeprefix(ANYWHERE)) or ""
        found = self.open(path)
        if found is None:
            return None
        os.close(found.descriptor)
        return found.stamp

    def find(self, path: str) -> tuple[OpenAsset, Content] | None:
        """The asset at a path, which is closed again, and its content. None as for `open`."""
        found = self.open(path)
        if found is None:
            return None
        try:
            return found, self._content(path, found)
        except OSError:
            return None
        finally:
            os.close(found.descriptor)

    def _content(self, path: str, asset: OpenAsset) -> Content:
        """Raises OSError."""
        key = path, asset.stamp
        found = self._contents.get(key)
        if found is None:
            found = _read(*asset)
            if Stamp.of(os.fstat(asset.descriptor)) == asset.stamp:
                self._contents[key] = found
            while len(self._contents) > REMEMBERED:
                self._contents.popitem(last=False)
        return found


def _names(root: Path, *, follow_links: bool) -> Iterator[tuple[str, str]]:
    """The names and paths of all assets, the nearest to the root last."""
    try:
        files = Walk(root, follow_links=follow_links, with_assets=True).run().files
    except ContentFolderError:  # the run reports it
        return
    for path in sorted(filter(media_type, files), key=lambda path: (path.count("/"), path), reverse=True):
        yield path.rpartition("/")[2], path


def _read(descriptor: int, stamp: Stamp, kind: str) -> Content:
    """Read the bytes of a file. Raises OSError."""
    head = os.pread(descriptor, HEAD_BYTES, 0)
    digest = hashlib.sha256(head)
    if stamp.size <= WHOLE_BYTES:
        at = len(head)
        while at < stamp.size and (part := os.pread(descriptor, _CHUNK, at)):
            digest.update(part)
            at += len(part)
    else:
        digest.update(os.pread(descriptor, _CHUNK, stamp.size - _CHUNK))
        digest.update(b"%d %d" % (stamp.size, stamp.mtime_ns))
    return Content(digest.hexdigest(), image_size(head, kind))


def address(base: str, path: str, digest: str) -> str:
    """The address of a file, which is another one when its bytes change."""
    return f"{base}/{quote(path)}?{VERSION}={digest[:VERSION_DIGITS]}"


def changed(files: Iterable[AssetFile], folder: AssetFolder) -> list[str]:
    """The paths of the files that are not in this state."""
    return [file.path for file in files if file[1:5] != (folder.stamp(file.path) or AssetFile("")[1:5])]


class Asset(NamedTuple):
    """A file that a document refers to, as it is shown."""

    address: str | None
    """None if files do not have addresses."""
    size: Size | None

    def shown(self, image: Image) -> Image:
        """An image of the file, with its address, and with its size if the author gave none."""
        is_sized = image.width is not None or image.height is not None
        width, height = (image.width, image.height) if is_sized else self.size or (None, None)
        return image._replace(url=self.address or image.url, width=width, height=height)


class DocumentAssets:
    """The assets of one document."""

    def __init__(self, folder: AssetFolder, site: Site, source: str) -> None:
        """`source` is the path of the document."""
        self._folder = folder
        self._address = site.assets.base
        """The address of the folder, or None if files do not have addresses."""
        self._site_base = site.base
        self._source = source
        self._is_site = bool(site.preset)
        """Whether the folder is known to be that of a whole site."""
        self.files: dict[str, AssetFile] = {}
        """The files that were found, and the missing ones that would have been used instead of them, by path."""

    def find(self, written: str, target: str = "") -> Asset | None:
        """The file of a destination. `target` is that of a Destination, or "". None if it does not name a file that
        exists."""
        if len(self.files) >= MOST_FILES:
            return None
        for path in candidates(self._source, written, self._site_base):
            if asset := self._asset(path):
                return asset
        return self._anywhere(written) if target.startswith(WIKI) else None

    def _anywhere(self, written: str) -> Asset | None:
        found = place("", written)
        if found is None or media_type(found.path) is None:
            return None
        name = found.path.rpartition("/")[2]
        path = self._folder.anywhere(name)
        asset = self._asset(path) if path else None
        file = self.files[path] if path else AssetFile("")
        self.files[ANYWHERE + name] = file._replace(path=ANYWHERE + name, digest=None)  # it is not an address
        return asset

    def _asset(self, path: str) -> Asset | None:
        found = self._folder.find(path)
        if found is None:
            self.files.setdefault(path, AssetFile(path))
            return None
        asset, content = found
        self.files[path] = AssetFile(path, *asset.stamp, content.digest)
        return Asset(self._address and address(self._address, path, content.digest), content.size)

    def is_lost(self, written: str) -> bool:
        """Whether a destination without a file names one that should be in the folder.

        Without `is_site`, a path from the root of the site may lead to a folder that is outside this one.
        """
        found = candidates(self._source, written, self._site_base)
        if not found or found[0] not in self.files:
            return False
        return self._is_site or not written.startswith(("/", *PROJECT_ROOTS))


def candidates(source: str, written: str, base: str = "") -> tuple[str, ...]:
    """The paths of the files that a destination may name, in their order of precedence. Empty if it does not name an
    asset.

    `source` is the path of the document, and `base` that of the site on its host. The order is: beside the document, in
    the folder with its name, in the content folder, in the folders that generators copy to the root of the site, and
    the same without the base.
    """
    if "%" not in written and media_type(written.partition("#")[0].partition("?")[0]) is None:
        return ()  # most links, which need not be resolved
    if written.startswith(PROJECT_ROOTS):
        written = "/" + written.partition("/")[2]
    found, from_root = place(source, written), place("", written)
    if found is None or media_type(found.path) is None:
        return ()
    paths = [found.path]
    if not found.is_rooted and (own := place(f"{source.rpartition('.')[0]}/", written)):
        paths.append(own.path)
    if from_root:
        paths += [join(folder, from_root.path) for folder in ("", *STATIC_FOLDERS)]
    if base and written.startswith(f"{base}/"):
        paths += candidates(source, written.removeprefix(base))
    return tuple(dict.fromkeys(paths))
