"""The operations that the request benchmark sends, and their variables. It sends nothing."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

SETS = 4_000
"""The maximum number of variable sets of a query."""
UNUSED = "0" * 16
"""The value of a variable that no operation uses. The load replaces it, so that no request is sent twice."""
CARD = """
title excerpt publishedDateTime provider { name domain } topics { name } images { url width }
related { title webUrl publishedDateTime provider { name } images { url } }
"""
MATCHING = "filter: {topics: {anyOf: [$topic]}, publishedDateTime: {lt: $before}}"

Variables = Mapping[str, Any]


class Query(NamedTuple):
    """A document, and the statement that selects its variable sets from the relational database."""

    name: str
    title: str
    document: str
    variables: str
    is_ranked: bool = False
    """Whether servers may order the results differently. Then only the total of `search` is compared."""

    def sets(self, database: Path) -> Sequence[Variables]:
        """Different variable sets, in a random order that is the same each time."""
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            found = [dict(row) for row in connection.execute(self.variables).fetchmany(SETS)]
        random.Random(1).shuffle(found)
        return found

    def body(self, variables: Variables) -> bytes:
        return json.dumps({"query": self.document, "variables": {**variables, "unused": UNUSED}}).encode()

    def compared(self, answer: bytes) -> object:
        """The part of an answer that is the same for all servers. Raises ValueError if the answer has errors."""
        found = json.loads(answer)
        if "errors" in found:
            raise ValueError(f"The answer to '{self.name}' is an error: {answer[:1000].decode()}")
        return found["data"]["search"]["totalCount"] if self.is_ranked else found["data"]


QUERIES = (
    Query("typename", "the name of a type", "{ __typename }", "SELECT key FROM articles"),
    Query(
        "article",
        "one article with its relations",
        f"query ($id: ID!) {{ article(id: $id) {{ {CARD} }} }}",
        "SELECT id FROM articles",
    ),
    Query(
        "page",
        "20 articles with their relations",
        f"query ($offset: Int!) {{ articles(first: 20, offset: $offset) {{ nodes {{ {CARD} }} }} }}",
        "SELECT key - 1 AS offset FROM articles ORDER BY key",
    ),
    Query(
        "list",
        "100 articles without relations",
        "query ($before: DateTime!) { articles(first: 100, filter: {publishedDateTime: {lt: $before}}) {"
        " nodes { id title publishedDateTime webUrl } } }",
        "SELECT DISTINCT publishedDateTime AS before FROM articles",
    ),
    Query(
        "provider",
        "20 articles of a provider",
        "query ($id: ID!, $offset: Int!) { provider(id: $id) { name articles(first: 20, offset: $offset) {"
        " nodes { title publishedDateTime topics { name } } } } }",
        "SELECT providers.id, row_number() OVER (PARTITION BY providerKey ORDER BY articles.key) - 1 AS offset"
        " FROM articles JOIN providers ON providers.key = providerKey ORDER BY offset",
    ),
    Query(
        "facets",
        "20 articles of a topic, with facets",
        f"query ($topic: String!, $before: DateTime!) {{ articles(first: 20, {MATCHING}) {{ totalCount"
        f" nodes {{ title excerpt publishedDateTime provider {{ name }} topics {{ name }} }} }} facets({MATCHING}) {{"
        " topics(first: 10, excludeOwnFilter: false) { count topic { name } }"
        " providers(first: 10) { count provider { name } } } }",
        "SELECT name AS topic, publishedDateTime AS before FROM topics JOIN article_topic ON topicKey = topics.key"
        " JOIN articles ON articles.key = articleKey ORDER BY articles.key",
    ),
    Query(
        "search",
        "20 results of a search for three words",
        "query ($words: String!) { search(query: $words, in: [TITLE, EXCERPT], first: 20) { totalCount"
        " nodes { id title excerpt publishedDateTime provider { name } } } }",
        "SELECT DISTINCT lower(word || ' ' || second || ' ' || substr(rest, 1, instr(rest, ' ') - 1)) AS words FROM ("
        " SELECT word, substr(rest, 1, instr(rest, ' ') - 1) AS second, substr(rest, instr(rest, ' ') + 1) AS rest"
        " FROM (SELECT substr(title, 1, instr(title, ' ') - 1) AS word, substr(title, instr(title, ' ') + 1) AS rest"
        " FROM articles))",
        is_ranked=True,
    ),
)
