"""The GraphiQL page and its files. GraphiQL itself comes from a CDN, held to the digests that the page names."""

from __future__ import annotations

from importlib.resources import files

from starlette.responses import Response
from starlette.routing import Route

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
FILES = {
    "/graphiql": ("graphiql.html", "text/html"),
    "/graphiql/page.js": ("page.js", "text/javascript"),
    "/graphiql/page.css": ("page.css", "text/css"),
}


def routes() -> list[Route]:
    return [Route(path, _file(name, kind)) for path, (name, kind) in FILES.items()]


def _file(name: str, kind: str) -> Response:
    body = files(__package__).joinpath(name).read_bytes()
    return Response(body, media_type=kind, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})
