"""The example documents in seeds/, served by `gateway dev` and `gateway serve`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Running, running

SEEDS = Path(__file__).parent.parent / "seeds"
URL = "https://eandt.theiet.org/content/articles/2022/11/italy-bans-the-use-of-facial-recognition-technology/"
SLUG, PATH = "000-a1e971cc52df9b4c", "000_a1e971cc52df9b4c.txt"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running("dev", SEEDS, cache=tmp_path_factory.mktemp("dev")) as server:
        server.said("8 articles")
        yield server


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running("serve", SEEDS, cache=tmp_path_factory.mktemp("serve")) as server:
        server.said("8 articles")
        yield server


def data(server: Running, query: str, **variables: Any) -> Any:
    answer = server.post(query, **variables)
    assert "errors" not in answer
    return answer["data"]


SEED = """
fragment Seed on Article {
  title excerpt category type quality heat published status publishedDateTime isSecured secured
  provider { name domain } topics { name } images { width height isCached }
  related { position title ampWebUrl cdnAmpWebUrl quality provider { domain } }
}
"""


@pytest.mark.parametrize(
    "argument", [f'url: "{URL}"', f'path: "{PATH}"', f'slug: "{SLUG}"'], ids=["url", "path", "slug"]
)
def test_seed_article(dev: Running, argument: str) -> None:
    """Each value of the file is returned, by each of its keys."""
    found = data(dev, f"{{ article({argument}) {{ ...Seed }} }} {SEED}")["article"]
    related = found.pop("related")
    assert found == {
        "title": "Italy bans the use of facial-recognition technology",
        "excerpt": "Italy's Data Protection Agency has issued a rebuke to two municipalities experimenting with "
        "‘smart glasses’ and facial-recognition technology.",
        "category": "news",
        "type": "article",
        "quality": 24,
        "heat": -1,
        "published": False,
        "status": "DRAFT",
        "publishedDateTime": "2022-11-15T17:36:00Z",
        "isSecured": True,
        "secured": None,
        "provider": {"name": "IET", "domain": "theiet.org"},
        "topics": [{"name": "Computer Vision"}, {"name": "AI"}],
        "images": [{"width": 1200, "height": 450, "isCached": True}],
    }
    assert [entry["provider"]["domain"] for entry in related] == [
        "gadgetsnow.com",
        "mid-day.com",
        "livemint.com",
        "usnews.com",
    ]
    assert [entry["position"] for entry in related] == [0, 1, 2, 3]
    assert [bool(entry["ampWebUrl"] and entry["cdnAmpWebUrl"]) for entry in related] == [True, True, True, False]


def test_provider_with_only_mentions(dev: Running) -> None:
    """An entry names it, and it has no articles."""
    query = """{ provider(domain: "usnews.com") { name articles { totalCount }
        mentions { totalCount nodes { source { slug } } } } }"""
    assert data(dev, query)["provider"] == {
        "name": "U.S. News & World Report",
        "articles": {"totalCount": 0},
        "mentions": {"totalCount": 1, "nodes": [{"source": {"slug": SLUG}}]},
    }


def test_entries_link_to_articles_and_back(dev: Running) -> None:
    """An entry with another spelling of the address finds its article, which lists the backlink."""
    query = """{ article(path: "guides/related-by-address.md") { related { article { path referencedBy {
        nodes { path } } } } } }"""
    found = data(dev, query)["article"]["related"]
    path = "guides/headings-and-tables.md"
    assert found[0]["article"] == {"path": path, "referencedBy": {"nodes": [{"path": "guides/related-by-address.md"}]}}
    assert found[1]["article"] is None


def test_equal_file_names_in_two_folders(dev: Running) -> None:
    """The path distinguishes the articles."""
    query = "query Q($path: String) { article(path: $path) { id title } }"
    found = {year: data(dev, query, path=f"{year}/release-notes.md")["article"] for year in (2024, 2025)}
    assert found[2024]["id"] != found[2025]["id"]
    assert (found[2024]["title"], found[2025]["title"]) == ("Release notes of 2024", "Release notes of 2025")


def test_drafts_are_not_found_in_public(dev: Running, public: Running) -> None:
    """By id, slug, path and URL, nor in counts, topics, providers, backlinks, mentions and nodes."""
    hidden = data(dev, "{ articles(first: 100) { nodes { id slug path status webUrl provider { id domain } } } }")
    drafts = [node for node in hidden["articles"]["nodes"] if node["status"] != "PUBLISHED"]
    assert {draft["path"] for draft in drafts} == {PATH, "a-draft.md", "scheduled.md"}
    by_id = "query Q($id: ID!) { article(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }"
    for draft in drafts:
        assert data(public, by_id, id=draft["id"]) == {"article": None, "node": None, "nodes": [None]}
        for name, value in (("slug", draft["slug"]), ("path", draft["path"]), ("url", draft["webUrl"] or URL)):
            query = f"query Q($value: String) {{ article({name}: $value) {{ id }} }}"
            assert data(public, query, value=value) == {"article": None}


EVERYTHING = """{
  corpus { articleCount providerCount topicCount draftCount issues { path } }
  articles(first: 20) { totalCount nodes { path status topics { name } referencedBy(first: 5) { nodes { path } }
    related { title article { path } source { path } } } }
  providers(first: 20) { totalCount nodes { domain name articles { totalCount nodes { path } }
    mentions { totalCount nodes { title source { path } } } } }
  topics(first: 20) { totalCount nodes { name articles { totalCount nodes { path } } } }
}"""


def test_public_lists_contain_no_draft(public: Running) -> None:
    """No list contains a word of a draft, and no count includes one."""
    found = data(public, EVERYTHING)
    text = str(found)
    for word in (
        "a-draft",
        "scheduled",
        "a1e971cc52df9b4c",
        "Unpublished ideas",
        "Draft House",
        "draft-house",
        "theiet",
    ):
        assert word not in text
    for domain in ("gadgetsnow.com", "mid-day.com", "livemint.com", "usnews.com"):
        assert domain not in text
    assert found["corpus"] == {
        "articleCount": 5,
        "providerCount": found["providers"]["totalCount"],
        "topicCount": found["topics"]["totalCount"],
        "draftCount": None,
        "issues": None,
    }
    assert found["articles"]["totalCount"] == len(found["articles"]["nodes"]) == 5
    topics = {topic["name"]: topic["articles"]["totalCount"] for topic in found["topics"]["nodes"]}
    assert topics == {"GraphQL": 3, "Markdown": 2, "AI": 2, "Front matter": 2, "Computer Vision": 1}
