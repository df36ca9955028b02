"""The worker processes that parse files, with real processes that crash and hang."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.content.file_parser import ParseContext, Task
from gateway.content.parser_pool import ParserPool
from gateway.content.source import Walk
from gateway.errors import ParserError
from gateway.model.changes import Batch, Change, Deleted, Loaded, NotDocument, Quarantined, Unchanged

# A worker that crashes at one file, and one that hangs at one file.
KILLER = """
import os, sys, time
from gateway.content import file_parser, parser_process

def answer(task, rules):
    if task.file.path == "crash.md":
        os.abort()
    if task.file.path == "hang.md":
        time.sleep(600)
    return file_parser.parse(task, rules)

parser_process.serve(answer, sys.stdin.buffer, sys.stdout.buffer)
"""

# An idle worker, and one that returns its priority relative to its parent.
IDLER = """
import os, sys
from gateway.content import parser_process

def priority():
    return os.getpriority(os.PRIO_PROCESS, 0)

before = priority()
parser_process.main()
print(priority() - before, file=sys.stderr)
"""


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).write_text(f"---\ntitle: {name}\n---\n")


async def parse(root: Path, parser_pool: ParserPool, known: dict[str, str] | None = None) -> dict[str, Change]:
    tasks = [Task(file, (known or {}).get(path)) for path, file in Walk(root).run().files.items()]
    said: dict[str, Change] = {}
    try:
        async for batch in parser_pool.parse(tasks, ParseContext(str(root))):
            for change in (*batch.sound, *batch.exceptions):
                path = change.version.path if isinstance(change, Loaded | Unchanged | NotDocument) else change.path
                assert path not in said
                said[path] = change
    finally:
        await parser_pool.close()
    return said


async def test_each_file_gets_one_answer(tmp_path: Path) -> None:
    """This holds for many files and several processes."""
    write(tmp_path, *(f"{number}.md" for number in range(150)))
    said = await parse(tmp_path, ParserPool(2))
    assert sorted(said) == sorted(f"{number}.md" for number in range(150))
    assert all(isinstance(change, Loaded) for change in said.values())


async def test_known_bytes_are_not_parsed_again(tmp_path: Path) -> None:
    """A file with known bytes is read and reported as unchanged."""
    write(tmp_path, "a.md", "b.md")
    first = await parse(tmp_path, ParserPool(1))
    loaded = first["a.md"]
    assert isinstance(loaded, Loaded)
    second = await parse(tmp_path, ParserPool(1), {"a.md": loaded.version.sha256, "b.md": "other"})
    assert second["a.md"] == Unchanged(loaded.version)
    assert isinstance(second["b.md"], Loaded)


async def test_gentle_run_uses_one_process_fewer(tmp_path: Path) -> None:
    """At least one process is used."""
    write(tmp_path, *(f"{number}.md" for number in range(150)))
    tasks = [Task(file) for file in Walk(tmp_path).run().files.values()]
    for count, used in ((3, 2), (2, 1), (1, 1)):
        before, parser_pool = set(_children()), ParserPool(count)
        try:
            said = [batch async for batch in parser_pool.parse(tasks, ParseContext(str(tmp_path)), low_priority=True)]
            assert len(set(_children()) - before) == used
        finally:
            await parser_pool.close()
        assert sum(batch.files for batch in said) == len(tasks)


async def test_modules_in_the_current_folder_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of content may hold files of Python with the names of modules."""
    write(tmp_path, "a.md")
    for name in ("json", "orjson", "yaml", "gateway"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w'); raise SystemExit")
    monkeypatch.chdir(tmp_path)
    said = await parse(tmp_path, ParserPool(1))
    assert isinstance(said["a.md"], Loaded)
    assert not (tmp_path / "run").exists()


def test_a_worker_does_not_import_the_modules_of_the_server() -> None:
    """Each worker imports all its modules before its first file."""
    code = "import sys, gateway.content.parser_process, gateway.store.article_row; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert not {"asyncio", "aiosqlite", "sqlite3", "ssl", "starlette", "strawberry"} & {*found.stdout.split()}


async def test_crash_affects_only_its_file(tmp_path: Path) -> None:
    """A file that crashes a process is a problem; all other files are loaded."""
    write(tmp_path, "a.md", "crash.md", "z.md")
    said = await parse(tmp_path, ParserPool(1, command=(sys.executable, "-c", KILLER)))
    crashed = said.pop("crash.md")
    assert isinstance(crashed, Quarantined)
    assert crashed.problems[0].code == "PARSER_CRASHED"
    assert all(isinstance(change, Loaded) for change in said.values())
    assert sorted(said) == ["a.md", "z.md"]


async def test_hanging_process_is_terminated(tmp_path: Path) -> None:
    """A file past the time limit is a problem; its process is ended and the run continues."""
    write(tmp_path, "a.md", "hang.md", "z.md")
    said = await parse(tmp_path, ParserPool(1, command=(sys.executable, "-c", KILLER), seconds=3))
    hung = said.pop("hang.md")
    assert isinstance(hung, Quarantined)
    assert hung.problems[0].code == "PARSER_TIMED_OUT"
    assert all(isinstance(change, Loaded) for change in said.values())


async def test_process_that_ends_while_idle_is_replaced(tmp_path: Path) -> None:
    """No file is lost."""
    write(tmp_path, "a.md", "b.md")
    before, parser_pool = set(_children()), ParserPool(1)
    await parser_pool.warm(ParseContext(str(tmp_path)))
    [warm] = set(_children()) - before
    os.kill(warm, signal.SIGKILL)
    await asyncio.sleep(0.5)
    said = await parse(tmp_path, parser_pool)
    assert all(isinstance(change, Loaded) for change in said.values())
    assert sorted(said) == ["a.md", "b.md"]


async def test_failure_to_start_a_process_is_an_error(tmp_path: Path) -> None:
    """The run fails with the gateway's error and leaves no process or task. Warming up does not fail."""
    write(tmp_path, *(f"{number}.md" for number in range(150)))
    before, parser_pool = set(_children()), ParserPool(3, command=(str(tmp_path / "none"),))
    await parser_pool.warm(ParseContext(str(tmp_path)))
    with pytest.raises(ParserError, match="The parser process cannot be started: No such file or directory"):
        await parse(tmp_path, parser_pool)
    assert set(_children()) == before
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_batch_records_its_valid_files(tmp_path: Path) -> None:
    """A run needs no look at each valid file: the worker sends what reports and checks record of them."""
    write(tmp_path, "a.md", "same.md")
    (tmp_path / "b.md").write_text("---\nheadline: B\ndraft: true\nid: 1\n---\n")
    (tmp_path / "broken.md").write_text("---\ntitle: [\n---\n")
    (tmp_path / "plain.md").write_text("Text")
    same = sha256((tmp_path / "same.md").read_bytes()).hexdigest()
    tasks = [Task(file, same if path == "same.md" else None) for path, file in Walk(tmp_path).run().files.items()]
    parser_pool = ParserPool(1)
    try:
        [batch] = [batch async for batch in parser_pool.parse(tasks, ParseContext(str(tmp_path)))]
    finally:
        await parser_pool.close()
    assert [(type(change), change.version.path) for change in batch.sound] == [
        (Loaded, "a.md"),
        (Loaded, "b.md"),
        (Unchanged, "same.md"),
    ]
    assert [type(change) for change in batch.exceptions] == [Quarantined, NotDocument]
    loaded = [change for change in batch.sound if isinstance(change, Loaded)]
    assert batch.files == len(tasks)
    assert batch.digests == {change.version.path: change.version.sha256 for change in loaded}
    assert batch.inodes == {change.version.path: change.version.inode for change in loaded}
    assert list(batch.problems) == [problem for change in loaded for problem in change.problems] != []
    assert batch.field_origins == Counter(origin for change in loaded for origin in change.field_origins) != {}
    assert batch.hidings == {"b.md": loaded[1].hidings} != {"b.md": ()}


async def test_file_deleted_before_reading_is_a_deletion(tmp_path: Path) -> None:
    """A file may be deleted between the walk and the reading."""
    write(tmp_path, "a.md")
    parser_pool = ParserPool(1)
    file = Walk(tmp_path).run().files["a.md"]
    (tmp_path / "a.md").unlink()
    try:
        said = [batch async for batch in parser_pool.parse([Task(file)], ParseContext(str(tmp_path)))]
    finally:
        await parser_pool.close()
    assert said == [Batch.of([Deleted("a.md")])]


async def test_closing_ends_the_processes(tmp_path: Path) -> None:
    """After `close` no process is running. A second `close` does nothing."""
    before = set(_children())
    write(tmp_path, "a.md")
    parser_pool = ParserPool(1)
    file = Walk(tmp_path).run().files["a.md"]
    assert [batch async for batch in parser_pool.parse([Task(file)], ParseContext(str(tmp_path)))]
    assert set(_children()) - before
    await parser_pool.close()
    await parser_pool.close()
    deadline = time.monotonic() + 10
    while set(_children()) - before:
        assert time.monotonic() < deadline


def _children() -> list[int]:
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and f"PPid:\t{os.getpid()}\n" in _status(entry)
    ]


def _status(entry: Path) -> str:
    try:
        return (entry / "status").read_text()
    except OSError:
        return ""


def test_worker_has_a_lower_priority() -> None:
    """A worker's priority is lower than that of the server process."""
    done = subprocess.run([sys.executable, "-c", IDLER], stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert int(done.stderr) > 0
