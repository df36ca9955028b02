"""Unusable database files, and the error for each."""

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
from gateway.store.reads import ARTICLES, WHOLE, CountOf
from gateway.store.sqlite.database_setup import is_current
from gateway.store.sqlite.driver import SqliteConnection
from gateway.store.sqlite.store import SqliteStore
from gateway.store.tables import APPLICATION, RELEASE
from tests.conftest import AS_ANYBODY
from tests.store.conftest import open_files
from tests.store.documents import apply, document
from tests.store.reading import ask


async def refused(path: Path) -> str:
    """The one-line error of an unusable database. No file stays open."""
    threads = set(threading.enumerate())
    with pytest.raises(StoreError) as caught:
        await SqliteStore.open(path)
    for thread in set(threading.enumerate()) - threads:
        thread.join()
    assert open_files(path) == []
    assert "\n" not in caught.value.message
    assert str(path) in caught.value.message
    return caught.value.message


async def test_file_that_is_not_a_database(tmp_path: Path) -> None:
    """It is refused and unchanged."""
    path = tmp_path / "notes.md"
    path.write_text("# Notes\n" * 1000)
    assert "is not a SQLite database. Name another file" in await refused(path)
    assert path.read_text() == "# Notes\n" * 1000


async def test_database_of_another_program(tmp_path: Path) -> None:
    """It is refused and unchanged."""
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE thing (a)")
    other.close()
    before = path.read_bytes()
    assert "belongs to another program. Name another file." in await refused(path)
    assert path.read_bytes() == before


async def test_database_that_is_created_while_it_is_examined(tmp_path: Path) -> None:
    """By another process, which creates tables and marks in one transaction. It is not one of another program."""
    path = tmp_path / "content.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    statements = list[str]()

    def create(statement: str) -> None:
        statements.append(statement)
        if len(statements) == 2:
            marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {RELEASE};"
            other.executescript(f"BEGIN; CREATE TABLE thing (a); {marks} COMMIT;")

    async with SqliteConnection.open(path) as connection:
        await connection.run(lambda db: db.set_trace_callback(create))
        assert await is_current(connection)
    other.close()


def damage(path: Path, start: int, end: int) -> None:
    content = bytearray(path.read_bytes())
    content[start:end] = b"\xff" * (end - start)
    path.write_bytes(content)


async def test_corrupt_database_is_refused(database: Path) -> None:
    """At the start, if its first page is damaged."""
    damage(database, 100, 4096)
    assert "is corrupt. Delete it" in await refused(database)


async def test_query_of_a_damaged_page_is_an_error(database: Path) -> None:
    """Other queries are answered."""
    damage(database, root_page(database, "file") * PAGE, (root_page(database, "file") + 1) * PAGE)
    opened = await SqliteStore.open(database)
    with pytest.raises(StoreError, match="is corrupt"):
        await opened.files()
    async with opened.snapshot(Visibility.PUBLIC) as snapshot:
        assert await ask(snapshot, CountOf(ARTICLES), [WHOLE]) == {WHOLE: 1}
    await opened.close()


PAGE = 4096


def root_page(path: Path, table: str) -> int:
    """The number of a table's first page, from 0."""
    other = sqlite3.connect(path)
    [(page,)] = other.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
    other.close()
    return int(page) - 1


async def test_folder_is_not_a_database(tmp_path: Path) -> None:
    assert "cannot be opened" in await refused(tmp_path)


async def test_missing_folders_are_created(tmp_path: Path) -> None:
    """Below a file this is an error."""
    opened = await SqliteStore.open(tmp_path / "a" / "b" / "content.db")
    await opened.close()
    (tmp_path / "file").touch()
    assert "The folder of the database" in await refused(tmp_path / "file" / "content.db")


async def test_locked_database(database: Path) -> None:
    """It is refused at the start if it cannot be read, and otherwise by the run that writes. The next run works."""
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
from gateway.store.sqlite.store import SqliteStore

try:
    asyncio.run(SqliteStore.open(Path(sys.argv[1])))
except StoreError as error:
    print(error)
"""


def error_without_privileges(path: Path) -> str:
    """The error for a database in a process without root's privileges."""
    command = [*AS_ANYBODY, sys.executable, "-c", OPEN, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture
def read_only_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder without write permission."""
    tmp_path.chmod(0o500)
    yield tmp_path
    tmp_path.chmod(0o700)


def test_new_database_in_a_read_only_folder(read_only_folder: Path) -> None:
    """The message has a hint."""
    told = error_without_privileges(read_only_folder / "content.db")
    assert told == (
        f"The database {read_only_folder}/content.db cannot be locked: Permission denied. Fix the permissions of its"
        " folder, or name another database.\n"
    )


def test_database_in_a_read_only_folder(database: Path, read_only_folder: Path) -> None:
    """It cannot be read either, because its log is in the same folder; not even if a lock file exists."""
    assert database.parent == read_only_folder
    assert error_without_privileges(database).startswith(
        f"The database {database} cannot be locked: Permission denied."
    )
    for file in ("content.db-lock", "content.db-commits"):
        database.with_name(file).touch(0o666)
    told = error_without_privileges(database)
    assert told.startswith(f"The database {database} cannot be ")
    assert told.endswith("Fix the permissions of the file and its folder.\n")


def test_folder_that_cannot_be_created(read_only_folder: Path) -> None:
    """The error has the system's reason."""
    path = read_only_folder / "new" / "content.db"
    assert (
        error_without_privileges(path) == f"The folder of the database {path} cannot be created: Permission denied.\n"
    )


async def test_an_error_of_a_function_in_the_drivers_thread_is_a_store_error(tmp_path: Path) -> None:
    """Its other results are returned."""
    async with SqliteConnection.open(tmp_path / "one.db") as connection:
        assert await connection.run(lambda db, number: db.execute("SELECT ?", (number,)).fetchone(), 1) == (1,)
        with pytest.raises(StoreError, match="no such table"):
            await connection.run(lambda db: db.execute("SELECT * FROM missing"))
