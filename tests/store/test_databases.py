"""What a database file can be, and the one clear error that says why it cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.model.records import Visibility
from gateway.store.driver import SqliteConnection
from gateway.store.protocol import ARTICLES, WHOLE
from gateway.store.sqlite import SqliteStore
from tests.conftest import AS_ANYBODY
from tests.store.conftest import open_files
from tests.store.documents import apply, document


async def refused(path: Path) -> str:
    """The one line that tells why it cannot be used; nothing stays open."""
    threads = set(threading.enumerate())
    with pytest.raises(StoreError) as caught:
        await SqliteStore.open(path)
    for thread in set(threading.enumerate()) - threads:
        thread.join()
    assert open_files(path) == []
    assert "\n" not in caught.value.message
    assert str(path) in caught.value.message
    return caught.value.message


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    path = tmp_path / "notes.md"
    path.write_text("# Notes\n" * 1000)
    assert "is not a SQLite database. Name another file" in await refused(path)
    assert path.read_text() == "# Notes\n" * 1000


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE thing (a)")
    other.close()
    before = path.read_bytes()
    assert "belongs to another program. Name another file." in await refused(path)
    assert path.read_bytes() == before


def damage(path: Path, start: int, end: int) -> None:
    content = bytearray(path.read_bytes())
    content[start:end] = b"\xff" * (end - start)
    path.write_bytes(content)


async def test_a_corrupt_database_is_refused(database: Path) -> None:
    """At the start, where its first page is damaged."""
    damage(database, 100, 4096)
    assert "is corrupt. Delete it" in await refused(database)


async def test_damage_that_a_question_meets_is_told(database: Path) -> None:
    """Questions that do not meet it are answered."""
    damage(database, root_page(database, "file") * PAGE, (root_page(database, "file") + 1) * PAGE)
    opened = await SqliteStore.open(database)
    with pytest.raises(StoreError, match="is corrupt"):
        await opened.files()
    async with opened.snapshot(Visibility.PUBLIC) as snapshot:
        assert await snapshot.counts(ARTICLES, [WHOLE]) == {WHOLE: 1}
    await opened.close()


PAGE = 4096


def root_page(path: Path, table: str) -> int:
    """Where the first page of a table lies, from 0."""
    other = sqlite3.connect(path)
    [(page,)] = other.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
    other.close()
    return int(page) - 1


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "cannot be opened" in await refused(tmp_path)


async def test_a_folder_is_made_where_it_can_be(tmp_path: Path) -> None:
    """Whole paths of folders are; below a file none can be."""
    opened = await SqliteStore.open(tmp_path / "a" / "b" / "content.db")
    await opened.close()
    (tmp_path / "file").touch()
    assert "The folder of the database" in await refused(tmp_path / "file" / "content.db")


async def test_a_database_locked_by_another_is_refused(database: Path) -> None:
    """At the start where nothing can be read, and else by the run that wants to write; the next run works."""
    other = sqlite3.connect(database, isolation_level=None)
    opened = await SqliteStore.open(database, patience=0)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="is locked by another process"):
        await apply(opened, document("b"))
    assert await opened.ready()
    other.execute("ROLLBACK")
    await apply(opened, document("b"))
    await opened.close()
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="is locked by another process"):
        await SqliteStore.open(database, patience=0)
    other.close()


OPEN = """
import asyncio, sys
from pathlib import Path
from gateway.errors import StoreError
from gateway.store.sqlite import SqliteStore

try:
    asyncio.run(SqliteStore.open(Path(sys.argv[1])))
except StoreError as error:
    print(error)
"""


def told_to_anybody(path: Path) -> str:
    """What a process without root's rights is told of a database."""
    command = [*AS_ANYBODY, sys.executable, "-c", OPEN, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    """One that nobody can write in."""
    tmp_path.chmod(0o500)
    yield tmp_path
    tmp_path.chmod(0o700)


def test_no_database_can_be_made_in_a_closed_folder(closed_folder: Path) -> None:
    """The message says what to mend."""
    told = told_to_anybody(closed_folder / "content.db")
    assert told == (
        f"The database {closed_folder}/content.db cannot be locked: Permission denied. Fix the permissions of its"
        " folder, or name another database.\n"
    )


def test_a_database_in_a_closed_folder_cannot_be_used(database: Path, closed_folder: Path) -> None:
    """Nor can one be read there, since its log lies beside it; not even where a lock is left."""
    assert database.parent == closed_folder
    assert told_to_anybody(database).startswith(f"The database {database} cannot be locked: Permission denied.")
    database.with_name("content.db-lock").touch(0o666)
    told = told_to_anybody(database)
    assert told.startswith(f"The database {database} cannot be ")
    assert told.endswith("Fix the permissions of the file and its folder.\n")


def test_a_folder_that_cannot_be_made_is_told(closed_folder: Path) -> None:
    """With the reason of the system."""
    path = closed_folder / "new" / "content.db"
    assert told_to_anybody(path) == f"The folder of the database {path} cannot be created: Permission denied.\n"


async def test_what_follows_a_statement_that_fails_is_not_run(tmp_path: Path) -> None:
    """Its failure may have ended the transaction, and the next one would be written whatever becomes of the rest."""
    one, none = "INSERT INTO thing VALUES (:a)", "INSERT INTO nothing VALUES (:a)"
    async with SqliteConnection.open(tmp_path / "one.db") as connection:
        await connection.script("CREATE TABLE thing (a)")
        with pytest.raises(StoreError):
            await connection.each((one, none, one), {"a": 1})
        assert await connection.rows("SELECT a FROM thing") == [(1,)]
