"""JavaScript clients, each with a script of the same name."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Results
from tests.clients.corpus import TITLES
from tests.clients.npm import FOLDER

pytestmark = pytest.mark.timeout(1000)  # may install the packages

BY_POST = ["POST 200", "POST 200", "POST 200", "POST 200"]
"""The digest is unknown, the document is registered with it, and afterwards the digest is enough."""
REFUSED = {"requests": ["POST 400"], "codes": ["GRAPHQL_VALIDATION_FAILED"]}


def test_lock_file_names_no_registry() -> None:
    """npm uses the configured registry."""
    assert '"resolved"' not in (FOLDER / "package-lock.json").read_text()


def test_apollo_pages(results: Results) -> None:
    """`relayStylePagination` joins the pages of `articles` in the cache, in three requests."""
    assert results("apollo")["pages"] == {"requests": ["POST 200"] * 3, "titles": TITLES}


def test_apollo_shares_a_fragment(results: Results) -> None:
    """One fragment on the interface reads articles and related entries, by the schema's possible types."""
    assert results("apollo")["cards"] == {
        "article": {"title": "Entry 07", "provider": "Example Gazette"},
        "related": [{"title": "Elsewhere 07", "provider": "Example Observer"}],
        "kept": 1,
    }


def test_apollo_batches(results: Results) -> None:
    """Three queries are sent in one request, and each gets its answer."""
    assert results("apollo")["batch"] == {
        "requests": ["POST 200"],
        "title": "Entry 07",
        "topics": ["News", "Topic 0", "Topic 1"],
        "providers": ["Example Gazette", "Example Observer"],
    }


def test_apollo_persisted_queries(results: Results) -> None:
    """The link sends only the digest once the document is known, also from a new client."""
    titles = ["Entry 05", "Entry 06", "Entry 07"]
    assert results("apollo")["persistedByPost"] == {"requests": BY_POST, "titles": titles}
    by_get = ["GET 200", "POST 200", "GET 200", "GET 200"]
    assert results("apollo")["persistedByGet"] == {"requests": by_get, "titles": titles}


def test_apollo_persisted_queries_in_batches(results: Results) -> None:
    """Two unknown digests are in one request, and both documents are registered in the next."""
    assert results("apollo")["persistedInBatches"] == {
        "requests": ["POST 200", "POST 200"],
        "topics": ["News", "Topic 0", "Topic 1"],
        "providers": ["Example Gazette", "Example Observer"],
    }


def test_apollo_over_a_websocket(results: Results) -> None:
    """The graphql-ws link sends queries over a WebSocket, with the credential in `connection_init`."""
    assert results("apollo")["socket"] == "Draft"


def test_apollo_by_get(results: Results) -> None:
    """Queries are sent by GET."""
    assert results("apollo")["get"] == {"requests": ["GET 200"], "title": "Entry 07"}


def test_apollo_previews(results: Results) -> None:
    """Only an editor sees the draft."""
    assert results("apollo")["preview"] == {"everyone": None, "editor": "Draft"}


def test_apollo_reads_errors(results: Results) -> None:
    """A refused query is an error with its code, whatever the status."""
    assert results("apollo")["refusals"] == REFUSED


def test_urql_by_get(results: Results) -> None:
    """urql sends short queries by GET and gets JSON, although it also accepts event streams."""
    assert results("urql")["get"] == {"requests": ["GET 200"], "title": "Entry 07"}


def test_urql_persisted_queries(results: Results) -> None:
    """Its exchange works like Apollo's link. It registers by GET with the header; a digest needs no header."""
    titles = ["Entry 05", "Entry 06", "Entry 07"]
    assert results("urql")["persistedByPost"] == {"requests": BY_POST, "titles": titles}
    by_get = ["GET 200", "GET 200", "GET 200", "GET 200"]
    assert results("urql")["persistedByGet"] == {"requests": by_get, "titles": titles}


def test_urql_pages(results: Results) -> None:
    """All pages are read by cursor, each article once."""
    assert results("urql")["pages"] == {"requests": ["POST 200"] * 3, "titles": TITLES}


def test_urql_previews(results: Results) -> None:
    """An editor sees the draft."""
    assert results("urql")["preview"] == "Draft"


def test_urql_reads_errors(results: Results) -> None:
    """A refused query is an error with its code."""
    assert results("urql")["refusals"] == REFUSED


def test_graphql_request(results: Results) -> None:
    """Queries are sent by POST, by GET, in batches and as an editor."""
    flows = results("graphql-request")
    assert (flows["request"], flows["get"]) == ("Entry 07", "Entry 07")
    assert flows["batch"] == ["Entry 06", "Entry 07"]
    assert flows["preview"] == {"status": 200, "title": "Draft"}


def test_graphql_request_reads_errors(results: Results) -> None:
    """A refused query is an error with its code and status."""
    assert results("graphql-request")["refusals"] == {"status": 400, "codes": REFUSED["codes"]}


def test_graphql_ws(results: Results) -> None:
    """Queries share a WebSocket, and each gets one answer."""
    assert results("graphql-ws")["queries"] == {
        "sockets": 1,
        "titles": ["Entry 05", "Entry 06", "Entry 07"],
        "each": [1, 1, 1],
    }
    assert results("graphql-ws")["preview"] == "Draft"


def test_graphql_ws_reads_errors(results: Results) -> None:
    """A refused query ends only itself, and the WebSocket stays open."""
    assert results("graphql-ws")["errors"] == {"codes": REFUSED["codes"], "next": "Entry 07"}


def test_graphql_ws_refused_connection(results: Results) -> None:
    """A request for drafts without the right closes the WebSocket with the code for it."""
    assert results("graphql-ws")["forbidden"] == {"code": 4403, "reason": "Forbidden"}


def test_graphql_sse(results: Results) -> None:
    """A query is one event, with the credential in a header."""
    assert results("graphql-sse")["query"] == [{"data": {"article": {"title": "Entry 07"}}}]
    assert results("graphql-sse")["preview"] == [{"data": {"article": {"title": "Draft"}}}]


def test_graphql_sse_reads_errors(results: Results) -> None:
    """A refused subscription gives its error at once, and the client does not retry."""
    assert results("graphql-sse")["refusals"] == {"codes": REFUSED["codes"], "others": []}
