"""A database of another release is rebuilt without loss of readable articles."""

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
    """Make a database one of another release, with further changes."""
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
    """With the addresses that a file would give."""
    first, second, *_ = (*made.urls, None, None)
    return made._replace(original_url=first, web_url=second)


@settings(max_examples=25)
@given(corpora())
async def test_carried_over_database_gives_equal_answers(
    tmp_path_factory: pytest.TempPathFactory, corpus: list[Document]
) -> None:
    """It is served at once, with its times, under another epoch. The same documents change nothing."""
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
    """A site with a valid file and one that broke after it was loaded, with a closed database."""
    async with opened(tmp_path) as site:
        site.write("good.md", "quality: 5")
        site.write("broken.md", "quality: 7")
        await site.run()
        site.write("broken.md", "published: maybe")
        await site.run()
    return tmp_path


async def problems(site: Site) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in await site.problems()]


async def test_last_good_version_is_carried_over(folder: Path) -> None:
    """Before and after its file is read again, with the time of its reading."""
    change(folder / "content.db")
    async with opened(folder) as site:
        assert await site.paths() == ["broken.md", "good.md"]
        report = await site.run()
        assert (report.parsed, await site.paths()) == (2, ["broken.md", "good.md"])
        [(path, message)] = await problems(site)
        assert path == "broken.md"
        assert "It is still served as published, from the version of 2025-01-01T12:01:00Z." in message


async def test_file_that_broke_while_no_process_ran(folder: Path) -> None:
    """It keeps its last good version."""
    change(folder / "content.db")
    (folder / "content/good.md").write_text("---\npublished: [\n---\n")
    async with opened(folder) as site:
        await site.run()
        assert await site.paths() == ["broken.md", "good.md"]


async def test_large_deletion_is_held_after_carry_over(folder: Path) -> None:
    """An emptied folder deletes nothing."""
    change(folder / "content.db")
    shutil.rmtree(folder / "content")
    async with opened(folder) as site:
        report = await site.run()
        assert [problem.code for problem in report.problems] == ["FOLDER_EMPTIED"]
        assert await site.paths() == ["broken.md", "good.md"]


LAST_GOOD = "Its last good version could not be carried over from the database of an earlier release."


async def test_unreadable_rows_are_reported(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In the log, and in the problem of a broken file. The old database is kept for it."""
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
async def test_damaged_old_database_does_not_stop_the_start(folder: Path, statements: tuple[str, ...]) -> None:
    """Readable files are loaded. The old database stays, and partially read content is not served."""
    change(folder / "content.db", *statements)
    async with opened(folder) as site:
        assert not await site.store.ready()
        await site.run()
        assert await site.paths() == ["good.md"]
    assert (folder / "content.db-release-5").exists()


async def test_empty_old_database_is_replaced(tmp_path: Path) -> None:
    """Nothing is kept of it."""
    path = tmp_path / "content.db"
    async with store_of(path):
        pass
    change(path)
    async with store_of(path) as store:
        assert not await store.ready()
    assert [file.name for file in path.parent.iterdir()] == ["content.db"]


async def test_wait_for_a_locked_database_is_bounded(database: Path) -> None:
    """The error names the other program."""
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
async def test_killed_process_leaves_the_old_or_the_new_database(database: Path, seconds: float) -> None:
    """The next process carries everything over."""
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


def test_old_database_in_a_read_only_folder(database: Path, tmp_path: Path) -> None:
    """It is an error, and the old database stays."""
    change(database, "PRAGMA journal_mode = DELETE")
    database.with_name("content.db-lock").touch(0o666)
    tmp_path.chmod(0o500)
    script = OPEN.replace("asyncio.run", "from gateway.errors import StoreError\ntry: asyncio.run").rstrip()
    script += "\nexcept StoreError as error: print(error)"
    command = [*AS_ANYBODY, sys.executable, "-c", script, str(database)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    tmp_path.chmod(0o700)
    assert output == (
        f"begun\nThe database {database}-new cannot be opened. Fix the permissions of the file and its folder.\n"
    )
