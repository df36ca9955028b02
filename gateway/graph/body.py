"""The GraphQL types of an article's body. Nothing is rendered until a field that needs it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import strawberry

from gateway.content import outline, prose
from gateway.content.markup import Rendered
from gateway.graph.body_renderer import Markdown
from gateway.graph.connection import non_negative, resolved
from gateway.graph.context import Info

EXCERPT_LENGTH = 200
TOC_DEPTH = 3

Length = Annotated[
    int | None, strawberry.argument(description="The greatest length in code points, the ellipsis included.")
]
MaxDepth = Annotated[int | None, strawberry.argument(description="The depth of the deepest headings to give.")]


@strawberry.type(description="A heading of a body.")
class Heading:
    depth: int = strawberry.field(description="From 1 for the outermost to 6.")
    text: str = strawberry.field(description="The heading without markup.")
    anchor: str = strawberry.field(
        description="The id that the heading bears in `html`; unique in the body, and unchanged by headings after it."
    )


@strawberry.type(description="What follows the front matter: Markdown, and what it is rendered to when asked for.")
class Body:
    @resolved("The body as it is written.")
    @staticmethod
    def markdown(body: strawberry.Parent[Markdown]) -> str:
        return body.text

    @resolved("Sanitised HTML: safe to put into a page. Headings bear their anchors as ids.")
    @staticmethod
    async def html(body: strawberry.Parent[Markdown], info: Info) -> str:
        return (await _rendered(body, info)).html

    @resolved("The text alone, a line for each block, without markup.")
    @staticmethod
    async def text(body: strawberry.Parent[Markdown], info: Info) -> str:
        return (await _rendered(body, info)).text

    @resolved("Whether there is nothing but white space.")
    @staticmethod
    def is_empty(body: strawberry.Parent[Markdown]) -> bool:
        return not body.text.strip()

    @resolved("Words of the text; of scripts that put no space between words, letters.")
    @staticmethod
    async def word_count(body: strawberry.Parent[Markdown], info: Info) -> int:
        return (await _rendered(body, info)).reading_time.words

    @resolved("Minutes that reading the text takes, rounded up; 0 where it has no word.")
    @staticmethod
    async def reading_time_minutes(body: strawberry.Parent[Markdown], info: Info) -> int:
        return (await _rendered(body, info)).reading_time.minutes

    @resolved("The beginning of the text, cut where a word ends, and an ellipsis; all of it where it is short enough.")
    @staticmethod
    async def excerpt(body: strawberry.Parent[Markdown], info: Info, length: Length = EXCERPT_LENGTH) -> str:
        number = non_negative("length", length)
        text = (await _rendered(body, info)).text
        return prose.excerpt(text, EXCERPT_LENGTH if number is None else number)

    @resolved("The headings, in the order of the body.", list[Heading])
    @staticmethod
    async def toc(
        body: strawberry.Parent[Markdown], info: Info, max_depth: MaxDepth = TOC_DEPTH
    ) -> Sequence[outline.Heading]:
        number = non_negative("maxDepth", max_depth)
        deepest = TOC_DEPTH if number is None else number
        return [heading for heading in (await _rendered(body, info)).headings if heading.depth <= deepest]


async def _rendered(body: Markdown, info: Info) -> Rendered:
    return await info.context.renderer.render(body)
