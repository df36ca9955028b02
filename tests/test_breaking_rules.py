"""Collections that would break the trusted documents are refused, and the last good rules stay in force."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from gateway.access.clients import Client
from gateway.access.tokens import Viewer
from gateway.app import executable_schema, trusted_documents_allow
from gateway.content import site_config
from gateway.errors import SettingsError
from gateway.execution.executor import Executor, OperationRequest
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.limits import Limits
from gateway.loading.active_rules import SITE_BREAKS_DOCUMENTS, SiteError, SiteRules
from gateway.model.records import Visibility
from tests.service import service, settings_of
from tests.test_live_schema import RULES, SITE, TEXTS

DOCUMENT = "{ posts(filter: {rating: {gt: 3}}) { nodes { rating } } }"
FAULT = "The trusted document ratings cannot be run: "


@pytest.fixture
def rules(tmp_path: Path) -> SiteRules:
    (tmp_path / "manifest.json").write_text(json.dumps({"ratings": DOCUMENT}))
    return SiteRules(trusted_documents_allow(settings_of(tmp_path, trusted_documents=tmp_path / "manifest.json")))


def test_the_last_good_rules_stay_in_force(rules: SiteRules, tmp_path: Path) -> None:
    """Until the document fits again. Each run reports the error."""
    file = tmp_path / "gateway.yaml"
    file.write_text(RULES % "Int")
    first, problems = rules.read(tmp_path)
    assert first
    assert not problems
    for text in (RULES % "String", "", RULES.replace("posts", "pages") % "Int"):
        file.write_text(text)
        for _ in range(2):
            site, [problem] = rules.read(tmp_path)
            assert site == first
            assert problem.code == SITE_BREAKS_DOCUMENTS
            assert problem.message.startswith(FAULT)
            assert problem.message.endswith("The last good rules stay in force.")
    file.write_text(RULES % "Float")
    site, problems = rules.read(tmp_path)
    assert site
    assert not problems
    assert site.collections != first.collections


def test_a_start_with_breaking_rules_is_refused(rules: SiteRules, tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(RULES % "String")
    with pytest.raises(SiteError, match=FAULT):
        rules.read(tmp_path)


async def test_gateway_that_meets_breaking_collections(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It logs an error and serves them, because the articles have these types already."""
    async with service(tmp_path, files=SITE) as found:
        collections = site_config.read(found.folder).site.collections
        schema = executable_schema(collections)
        executor = Executor(
            schema, found.store, Limits(), PersistedDocuments(0), introspection=True, collections=collections
        )
        with pytest.raises(SettingsError, match=FAULT):
            executor.check({"ratings": DOCUMENT.replace("rating", "none")})
        executor.check({"ratings": DOCUMENT})
        await found.change(TEXTS)
        client = Client(Viewer(Visibility.PUBLIC))
        answer = await executor.answer(OperationRequest("{ posts(first: 1) { nodes { rating } } }"), client)
    assert answer.body == b'{"data":{"posts":{"nodes":[{"rating":"4"}]}}}'
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert FAULT in record.message
