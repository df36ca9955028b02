"""Operations that fail in ways that no client caused: what the client is told, and what the log."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest

from tests.service import post, serving

FAULT = {"code": "INTERNAL_SERVER_ERROR"}


def lose(tmp_path: Path, table: str) -> None:
    """Take a table from under the server, as nothing should."""
    with sqlite3.connect(tmp_path / "gateway.db") as connection:
        connection.execute(f"DROP TABLE {table}")
    connection.close()


async def test_a_failure_in_a_field_is_masked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The field's error has its place and an incident's id, and no word of what happened, which is in the log."""
    async with serving(tmp_path) as client:
        lose(tmp_path, "topic")
        answer = await post(client, '{ article(path: "one.md") { title topics { name } } articles { totalCount } }')
    [error] = answer["errors"]
    assert (answer["data"], error["path"]) == ({"article": None, "articles": {"totalCount": 2}}, ["article", "topics"])
    incident = error["extensions"].pop("incident")
    assert (error["extensions"], error["locations"]) == (FAULT, [{"line": 1, "column": 35}])
    assert "topic" not in error["message"]
    assert "gateway.db" not in str(answer)
    [record] = [record for record in caplog.records if incident in record.message]
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert "no such table: topic" in str(record.exc_info[1])


async def test_a_failure_around_an_operation_is_masked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing can be answered the status is 500, as JSON, with an incident's id."""
    async with serving(tmp_path) as client:
        lose(tmp_path, "generation")
        response = await client.post("/graphql", json={"query": "{ articles { totalCount } }"})
    [error] = response.json()["errors"]
    assert response.status_code == 500
    assert error["extensions"].pop("incident") in caplog.text
    assert error["extensions"] == FAULT
    assert "gateway.db" not in response.text


async def test_an_operation_may_not_take_for_ever(tmp_path: Path) -> None:
    """Past its time it is ended, and the next one is answered."""
    async with serving(tmp_path, operation_timeout=1e-6) as client:
        for _ in range(3):
            response = await client.post("/graphql", json={"query": "{ articles { nodes { topics { name } } } }"})
            assert response.status_code == 503
            assert [error["extensions"] for error in response.json()["errors"]] == [{"code": "OPERATION_TIMED_OUT"}]
        assert (await client.get("/readyz")).status_code == 200


async def test_what_a_client_causes_is_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An operator's log tells of the server, not of clients' mistakes."""
    async with serving(tmp_path) as client:
        for query in ("{ nope }", "{ articles(first: -1) { totalCount } }", "{", "{ article { id } }"):
            assert "errors" in await post(client, query)
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
