"""The command `gateway load` with PostgreSQL, in its own process."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.model.records import Visibility
from gateway.option_types import DatabaseUrl
from gateway.store.postgres.store import PostgresStore
from gateway.store.protocol import Store
from gateway.store.sqlite.store import SqliteStore
from tests.commands import COMMAND, environment, gateway
from tests.store.mirrored import in_sqlite
from tests.store.test_replica import connected, end_sessions, loader, replicated
from tests.test_kill import LONGEST, ROUNDS, load, write
from tests.test_kill import content as content_of
from tests.test_webhooks import receiver

DOCUMENT = "---\ntitle: {}\ndate: 2024-01-01\n---\nSome words."


class Loader:
    """A loader that follows a folder."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.printed: list[str] = []

    def until(self, pattern: str) -> str:
        """The next line of output that matches, or its group."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed.append(line)
            if found := re.search(pattern, line):
                return found[1] if found.groups() else line
        raise AssertionError(f"The loader ended without {pattern!r}: {self.printed}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def following(folder: Path, url: str, cache: Path, *options: str) -> Iterator[Loader]:
    command = [*COMMAND, "load", str(folder), "--watch", "--sweep-seconds", "3600", "--database", url, *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(cache)
    ) as process:
        try:
            yield Loader(process)
        finally:
            process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "content"
    made.mkdir()
    (made / "a.md").write_text(DOCUMENT.format("A"))
    return made


async def titles(url: str) -> list[str]:
    async with connected(url) as connection:
        return [title for (title,) in await connection.fetch("SELECT title FROM article ORDER BY path")]


async def test_load(tmp_path: Path, folder: Path, postgres_url: str) -> None:
    """A load fills the database, and the next one sends only what changed.

    The working file is in the cache folder, which need not exist.
    """
    assert not (tmp_path / "cache").exists()
    done = await asyncio.to_thread(gateway, "load", folder, "--database", postgres_url, cache=tmp_path / "cache")
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0,
        "1 article (1 published, 0 drafts), 0 providers, 0 topics; 0 problems",
    )
    assert re.search(r"Generation 1 is in postgresql://\S+ after [0-9.]+ s\.\n", done.stderr)
    [working] = (tmp_path / "cache" / "content-gateway").glob("*.db")
    assert await replicated(postgres_url) == in_sqlite(working)
    (folder / "b.md").write_text(DOCUMENT.format("B"))
    done = await asyncio.to_thread(gateway, "load", folder, "--database", postgres_url, cache=tmp_path / "cache")
    assert re.search(r"2 files found, [12] read, 1 parsed", done.stdout)
    assert await replicated(postgres_url) == in_sqlite(working)


async def test_loader_follows_the_folder(tmp_path: Path, folder: Path, postgres_url: str) -> None:
    """Each change is a generation with a line in the log. SIGHUP scans again. SIGTERM ends it with exit code 0."""
    with following(folder, postgres_url, tmp_path) as loading:
        await asyncio.to_thread(loading.until, "Generation 1 is in")
        (folder / "b.md").write_text(DOCUMENT.format("B"))
        await asyncio.to_thread(loading.until, "Generation 2 is in")
        assert await titles(postgres_url) == ["A", "B"]
        await end_sessions(postgres_url)
        (folder / "b.md").unlink()
        await asyncio.to_thread(loading.until, "The loader tries again")
        await asyncio.to_thread(loading.until, "Generation 3 is in")
        assert await titles(postgres_url) == ["A"]
        loading.process.send_signal(signal.SIGHUP)
        assert loading.stop() == 0


async def test_two_loaders(tmp_path: Path, folder: Path, postgres_url: str) -> None:
    """The second one waits, and follows the folder when the first one is killed. The first waits when it is back."""
    with following(folder, postgres_url, tmp_path / "one") as first:
        await asyncio.to_thread(first.until, "Generation 1 is in")
        with following(folder, postgres_url, tmp_path / "two") as second:
            await asyncio.to_thread(second.until, "is written by process .* This loader waits, and is its next one")
            first.process.kill()
            await asyncio.to_thread(second.until, "The working file .* is filled from the database")
            (folder / "b.md").write_text(DOCUMENT.format("B"))
            await asyncio.to_thread(second.until, "Generation 2 is in")
            with following(folder, postgres_url, tmp_path / "one") as third:
                await asyncio.to_thread(third.until, "This loader waits")
                assert third.stop() == 0
            assert second.stop() == 0
    assert await titles(postgres_url) == ["A", "B"]


async def test_superseded_loader_waits(tmp_path: Path, folder: Path, postgres_url: str) -> None:
    """A loader whose connection was lost while another one wrote becomes the next one."""
    with following(folder, postgres_url, tmp_path) as first:
        await asyncio.to_thread(first.until, "Generation 1 is in")
        await end_sessions(postgres_url)
        (folder.parent / "other").mkdir()
        (folder.parent / "other" / "c.md").write_text(DOCUMENT.format("C"))
        arguments = ("load", folder.parent / "other", "--accept-empty", "--database", postgres_url)
        done = await asyncio.to_thread(gateway, *arguments, cache=tmp_path / "other cache")
        assert done.returncode == 0, done.stderr
        assert await titles(postgres_url) == ["C"]
        (folder / "b.md").write_text(DOCUMENT.format("B"))
        await asyncio.to_thread(first.until, "Another loader has written the database")
        await asyncio.to_thread(first.until, "The working file .* is filled from the database")
        await asyncio.to_thread(first.until, "Generation 3 is in")
        assert first.stop() == 0
    assert set(await titles(postgres_url)) >= {"A", "B"}


async def test_loader_follows_into_a_file(tmp_path: Path, folder: Path) -> None:
    """`--watch` is not bound to PostgreSQL."""
    with following(folder, str(tmp_path / "content.db"), tmp_path) as loading:
        await asyncio.to_thread(loading.until, "1 article ")
        (folder / "b.md").write_text(DOCUMENT.format("B"))
        await asyncio.to_thread(loading.until, "2 articles ")
        assert loading.stop() == 0


async def revision(database: str) -> str:
    """The revision that a process reads which only serves the database."""
    is_url = database.startswith("postgresql://")
    joined = PostgresStore.join(DatabaseUrl(database)) if is_url else SqliteStore.join(Path(database))
    store: Store = await joined
    try:
        async with store.snapshot(Visibility.PUBLIC) as snapshot:
            return (await snapshot.generation()).revision
    finally:
        await store.close()


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
async def test_webhooks(tmp_path: Path, folder: Path, postgres_url: str, kind: str) -> None:
    """A webhook reports what gateways serve. Changes while the loader was off are sent too."""
    database = postgres_url if kind == "postgres" else str(tmp_path / "content.db")
    async with receiver() as hook:
        with following(folder, database, tmp_path, "--webhooks", hook.url) as loading:
            assert (await hook.next())["added"] == 1
            (folder / "b.md").write_text(DOCUMENT.format("B"))
            sent = await hook.next()
            assert (sent["added"], sent["revision"]) == (1, await revision(database))
            assert await asyncio.to_thread(loading.stop) == 0
        (folder / "c.md").write_text(DOCUMENT.format("C"))
        with following(folder, database, tmp_path, "--webhooks", hook.url) as loading:
            assert (await hook.next())["added"] == 1
            assert await asyncio.to_thread(loading.stop) == 0


Content = Mapping[Visibility, Mapping[str, Any]]


async def left_in(url: str, path: Path) -> Content | None:
    """All answers of a new working file that is filled from the database. None if that has nothing yet."""
    async with loader(url, path) as store:
        return await content_of(store) if await store.ready() else None


@pytest.mark.timeout(3600)
async def test_killed_loader_loses_nothing(tmp_path: Path, postgres_url: str) -> None:
    """PostgreSQL has one complete generation, and the next loader ends as an undisturbed one, with its working file or
    without. Some rounds end by SIGTERM, at any moment after Python's start with exit code 0."""
    rounds = 100 if ROUNDS == 100 else 4
    moments = [(number + random.random()) / rounds * LONGEST for number in range(rounds)]  # noqa: S311
    random.shuffle(moments)
    folder, undisturbed = tmp_path / "content", tmp_path / "undisturbed.db"
    folder.mkdir()
    write(folder, 0)
    arguments = ("load", folder, "--database", postgres_url)
    done = await asyncio.to_thread(gateway, *arguments, cache=tmp_path / "cache")
    seconds = float(re.findall(r"parsed in ([0-9.]+) s", done.stdout)[0])
    before = await load(folder, undisturbed)
    for state, moment in enumerate(moments, 1):
        write(folder, state)
        with following(folder, postgres_url, tmp_path / "cache") as loading:
            with suppress(subprocess.TimeoutExpired):
                loading.process.wait(moment * seconds)
            if state % 3:
                loading.process.kill()
                loading.process.wait()
            else:
                assert loading.stop() in {0, -signal.SIGTERM}
        after = await load(folder, undisturbed)
        assert await left_in(postgres_url, tmp_path / f"left-{state}.db") in (before, after)
        cache = tmp_path / ("cache" if state % 4 else f"cache-{state}")
        done = await asyncio.to_thread(gateway, *arguments, cache=cache)
        assert done.returncode == 0, done.stderr
        assert await left_in(postgres_url, tmp_path / f"next-{state}.db") == after
        before = after
