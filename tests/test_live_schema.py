"""Sites with collections: the API of their folder, and its schema while `gateway.yaml` changes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from gateway.access.clients import Client
from gateway.access.tokens import Viewer
from gateway.app import executable_schema, executor_for
from gateway.commands.group import main
from gateway.execution.executor import OperationRequest
from gateway.graph.schema import print_sdl
from gateway.model.records import Visibility
from tests.service import Service, listening_to, post, service
from tests.test_delta_sync import event_of_change, events, next_of

ROOT = Path(__file__).parent.parent
RULES = "collections: {posts: {path: 'posts/**', fields: {rating: %s, level: [easy, hard]}}}\n"
POSTS = {
    "posts/one.md": "---\ntitle: One\nrating: 4\nlevel: hard\n---\n",
    "posts/two.md": "---\ntitle: Two\nrating: 3\n---\n",
    "page.md": "---\ntitle: Page\nrating: 5\n---\n",
}
SITE = {"gateway.yaml": RULES % "Int", **POSTS}
NONE = {"gateway.yaml": "", **POSTS}
TEXTS = {"gateway.yaml": RULES % "String", **POSTS}
RATINGS = "{ posts(orderBy: [{field: RATING}]) { nodes { rating } } }"
DRAFTS = {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}
PUBLIC = Client(Viewer(Visibility.PUBLIC))


@asynccontextmanager
async def client_of(found: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(found.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_folder_with_collections(tmp_path: Path) -> None:
    """Its articles are found by their collection, with their values, and a key that no collection declares is not."""
    async with service(tmp_path, files=SITE) as found, client_of(found) as client:
        answer = await post(
            client,
            """{ posts(filter: {rating: {gte: 4}}) { totalCount nodes { __typename title rating level } }
                articles { nodes { __typename title collection ... on Post { rating } frontMatter } }
                post(path: "posts/two.md") { level } other: post(path: "page.md") { title }
                postsFacets { level { value count } } }""",
        )
    assert answer["data"] == {
        "posts": {
            "totalCount": 1,
            "nodes": [{"__typename": "Post", "title": "One", "rating": 4, "level": "hard"}],
        },
        "articles": {
            "nodes": [
                {"__typename": "PlainArticle", "title": "Page", "collection": None, "frontMatter": {}},
                {"__typename": "Post", "title": "One", "collection": "posts", "rating": 4, "frontMatter": {}},
                {"__typename": "Post", "title": "Two", "collection": "posts", "rating": 3, "frontMatter": {}},
            ]
        },
        "post": {"level": None},
        "other": None,
        "postsFacets": {"level": [{"value": "hard", "count": 1}]},
    }


@pytest.mark.parametrize("arguments", ['sku: "a", slug: "b"', 'sku: "a", locale: "en"', 'sku: "a", number: 1', ""])
async def test_one_argument_names_an_article(tmp_path: Path, arguments: str) -> None:
    """Unique fields count as the others."""
    fields = "{sku: {type: String, unique: true}, number: {type: Int, unique: true}}"
    rules = f"collections: {{parts: {{path: parts, fields: {fields}}}}}"
    files = {"gateway.yaml": rules, "parts/a.md": "---\ntitle: A\nsku: a\nnumber: 7\n---\n"}
    async with service(tmp_path, files=files) as found, client_of(found) as client:
        assert (await post(client, '{ part(sku: "a") { title } }'))["data"] == {"part": {"title": "A"}}
        assert (await post(client, "{ part(number: 7) { title } }"))["data"] == {"part": {"title": "A"}}
        given = f"({arguments})" if arguments else ""
        [error] = (await post(client, f"{{ part{given} {{ title }} }}"))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith("Give exactly one of 'id', 'slug', 'path'")


async def test_schema_follows_the_rules(tmp_path: Path) -> None:
    """A type changes, and the collection goes and comes back, without a restart. `/schema.graphql` has the same."""
    async with service(tmp_path, files=NONE, introspection=True) as found, client_of(found) as client:
        for files, expected in ((NONE, None), (SITE, [3, 4]), (TEXTS, ["3", "4"]), (NONE, None), (SITE, [3, 4])):
            await found.change(files)
            answer = await post(client, RATINGS)
            if expected is None:
                assert "Cannot query field 'posts'" in answer["errors"][0]["message"]
            else:
                assert [node["rating"] for node in answer["data"]["posts"]["nodes"]] == expected
            async with found.store.snapshot(Visibility.PUBLIC) as snapshot:
                assert (await client.get("/schema.graphql")).text == print_sdl(await snapshot.collections())


async def test_operation_that_began_before_a_change(tmp_path: Path) -> None:
    """If the schema changes between its validation and its snapshot, it is checked again under the new one."""
    async with service(tmp_path, files=SITE) as found:
        executor = executor_for(found.store, found.settings)
        asked = OperationRequest("{ posts(orderBy: [{field: TITLE}], first: 1) { nodes { rating } } }")
        prepared = await executor.prepare(asked, PUBLIC)
        assert b'"rating":4' in (await executor.run(prepared)).body
        await found.change(TEXTS)
        assert b'"rating":"4"' in (await executor.run(prepared)).body


async def test_clients_learn_of_another_schema(tmp_path: Path) -> None:
    """By `corpusChanged`, once for each change. A change of an article is none."""
    query = "subscription { corpusChanged { schema } }"
    page = {"page.md": "---\ntitle: Changed\n---\n"}
    async with service(tmp_path, files=SITE) as found, listening_to(found) as url, events(url, query) as stream:
        assert (await event_of_change(found, stream, page))["data"] == {"corpusChanged": {"schema": False}}
        await found.change(TEXTS)
        while not (await next_of(stream))["data"]["corpusChanged"]["schema"]:
            pass
        await found.change({"page.md": "---\ntitle: Again\n---\n"})
        assert (await next_of(stream))["data"] == {"corpusChanged": {"schema": False}}


async def test_subscription_to_a_collection_ends_with_its_types(tmp_path: Path) -> None:
    """One that names a type of a collection ends with an error. Others go on."""
    own = "subscription { articleChanged { article { title ... on Post { rating } } } }"
    every = "subscription { articleChanged { article { title } } }"
    page: Mapping[str, str] = {"page.md": "---\ntitle: Changed\n---\n"}
    async with (
        service(tmp_path, files=SITE) as found,
        listening_to(found) as url,
        events(url, own) as ending,
        events(url, every) as going_on,
    ):
        for stream in (ending, going_on):
            await event_of_change(found, stream, page)
        await found.change(TEXTS)
        while "errors" not in (last := await next_of(ending)):
            pass
        assert [error["extensions"]["code"] for error in last["errors"]] == ["SCHEMA_CHANGED"]
        while (await next_of(going_on))["data"]["articleChanged"]["article"]["title"] != "Two":
            pass


def test_schema_command(tmp_path: Path) -> None:
    """It prints the schema of a folder. For invalid rules it prints the errors, and exits with 2."""
    (tmp_path / "gateway.yaml").write_text(RULES % "Int")
    printed = CliRunner().invoke(main, ["schema", str(tmp_path)])
    assert "type Post implements Article & Node & ContentItem {" in printed.stdout
    assert "  rating: Int\n" in printed.stdout
    (tmp_path / "gateway.yaml").write_text(RULES % "Integer")
    refused = CliRunner().invoke(main, ["schema", str(tmp_path)])
    assert refused.exit_code == 2
    assert '"Integer" is not a type.' in refused.stderr
    assert CliRunner().invoke(main, ["schema"]).stdout == print_sdl()


async def test_example_in_the_docs(tmp_path: Path) -> None:
    """The rules, the document and the queries of docs/collections.md fit together."""
    text = (ROOT / "docs/collections.md").read_text()
    examples: dict[str, list[str]] = {"yaml": [], "markdown": [], "graphql": []}
    for language, example in re.findall(r"```(yaml|markdown|graphql)\n(.*?)```", text, re.DOTALL):
        examples[language].append(example)
    files = {
        "gateway.yaml": examples["yaml"][0],
        "recipes/soup.md": examples["markdown"][0],
        "people/anna.md": "---\ntitle: Anna\n---\n",
    }
    async with service(tmp_path, files=files) as served, client_of(served) as client:
        answers = [await post(client, query) for query in examples["graphql"]]
    first, search = [answer["data"] for answer in answers]
    assert first["recipes"]["totalCount"] == 1
    assert first["recipesFacets"] == {"difficulty": [{"value": "easy", "count": 1}]}
    assert search["search"]["nodes"] == [{"__typename": "Recipe", "title": "Leek soup", "rating": 4.5}]


def test_first_schema_is_that_of_its_collections() -> None:
    """Without collections it is the schema of all sites without them."""
    assert executable_schema().as_str() + "\n" == print_sdl()


async def test_references_lead_to_visible_articles(tmp_path: Path) -> None:
    """Both ways, by paths of files. What leads to a draft, or nowhere, is null for the public."""
    files = {
        "gateway.yaml": """collections:
  posts: {path: posts, fields: {author: {type: people, inverse: posts}, by: {editor: people}, more: [Reference]}}
  people: {path: people, type: Person}
