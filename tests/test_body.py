"""Bodies over GraphQL: what is answered, what is read for it, and that a body is rendered once."""

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
from gateway.content.markup import render
from gateway.graph.body_renderer import BodyRenderer, Markdown
from gateway.graph.context import Context
from gateway.limits import Limits
from gateway.model.records import Visibility
from gateway.store.protocol import Usage
from gateway.store.sqlite import SqliteStore
from gateway.stores import temporary_store
from tests.schema import SCHEMA
from tests.store.documents import apply, day, document

VIEWER = Viewer(Visibility.PUBLIC)
BODY = "# A *title*\n\nSome words.\n\n## Part\n\n#### Deep\n"
ALL_FIELDS = "markdown html text isEmpty wordCount readingTimeMinutes excerpt(length: 9) toc { depth text anchor }"


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Ten articles with one body, ten with bodies of their own, and an empty one, the last of all."""
    opened = await SqliteStore.open(tmp_path / "content.db")
    same = [document(f"same/{number}", body=BODY, published_date_time=day(20)) for number in range(10)]
    own = [document(f"own/{number}", body=f"Body {number}", published_date_time=day(10)) for number in range(10)]
    await apply(opened, *same, *own, document("empty", body=" \n", published_date_time=day(1)))
    yield opened
    await opened.close()


async def ask(
    store: SqliteStore, query: str, renderer: BodyRenderer | None = None
) -> tuple[Any, Sequence[object], Usage]:
    async with store.snapshot(VIEWER.visibility) as snapshot:
        context = Context(VIEWER, snapshot, Limits(), renderer or BodyRenderer())
        result = await SCHEMA.execute(query, context_value=context)
        return result.data, result.errors or (), snapshot.usage


async def body(store: SqliteStore, path: str, fields: str) -> Mapping[str, Any]:
    data, errors, _ = await ask(store, f'{{ article(path: "{path}") {{ body {{ {fields} }} }} }}')
    assert errors == ()
    found: Mapping[str, Any] = data["article"]["body"]
    return found


@settings(max_examples=20)
@given(st.lists(st.text(" \n\t\u00a0\u200b\u3000a<!->"), min_size=1, max_size=9))
async def test_an_empty_body_is_no_body(bodies: list[str]) -> None:
    """The filter `hasBody` and the field `isEmpty` part the articles alike."""
    async with temporary_store() as store:
        await apply(store, *(document(f"{at}", body=text) for at, text in enumerate(bodies)))
        for has_body in ("true", "false"):
            query = f"{{ articles(filter: {{hasBody: {has_body}}}) {{ totalCount nodes {{ body {{ isEmpty }} }} }} }}"
            data, _, _ = await ask(store, query)
            assert [node["body"]["isEmpty"] for node in data["articles"]["nodes"]] == [has_body == "false"] * (
                data["articles"]["totalCount"]
            )


async def test_every_field_of_a_body(store: SqliteStore) -> None:
    """A body is given as it is written, and as it is rendered."""
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


async def test_an_empty_body(store: SqliteStore) -> None:
    """An article without a body has one that is empty."""
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


async def test_arguments_of_a_body(store: SqliteStore) -> None:
    """Null is as if absent, 0 gives nothing, and the deepest headings come when they are asked for."""
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
async def test_negative_numbers_are_refused(store: SqliteStore, field: str) -> None:
    """An argument that counts something is 0 or more."""
    data, errors, _ = await ask(store, f'{{ article(path: "same/0") {{ body {{ {field} }} }} }}')
    assert data == {"article": None}
    assert "is -1. Give 0 or more." in str(errors)


async def test_the_bodies_of_a_page_are_read_together(store: SqliteStore) -> None:
    """One article's body or a page of them: the store is asked once for all."""
    one = await ask(store, "{ articles(first: 1) { nodes { body { html } } } }")
    many = await ask(store, "{ articles(first: 21) { nodes { body { html text } } } }")
    assert len(many[0]["articles"]["nodes"]) == 21
    assert one[2].calls == many[2].calls


async def test_bodies_are_rendered_once(store: SqliteStore) -> None:
    """Equal bodies are rendered once, however many articles, fields, aliases and requests ask for them."""
    renderer = BodyRenderer()
    query = f"{{ articles(first: 21) {{ nodes {{ body {{ {ALL_FIELDS} }} again: body {{ html }} }} }} }}"
    first, second = await asyncio.gather(ask(store, query, renderer), ask(store, query, renderer))
    third = await ask(store, query, renderer)
    assert first[0] == second[0] == third[0]
    assert renderer.render_count == 12


async def test_nothing_is_rendered_unless_asked_for(store: SqliteStore) -> None:
    """The Markdown itself, and whether it is empty, need no rendering."""
    renderer = BodyRenderer()
    _, errors, _ = await ask(store, "{ articles { nodes { body { markdown isEmpty } } } }", renderer)
    assert errors == ()
    assert renderer.render_count == 0


# The renderer by itself.


async def test_who_asks_meanwhile_waits_for_the_same_rendering() -> None:
    """Two requests for one body at once are one rendering, and the second outlives the first."""
    renderer = BodyRenderer()
    markdown = Markdown.of(BODY)
    first, second = (asyncio.create_task(renderer.render(markdown)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == render(BODY)
    assert first.cancelled()
    assert renderer.render_count == 1


async def test_the_loop_goes_on_while_a_body_is_rendered() -> None:
    """Rendering happens in another thread: the loop turns before it is done."""
    renderer = BodyRenderer()
    rendering = asyncio.create_task(renderer.render(Markdown.of("*a* [b](c)\n" * 2000)))
    turns = 0
    while not rendering.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10


async def test_what_is_remembered_is_bounded() -> None:
    """The renderings used last are kept, as many as fit."""
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


async def test_a_body_that_is_too_large_is_not_remembered() -> None:
    """It is rendered each time, and pushes nothing else out."""
    renderer = BodyRenderer(capacity=10_000)
    small, large = Markdown.of("a"), Markdown.of("a " * 10_000)
    for markdown in (small, large, large, small):
        await renderer.render(markdown)
    assert renderer.render_count == 3
