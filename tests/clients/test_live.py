"""Clients that receive changes live: see `live.mjs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.clients.conftest import Served
from tests.clients.npm import Packages

pytestmark = pytest.mark.timeout(1000)  # may install the packages

ARTICLE = ["UPDATED Final", "REMOVED"]


@pytest.fixture(scope="module")
def lived(packages: Packages, live: Served) -> Mapping[str, Any]:
    return packages.script("live", live.server.url, live.content)


def test_graphql_ws_receives_changes(lived: Mapping[str, Any]) -> None:
    """Saved and deleted files, and changes of the corpus, give events."""
    assert (lived["graphqlWs"], lived["graphqlWsCorpus"]) == (ARTICLE, 1)


def test_graphql_sse_receives_changes(lived: Mapping[str, Any]) -> None:
    """The same as server-sent events, with a connection per subscription."""
    assert (lived["graphqlSse"], lived["graphqlSseCorpus"]) == (ARTICLE, 1)


def test_apollo_receives_changes(lived: Mapping[str, Any]) -> None:
    """Apollo Client uses its link over graphql-ws."""
    assert lived["apollo"] == ARTICLE


@pytest.mark.parametrize("flow", ["urql", "urqlSse"])
def test_urql_receives_changes(lived: Mapping[str, Any], flow: str) -> None:
    """urql uses its exchange over graphql-ws, and HTTP with one setting."""
    assert lived[flow] == ARTICLE
