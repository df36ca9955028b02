"""Visibility of random corpora over time: hidden, scheduled, expired and unlisted articles."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import NO_TLS
from tests.service import AS_OF, Service, listening_to, post, service
from tests.test_delta_sync import events, next_of

pytestmark = pytest.mark.usefixtures("each_database_in_full")

FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
DAYS = range(5)
Statement = tuple[str, Any]
"""A key of the front matter, and its value."""
DRAFTS: Sequence[Statement] = (
    *((key, True) for key in ("draft", "isDraft", "private", "headless", "eleventyExcludeFromCollections")),
    *((key, False) for key in ("published", "publish", "permalink")),
    ("status", "draft"),
    ("visibility", "private"),
    ("build", {"render": "never"}),
    ("_build", {"render": "never"}),
)
UNLISTED: Sequence[Statement] = (("unlisted", True), ("build", {"list": "never"}), ("_build", {"list": "never"}))
OTHERS: Sequence[Statement] = (
    ("draft", False),
    ("private", False),
    ("status", "final"),
    ("build", {"render": "always"}),
    ("permalink", "/x/"),
)
DATES = ("publishedDateTime", "date", "pubDate", "publishDate", "pubDatetime", "publishedAt", "datePublished")
EXPIRIES = ("expiryDate", "expires", "unpublishDate")


class File(NamedTuple):
    """A file and its front matter. The oracle decides by these values only."""

    number: int
    statements: tuple[Statement, ...]
    dates: Mapping[str, int]
    """Days after the first time, by key."""
    expiries: Mapping[str, int]
    toml: bool

    @property
    def path(self) -> str:
        return f"{self.number}.md"

    @property
    def word(self) -> str:
        """A word in each text of the file and in no other file."""
        return f"quagga{self.number}z"

    @property
    def text(self) -> str:
        values = {
            "title": f"{self.word} harbour",
            "slug": self.word,
            "excerpt": self.word,
            "category": self.word,
            "topics": ["News", self.word],
            "authors": ["The Editors", self.word],
            "provider": {"name": self.word},
            "webUrl": f"https://harbour.example/{self.number}",
            "related": [f"https://harbour.example/{self.number - 1}"],
            **{key: at(day) for key, day in {**self.dates, **self.expiries}.items()},
            **dict(self.statements),
        }
        fence, equals, write = ("+++", " = ", in_toml) if self.toml else ("---", ": ", json.dumps)
        lines = [f"{key}{equals}{write(value)}" for key, value in values.items()]
        return "\n".join([fence, *lines, fence, f"{self.word} harbour"])

    def is_reachable(self, day: int) -> bool:
        """Whether the public may find it by key."""
        hidden = any(statement in DRAFTS for statement in self.statements)
        begins, ends = max(self.dates.values(), default=day), min(self.expiries.values(), default=day + 1)
        return not hidden and begins <= day < ends

    def is_listed(self, day: int) -> bool:
        return self.is_reachable(day) and not any(statement in UNLISTED for statement in self.statements)


def at(day: int) -> str:
    return (AS_OF + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {in_toml(inner)}' for key, inner in value.items())}}}"
    return json.dumps(value)


def key_of(statement: Statement) -> str:
    return statement[0]


@st.composite
def corpora(draw: st.DrawFn) -> list[File]:
    files = []
    for number in range(draw(st.integers(2, 7))):
        statements = draw(st.lists(st.sampled_from((*DRAFTS, *UNLISTED, *OTHERS)), max_size=2, unique_by=key_of))
        dates = draw(st.dictionaries(st.sampled_from(DATES), st.integers(-2, DAYS[-1] + 1), max_size=2))
        expiries = draw(st.dictionaries(st.sampled_from(EXPIRIES), st.integers(-1, DAYS[-1] + 1), max_size=1))
        files.append(File(number, tuple(statements), dates, expiries, draw(st.booleans())))
    return files


LISTS = """query ($since: String) {
  articles(first: 10) { totalCount nodes {
    path topics { name } authors { name } provider { name } adjacent { previous { path } next { path } }
    similar(first: 10) { article { path } } referencedBy { nodes { path } }
  } }
  search(query: "harbour", first: 10) { totalCount suggestion nodes { path } }
  none: search(query: "harbuor") { suggestion }
  facets { topics(first: 10) { topic { name } count } categories(first: 10) { value count }
    authors(first: 10) { author { name } count }
    providers(first: 10) { provider { name } count } dates(interval: DAY) { count } }
  authors(first: 10) { totalCount nodes { name articles { totalCount } topics { topic { name } } } }
  topics(first: 10) { totalCount nodes { name articles { totalCount } relatedTopics { topic { name } } } }
  providers(first: 10) { totalCount nodes { name articles { totalCount } } }
  changes(since: $since, first: 20) { token changes { type article { path } id } }
  corpus { articleCount draftCount }
}"""
FOUND = """query ($path: String, $slug: String, $url: String, $id: ID!) {
  path: article(path: $path) { ...A } slug: article(slug: $slug) { ...A } url: article(url: $url) { ...A }
  node(id: $id) { ...A }
}
fragment A on Article { path topics { name } authors { name } provider { name }
  related { title source { path } } unlisted }"""
EDITOR = {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}
ARTICLES = "subscription { articleChanged { type id article { path heat } } }"


class Client:
    """An unprivileged reader that keeps a copy and is subscribed to changes."""

    def __init__(self, client: httpx.AsyncClient, found: Service, files: Sequence[File]) -> None:
        self._client = client
        self._found = found
        self._files = files
        self._token: str | None = None
        self._held = frozenset[str]()
        self.ids: Mapping[str, str] = {}

    async def learn_ids(self) -> None:
        query = "{ articles(first: 10) { nodes { id path } } }"
        nodes = (await post(self._client, query, EDITOR))["data"]["articles"]["nodes"]
        self.ids = {node["path"]: node["id"] for node in nodes}

    async def check(self, day: int) -> frozenset[str]:
        """Compare all public answers with the oracle. Returns the listed paths."""
        listed = [file for file in self._files if file.is_listed(day)]
        answer = await post(self._client, LISTS, since=self._token)
        assert "errors" not in answer, answer
        data = answer["data"]
        hidden = [file.word for file in self._files if file not in listed and file.word in str(answer)]
        assert hidden == []
        self._check_lists(data, listed)
        paths = frozenset(file.path for file in listed)
        self._check_changes(data["changes"], paths)
        for file in self._files:
            await self._check_found(file, reachable=file.is_reachable(day))
        return paths

    def _check_lists(self, data: Mapping[str, Any], listed: Sequence[File]) -> None:
        paths, words = {file.path for file in listed} | {"mark.md"}, {file.word for file in listed}
        number = len(paths)
        found = data["articles"]["nodes"]
        assert (data["articles"]["totalCount"], {node["path"] for node in found}) == (number, paths)
        assert data["corpus"] == {"articleCount": number, "draftCount": None}
        assert (data["search"]["totalCount"], {node["path"] for node in data["search"]["nodes"]}) == (number, paths)
        topics = {each["topic"]["name"]: each["count"] for each in data["facets"]["topics"]}
        assert topics == Counter({"News": number, **dict.fromkeys(words, 1)})
        authors = {each["author"]["name"]: each["count"] for each in data["facets"]["authors"]}
        assert authors == Counter({"The Editors": len(words), **dict.fromkeys(words, 1)}) if words else not authors
        assert {node["name"] for node in data["authors"]["nodes"]} == authors.keys()
        assert {each["value"] for each in data["facets"]["categories"]} == words
        assert {each["provider"]["name"] for each in data["facets"]["providers"]} == words
        assert {node["name"] for node in data["topics"]["nodes"]} == words | {"News"}
        assert {node["name"] for node in data["providers"]["nodes"]} == words
        for node in found:
            beside = [node["adjacent"]["previous"], node["adjacent"]["next"]]
            likest = [each["article"] for each in node["similar"]]
            referring = node["referencedBy"]["nodes"]
            assert {each["path"] for each in (*beside, *likest, *referring) if each} <= paths

    def _check_changes(self, changes: Mapping[str, Any], paths: frozenset[str]) -> None:
        listed = {(change["type"], change["id"]) for change in changes["changes"]} - {("ADDED", self.ids["mark.md"])}
        first = self._token is None
        expected = {("ADDED", self.ids[path]) for path in paths - self._held}
        expected |= set() if first else {("REMOVED", self.ids[path]) for path in self._held - paths}
        assert {change for change in listed if change[0] != "UPDATED"} == expected
        self._token, self._held = changes["token"], paths

    async def _check_found(self, file: File, *, reachable: bool) -> None:
        url = f"https://harbour.example/{file.number}"
        answer = await post(self._client, FOUND, path=file.path, slug=file.word, url=url, id=self.ids[file.path])
        for found in answer["data"].values():
            assert (found is not None) is reachable
            if found:
                assert [topic["name"] for topic in found["topics"]] == ["News", file.word]
                assert [author["name"] for author in found["authors"]] == ["The Editors", file.word]
                assert found["provider"] == {"name": file.word}
                assert found["related"][0]["source"] == {"path": file.path}
                assert found["unlisted"] is any(statement in UNLISTED for statement in file.statements)


def mark(number: int) -> str:
    return f"---\ntitle: harbour\ntopics: [News]\nheat: {number}\n---\n"


async def events_until(stream: AsyncIterator[Any], number: int) -> set[tuple[str, str]]:
    """The events of a subscriber up to the mark with this number."""
    received = set[tuple[str, str]]()
    while True:
        change = (await next_of(stream))["data"]["articleChanged"]
        if change["article"] and change["article"]["path"] == "mark.md":
            if change["article"]["heat"] == number:
                return received
        else:
            received.add((change["type"], change["id"]))


async def pass_time(folder: Path, files: Sequence[File]) -> None:
    texts = {file.path: file.text for file in files} | {"mark.md": mark(0)}
    async with (
        service(folder, files=texts) as found,
        listening_to(found) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS, timeout=30) as http,
        events(url, ARTICLES) as stream,
    ):
        client = Client(http, found, files)
        await client.learn_ids()
        held = await client.check(0)
        coming, number = asyncio.ensure_future(next_of(stream)), 0
        while not coming.done():  # the subscription may not have begun
            number += 1
            await found.change({"mark.md": mark(number)})
            await asyncio.wait({coming}, timeout=0.2)
        for day in DAYS[1:]:
            moment = AS_OF + timedelta(days=day)
            await found.change({}, as_of=moment)
            await found.change({"mark.md": mark(1000 + day)}, as_of=moment)
            received = await events_until(stream, 1000 + day)
            listed = await client.check(day)
            ids = client.ids
            assert received == {("ADDED", ids[path]) for path in listed - held} | {
                ("REMOVED", ids[path]) for path in held - listed
            }
            held = listed


@pytest.mark.timeout(1800)
@settings(
    max_examples=300 if FULL else 12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(corpora())
def test_public_visibility_over_time(files: list[File]) -> None:
    """Hidden, scheduled and expired articles are in no answer, and unlisted ones only in lookups by key.

    Lists, counts, facets, search, subscriptions and `changes` follow the time.
    """
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(pass_time(Path(folder), files))
