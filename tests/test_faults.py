"""Faults of disks, databases and files under a running server: each is reported, and the content is served."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import broken
from tests.commands import Running, gateway, invoke, running
from tests.conftest import need

CATEGORY = '{ article(path: "a.md") { category } }'
LARGE = "word " * 200_000


def write(folder: Path, category: str, body: str = "") -> None:
    """Replace an article like editors do."""
    (folder / ".a.md").write_text(f"---\ntitle: A\ncategory: {category}\n---\n{body}")
    (folder / ".a.md").replace(folder / "a.md")


def categorised(category: str) -> object:
    return {"article": {"category": category}}


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    write(folder, "old")
    return folder


@contextmanager
def serving(content: Path, database: Path, wrapper: tuple[str, ...] = ()) -> Iterator[Running]:
    """A server that has loaded the folder."""
    options = ("--database", database)
    with running("serve", content, *options, cache=content.parent / "cache", wrapper=wrapper) as server:
        server.said("1 article")
        yield server


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "content.db"


# Disks.


def on_small_disk(folder: Path, size: str, filled: str = "0") -> tuple[str, ...]:
    """The start of a command line that mounts a small disk over a folder, with a file of the given size on it."""
    fill = f'head -c {filled} /dev/zero > "$0/filler" 2>/dev/null'
    mount = f'mount -t tmpfs -o size={size} none "$0" && {{ {fill}; exec "$@"; }}'
    return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(folder))


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder for the small disk."""
    (tmp_path / "disk").mkdir()
    done = subprocess.run([*on_small_disk(tmp_path / "disk", "1m"), "true"], capture_output=True, check=False)
    return need("tmpfs", tmp_path / "disk" if done.returncode == 0 else None)


def fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))


def test_full_disk(content: Path, disk: Path) -> None:
    """The content is served. When there is space again, the next save is served."""
    with serving(content, disk / "content.db", on_small_disk(disk, "8m")) as server:
        filler = Path(f"/proc/{server.process.pid}/root{disk}/filler")
        with pytest.raises(OSError, match="No space left"):
            fill(filler)
        write(content, "new", LARGE)
        server.said("cannot grow: the disk is full. Free some space. What was loaded before is still served.")
        server.until(CATEGORY, categorised("old"))
        filler.unlink()
        write(content, "newer")
        server.until(CATEGORY, categorised("newer"))
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("size", "filled"),
    [*(("64k", filled) for filled in ("0", "30K", "50K", "64K")), *((f"4m,nr_inodes={n}", "0") for n in (2, 3, 4))],
)
def test_full_disk_at_the_start(tmp_path: Path, content: Path, disk: Path, size: str, filled: str) -> None:
    """One line, with exit code 3, whichever file did not fit: the lock, the database, its log or its shared memory."""
    wrapper = on_small_disk(disk, size, filled)
    done = gateway("load", content, "--database", disk / "content.db", cache=tmp_path, wrapper=wrapper)
    assert (done.returncode, done.stderr) == (
        3,
        f"gateway: The database {disk}/content.db cannot grow: the disk is full. Free some space.\n",
    )


def test_quota(content: Path, database: Path) -> None:
    """A file that cannot grow counts as a full disk."""
    with serving(content, database, ("sh", "-c", 'ulimit -f 2000; exec "$@"', "sh")) as server:
        write(content, "new", LARGE)
        server.said("cannot be read or written. Check the disk. What was loaded before is still served.")
        server.until(CATEGORY, categorised("old"))
        write(content, "newer")
        server.until(CATEGORY, categorised("newer"))
        assert server.stop() == 0


# Databases.


