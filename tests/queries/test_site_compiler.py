"""Compiled operations over a site with collections give the answers of graphql-core."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import orjson
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.access.tokens import Viewer
from gateway.app import executable_schema
from gateway.content.links import keys_referred
from gateway.execution.compiler import FAILED
from gateway.model.changes import Loaded
from gateway.model.collections import FieldType
from gateway.model.documents import CustomValues, Document
from gateway.store.protocol import ChangeSet
from gateway.store.sqlite.store import SqliteStore
from tests.declared import COLLECTIONS, drawn_values
from tests.postgres import own_schema
from tests.queries.conftest import World, loaded
from tests.queries.corpus import AS_OF, Piece, corpus
from tests.queries.documents import Asked, documents
from tests.queries.test_compiler import PREVIEW, PUBLIC, REASONS, Both, both
from tests.store.replicated import ReplicatedStore

pytestmark = pytest.mark.asyncio(loop_scope="package")
SCHEMA = executable_schema(COLLECTIONS)
FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
DRAWN = 5_000 if FULL else 150
FOLDERS = {"a": "recipes", "ä": "people"}
"""The collections of the corpus. Its third folder has none."""


def classified(piece: Piece, paths: Sequence[str], chance: random.Random) -> Loaded:
    """The loaded file, with values for the fields of its collection. It refers to some of the paths."""
    found, collection = loaded(piece), COLLECTIONS.of(FOLDERS.get(piece.path.partition("/")[0]))
    if collection is None:
        return found
    assert isinstance(found.document, Document)
    references = [
        (field.number, position, tuple(keys_referred(piece.path, chance.choice(paths))))
        for field in collection.leaves
        if field.type is FieldType.REFERENCE
        for position in range(chance.randint(0, 3) if field.is_list else 1)
    ]
    values = CustomValues(orjson.dumps(drawn_values(collection, chance)).decode(), references=tuple(references))
    return found._replace(document=replace(found.document, collection=collection.name, custom=values))


async def stream(pieces: Sequence[Piece]) -> AsyncIterator[Sequence[Loaded]]:
    chance = random.Random(1)  # noqa: S311 - repeatable, and no secret
    paths = ["nowhere.md", *(piece.path for piece in pieces)]
    yield [classified(piece, paths, chance) for piece in pieces]


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def site(server: str | None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    file = tmp_path_factory.mktemp("site") / "site.db"
    store: SqliteStore | ReplicatedStore
    if server is None:
        store = await SqliteStore.open(file, readers=1)
    else:
        store = await ReplicatedStore.open(file, own_schema(server), readers=1)
    await store.apply(ChangeSet(AS_OF, stream(corpus(60)), collections=COLLECTIONS))
    yield both(World(store, {}), schema=SCHEMA, collections=COLLECTIONS)
    await store.close()


QUERIES = {
    "fields of every type": """{ recipes(first: 60) { totalCount nodes {
        __typename id title series sku serves rating vegan tried season difficulty nutrition
        hero { url width aspectRatio isCached } note { markdown text } event { __typename start place } tools tags times
        photos { url title } notes { text } stops { city day } } } }""",
    "any article": """{ articles(first: 60) { nodes { __typename title
        ... on Recipe { sku topics { name } provider { name } } ... on Person { born provider { name slug } }
        path ... on PlainArticle { slug } topics { slug } authors { name } } } }""",
    "the type of any article": "{ articles(first: 60) { nodes { __typename } edges { node { __typename path } } } }",
    "fragments on interfaces": """{ articles(first: 60) { nodes { ...A ...N ... on Recipe { ...A } } } }
        fragment A on Article { title collection } fragment N on Node { id __typename }""",
    "nested articles": """{ topics(first: 9) { nodes { name articles(first: 5) { nodes {
        ... on Recipe { rating similar(first: 2) { score article { __typename ... on Recipe { sku } } } }
        ... on Person { adjacent { next { __typename ... on Person { born } } } }
        referencedBy { nodes { __typename } } } } } } }""",
    "changes": """{ changes(first: 60) { changes { article {
        __typename ... on Recipe { rating } ... on Person { born } } } } }""",
    "a search": """{ search(query: "a e", mode: ANY_TERM) { nodes { __typename ... on Recipe { sku } } }
        recipes(query: "a", mode: PREFIX) { totalCount nodes { title } } }""",
    "facets": """{ recipesFacets { topics { count topic { name } } collections { value count }
        series { value count } vegan { __typename value count } difficulty { value count } tools { value count }
        event_place(first: 2, minCount: 2) { value count } }
        peopleFacets(query: "a", mode: PREFIX) { types { value count } } }""",
    "facets beside a filter": """{
        recipesFacets(filter: {difficulty: {eq: mro}, event: {place: {eq: "a"}}, vegan: {eq: true}}) {
        difficulty { value count } all: difficulty(excludeOwnFilter: false) { value count }
        event_place { value count } all_places: event_place(excludeOwnFilter: false) { value count } } }""",
    "filters": """{
        a: recipes(filter: {rating: {gte: 0.3, lt: 4}, serves: {in: [0, 4]}}) { nodes { rating serves } }
        b: recipes(filter: {or: [{difficulty: {in: [easy, mro]}}, {not: {vegan: {eq: false}}}]}) { nodes { path } }
        c: recipes(filter: {tools: {allOf: [oven, knife]}, tags: {noneOf: ["a"]}}) { nodes { tools tags } }
        d: recipes(filter: {event: {start: {gt: "1970-01-01"}, place: {startsWith: "R"}}}) { nodes { event { place } } }
        e: recipes(filter: {season: {lte: "1970-01-01"}, hero: {isNull: false}}) { nodes { season } }
        f: people(filter: {and: [{rating: {isNull: true}}, {collection: {eq: "people"}}]}) { totalCount } }""",
    "references": """{
        recipes(first: 60) { nodes {
            cook { __typename path born recipes(first: 2) { totalCount nodes { sku cook { path } } } }
            seeAlso { __typename title ... on Recipe { sku seenFrom { nodes { path } } } ... on Person { born } }
            hosts { first { path rating } } } }
        articles(first: 9) { nodes { referencedBy { nodes { path } } } } }""",
    "filters and facets of references": """{
        a: recipes(filter: {cook: {path: {ne: "x"}, isNull: false}}) { nodes { path cook { slug } } }
        b: recipes(filter: {not: {seeAlso: {slug: {in: ["piece-0001", "piece-0007"]}}}}) { totalCount }
        c: recipes(filter: {hosts: {first: {isNull: true}}}) { totalCount }
        recipesFacets { cook { count article { __typename path } }
            seeAlso { count article { __typename path ... on Recipe { sku } } } } }""",
    "unique fields": """{ a: recipe(sku: "a") { sku title } none: recipe(sku: "none") { sku }
        b: recipe(sku: "Résumé") { __typename sku } }""",
    "orders": """{
        a: recipes(orderBy: [{field: DIFFICULTY, direction: DESC, nulls: FIRST}, {field: EVENT_START}]) {
            edges { cursor } }
        b: recipes(orderBy: [{field: VEGAN}, {field: SERIES, direction: DESC}, {field: TITLE}], last: 5) {
            nodes { path } }
        c: people(orderBy: [{field: BORN, nulls: FIRST}], offset: 3, first: 4) { nodes { born } } }""",
}


@pytest.mark.parametrize("viewer", [PUBLIC, PREVIEW], ids=["public", "preview"])
@pytest.mark.parametrize("name", QUERIES)
async def test_query_of_a_site(site: Both, name: str, viewer: Viewer) -> None:
    """Each is compiled, and gives equal answers."""
    before = site.compiler.executed
    one, other = await site.answers(Asked(QUERIES[name], {}), viewer)
    assert one == other
    assert one is not None
    assert site.compiler.executed == before + 1


FINDERS = {"Recipe": "recipe", "Person": "person", "PlainArticle": "article"}


async def test_articles_are_found_by_the_field_of_their_collection(site: Both) -> None:
    """By its path, and by its id. `article` finds all."""
    listed, _ = await site.answers(Asked("{ articles(first: 20) { nodes { path id __typename } } }", {}), PREVIEW)
    nodes = orjson.loads(listed[0])["data"]["articles"]["nodes"]
    assert {node["__typename"] for node in nodes} == FINDERS.keys()
    finders = " ".join(f"{name}(path: $path) {{ path }}" for name in FINDERS.values())
    for node in nodes:
        query = f"query ($path: String, $id: ID!) {{ {finders} node(id: $id) {{ __typename }} }}"
        one, other = await site.answers(Asked(query, {"path": node["path"], "id": node["id"]}), PREVIEW)
        assert one == other
        found = orjson.loads(one[0])["data"]
        assert found.pop("node") == {"__typename": node["__typename"]}
        assert {name for name, each in found.items() if each} == {"article", FINDERS[node["__typename"]]}


# After an error, or above the limit of records, graphql-core cancels fields whose resolvers have not begun.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored in. <coroutine object")
@pytest.mark.timeout(DRAWN * 2)
@settings(
    max_examples=DRAWN, derandomize=not FULL, database=None, suppress_health_check=list(HealthCheck), deadline=None
)
@given(documents(SCHEMA._schema), st.sampled_from([PUBLIC, PREVIEW]))
async def test_drawn_documents(site: Both, asked: Asked, viewer: Viewer) -> None:
    """Any document gives equal answers both ways, with any values of its variables."""
    one, other = await site.answers(asked, viewer)
    assert one == other


async def test_drawn_documents_are_compiled(site: Both) -> None:
    """Those of the test before are refused only for the reasons of the schema without collections."""
    assert site.compiler.executed
    assert set(site.compiler.refused) <= {*REASONS, FAILED}
