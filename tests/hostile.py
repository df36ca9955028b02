"""Expensive documents, bodies and a corpus, with their expected responses."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson


class Hostile(NamedTuple):
    """A document, its variables, and its error code; None if it may run within the limits."""

    query: str
    code: str | None
    variables: Mapping[str, Any] = {}


def nested(levels: int, before: str, inner: str, after: str = " }") -> str:
    return before * levels + inner + after * levels


def nested_list(levels: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


def bomb(levels: int, spread: str) -> str:
    """Fragments that each spread the next one twice."""
    fragments = [f"fragment F{n} on Query {{ {spread.replace('#', str(n + 1))} }}" for n in range(levels)]
    return " ".join(["{ ...F0 }", *fragments, f"fragment F{levels} on Query {{ corpus {{ revision }} }}"])


LIMIT, INVALID, INPUT = "LIMIT_EXCEEDED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"
PARSING = "GRAPHQL_PARSE_FAILED"
IN_A_CYCLE = 179
"""The entries of each list in the corpus of `cycle`."""

DOCUMENTS = {
    "aliases": Hostile(
        "{ " + " ".join(f"a{n}: articles(first: 100) {{ totalCount }}" for n in range(150)) + " }", LIMIT
    ),
    "aliases on one level": Hostile("{ corpus { " + " ".join(f"a{n}: revision" for n in range(600)) + " } }", LIMIT),
    "directives": Hostile("{ corpus { revision " + "@skip(if: false) " * 300 + "} }", LIMIT),
    "unknown directives": Hostile("{ corpus { revision " + "@a " * 900 + "} }", LIMIT),
    "one field many times": Hostile("{ corpus { " + "revision " * 1900 + "} }", LIMIT),
    "one object many times": Hostile('{ article(path: "0.md") { ' + "provider { name } " * 240 + "} }", None),
    "root fields": Hostile("{ " + "corpus { revision } " * 200 + "}", LIMIT),
    "fragment bomb": Hostile(bomb(80, "...F# ...F#"), LIMIT),
    "fragment bomb with aliases": Hostile(bomb(60, "a#: corpus { revision } ...F# ...F#"), LIMIT),
    "inline fragment bomb": Hostile("{ " + nested(90, "... { ", "corpus { revision }") + " }", None),
    "fragment cycle": Hostile("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", INVALID),
    "fragments that nobody spreads": Hostile(
        "{ corpus { revision } } " + " ".join(f"fragment F{n} on Corpus {{ revision }}" for n in range(180)), INVALID
    ),
    "overlapping fields": Hostile(
        "{ " + " ".join(f'a: article(path: "{n}") {{ b: title b: slug }}' for n in range(9)) + " }", INVALID
    ),
    "overlapping fields in depth": Hostile(
        '{ article(path: "0.md") { ' + nested(6, "related { article { ", "title ", " } }") * 8 + " } }", LIMIT
    ),
    "overlapping fragments": Hostile(
        "{ corpus { "
        + " ".join(f"...F{n}" for n in range(120))
        + " } } "
        + " ".join(f"fragment F{n} on Corpus {{ revision articleCount }}" for n in range(120)),
        None,
    ),
    "deep values": Hostile("{ articles(filter: " + nested(90, "{not: ", "{}", "}") + ") { totalCount } }", LIMIT),
    "deep values by variable": Hostile(
        "query ($filter: ArticleFilter) { articles(filter: $filter) { totalCount } }",
        LIMIT,
        {"filter": orjson.loads(nested(90, '{"not":', "{}", "}"))},
    ),
    "wide values by variable": Hostile(
        "query ($filter: ArticleFilter) { articles(filter: $filter) { totalCount } }",
        LIMIT,
        {"filter": {"or": [{"title": {"contains": "a"}}] * 3000}},
    ),
    "deep lists": Hostile("{ nodes(ids: " + nested(190, "[", "1", "]") + ") { id } }", INVALID),
    "too deep for a parser": Hostile("{ " + nested(400, "a { ", "b") + " }", PARSING),
    "many ids": Hostile("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", LIMIT, {"ids": ["x"] * 5000}),
    "huge numbers": Hostile("{ articles(first: " + "9" * 100_000 + ") { totalCount } }", INVALID),
    "a large page": Hostile("{ articles(first: 2147483647) { nodes { id } } }", LIMIT),
    "a far page": Hostile("{ articles(offset: 2147483647) { nodes { id } } }", LIMIT),
    "many wrong variables": Hostile(
        "query ($f: ArticleFilter) { articles(filter: $f) { totalCount } }",
        INPUT,
        {"f": {"or": [{"title": {"eq": n}} for n in range(3000)]}},
    ),
    "many variables": Hostile(
        "query (" + " ".join(f"$v{n}: Int" for n in range(450)) + ") { corpus { revision } }", INVALID
    ),
    "unknown names": Hostile("{ " + " ".join(f"articlez{n}" for n in range(20)) + " }", INVALID),
    "many operations": Hostile(
        " ".join(f"query Q{n} {{ corpus {{ revision }} }}" for n in range(240)), "OPERATION_RESOLUTION_FAILURE"
    ),
    "many tokens": Hostile("{ corpus { revision } } # " + "\n#" * 60_000, LIMIT),
    "long text": Hostile('{ search(query: "' + "word " * 40_000 + '") { totalCount } }', None),
    "letters that fold": Hostile('{ search(query: "' + "\ufdfa" * 30_000 + '") { totalCount } }', None),
    "patterns": Hostile('{ articles(filter: {title: {contains: "' + "%_" * 50_000 + '"}}) { totalCount } }', None),
    "depth": Hostile(
        '{ article(path: "0.md") { ' + nested(20, "related { article { ", "title", " } }") + " } }", LIMIT
    ),
    "cost": Hostile('{ article(path: "0.md") { ' + nested(6, "related { article { ", "title", " } }") + " } }", LIMIT),
    "a cycle of long lists": Hostile(
        "{ articles(first: 20) { nodes { related { article { related { title } } } } } }", LIMIT
    ),
    "a long list under aliases": Hostile(
        "{ articles(first: 4) { nodes { " + " ".join(f"a{n}: related {{ title }}" for n in range(99)) + " } } }", LIMIT
    ),
    "dear root fields": Hostile(
        "{ "
        + " ".join(f'a{n}: search(query: "words") {{ totalCount edges {{ score }} }}' for n in range(25))
        + " ".join(f'b{n}: facets(query: "words") {{ topics {{ count }} }}' for n in range(25))
        + " }",
        None,
    ),
    "a dear field under aliases": Hostile(
        "{ articles(first: 6) { nodes { " + " ".join(f"a{n}: similar {{ score }}" for n in range(40)) + " } } }", None
    ),
    "large filters under many parents": Hostile(
        "query ($filter: ArticleFilter) { articles(first: 100) { nodes { "
        + " ".join(f"a{n}: provider {{ articles(first: 0, filter: $filter) {{ totalCount }} }}" for n in range(15))
        + " } } }",
        LIMIT,
        {"filter": {"and": [{}] * 1000}},
    ),
    "a filter in a document, under many parents": Hostile(
        "{ articles(first: 100) { nodes { provider { articles(first: 0, filter: {and: [{category: {in: ["
        + '"a" ' * 900
        + "]}}]}) { totalCount } } } } }",
        None,
    ),
    "a filter in a document, under two lists of parents": Hostile(
        "query { "
        + " ".join(
            f"{name}: articles(first: 100) {{ nodes {{ provider {{ articles(first: 0, filter: {{category: {{in: ["
            + '"a" ' * 850
            + "]}}) { totalCount } } } }"
            for name in "ab"
        )
        + " }",
        LIMIT,
    ),
    "many values in variables": Hostile(
        "query ($filter: ArticleFilter) { articles(filter: $filter) { totalCount } }",
        LIMIT,
        {"filter": {"and": [{}] * 60_000}},
    ),
    "errors on the last of many lines": Hostile(
        "\n" * 125_000
        + "{ articles(first: 20) { nodes { "
        + " ".join(f"a{n}: image(minWidth: -1) {{ url }}" for n in range(99))
        + " } } }",
        INPUT,
    ),
    "one long text under many names": Hostile(
        '{ article(path: "long.md") { body { ' + " ".join(f"a{n}: markdown" for n in range(99)) + " } } }", LIMIT
    ),
    "a cycle of the schema": Hostile(
        "{ __schema { types { " + nested(7, "fields { type { ", "name", " } }") + " } } }", LIMIT
    ),
    "a cycle of types": Hostile("{ __schema { types { " + nested(30, "ofType { ", "name") + " } } }", LIMIT),
}

NOTHING = b'{"query": "{ __typename }"}'


class Body(NamedTuple):
    """A POST body with its headers, and the status and code of the response."""

    content: bytes
    status: int
    code: str
    headers: Mapping[str, str] = {}


BODIES = {
    "nothing": Body(b"", 400, "BAD_REQUEST"),
    "no object": Body(b"17", 400, "BAD_REQUEST"),
    "null": Body(b"null", 400, "BAD_REQUEST"),
    "a list of no objects": Body(b"[1, null]", 400, "BAD_REQUEST"),
    "invalid UTF-8": Body(b'{"query": "\xff\xfe"}', 400, "BAD_REQUEST"),
    "UTF-16": Body(NOTHING.decode().encode("utf-16"), 400, "BAD_REQUEST"),
    "NUL": Body(b"\0" * 1000, 400, "BAD_REQUEST"),
    "deep JSON": Body(b'{"variables": ' + b"[" * 100_000, 400, "BAD_REQUEST"),
    "deep JSON that ends": Body(b"[" * 100_000 + b"]" * 100_000, 400, "BAD_REQUEST"),
    "deep objects": Body(b'{"a":' * 40_000 + b"1" + b"}" * 40_000, 400, "BAD_REQUEST"),
    "a huge integer": Body(b'{"query": ' + b"9" * 200_000 + b"}", 400, "BAD_REQUEST"),
    "a huge exponent": Body(b'{"query": 1e999999999}', 400, "BAD_REQUEST"),
    "a lone surrogate": Body(b'{"query": "{ \\ud800 }"}', 400, "BAD_REQUEST"),
    "many keys": Body(b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}", 400, "BAD_REQUEST"),
    "a batch": Body(b"[" + b",".join([NOTHING] * 11) + b"]", 400, "LIMIT_EXCEEDED"),
    "a long batch": Body(b"[" + b",".join([NOTHING] * 9000) + b"]", 400, "LIMIT_EXCEEDED"),
    "variables nested deeply": Body(
        orjson.dumps({"query": "{ __typename }", "variables": {"unused": nested_list(200)}}), 400, "BAD_REQUEST"
    ),
    "10 MiB": Body(b" " * (10 * 2**20), 413, "PAYLOAD_TOO_LARGE"),
    "a compressed body": Body(
        gzip.compress(b" " * (10 * 2**20)), 415, "UNSUPPORTED_MEDIA_TYPE", {"Content-Encoding": "gzip"}
    ),
    "a body compressed twice": Body(
        gzip.compress(gzip.compress(b" " * 2**24)), 415, "UNSUPPORTED_MEDIA_TYPE", {"Content-Encoding": "gzip, gzip"}
    ),
    "a form": Body(b"query=%7B__typename%7D", 415, "UNSUPPORTED_MEDIA_TYPE", {"Content-Type": "text/plain"}),
    "another character set": Body(
        NOTHING, 415, "UNSUPPORTED_MEDIA_TYPE", {"Content-Type": "application/json; charset=utf-7"}
    ),
}


def cycle(articles: int = 20) -> Mapping[str, str]:
    """Files that relate to each other in lists of 179 entries, each of which leads to another such article."""
    found = {f"{n}.md": _article(n, articles) for n in range(articles)}
    return {**found, "long.md": "---\ntitle: Long\ndate: 2020-01-01\n---\n" + "word " * 100_000}


def _article(number: int, articles: int) -> str:
    related = ", ".join(f"https://gazette.example/{(number + n) % articles}#{n}" for n in range(IN_A_CYCLE))
    url = f"https://gazette.example/{number}"
    return (
        f"---\ntitle: Article {number}\ndate: 2024-01-01\nwebUrl: {url}\ntopics: [News]\n"
        f"provider: {{name: The Gazette}}\nrelated: [{related}]\n---\nWords.\n"
    )
