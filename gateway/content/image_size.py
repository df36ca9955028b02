"""Reads the size of an image in pixels from its first bytes: PNG, JPEG, GIF, WebP, AVIF, BMP and SVG.

It does not decode images. Any bytes give a size or None, in time linear in their number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from struct import Struct, error

HEAD_BYTES = 2**20
"""The number of bytes that may be needed. Profiles and previews precede the size of a JPEG."""
LARGEST = 2**31 - 1
"""The largest number of GraphQL's type Int."""

Size = tuple[int, int]
"""Width and height."""

_PNG_SIZE = Struct(">II")
_GIF_SIZE = Struct("<HH")
_BMP_SIZE = Struct("<ii")
_JPEG_SIZE = Struct(">HH")
_LENGTH = Struct(">H")
_BOX = Struct(">I4s")
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SINGLES = frozenset({0x01, *range(0xD0, 0xD9)})
"""The markers without a segment."""
_ORIENTATION = 0x0112
_QUARTER_TURNS = frozenset({5, 6, 7, 8})
"""The values of the orientation that swap width and height."""
_AVIF_BOXES = frozenset({b"meta", b"iprp", b"ipco"})
_SVG_TAG = re.compile(rb"<(?:[\w-]+:)?svg\b([^<>]{0,10000})>", re.IGNORECASE)
_SVG_ATTRIBUTE = re.compile(rb"""(?:^|\s)(width|height|viewBox)\s*=\s*["']([^"']*)["']""")
_SVG_LENGTH = re.compile(rb"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(?:px)?\s*")
_SVG_HEAD = 64 * 1024


def image_size(data: bytes, media_type: str) -> Size | None:
    """The size of an image as browsers show it, from its first HEAD_BYTES bytes. None if it is unknown."""
    read = _READERS.get(media_type)
    if read is None:
        return None
    try:
        found = read(data)
    except (error, IndexError, ValueError):
        return None
    return found if found and all(0 < side <= LARGEST for side in found) else None


def _png(data: bytes) -> Size | None:
    return _pair(_PNG_SIZE, data, 16) if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" else None


def _gif(data: bytes) -> Size | None:
    return _pair(_GIF_SIZE, data, 6) if data[:6] in {b"GIF87a", b"GIF89a"} else None


def _bmp(data: bytes) -> Size | None:
    if data[:2] != b"BM":
        return None
    width, height = _pair(_BMP_SIZE, data, 18)
    return width, abs(height)


def _jpeg(data: bytes) -> Size | None:
    """The size of the first frame, turned by the orientation of EXIF."""
    if data[:2] != b"\xff\xd8":
        return None
    at, orientation = 2, 1
    while True:
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _JPEG_SINGLES:
            at += 2
        elif marker in _JPEG_FRAMES:
            height, width = _pair(_JPEG_SIZE, data, at + 5)
            return (height, width) if orientation in _QUARTER_TURNS else (width, height)
        else:
            [length] = _LENGTH.unpack_from(data, at + 2)
            if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
                orientation = _orientation(data[at + 10 : at + 2 + length])
            at += 2 + max(2, length)


def _orientation(tiff: bytes) -> int:
    """The orientation in the first directory of EXIF. 1 if it is not there."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    number, entry = Struct(f"{order}H"), Struct(f"{order}HHIH")
    try:
        [start] = Struct(f"{order}I").unpack_from(tiff, 4)
        [count] = number.unpack_from(tiff, start)
        for at in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = entry.unpack_from(tiff, at)
            if tag == _ORIENTATION:
                return int(value)
    except error:
        pass
    return 1


def _webp(data: bytes) -> Size | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    match data[12:16]:
        case b"VP8 ":
            width, height = _pair(_GIF_SIZE, data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = int.from_bytes(_bytes(data, 21, 4), "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return (
                int.from_bytes(_bytes(data, 24, 3), "little") + 1,
                int.from_bytes(_bytes(data, 27, 3), "little") + 1,
            )
    return None


def _avif(data: bytes) -> Size | None:
    """The largest `ispe` property. Thumbnails and tiles are smaller than the image."""
    if data[4:8] != b"ftyp":
        return None
    sizes = list(_extents(data, 0, len(data)))
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _extents(data: bytes, at: int, end: int, levels: int = len(_AVIF_BOXES)) -> Iterator[Size]:
    """The sizes in the boxes between two offsets, and in the boxes inside them that may have sizes."""
    while at + 8 <= end:
        length, kind = _BOX.unpack_from(data, at)
        box_end = end if length == 0 else at + length
        if length != 0 and length < 8:
            return
        if kind == b"ispe":
            yield _pair(_PNG_SIZE, data, at + 12)
        elif kind in _AVIF_BOXES and levels:
            yield from _extents(data, at + (12 if kind == b"meta" else 8), min(box_end, end), levels - 1)
        at = box_end


def _svg(data: bytes) -> Size | None:
    """The size in the attributes of the root, or of its view box."""
    tag = _SVG_TAG.search(data[:_SVG_HEAD])
    if tag is None:
        return None
    found = {name: value for name, value in _SVG_ATTRIBUTE.findall(tag[1])}  # noqa: C416 - a pair of bytes
    width, height = (_length(found.get(name, b"")) for name in (b"width", b"height"))
    box = [_length(part) for part in found.get(b"viewBox", b"").replace(b",", b" ").split()[2:4]]
    if width is None and height is None and len(box) == 2:
        width, height = box
    return (round(width), round(height)) if width and height else None


def _length(written: bytes) -> float | None:
    found = _SVG_LENGTH.fullmatch(written)
    return float(found[1]) if found else None


def _pair(form: Struct, data: bytes, at: int) -> Size:
    first, second = form.unpack_from(data, at)
    return first, second


def _bytes(data: bytes, at: int, count: int) -> bytes:
    found = data[at : at + count]
    if len(found) < count:
        raise IndexError
    return found


_READERS: dict[str, Callable[[bytes], Size | None]] = {
    "image/png": _png,
    "image/apng": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/avif": _avif,
    "image/bmp": _bmp,
    "image/svg+xml": _svg,
}
