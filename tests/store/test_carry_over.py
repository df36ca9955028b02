"""A database of another release is built anew, and no article is lost that could be read in it."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from gateway.errors import StoreError
from gateway.model.documents import Document
from gateway.model.records import Generation, Visibility
from gateway.store.sqlite import SqliteStore
from gateway.store.tables import RELEASE
from tests.conftest import AS_ANYBODY
from tests.store.corpora import answers, corpora
from tests.store.documents import apply, document, loaded
from tests.test_ingest import Site, opened

PUBLIC, PREVIEW = Visibility.PUBLIC, Visibility.PREVIEW


def change(path: Path, *statements: str) -> None:
    """Make a database one of another release, of which more may be otherwise."""
    other = sqlite3.connect(path, isolation_level=None)
    for statement in (*statements, "PRAGMA user_version = 5"):
        other.execute(statement)
    other.close()


@asynccontextmanager
async def store_of(path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(path, readers=1)
    try:
        yield store
    finally:
        await store.close()


async def state(store: SqliteStore) -> Mapping[Visibility, Mapping[str, Any]]:
    return {visibility: await answers(store, visibility) for visibility in Visibility}


async def generation(store: SqliteStore) -> Generation:
    async with store.snapshot(PREVIEW) as snapshot:
        return await snapshot.generation()


def addressed(made: Document) -> Document:
    """With the addresses that it answers to, as a file would give them."""
    first, second, *_ = (*made.urls, None, None)
    return made._replace(original_url=first, web_url=second)


@settings(max_examples=25)
@given(corpora())
async def test_every_answer_is_carried_over(tmp_path_factory: pytest.TempPathFactory, corpus: list[Document]) -> None:
    """It is served at once, with its times, under another epoch; and the same documents change nothing."""
    path = tmp_path_factory.mktemp("database") / "content.db"
    corpus = [
        *map(addressed, corpus),
        document("whole", secured="s", body="Words", front_matter=b'{"a": 1}', exposed=b'{"b": 2}'),
    ]
    async with store_of(path) as store:
        await apply(store, *corpus)
        before, files, old = await state(store), await store.files(), await generation(store)
    change(path)
    async with store_of(path) as store:
        assert await state(store) == before
        found, new = await store.files(), await generation(store)
        assert {name: file.read_date_time for name, file in found.items()} == {
            name: file.read_date_time for name, file in files.items()
        }
        assert (new.epoch != old.epoch, new.as_of) == (True, old.as_of)
        await apply(store, *(loaded(each) for each in corpus))
        assert (await generation(store)).counter == new.counter
        assert await state(store) == before
    assert [file.name for file in path.parent.iterdir()] == ["content.db"]
    shutil.rmtree(path.parent)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A site of a good file, and one that broke after it was loaded, with a database that is closed."""
    async with opened(tmp_path) as site:
        site.write("good.md", "quality: 5")
        site.write("broken.md", "quality: 7")
        await site.run()
        site.write("broken.md", "published: maybe")
        await site.run()
    return tmp_path


async def problems(site: Site) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in await site.problems()]


async def test_the_last_good_version_of_a_broken_file_stays(folder: Path) -> None:
    """Before its file is read again and after, and with the time when it was read."""
    change(folder / "content.db")
    async with opened(folder) as site:
        assert await site.paths() == ["broken.md", "good.md"]
        report = await site.run()
        assert (report.parsed, await site.paths()) == (2, ["broken.md", "good.md"])
        [(path, message)] = await problems(site)
        assert path == "broken.md"
        assert "It is still served as published, from the version of 2025-01-01T12:01:00Z." in message


async def test_a_file_that_broke_meanwhile_keeps_its_version_too(folder: Path) -> None:
    """While no process ran, of whatever release."""
    change(folder / "content.db")
    (folder / "content/good.md").write_text("---\npublished: [\n---\n")
    async with opened(folder) as site:
        await site.run()
        assert await site.paths() == ["broken.md", "good.md"]


async def test_losses_are_held_as_ever(folder: Path) -> None:
    """An emptied folder takes nothing away because the release is another one."""
    change(folder / "content.db")
    shutil.rmtree(folder / "content")
    async with opened(folder) as site:
        report = await site.run()
        assert [problem.code for problem in report.problems] == ["FOLDER_EMPTIED"]
        assert await site.paths() == ["broken.md", "good.md"]


