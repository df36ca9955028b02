"""GraphQL types of an article's body. Markdown is rendered only when a selected field needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import strawberry

from gateway.content import prose
from gateway.graph.body_renderer import Markdown
from gateway.graph.connection import non_negative, resolved
from gateway.graph.context import Info
from gateway.model import documents
from gateway.model.records import Text

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
    description="The article's content after the front matter, as Markdown and in other forms. HTML is rendered only"
    " when selected."
)
class Body:
    @resolved("The Markdown source.")
    @staticmethod
    def markdown(body: strawberry.Parent[Text]) -> str:
        return body.body

    @resolved("Sanitised HTML, safe to insert into a page. Headings have their `anchor` as id.")
    @staticmethod
    async def html(body: strawberry.Parent[Text], info: Info) -> str:
        return (await info.context.renderer.render(Markdown.of(body.body))).html

    @resolved("Plain text without markup, one line per block.")
    @staticmethod
    def text(body: strawberry.Parent[Text]) -> str:
        return body.text

    @resolved("Whether the body is empty or only white space.")
    @staticmethod
    def is_empty(body: strawberry.Parent[Text]) -> bool:
        return not body.body.strip()

    @resolved("Number of words. For scripts without spaces between words: number of letters.")
    @staticmethod
    def word_count(body: strawberry.Parent[Text]) -> int:
        return prose.reading_time(body.text).words

    @resolved("Estimated reading time in minutes, rounded up. 0 for a body without words.")
    @staticmethod
    def reading_time_minutes(body: strawberry.Parent[Text]) -> int:
        return prose.reading_time(body.text).minutes

    @resolved(
        "The beginning of the text, cut at a word boundary and followed by an ellipsis. A text within"
        " `length` is returned whole."
    )
    @staticmethod
    def excerpt(body: strawberry.Parent[Text], length: Length = EXCERPT_LENGTH) -> str:
        number = non_negative("length", length)
        return prose.excerpt(body.text, EXCERPT_LENGTH if number is None else number)

    @resolved("The headings in document order, as a table of contents.", list[Heading])
    @staticmethod
    def toc(body: strawberry.Parent[Text], max_depth: MaxDepth = TOC_DEPTH) -> Sequence[documents.Heading]:
        number = non_negative("maxDepth", max_depth)
        deepest = TOC_DEPTH if number is None else number
        return [heading for heading in body.headings if heading.depth <= deepest]
