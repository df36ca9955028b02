"""Links of bodies, the articles that they lead to, and references of each kind, in both databases."""

from __future__ import annotations

from gateway.content.identity import article_id
from gateway.model.documents import Destination, Document
from gateway.model.lists import NEWEST_FIRST, ReferenceKind, Window
from gateway.model.records import Article, Visibility
from gateway.store.protocol import ContentStore
from gateway.store.reads import (
    ARTICLE_BY_URL,
    ARTICLES_REFERRING,
    REFERRING,
    CountOf,
    LinkAddressesOf,
    LinksOf,
    Listing,
    PageOf,
)
from tests.store.documents import apply, day, document, entry
from tests.store.reading import ask, look_up

RELATING, LINKING = (REFERRING[frozenset({kind})] for kind in (ReferenceKind.RELATED, ReferenceKind.BODY))
TARGET = document(
    "posts/b.md", url="/b/", urls=("/b",), aliases=("/old/",), names=("Another",), published_date_time=day(1)
)
HIDDEN = document("draft.md", published=False, url="/draft/", urls=("/draft", "/old"))


def linking(path: str, *targets: str, **values: object) -> Document:
    found = tuple(Destination(target, target, "", "label", is_image=False) for target in targets)
    return document(path, destinations=found, **values)


async def test_links_and_addresses(store: ContentStore) -> None:
    """Of the articles that the view shows. An address of its own precedes an alias, if its article is visible."""
    source = linking(
        "a.md", "posts/b.md", "posts/b", "/old", "[[b", "[[another", "draft.md", "/none", "https://far.example/x"
    )
    await apply(store, source, TARGET, HIDDEN)
    id_ = article_id("a.md")
    found = {}
    for visibility in Visibility:
        async with store.snapshot(visibility) as snapshot:
            links = (await ask(snapshot, LinksOf(), [id_, "ar_none"]))[id_]
            addresses = (await ask(snapshot, LinkAddressesOf(), [id_]))[id_]
            found[visibility] = {link.destination: (link.url, link.article_id) for link in links}
            assert addresses.by_destination == {
                link.destination: link.url for link in links if link.url and link.url != link.destination
            }
            assert (await ask(snapshot, LinksOf(2), [id_]))[id_] == list(links[:2])
    b, draft = ("/b/", article_id("posts/b.md")), ("/draft/", article_id("draft.md"))
    public = {
        **dict.fromkeys(("posts/b.md", "posts/b", "/old", "[[b", "[[another"), b),
        "draft.md": (None, None),
        "/none": ("/none", None),
        "https://far.example/x": ("https://far.example/x", None),
    }
    assert found[Visibility.PUBLIC] == public
    assert found[Visibility.PREVIEW] == {**public, "/old": draft, "draft.md": draft}


async def test_article_by_an_alias(store: ContentStore) -> None:
    await apply(store, TARGET, document("c.md", aliases=("/b/", "/old"), published_date_time=day(2)), HIDDEN)
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        found = await look_up(snapshot, ARTICLE_BY_URL, ["/b", "/old", "/draft"])
        assert {url: article.path for url, article in found.items()} == {"/b": "posts/b.md", "/old": "c.md"}
        assert found["/b"].aliases == ("/old/",)


async def test_references_of_each_kind(store: ContentStore) -> None:
    """They follow changes of the target and of the articles that refer to it."""
    both = linking("both.md", "posts/b.md", related=(entry("b", "/b"),), published_date_time=day(3))
    body = linking("body.md", "/old", published_date_time=day(2))
    related = document("related.md", related=(entry("b", "/b/"),), published_date_time=day(1))
    hidden = linking("hidden.md", "posts/b.md", published=False)

    async def referring(listing: Listing[Article], visibility: Visibility = Visibility.PUBLIC) -> list[str]:
        id_ = article_id("posts/b.md")
        async with store.snapshot(visibility) as snapshot:
            page = (await ask(snapshot, PageOf(listing, NEWEST_FIRST, Window(9)), [id_]))[id_]
            assert (await ask(snapshot, CountOf(listing), [id_]))[id_] == len(page.edges)
            return [edge.node.path for edge in page.edges]

    await apply(store, both, body, related, hidden)
    assert await referring(ARTICLES_REFERRING) == []
    await apply(store, TARGET)
    assert await referring(ARTICLES_REFERRING) == ["both.md", "body.md", "related.md"]
    assert await referring(RELATING) == ["both.md", "related.md"]
    assert await referring(LINKING) == ["both.md", "body.md"]
    assert await referring(LINKING, Visibility.PREVIEW) == ["both.md", "body.md", "hidden.md"]
    await apply(store, linking("both.md", related=(entry("b", "/b"),), published_date_time=day(3)))
    assert await referring(LINKING) == ["body.md"]
    assert await referring(RELATING) == ["both.md", "related.md"]
    await apply(store, document("posts/b.md", url="/c/", urls=("/c",)))
    assert await referring(ARTICLES_REFERRING) == []
