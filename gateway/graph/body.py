"""GraphQL types of an article's body. Markdown is rendered only when a selected field needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import strawberry

from gateway.content import prose
from gateway.content.markup import Rendered
from gateway.graph.body_renderer import Markdown
from gateway.graph.connection import non_negative, resolved
from gateway.graph.context import Info
from gateway.model import documents

EXCERPT_LENGTH = 200
TOC_DEPTH = 3

Length = Annotated[
    int | None, strawberry.argument(description="Maximum length in code points, including the ellipsis.")
]
MaxDepth = Annotated[int | None, strawberry.argument(description="Deepest heading level to return.")]


@strawberry.type(description="A heading in the body.")
class Heading:
    depth: int = strawberry.field(description="Heading level: 1 (outermost) to 6.")
    text: str = strawberry.field(description="Heading text without markup.")
    anchor: str = strawberry.field(
        description="The heading's id in `html`. Unique within the body. Headings that follow do not change it."
    )


@strawberry.type(
    description="The article's content after the front matter, as Markdown and in rendered forms. Each form is"
    " rendered only when selected."
)
class Body:
    @resolved("The Markdown source.")
    @staticmethod
    def markdown(body: strawberry.Parent[Markdown]) -> str:
        return body.text

    @resolved("Sanitised HTML, safe to insert into a page. Headings have their `anchor` as id.")
    @staticmethod
    async def html(body: strawberry.Parent[Markdown], info: Info) -> str:
        return (await _rendered(body, info)).html

    @resolved("Plain text without markup, one line per block.")
    @staticmethod
    async def text(body: strawberry.Parent[Markdown], info: Info) -> str:
        return (await _rendered(body, info)).text

    @resolved("Whether the body is empty or only white space.")
    @staticmethod
    def is_empty(body: strawberry.Parent[Markdown]) -> bool:
        return not body.text.strip()

    @resolved("Number of words. For scripts without spaces between words: number of letters.")
    @staticmethod
    async def word_count(body: strawberry.Parent[Markdown], info: Info) -> int:
        return (await _rendered(body, info)).reading_time.words

    @resolved("Estimated reading time in minutes, rounded up. 0 for a body without words.")
    @staticmethod
    async def reading_time_minutes(body: strawberry.Parent[Markdown], info: Info) -> int:
        return (await _rendered(body, info)).reading_time.minutes

    @resolved(
        "The beginning of the text, cut at a word boundary and followed by an ellipsis. A text within"
        " `length` is returned whole."
    )
    @staticmethod
    async def excerpt(body: strawberry.Parent[Markdown], info: Info, length: Length = EXCERPT_LENGTH) -> str:
        number = non_negative("length", length)
        text = (await _rendered(body, info)).text
        return prose.excerpt(text, EXCERPT_LENGTH if number is None else number)

    @resolved("The headings in document order, as a table of contents.", list[Heading])
    @staticmethod
    async def toc(
        body: strawberry.Parent[Markdown], info: Info, max_depth: MaxDepth = TOC_DEPTH
    ) -> Sequence[documents.Heading]:
        number = non_negative("maxDepth", max_depth)
        deepest = TOC_DEPTH if number is None else number
        return [heading for heading in (await _rendered(body, info)).headings if heading.depth <= deepest]


async def _rendered(body: Markdown, info: Info) -> Rendered:
    return await info.context.renderer.render(body)
