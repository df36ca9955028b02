"""The command is killed at random moments of loads and reloads. Nothing is lost or partially loaded."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import pytest

from gateway.loading.ingest import Ingest
from gateway.model.records import Visibility
from gateway.store.sqlite.store import SqliteStore
from tests.commands import Running, running
from tests.parsing import InProcess
from tests.store.corpora import answers

ROUNDS = 100 if os.environ.get("GATEWAY_TEST_FULL") else 5
FILES = 95
ARTICLES = "{ articles(first: 100, orderBy: {field: PATH}) { nodes { path category slug } } }"
STARTED = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
LONGEST = 2.0
"""The longest life of a process before it is killed, in durations of a load."""

Content = Mapping[Visibility, Mapping[str, Any]]


def write(folder: Path, state: int) -> None:
    """Write a state of the folder: every file changes, some are added and removed, and one is sometimes broken."""
    for number in range(FILES):
        file = folder / f"{number}.md"
        if number % 10 == state % 10:
            file.unlink(missing_ok=True)
        else:
            file.write_text("---\npublished: [\n---\n" if number == 5 and state % 3 == 1 else document(number, state))
            os.utime(file, (STARTED + state, STARTED + state))


def document(number: int, state: int) -> str:
    lines = [
        f"title: Number {number}",
        f"category: s{state}",
        f"published: {(number + state) % 7 != 0}",
        f"topics: [News, T{state % 3}]",
        f"slug: {'same' if state % 2 else number}",
        f"webUrl: https://a.example/{number}",
        f"related: [{{title: Next, webUrl: 'https://a.example/{(number + state) % FILES}'}}]",
    ]
    return "\n".join(["---", *lines, "---", f"Words of {number} in state {state}. " * 50])


async def load(folder: Path, database: Path) -> Content:
    """Load the folder without interruption. Returns all answers."""
    store = await SqliteStore.open(database, readers=1)
    try:
        await Ingest(store, folder, InProcess(1), clock=lambda: datetime.now(UTC)).run()
        return await content(store)
    finally:
        await store.close()


async def left_in(database: Path) -> Content:
    """All answers of an intact database that is not open."""
    checking = sqlite3.connect(database)
    assert checking.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    checking.close()
    store = await SqliteStore.open(database, readers=1)
    try:
        return await content(store)
    finally:
        await store.close()


async def content(store: SqliteStore) -> Content:
    return {visibility: timeless(await answers(store, visibility)) for visibility in Visibility}


def timeless(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the time of a last good version in problems."""
    problems = [problem._replace(message=problem.message.partition(", from the")[0]) for problem in found["problems"]]
    return {**found, "problems": problems}


def public(content: Content) -> Any:
    """The responses of a server over some content."""
    found = [edge.node for edge in content[Visibility.PUBLIC]["articles"].edges]
    nodes = [{"path": each.path, "category": each.category, "slug": each.slug} for each in found]
    return {"data": {"articles": {"nodes": sorted(nodes, key=lambda node: node["path"])}}}


def live_until_killed(server: Running, seconds: float) -> None:
    with suppress(TimeoutExpired):
        server.process.wait(seconds)
    assert server.process.poll() is None
    server.process.kill()
    server.process.wait()


@pytest.mark.timeout(3600)
async def test_killed_load_loses_nothing(tmp_path: Path) -> None:
    """Each restart serves a complete generation, the database is intact, and the next run ends like an uninterrupted
    one."""
    moments = [(number + random.random()) / ROUNDS * LONGEST for number in range(ROUNDS)]  # noqa: S311
    random.shuffle(moments)
    folder, killed, undisturbed = tmp_path / "content", tmp_path / "killed.db", tmp_path / "undisturbed.db"
    folder.mkdir()
    write(folder, 0)
    with running("serve", folder, "--database", killed, "--watch", "off", cache=tmp_path) as server:
        seconds = float(server.said(r"parsed in ([0-9.]+) s"))
        server.stop()
    before = await load(folder, undisturbed)
    for state, moment in enumerate(moments, 1):
        is_reload = bool(state % 2)
        if not is_reload:
            write(folder, state)
        with running("serve", folder, "--database", killed, "--watch", "off", cache=tmp_path) as server:
            if is_reload:
                assert server.post(ARTICLES) == public(before)
                server.said(r"\d articles")
                write(folder, state)
                server.process.send_signal(signal.SIGHUP)
            live_until_killed(server, moment * seconds)
        after = await load(folder, undisturbed)
        left = await left_in(killed)
        assert left in (before, after)
        with running("serve", folder, "--database", killed, "--watch", "off", cache=tmp_path) as server:
            assert server.post(ARTICLES) in (public(before), public(after))
            server.said(r"\d articles")
            server.stop()
        assert await left_in(killed) == after
        before = after
