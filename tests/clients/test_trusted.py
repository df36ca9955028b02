"""Clients that send only document names, with a server that runs only the documents of a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import serving
from tests.clients.npm import Packages

pytestmark = pytest.mark.timeout(1000)  # may install the packages

TITLES = ["Entry 00", "Entry 01"]
REFUSED = {"requests": ["POST 403"], "codes": ["UNTRUSTED_DOCUMENT"]}


def trusting(packages: Packages, folder: Path, manifest: Path, script: str, application: Path) -> Mapping[str, Any]:
    """The results of a script's flows."""
    with serving(folder, "--trusted-documents", manifest, "--trusted-only") as (server, content):
        return packages.script(script, server.url, application, content)


@pytest.fixture(scope="module")
def codegen(packages: Packages, application: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The documents that graphql-codegen's client preset persists."""
    manifest = application / "src/gql/persisted-documents.json"
    folder = tmp_path_factory.mktemp("codegen")
    return trusting(packages, folder, manifest, "trusted-codegen", application / "out/gql/graphql.js")


@pytest.fixture(scope="module")
def apollo(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The documents that Apollo's `generate-persisted-query-manifest` finds in an application."""
    folder = tmp_path_factory.mktemp("apollo")
    project = packages.project("apollo", folder)
    packages.tool(project, "generate-persisted-query-manifest")
    return trusting(packages, folder, project / "persisted-query-manifest.json", "trusted-apollo", project)


@pytest.mark.parametrize("flow", ["fetch", "urql", "graphqlWs"])
def test_codegen_names_documents(codegen: Mapping[str, Any], flow: str) -> None:
    """Documents are sent by `documentId` over HTTP, by urql's exchange, and over a WebSocket."""
    assert codegen[flow] == TITLES


@pytest.mark.parametrize("flow", ["graphqlWsChange", "graphqlSseChange"])
def test_codegen_names_subscriptions(codegen: Mapping[str, Any], flow: str) -> None:
    """Subscriptions are sent over a WebSocket and as server-sent events."""
    assert codegen[flow] is True


@pytest.mark.parametrize("flow", ["get", "post", "socket"])
def test_apollo_names_documents(apollo: Mapping[str, Any], flow: str) -> None:
    """Apollo's link takes names from the manifest; over a WebSocket it sends name and text."""
    assert apollo[flow] == TITLES


def test_other_documents_are_refused(codegen: Mapping[str, Any], apollo: Mapping[str, Any]) -> None:
    """This holds for every client."""
    assert (codegen["refusals"], apollo["refusals"]) == (REFUSED, REFUSED)
