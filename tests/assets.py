"""The first bytes of pictures, by the specifications of their formats."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

Picture = Callable[[int, int], bytes]


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIB", 13, b"IHDR", width, height, 8) + b"\x02\0\0\0"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0)


def bmp(width: int, height: int) -> bytes:
    """The rows are from top to bottom, so the height is negative."""
    return b"BM" + struct.pack("<IHHIIiiHH", 0, 0, 0, 54, 40, width, -height, 1, 24)


def jpeg(width: int, height: int, orientation: int | None = None, marker: int = 0xC2) -> bytes:
    exif = b""
    if orientation is not None:
        directory = struct.pack(">H", 1) + struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
        exif = b"Exif\0\0MM\0*" + struct.pack(">I", 8) + directory
        exif = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    start = b"\xff\xd8" + exif + b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + bytes(9)
    tables = b"\xff\xc4" + struct.pack(">H", 5) + bytes(3) + b"\xff\xff\xdb" + struct.pack(">H", 4) + bytes(2)
    return start + tables + bytes([0xFF, marker]) + struct.pack(">HBHHB", 11, 8, height, width, 1) + bytes(3)


def _riff(kind: bytes, content: bytes) -> bytes:
    chunk = kind + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def webp(width: int, height: int) -> bytes:
    return _riff(b"VP8 ", b"\x10\x02\0\x9d\x01*" + struct.pack("<HH", width | 0x4000, height))


def lossless_webp(width: int, height: int) -> bytes:
    return _riff(b"VP8L", b"/" + struct.pack("<I", (width - 1) | (height - 1) << 14 | 1 << 28))


def extended_webp(width: int, height: int) -> bytes:
    return _riff(b"VP8X", bytes(4) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3])


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def avif(width: int, height: int) -> bytes:
    """With the size of a smaller tile before that of the image."""
    sizes = [_box(b"ispe", struct.pack(">III", 0, *size)) for size in ((1, 1), (width, height))]
    properties = _box(b"iprp", _box(b"ipco", _box(b"colr", b"nclx" + bytes(7)) + b"".join(sizes)))
    return _box(b"ftyp", b"avif" + bytes(4) + b"mif1") + _box(b"meta", bytes(4) + _box(b"hdlr", bytes(24)) + properties)


def svg(width: int, height: int) -> bytes:
    return (
        f'<?xml version="1.0"?>\n<!-- a picture -->\n<svg xmlns="http://www.w3.org/2000/svg" width="{width}px"\n'
        f"  height='{height}'><script>alert(1)</script></svg>"
    ).encode()


def boxed_svg(width: int, height: int) -> bytes:
    return f'<svg viewBox="0 -5 {width}.2 {height}" width="100%" xmlns="http://www.w3.org/2000/svg"/>'.encode()


PICTURES: Mapping[str, tuple[Picture, ...]] = {
    "image/png": (png,),
    "image/gif": (gif,),
    "image/bmp": (bmp,),
    "image/jpeg": (jpeg,),
    "image/webp": (webp, lossless_webp, extended_webp),
    "image/avif": (avif,),
    "image/svg+xml": (svg, boxed_svg),
}
"""By media type."""