""",
        "people/anna.md": "---\ntitle: Anna\n---\n",
        "people/ben.md": "---\ntitle: Ben\ndraft: true\n---\n",
        "posts/one.md": "---\ntitle: One\nauthor: ../people/anna.md\nby: {editor: anna}\nmore: [two.md, no.md]\n---\n",
        "posts/two.md": "---\ntitle: Two\nauthor: people/ben.md\nby: {editor: ben}\n---\n",
    }
    query = """{ posts(orderBy: [{field: TITLE}]) { nodes { author { title } by { editor { title } } more { title } } }
        people(orderBy: [{field: TITLE}]) { nodes { title posts { nodes { title } } } }
        hers: posts(filter: {author: {path: {eq: "people/anna.md"}}}) { nodes { title } } }"""
    async with service(tmp_path, files=files) as found, client_of(found) as client:
        public = (await post(client, query))["data"]
        preview = (await post(client, query, DRAFTS))["data"]
    anna, ben = {"title": "Anna"}, {"title": "Ben"}
    one = {"author": anna, "by": {"editor": anna}, "more": [{"title": "Two"}]}
    assert public == {
        "posts": {"nodes": [one, {"author": None, "by": {"editor": None}, "more": []}]},
        "people": {"nodes": [{**anna, "posts": {"nodes": [{"title": "One"}]}}]},
        "hers": {"nodes": [{"title": "One"}]},
    }
    assert preview == {
        "posts": {"nodes": [one, {"author": ben, "by": {"editor": ben}, "more": []}]},
        "people": {
            "nodes": [
                {**anna, "posts": {"nodes": [{"title": "One"}]}},
                {**ben, "posts": {"nodes": [{"title": "Two"}]}},
            ]
        },
        "hers": {"nodes": [{"title": "One"}]},
    }


async def test_an_article_counts_once_for_each_text_of_a_list(tmp_path: Path) -> None:
    """Also if it repeats the text, which its list shows as it is written."""
    rules = (
        "collections: {posts: {path: posts, fields: {tags: {type: [String], facet: true}, kit: {type: [[a, b]]}}}}\n"
    )
    files = {"gateway.yaml": rules, "posts/a.md": "---\ntitle: A\ntags: [x, x, y]\nkit: [b, a, b]\n---\n"}
    query = "{ posts { nodes { tags kit } } postsFacets { tags { value count } kit { value count } } }"
    async with service(tmp_path, files=files) as found, client_of(found) as client:
        data = (await post(client, query))["data"]
    assert data["posts"]["nodes"] == [{"tags": ["x", "x", "y"], "kit": ["b", "a", "b"]}]
    assert data["postsFacets"] == {
        "tags": [{"value": "x", "count": 1}, {"value": "y", "count": 1}],
        "kit": [{"value": "a", "count": 1}, {"value": "b", "count": 1}],
    }


HIDDEN = {
    "posts/draft.md": (
        "---\ntitle: Draft\nsku: secret\nrating: 99\nlevel: easy\ntags: [hidden]\nauthor: anna\ndraft: true\n---\n"
    ),
    "people/carla.md": "---\ntitle: Carla\nborn: 1999-01-01\ndraft: true\n---\n",
}
SHOWN = {
    "gateway.yaml": """collections:
  posts:
    path: posts
    fields:
      sku: {type: String, unique: true, facet: true, search: high}
      rating: {type: Int, facet: true}
      level: [easy, hard]
      tags: {type: [String], facet: true}
      author: {type: people, inverse: posts, facet: true}
  people: {path: people, type: Person, fields: {born: {type: Date, facet: true}}}
