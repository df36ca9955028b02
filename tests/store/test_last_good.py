"""The database of another release is replaced. It keeps the last good versions of broken files."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from gateway.errors import StoreError
from gateway.model.changes import Deleted, Quarantined, Unchanged
from gateway.model.documents import CustomValues, Document
from gateway.model.records import Generation, Visibility
from gateway.store.protocol import read_one
from gateway.store.reads import StatisticsOf
from gateway.store.sqlite.store import SqliteStore
from gateway.store.tables import RELEASE
from tests.conftest import AS_ANYBODY
from tests.store.corpora import answers, corpora
from tests.store.documents import NOW, apply, document, version
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
    return replace(made, original_url=first, web_url=second)


def broken(path: str) -> Quarantined:
    """The change of a file that breaks."""
    return Quarantined(path, (), version(path, "broken"))


@settings(max_examples=25)
@given(corpora())
async def test_last_good_versions_give_equal_answers(
    tmp_path_factory: pytest.TempPathFactory, corpus: list[Document]
) -> None:
    """If each file is broken, all articles are kept, with their times, under another epoch."""
    path = tmp_path_factory.mktemp("database") / "content.db"
    corpus = [
        *(replace(addressed(one), collection=None, custom=CustomValues()) for one in corpus),  # which are left out
        document("whole", secured="s", body="Words", front_matter=b'{"a": 1}', exposed=b'{"b": 2}'),
    ]
    async with store_of(path) as store:
        await apply(store, *corpus)
        await apply(store, *(broken(one.path) for one in corpus))
        before, old = await state(store), await generation(store)
    change(path)
    async with store_of(path) as store:
        assert await state(store) == before
        found, new = await store.files(), await generation(store)
        assert {file.read_date_time for file in found.values()} == {NOW}
        assert (new.epoch != old.epoch, new.as_of) == (True, old.as_of)
        await apply(store, *(broken(one.path) for one in corpus))
        assert await state(store) == before
    change(path)
    async with store_of(path) as store:
        assert await state(store) == before
    assert {file.name for file in path.parent.iterdir()} == {"content.db", "content.db-commits"}
    shutil.rmtree(path.parent)


async def test_repaired_file_has_no_last_good_version(tmp_path: Path) -> None:
    """It is loaded from its bytes after a rebuild, and so is a deleted one."""
    path = tmp_path / "content.db"
    async with store_of(path) as store:
        await apply(store, document("repaired"), document("deleted"))
        await apply(store, broken("repaired"), broken("deleted"))
        await apply(store, document("repaired"), Deleted("deleted"))
    change(path)
    async with store_of(path) as store:
        assert not await store.ready()


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


async def test_last_good_version_is_kept(folder: Path) -> None:
    """Before and after its file is read again, with the time of its reading."""
    change(folder / "content.db")
    async with opened(folder) as site:
        assert await site.paths() == ["broken.md"]
        report = await site.run()
        assert (report.parsed, await site.paths()) == (2, ["broken.md", "good.md"])
        [(path, message)] = await problems(site)
        assert path == "broken.md"
        assert "It is still served as published, from the version of 2025-01-01T12:01:00Z." in message


LAST_GOOD = "Its last good version could not be read from the database of an earlier release."


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE last_good SET record = json_set(record, '$.published', 'perhaps')",
        "UPDATE last_good SET record = '{'",
        "UPDATE last_good SET record = '{}'",
        "UPDATE last_good SET record = '[]'",
        "UPDATE last_good SET record = json_set(record, '$.published_date_time', 'soon')",
        "DROP TABLE last_good",  # as before release 10
    ],
)
async def test_unreadable_last_good_version_is_reported(
    folder: Path, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log, and in the problem of the broken file. The old database is saved."""
    change(folder / "content.db", statement)
    async with opened(folder) as site:
        assert not await site.store.ready()
        built, named = [record.message for record in caplog.records]
        assert built == f"The database {folder}/content.db of release 5 is rebuilt as release {RELEASE}."
        assert named == (
            "The last good version of broken.md cannot be read from the old database. Articles are loaded from their"
            f" files. The last good version of a broken file is available only in {folder}/content.db-release-5, with"
            " the earlier release."
        )
        await site.run()
        [(path, message)] = await problems(site)
        assert (path, message.endswith(f"It is not served. {LAST_GOOD}")) == ("broken.md", True)
        site.write("broken.md", "published: perhaps")
        await site.run()
        [(path, message)] = await problems(site)
        assert message.endswith("It is not served.")
    saved = sqlite3.connect(folder / "content.db-release-5")
    assert saved.execute("SELECT quality FROM article WHERE path = 'broken.md'").fetchall() == [(7,)]
    saved.close()


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE generation SET as_of = 'soon'",),
        ("DELETE FROM generation",),
        ("DROP TABLE generation",),
        ("ALTER TABLE last_good RENAME COLUMN record TO document", "ALTER TABLE article RENAME TO story"),
    ],
)
async def test_damaged_old_database_does_not_stop_the_start(folder: Path, statements: tuple[str, ...]) -> None:
    """Readable files are loaded. The old database is saved."""
    change(folder / "content.db", *statements)
    async with opened(folder) as site:
        assert not await site.store.ready()
        await site.run()
        assert await site.paths() == ["good.md"]
    assert (folder / "content.db-release-5").exists()


