"""Serves the documentation of this release at /docs/, rendered from its Markdown files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import NotFound
from gateway.explorer.page_templates import Templates
from gateway.graph.body_renderer import BodyRenderer, Markdown

PATH = "/docs/{name:path}"
INDEX = "README.md"
PICTURES = {".png": "image/png", ".svg": "image/svg+xml"}
"""The media type of each kind of picture."""
FOLDERS = (Path(__file__).parent / "docs", Path(__file__).parents[2] / "docs")
"""The path of the files in a wheel and in a checkout."""


def docs_folder() -> Path | None:
    return next((folder for folder in FOLDERS if (folder / INDEX).is_file()), None)


def pages(folder: Path, templates: Templates) -> dict[str, ASGIApp]:
    """The application of each path."""
    return {PATH: DocsPage(folder, templates)}


class DocsPage:
    """Returns a Markdown file as a page, or a picture."""

    def __init__(self, folder: Path, templates: Templates) -> None:
        self._files: Mapping[str, Path] = {
            file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.suffix in {".md", *PICTURES}
        }
        self._templates = templates
        self._renderer = BodyRenderer()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope).path_params["name"] or INDEX)
        await response(scope, receive, send)

    async def _answer(self, name: str) -> Response:
        """Reads only files that were in the folder at the start, so that names cannot lead out of it."""
        file = self._files.get(name)
        if file is None:
            raise NotFound
        content = await asyncio.to_thread(file.read_bytes)
        if media_type := PICTURES.get(file.suffix):
            return Response(content, media_type=media_type, headers={"Cache-Control": "private, max-age=3600"})
        rendered = await self._renderer.render(Markdown.of(content.decode()))
        title = rendered.headings[0].text if rendered.headings else name
        root = "../" * len(PurePosixPath(name).parts)
        return self._templates.response("docs.html", {"root": root, "title": title, "html": rendered.html})
