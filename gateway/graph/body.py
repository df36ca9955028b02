"""GraphQL types of an article's body. Markdown is rendered only when a selected field needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import strawberry

from gateway.content import prose
from gateway.content.destinations import addressed
from gateway.graph.body_renderer import Markdown
from gateway.graph.connection import non_negative, resolved
from gateway.graph.context import Info
from gateway.graph.sources import derived
from gateway.limits import Limits
from gateway.model import documents
from gateway.model.records import Text
from gateway.store.reads import LinkAddressesOf

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


def _markdown(_limits: Limits) -> Callable[[Text], str]:
    return lambda body: body.body


def _text(_limits: Limits) -> Callable[[Text], str]:
    return lambda body: body.text


def _is_empty(_limits: Limits) -> Callable[[Text], bool]:
    return lambda body: not body.body.strip()


def _word_count(_limits: Limits) -> Callable[[Text], int]:
    return lambda body: prose.reading_time(body.text).words


def _reading_time(_limits: Limits) -> Callable[[Text], int]:
    return lambda body: prose.reading_time(body.text).minutes


def _excerpt(_limits: Limits, length: Length = EXCERPT_LENGTH) -> Callable[[Text], str]:
    number = non_negative("length", length)
    return lambda body: prose.excerpt(body.text, EXCERPT_LENGTH if number is None else number)


def _toc(_limits: Limits, max_depth: MaxDepth = TOC_DEPTH) -> Callable[[Text], Sequence[documents.Heading]]:
    number = non_negative("maxDepth", max_depth)
    deepest = TOC_DEPTH if number is None else number
    return lambda body: [heading for heading in body.headings if heading.depth <= deepest]


@strawberry.type(
    description="The article's content after the front matter, as Markdown and in other forms. HTML is rendered only"
    " when selected."
)
class Body:
    markdown = derived("The Markdown source.", str, _markdown)

    @resolved(
        "Sanitised HTML, safe to insert into a page. Headings have their `anchor` as id. Links and images in the"
        " content folder have addresses."
    )
    @staticmethod
    async def html(body: strawberry.Parent[Text], info: Info) -> str:
        addresses = body.addresses
        if body.has_destinations:  # read before rendering, so that all bodies are one read
            found = await info.context.load(LinkAddressesOf(), body.article_id)
            addresses = {**found.by_destination, **addresses}
        rendered = await info.context.renderer.render(Markdown.of(body.body, body.rules))
        return addressed(rendered.html, addresses)

    text = derived("Plain text without markup, one line per block.", str, _text)
    is_empty = derived("Whether the body is empty or only white space.", bool, _is_empty)
    word_count = derived(
        "Number of words. For scripts without spaces between words: number of letters.", int, _word_count
    )
    reading_time_minutes = derived(
        "Estimated reading time in minutes, rounded up. 0 for a body without words.", int, _reading_time
    )
    excerpt = derived(
        "The beginning of the text, cut at a word boundary and followed by an ellipsis. A text within"
        " `length` is returned whole.",
        str,
        _excerpt,
    )
    toc = derived("The headings in document order, as a table of contents.", list[Heading], _toc)