async def test_old_database_without_broken_files_is_not_saved(tmp_path: Path) -> None:
    """Also one of a release that has no last good versions."""
    path = tmp_path / "content.db"
    async with store_of(path) as store:
        await apply(store, document("a"))
    change(path, "DROP TABLE last_good")
    async with store_of(path) as store:
        assert not await store.ready()
    assert {file.name for file in path.parent.iterdir()} == {"content.db", "content.db-commits"}


async def test_empty_old_database_is_replaced(tmp_path: Path) -> None:
    """Nothing is kept of it."""
    path = tmp_path / "content.db"
    async with store_of(path):
        pass
    change(path)
    async with store_of(path) as store:
        assert not await store.ready()
    assert {file.name for file in path.parent.iterdir()} == {"content.db", "content.db-commits"}


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
        assert not await store.ready()


OPEN = """
import asyncio, sys
from pathlib import Path
from gateway.store.sqlite.store import SqliteStore
print("begun", flush=True)
asyncio.run(SqliteStore.open(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.1, 0.2])
async def test_killed_process_leaves_the_old_or_the_new_database(database: Path, seconds: float) -> None:
    """The next process keeps all last good versions."""
    async with store_of(database) as store:
        await apply(store, *(document(f"{number}") for number in range(300)))
        await apply(store, *(broken(f"{number}") for number in range(300)))
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
        assert (await read_one(snapshot, StatisticsOf())).articles == 300


def test_old_database_in_a_read_only_folder(database: Path, tmp_path: Path) -> None:
    """It is an error, and the old database stays."""
    change(database, "PRAGMA journal_mode = DELETE")
    for file in ("content.db-lock", "content.db-commits"):
        database.with_name(file).touch(0o666)
    tmp_path.chmod(0o500)
    script = OPEN.replace("asyncio.run", "from gateway.errors import StoreError\ntry: asyncio.run").rstrip()
    script += "\nexcept StoreError as error: print(error)"
    command = [*AS_ANYBODY, sys.executable, "-c", script, str(database)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    tmp_path.chmod(0o700)
    assert output == (
        f"begun\nThe database {database}-new cannot be opened. Fix the permissions of the file and its folder.\n"
    )


async def test_broken_file_that_is_read_again_unchanged(tmp_path: Path) -> None:
    """It keeps its last good version, because equal bytes are still broken."""
    path = tmp_path / "content.db"
    async with store_of(path) as store:
        await apply(store, document("a", heat=3))
        await apply(store, broken("a"))
        await apply(store, Unchanged(version("a", "broken", mtime=1_800_000_000)))
        before = await state(store)
    change(path)
    async with store_of(path) as store:
        assert await state(store) == before