LAST_GOOD = "Its last good version could not be carried over from the database of an earlier release."


async def test_what_cannot_be_read_is_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In the log, and by the problem of a file that is broken now; the old database is kept for it."""
    change(folder / "content.db", "UPDATE article SET published = 'perhaps' WHERE path = 'broken.md'")
    async with opened(folder) as site:
        assert await site.paths() == ["good.md"]
        built, named = [record.message for record in caplog.records]
        assert built == f"The database {folder}/content.db of release 5 is rebuilt as release {RELEASE}."
        assert named == (
            "Cannot carry over broken.md from the old database. Articles are loaded from their files. The last good"
            f" version of a broken file is available only in {folder}/content.db-release-5, with the earlier release."
        )
        await site.run()
        [(path, message)] = await problems(site)
        assert (path, message.endswith(f"It is not served. {LAST_GOOD}")) == ("broken.md", True)
        site.write("broken.md", "published: perhaps")
        await site.run()
        [(path, message)] = await problems(site)
        assert message.endswith("It is not served.")
    kept = sqlite3.connect(folder / "content.db-release-5")
    assert kept.execute("SELECT quality FROM article WHERE path = 'broken.md'").fetchall() == [(7,)]
    kept.close()


@pytest.mark.parametrize(
    "statements",
    [
        ("ALTER TABLE article RENAME COLUMN title TO headline",),
        ("UPDATE article SET published_at = 'soon'",),
        ("UPDATE article SET title = x'00'", "UPDATE article SET provider_images = '{'"),
        ("UPDATE article_text SET front_matter = 5",),
        ("DROP TABLE article_text",),
        ("DROP TABLE article_topic",),
        ("DELETE FROM generation",),
        ("DROP TABLE generation",),
        ("ALTER TABLE article RENAME TO story",),
    ],
)
async def test_nothing_that_an_old_database_holds_stops_the_start(folder: Path, statements: tuple[str, ...]) -> None:
    """What can be loaded from files is; the rest is where it was, and nothing half read is served."""
    change(folder / "content.db", *statements)
    async with opened(folder) as site:
        assert not await site.store.ready()
        await site.run()
        assert await site.paths() == ["good.md"]
    assert (folder / "content.db-release-5").exists()


async def test_a_database_that_never_held_anything_is_built_anew(tmp_path: Path) -> None:
    """There is nothing to carry over, and nothing is kept."""
    path = tmp_path / "content.db"
    async with store_of(path):
        pass
    change(path)
    async with store_of(path) as store:
        assert not await store.ready()
    assert [file.name for file in path.parent.iterdir()] == ["content.db"]


async def test_a_locked_database_is_not_waited_for_without_end(database: Path) -> None:
    """Another program that reads or writes it for long is told of."""
    change(database)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="is locked by another process"):
        await SqliteStore.open(database, patience=0)
    other.execute("ROLLBACK")
    other.close()
    async with store_of(database) as store:
        assert await store.ready()


OPEN = """
import asyncio, sys
from pathlib import Path
from gateway.store.sqlite import SqliteStore
print("begun", flush=True)
asyncio.run(SqliteStore.open(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.1, 0.2])
async def test_a_process_that_is_killed_leaves_one_or_the_other(database: Path, seconds: float) -> None:
    """Whenever it ends, the next one carries all over."""
    async with store_of(database) as store:
        await apply(store, *(document(f"{number}") for number in range(300)))
    change(database)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OPEN, str(database), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    await process.stdout.readline()
    try:
        await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        process.kill()
        await process.wait()
    async with store_of(database) as store, store.snapshot(PUBLIC) as snapshot:
        assert (await snapshot.statistics()).articles == 301


def test_an_old_database_in_a_closed_folder_is_told(database: Path, tmp_path: Path) -> None:
    """Nothing can be built where nothing can be written, and the old one stays."""
    change(database, "PRAGMA journal_mode = DELETE")
    database.with_name("content.db-lock").touch(0o666)
    tmp_path.chmod(0o500)
    script = OPEN.replace("asyncio.run", "from gateway.errors import StoreError\ntry: asyncio.run").rstrip()
    script += "\nexcept StoreError as error: print(error)"
    command = [*AS_ANYBODY, sys.executable, "-c", script, str(database)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    tmp_path.chmod(0o700)
    assert told == (
        f"begun\nThe database {database}-new cannot be opened. Fix the permissions of the file and its folder.\n"
    )
