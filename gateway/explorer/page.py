"""The GraphiQL page and its files. GraphiQL itself comes from a CDN, held to the digests that the page names."""

from __future__ import annotations

from importlib.resources import files

from starlette.responses import Response

CDN = "https://unpkg.com"
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src 'self' {CDN}",
        f"style-src 'self' {CDN} 'unsafe-inline'",  # the editor sets styles on its elements
        "img-src 'self' data:",
        "font-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
NO_HEADERS, DRAFTS = b'data-headers="{}"', b"""data-headers='{"X-Include-Drafts": "true"}'"""
"""The headers that the page sends unless its reader says otherwise, in its HTML."""
FILES = {
    "/graphiql": ("graphiql.html", "text/html"),
    "/graphiql/page.js": ("page.js", "text/javascript"),
    "/graphiql/page.css": ("page.css", "text/css"),
}


def pages(*, previewing: bool = False) -> dict[str, Response]:
    """What each path answers. With `previewing` the page asks for drafts, and no cache may keep it."""
    return {path: _file(name, kind, previewing=previewing) for path, (name, kind) in FILES.items()}


def _file(name: str, kind: str, *, previewing: bool) -> Response:
    body = files(__package__).joinpath(name).read_bytes()
    if previewing:
        body = body.replace(NO_HEADERS, DRAFTS)
    kept = "private, no-store" if previewing else "no-cache"
    return Response(body, media_type=kind, headers={"Content-Security-Policy": POLICY, "Cache-Control": kept})
