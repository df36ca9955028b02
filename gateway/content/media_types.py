"""The path and the types of the files that are served beside documents. Other files are never served."""

from __future__ import annotations

from collections.abc import Mapping

ASSETS = "/assets"
"""The path at which this program serves files."""
SVG, PDF = "image/svg+xml", "application/pdf"

_TYPES: Mapping[str, str] = {
    "png": "image/png",
    "apng": "image/apng",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), "image/jpeg"),
    "svg": SVG,
    "ico": "image/x-icon",
    "bmp": "image/bmp",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    **dict.fromkeys(("ogg", "oga", "opus"), "audio/ogg"),
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "mov": "video/quicktime",
    "pdf": PDF,
    "epub": "application/epub+zip",
    "zip": "application/zip",
    "gz": "application/gzip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "csv": "text/csv",
    "vtt": "text/vtt",
}
"""The media types by extension. HTML, scripts, styles, and the types of documents and settings are not among them."""
SHOWN = ("image/", "audio/", "video/", PDF)
"""The beginnings of the types that browsers show. Others are downloaded."""


def media_type(path: str) -> str | None:
    """The media type of a file that may be served, or None."""
    return _TYPES.get(path.rpartition(".")[2].lower()) if "." in path.rpartition("/")[2] else None
