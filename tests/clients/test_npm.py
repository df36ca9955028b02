"""Clients that pages and apps are built with, each through a flow of its own: see the scripts of the same names."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Told
from tests.clients.corpus import TITLES
from tests.clients.npm import FOLDER

pytestmark = pytest.mark.timeout(1000)  # the first test may have to install the packages

BY_POST = ["POST 200", "POST 200", "POST 200", "POST 200"]
"""The digest alone is missed, the document is registered with it, and from then on the digest suffices."""
REFUSED = {"requests": ["POST 400"], "codes": ["GRAPHQL_VALIDATION_FAILED"]}


def test_the_lock_file_names_no_registry() -> None:
    """Whoever installs the packages takes them from a registry of their own choice."""
    assert '"resolved"' not in (FOLDER / "package-lock.json").read_text()


def test_apollo_pages(told: Told) -> None:
    """`relayStylePagination` joins the pages of `articles` in the cache, in three requests."""
    assert told("apollo")["pages"] == {"requests": ["POST 200"] * 3, "titles": TITLES}


def test_apollo_shares_a_fragment(told: Told) -> None:
    """One fragment on the interface reads articles and related entries, by the types that the schema tells of."""
    assert told("apollo")["cards"] == {
        "article": {"title": "Entry 07", "provider": "Example Gazette"},
        "related": [{"title": "Elsewhere 07", "provider": "Example Observer"}],
        "kept": 1,
    }


def test_apollo_batches(told: Told) -> None:
    """Three queries travel in one request, and each gets its own answer."""
    assert told("apollo")["batch"] == {
        "requests": ["POST 200"],
        "title": "Entry 07",
        "topics": ["News", "Topic 0", "Topic 1"],
        "providers": ["Example Gazette", "Example Observer"],
    }


def test_apollo_asks_by_digest(told: Told) -> None:
    """Its link asks by the digest alone, once the document is known; also for a client that has just begun."""
    titles = ["Entry 05", "Entry 06", "Entry 07"]
    assert told("apollo")["persistedByPost"] == {"requests": BY_POST, "titles": titles}
    by_get = ["GET 200", "POST 200", "GET 200", "GET 200"]
    assert told("apollo")["persistedByGet"] == {"requests": by_get, "titles": titles}


def test_apollo_asks_by_digests_in_batches(told: Told) -> None:
    """Both are missed in one request, and both registered in another."""
    assert told("apollo")["persistedInBatches"] == {
        "requests": ["POST 200", "POST 200"],
        "topics": ["News", "Topic 0", "Topic 1"],
        "providers": ["Example Gazette", "Example Observer"],
    }


def test_apollo_over_a_socket(told: Told) -> None:
    """The link to graphql-ws asks over a WebSocket, with the credential in `connection_init`."""
    assert told("apollo")["socket"] == "Draft"


def test_apollo_by_get(told: Told) -> None:
    """Queries may go by GET."""
    assert told("apollo")["get"] == {"requests": ["GET 200"], "title": "Entry 07"}


def test_apollo_previews(told: Told) -> None:
    """An editor sees the draft, and nobody else."""
    assert told("apollo")["preview"] == {"everyone": None, "editor": "Draft"}


def test_apollo_reads_errors(told: Told) -> None:
    """A refused query is an error with its code, whatever the status."""
    assert told("apollo")["refusals"] == REFUSED


def test_urql_by_get(told: Told) -> None:
    """urql sends short queries by GET, and is answered with JSON though it would take event streams as well."""
    assert told("urql")["get"] == {"requests": ["GET 200"], "title": "Entry 07"}


def test_urql_asks_by_digest(told: Told) -> None:
    """Its exchange does as Apollo's link, and registers by GET, too, which takes the header; a digest takes none."""
    titles = ["Entry 05", "Entry 06", "Entry 07"]
    assert told("urql")["persistedByPost"] == {"requests": BY_POST, "titles": titles}
    by_get = ["GET 200", "GET 200", "GET 200", "GET 200"]
    assert told("urql")["persistedByGet"] == {"requests": by_get, "titles": titles}


def test_urql_pages(told: Told) -> None:
    """Page after page by cursor, each article once."""
    assert told("urql")["pages"] == {"requests": ["POST 200"] * 3, "titles": TITLES}


def test_urql_previews(told: Told) -> None:
    """An editor sees the draft."""
    assert told("urql")["preview"] == "Draft"


def test_urql_reads_errors(told: Told) -> None:
    """A refused query is an error with its code."""
    assert told("urql")["refusals"] == REFUSED


def test_graphql_request(told: Told) -> None:
    """By POST, by GET, in batches and as an editor."""
    flows = told("graphql-request")
    assert (flows["request"], flows["get"]) == ("Entry 07", "Entry 07")
    assert flows["batch"] == ["Entry 06", "Entry 07"]
    assert flows["preview"] == {"status": 200, "title": "Draft"}


def test_graphql_request_reads_errors(told: Told) -> None:
    """A refused query is an error with its code and status."""
    assert told("graphql-request")["refusals"] == {"status": 400, "codes": REFUSED["codes"]}


def test_graphql_ws(told: Told) -> None:
    """Queries share one socket, and each gets one answer."""
    assert told("graphql-ws")["queries"] == {
        "sockets": 1,
        "titles": ["Entry 05", "Entry 06", "Entry 07"],
        "each": [1, 1, 1],
    }
    assert told("graphql-ws")["preview"] == "Draft"


def test_graphql_ws_reads_errors(told: Told) -> None:
    """A refused query ends itself alone: the socket goes on."""
    assert told("graphql-ws")["errors"] == {"codes": REFUSED["codes"], "next": "Entry 07"}


def test_graphql_ws_is_closed_out(told: Told) -> None:
    """Who asks for drafts without a right to them is told so by the code that the socket closes with."""
    assert told("graphql-ws")["forbidden"] == {"code": 4403, "reason": "Forbidden"}


def test_graphql_sse(told: Told) -> None:
    """A query is one event, with the credential in a header."""
    assert told("graphql-sse")["query"] == [{"data": {"article": {"title": "Entry 07"}}}]
    assert told("graphql-sse")["preview"] == [{"data": {"article": {"title": "Draft"}}}]


def test_graphql_sse_reads_errors(told: Told) -> None:
    """A refused subscription is told with its code at once, and not tried again as if the network had failed."""
    assert told("graphql-sse")["refusals"] == {"codes": REFUSED["codes"], "others": []}