""",
    "people/anna.md": "---\ntitle: Anna\nborn: 1970-01-01\n---\n",
    "posts/one.md": "---\ntitle: One\nsku: a\nrating: 4\nlevel: hard\ntags: [a, b]\nauthor: carla\n---\n",
    "posts/two.md": "---\ntitle: Two\nsku: b\nrating: 3\nauthor: anna\n---\n",
}


async def test_hidden_articles_leave_no_trace_in_custom_fields(tmp_path: Path) -> None:
    """Lists, orders, filters, facets, searches, finders and references answer the public as without them."""
    query = """{
        posts(orderBy: [{field: RATING, direction: DESC}]) { totalCount edges { cursor node { sku author { title } } } }
        high: posts(filter: {rating: {gt: 50}}) { totalCount pageInfo { hasNextPage } }
        easy: posts(filter: {level: {eq: easy}}) { totalCount }
        tagged: posts(filter: {tags: {anyOf: ["hidden"]}}) { totalCount }
        hers: posts(filter: {author: {slug: {eq: "anna"}}}) { totalCount }
        theirs: posts(filter: {author: {isNull: true}}) { nodes { sku } }
        post(sku: "secret") { title } search(query: "secret", in: [FIELDS]) { totalCount suggestion }
        people { nodes { title posts { totalCount nodes { sku } } referencedBy(in: [FIELD]) { totalCount } } }
        postsFacets { sku { value count } level { value count } tags { value count } author { count article { title } }
            rating(bounds: [50]) { gte lt count } }
        peopleFacets { born(interval: YEAR) { start count } } }"""
    answers = []
    for name, files in (("without", SHOWN), ("with", {**SHOWN, **HIDDEN})):
        async with service(tmp_path / name, files=files) as found, client_of(found) as client:
            answers.append(await post(client, query))
            preview = await post(client, query, DRAFTS)
    assert answers[0] == answers[1]
    assert answers[0]["data"]["posts"]["totalCount"] == 2
    data = preview["data"]
    assert (data["high"]["totalCount"], data["easy"]["totalCount"], data["tagged"]["totalCount"]) == (1, 1, 1)
    assert data["post"] == {"title": "Draft"}
