"""Clients that are told of changes while they happen: see `live.mjs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.clients.conftest import Served
from tests.clients.npm import Packages

pytestmark = pytest.mark.timeout(1000)  # the first test may have to install the packages

ARTICLE = ["UPDATED Final", "REMOVED"]


@pytest.fixture(scope="module")
def lived(packages: Packages, live: Served) -> Mapping[str, Any]:
    return packages.script("live", live.server.url, live.content)


def test_graphql_ws_is_told(lived: Mapping[str, Any]) -> None:
    """Of a file that is saved and deleted, and of the corpus."""
    assert (lived["graphqlWs"], lived["graphqlWsCorpus"]) == (ARTICLE, 1)


def test_graphql_sse_is_told(lived: Mapping[str, Any]) -> None:
    """The same, as server-sent events, with a connection for each subscription."""
    assert (lived["graphqlSse"], lived["graphqlSseCorpus"]) == (ARTICLE, 1)


def test_apollo_is_told(lived: Mapping[str, Any]) -> None:
    """By its link over graphql-ws."""
    assert lived["apollo"] == ARTICLE


@pytest.mark.parametrize("flow", ["urql", "urqlSse"])
def test_urql_is_told(lived: Mapping[str, Any], flow: str) -> None:
    """By its exchange over graphql-ws, and over HTTP, where it needs nothing but a setting of its own."""
    assert lived[flow] == ARTICLE