def test_locked_database(content: Path, database: Path) -> None:
    """Another writer delays a run, but no response. Afterwards the next save is served."""
    with serving(content, database) as server:
        other = sqlite3.connect(database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        write(content, "new")
        server.said("is locked by another process.*What was loaded before is still served.")
        server.until(CATEGORY, categorised("old"))
        other.execute("ROLLBACK")
        other.close()
        write(content, "newer")
        server.until(CATEGORY, categorised("newer"))


def test_damaged_database(content: Path, database: Path) -> None:
    """The next run logs a hint, and the process continues."""
    with serving(content, database) as server:
        server.until(CATEGORY, categorised("old"))
        damage(database)
        write(content, "new")
        server.said("is corrupt. Delete it: the next start rebuilds it from the content.")
        assert server.get("/healthz").status_code == 200
        server.until("{ __typename }", {"__typename": "Query"})


def test_damaged_database_at_the_start(content: Path, database: Path) -> None:
    """One line, with exit code 3. After its hint is followed, everything is loaded again."""
    load = ("load", content, "--database", database)
    assert invoke(*load, cache=content.parent).returncode == 0
    damage(database)
    done = invoke(*load, cache=content.parent)
    assert (done.returncode, done.stderr) == (
        3,
        f"gateway: The database {database} is corrupt. Delete it: the next start rebuilds it from the content.\n",
    )
    database.unlink()
    assert invoke(*load, cache=content.parent).returncode == 0


def damage(database: Path) -> None:
    """Overwrite all pages except the first."""
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (database.stat().st_size - 4096))


def test_database_of_another_release(content: Path, database: Path) -> None:
    """The last good version of a broken file stays. The other articles are loaded from their files."""
    with serving(content, database) as server:
        (content / "a.md").write_text("---\npublished: maybe\n---\n")
        server.said("a.md:2:12: error BAD_VISIBILITY: .* It is still served as published")
        server.stop()
    other = sqlite3.connect(database)
    other.execute("PRAGMA user_version = 5")
    other.close()
    with running("serve", content, "--database", database, cache=content.parent) as server:
        server.until(CATEGORY, categorised("old"))
        server.said("a.md:2:12: error BAD_VISIBILITY: .* It is still served as published")
        server.until(CATEGORY, categorised("old"))


# Files.


def test_hostile_files(content: Path, database: Path) -> None:
    """Each leaves the version before it in place, and a later save is served."""
    with serving(content, database) as server:
        before = "old"
        for name in ("brackets.md", "braces.md", "laughs.md", "cycle.md", "toml-brackets.md"):
            (content / "a.md").write_bytes(broken.ALL[name].data)
            server.said(f"a.md:.* error {broken.ALL[name].code}: .* It is still served as published")
            server.until(CATEGORY, categorised(before))
            write(content, f"after {name}")
            server.until(CATEGORY, categorised(before := f"after {name}"))


TEAR = """
import sys
from pathlib import Path
for number in range(20):
    text = f"---\\ntitle: A\\ncategory: c{number}\\n---\\n" + f"{number} " * 20_000 + f"end {number}"
    with Path(sys.argv[1]).open("w") as stream:
        for start in range(0, len(text), 5000):
            stream.write(text[start:start + 5000])
            stream.flush()
"""
WHOLE = '{ article(path: "a.md") { category body { markdown } } }'


def test_partially_written_file_is_not_served(content: Path, database: Path) -> None:
    """While a file is written in pieces, each response has one complete version."""
    with serving(content, database) as server:
        process = subprocess.Popen([sys.executable, "-c", TEAR, str(content / "a.md")])
        category = "old"
        while category != "c19":
            article = server.post(WHOLE)["data"]["article"]
            category = article["category"]
            if category != "old":
                assert article["body"]["markdown"].endswith(f"end {category.removeprefix('c')}")
        assert process.wait() == 0


def test_missing_folder(content: Path, database: Path) -> None:
    """It is reported, and the content is served. When the folder is back, it is followed again."""
    with serving(content, database) as server:
        content.rename(content.with_name("elsewhere"))
        server.said("cannot be opened: No such file or directory. What was loaded before is still served.")
        server.until(CATEGORY, categorised("old"))
        content.with_name("elsewhere").rename(content)
        write(content, "new")
        server.until(CATEGORY, categorised("new"))


def test_emptied_folder(content: Path, database: Path) -> None:
    """It is reported, and the content is served."""
    with serving(content, database) as server:
        shutil.rmtree(content)
        content.mkdir()
        server.said("FOLDER_EMPTIED")
        server.until(CATEGORY, categorised("old"))
