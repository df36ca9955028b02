"""Bodies over GraphQL: results, reads of the store, and caching of renderings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.access.tokens import Viewer
from gateway.content import markup
from gateway.content.markup import Rendered, render
from gateway.graph.body_renderer import BodyRenderer, Markdown
from gateway.graph.context import Context
from gateway.limits import Limits
from gateway.model.records import Visibility
from gateway.store.protocol import ContentStore, Usage
from gateway.stores import temporary_store
from tests.databases import new_store
from tests.schema import SCHEMA
from tests.store.documents import apply, day, document

VIEWER = Viewer(Visibility.PUBLIC)
BODY = "# A *title*\n\nSome words.\n\n## Part\n\n#### Deep\n"
ALL_FIELDS = "markdown html text isEmpty wordCount readingTimeMinutes excerpt(length: 9) toc { depth text anchor }"


@pytest_asyncio.fixture
async def store(each_database_in_full: None, tmp_path: Path) -> AsyncIterator[ContentStore]:  # noqa: ARG001
    """Ten articles with one body, ten with different bodies, and an empty one last."""
    async with new_store(tmp_path / "content.db") as opened:
        same = [document(f"same/{number}", body=BODY, published_date_time=day(20)) for number in range(10)]
        own = [document(f"own/{number}", body=f"Body {number}", published_date_time=day(10)) for number in range(10)]
        await apply(opened, *same, *own, document("empty", body=" \n", published_date_time=day(1)))
        yield opened


async def ask(
    store: ContentStore, query: str, renderer: BodyRenderer | None = None
) -> tuple[Any, Sequence[object], Usage]:
    async with store.snapshot(VIEWER.visibility) as snapshot:
        context = Context(VIEWER, snapshot, Limits(), renderer or BodyRenderer())
        result = await SCHEMA.execute(query, context_value=context)
        return result.data, result.errors or (), snapshot.usage


async def body(store: ContentStore, path: str, fields: str) -> Mapping[str, Any]:
    data, errors, _ = await ask(store, f'{{ article(path: "{path}") {{ body {{ {fields} }} }} }}')
    assert errors == ()
    found: Mapping[str, Any] = data["article"]["body"]
    return found


@settings(max_examples=20)
@given(st.lists(st.text(" \n\t\u00a0\u200b\u3000a<!->"), min_size=1, max_size=9))
async def test_empty_body_counts_as_missing(bodies: list[str]) -> None:
    """The filter `hasBody` and the field `isEmpty` agree."""
    async with temporary_store() as store:
        await apply(store, *(document(f"{at}", body=text) for at, text in enumerate(bodies)))
        for has_body in ("true", "false"):
            query = f"{{ articles(filter: {{hasBody: {has_body}}}) {{ totalCount nodes {{ body {{ isEmpty }} }} }} }}"
            data, _, _ = await ask(store, query)
            assert [node["body"]["isEmpty"] for node in data["articles"]["nodes"]] == [has_body == "false"] * (
                data["articles"]["totalCount"]
            )


async def test_fields_of_a_body(store: ContentStore) -> None:
    """A body is returned as written and as rendered."""
    assert await body(store, "same/0", ALL_FIELDS) == {
        "markdown": BODY,
        "html": '<h1 id="a-title">A <em>title</em></h1>\n<p>Some words.</p>\n<h2 id="part">Part</h2>\n'
        '<h4 id="deep">Deep</h4>\n',
        "text": "A title\nSome words.\nPart\nDeep",
        "isEmpty": False,
        "wordCount": 6,
        "readingTimeMinutes": 1,
        "excerpt": "A title…",
        "toc": [{"depth": 1, "text": "A title", "anchor": "a-title"}, {"depth": 2, "text": "Part", "anchor": "part"}],
    }


async def test_fields_of_an_empty_body(store: ContentStore) -> None:
    """An article without a body has an empty one."""
    assert await body(store, "empty", ALL_FIELDS) == {
        "markdown": " \n",
        "html": "",
        "text": "",
        "isEmpty": True,
        "wordCount": 0,
        "readingTimeMinutes": 0,
        "excerpt": "",
        "toc": [],
    }


async def test_arguments_of_a_body(store: ContentStore) -> None:
    """Null counts as absent, 0 returns nothing, and the deepest headings are returned on request."""
    fields = """toc(maxDepth: null) { text } none: toc(maxDepth: 0) { text } all: toc(maxDepth: 6) { text }
        excerpt(length: null) nothing: excerpt(length: 0)"""
    found = await body(store, "same/0", fields)
    assert [[heading["text"] for heading in found[name]] for name in ("toc", "none", "all")] == [
        ["A title", "Part"],
        [],
        ["A title", "Part", "Deep"],
    ]
    assert (found["excerpt"], found["nothing"]) == ("A title\nSome words.\nPart\nDeep", "")


@pytest.mark.parametrize("field", ["excerpt(length: -1)", "toc(maxDepth: -1) { text }"])
async def test_negative_numbers_are_refused(store: ContentStore, field: str) -> None:
    """Counts are 0 or more."""
    data, errors, _ = await ask(store, f'{{ article(path: "same/0") {{ body {{ {field} }} }} }}')
    assert data == {"article": None}
    assert "is -1. Give 0 or more." in str(errors)


async def test_bodies_of_a_page_are_one_read(store: ContentStore) -> None:
    """The store is called once for one article or a page."""
    one = await ask(store, "{ articles(first: 1) { nodes { body { html } } } }")
    many = await ask(store, "{ articles(first: 21) { nodes { body { html text } } } }")
    assert len(many[0]["articles"]["nodes"]) == 21
    assert one[2].calls == many[2].calls


async def test_bodies_are_rendered_once(store: ContentStore) -> None:
    """Equal bodies are rendered once for all articles, fields, aliases and requests."""
    renderer = BodyRenderer()
    query = f"{{ articles(first: 21) {{ nodes {{ body {{ {ALL_FIELDS} }} again: body {{ html }} }} }} }}"
    first, second = await asyncio.gather(ask(store, query, renderer), ask(store, query, renderer))
    third = await ask(store, query, renderer)
    assert first[0] == second[0] == third[0]
    assert renderer.render_count == 12


async def test_markdown_needs_no_rendering(store: ContentStore) -> None:
    """`markdown` and `isEmpty` do not render."""
    renderer = BodyRenderer()
    _, errors, _ = await ask(store, "{ articles { nodes { body { markdown isEmpty } } } }", renderer)
    assert errors == ()
    assert renderer.render_count == 0


# The renderer.


async def test_concurrent_requests_share_a_rendering() -> None:
    """The second request gets the result if the first one is cancelled."""
    renderer = BodyRenderer()
    markdown = Markdown.of(BODY)
    first, second = (asyncio.create_task(renderer.render(markdown)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == render(BODY)
    assert first.cancelled()
    assert renderer.render_count == 1


async def test_threads_share_the_cache() -> None:
    """A body that a thread rendered is not rendered again, by it or by the event loop."""
    renderer = BodyRenderer(capacity=100_000)
    bodies = [Markdown.of(f"{number} " * 10_000) for number in range(5)]

    def pages() -> list[Rendered]:
        return [renderer.rendered(each) for each in bodies * 20]

    found = await asyncio.gather(*(asyncio.to_thread(pages) for _ in range(4)))
    assert found == [[render(each.text) for each in bodies] * 20] * 4
    assert renderer.size <= 100_000
    renderer = BodyRenderer()
    assert renderer.rendered(bodies[0]) == renderer.rendered(bodies[0]) == await renderer.render(bodies[0])
    assert renderer.render_count == 1


async def test_rendering_does_not_block_the_event_loop() -> None:
    """Rendering runs in another thread."""
    renderer = BodyRenderer()
    rendering = asyncio.create_task(renderer.render(Markdown.of("*a* [b](c)\n" * 2000)))
    turns = 0
    while not rendering.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10


async def test_rendering_cache_is_bounded() -> None:
    """The most recently used renderings are kept, as many as fit."""
    renderer = BodyRenderer(capacity=100_000)
    bodies = [Markdown.of(f"{number} " * 10_000) for number in range(5)]  # about 40,000 bytes each
    for markdown in [bodies[0], bodies[1], bodies[0], bodies[2]]:
        await renderer.render(markdown)
        assert renderer.size <= 100_000
    assert renderer.render_count == 3
    await renderer.render(bodies[0])
    assert renderer.render_count == 3
    await renderer.render(bodies[1])
    assert renderer.render_count == 4


async def test_large_body_is_not_cached() -> None:
    """It is rendered each time and evicts nothing."""
    renderer = BodyRenderer(capacity=10_000)
    small, large = Markdown.of("a"), Markdown.of("a " * 10_000)
    for markdown in (small, large, large, small):
        await renderer.render(markdown)
    assert renderer.render_count == 3


# Summaries.


@pytest.mark.parametrize(
    ("values", "summary"),
    [
        ({"excerpt": "Own words", "body": "a\n\n<!-- more -->\n\nb"}, "Own words"),
        ({"body": "One *two*\n\nthree <!--more-->four\n\nfive"}, "One two\nthree"),
        ({"body": "<!-- more -->\n\none two three"}, "one two…"),
        ({"body": "one two three\n\n`<!-- more -->`"}, "one two…"),
        ({"body": ""}, ""),
    ],
)
async def test_summary(values: Mapping[str, str], summary: str) -> None:
    """The excerpt of the front matter, else the text before the mark, else the beginning of the text, cut at a word."""
    async with temporary_store() as store:
        lead = markup.lead(values["body"])
        await apply(store, document("a", lead=lead, **values))
        query = '{ article(path: "a") { summary(length: 9) other: summary(length: null) } }'
        data, errors, _ = await ask(store, query)
        assert errors == ()
        assert data["article"]["summary"] == summary
        _, errors, _ = await ask(store, '{ article(path: "a") { summary(length: -1) } }')
        assert "is -1. Give 0 or more." in str(errors)


async def test_rules_of_a_body_are_those_of_its_file() -> None:
    """The HTML follows the rules that the store has for each article, also for equal bodies."""
    async with temporary_store() as store:
        body = "<Foo>\n    a {b}\n</Foo>"
        await apply(store, document("a.md", body=body), document("a.mdx", body=body, body_rules="mdx"))
        data, _, _ = await ask(store, "{ articles(orderBy: [{field: PATH}]) { nodes { body { html } } } }")
        assert [node["body"]["html"] for node in data["articles"]["nodes"]] == ["\n    a {b}\n\n", "<p>a</p>\n"]
