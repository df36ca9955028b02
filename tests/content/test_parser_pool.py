"""The parsing processes, with real processes that crash and hang."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.content.file_parser import ParseContext, Task
from gateway.content.parser_pool import ParserPool
from gateway.content.source import Walk
from gateway.errors import ParserError
from gateway.model.changes import Change, Deleted, Loaded, NotDocument, Quarantined, Unchanged

# A worker that dies at one file, and one that never answers for one.
KILLER = """
import os, sys, time
from gateway.content import file_parser, parser_pool

def answer(task, rules):
    if task.file.path == "crash.md":
        os.abort()
    if task.file.path == "hang.md":
        time.sleep(600)
    return file_parser.parse(task, rules)

parser_pool.serve(answer, sys.stdin.buffer, sys.stdout.buffer)
"""

# A worker that has nothing to do, and tells how far it stands behind who started it.
IDLER = """
import os, sys
from gateway.content import parser_pool

def priority():
    return os.getpriority(os.PRIO_PROCESS, 0)

before = priority()
parser_pool.main()
print(priority() - before, file=sys.stderr)
"""


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).write_text(f"---\ntitle: {name}\n---\n")


async def parse(root: Path, parser_pool: ParserPool, known: dict[str, str] | None = None) -> dict[str, Change]:
    tasks = [Task(file, (known or {}).get(path)) for path, file in Walk(root).run().files.items()]
    said: dict[str, Change] = {}
    try:
        async for changes in parser_pool.parse(tasks, ParseContext(str(root))):
            for change in changes:
                path = change.version.path if isinstance(change, Loaded | Unchanged | NotDocument) else change.path
                assert path not in said
                said[path] = change
    finally:
        await parser_pool.close()
    return said


async def test_every_file_is_answered_once(tmp_path: Path) -> None:
    """Over many files, and several processes, each file has exactly one answer."""
    write(tmp_path, *(f"{number}.md" for number in range(150)))
    said = await parse(tmp_path, ParserPool(2))
    assert sorted(said) == sorted(f"{number}.md" for number in range(150))
    assert all(isinstance(change, Loaded) for change in said.values())


async def test_known_bytes_are_not_parsed_again(tmp_path: Path) -> None:
    """A file whose bytes are known is read, and nothing more is said of it."""
    write(tmp_path, "a.md", "b.md")
    first = await parse(tmp_path, ParserPool(1))
    loaded = first["a.md"]
    assert isinstance(loaded, Loaded)
    second = await parse(tmp_path, ParserPool(1), {"a.md": loaded.version.sha256, "b.md": "other"})
    assert second["a.md"] == Unchanged(loaded.version)
    assert isinstance(second["b.md"], Loaded)


async def test_a_gentle_run_leaves_a_processor_free(tmp_path: Path) -> None:
    """Of several processes one is not used, and never the last."""
    write(tmp_path, *(f"{number}.md" for number in range(150)))
    tasks = [Task(file) for file in Walk(tmp_path).run().files.values()]
    for count, used in ((3, 2), (2, 1), (1, 1)):
        before, parser_pool = set(_children()), ParserPool(count)
        try:
            said = [batch async for batch in parser_pool.parse(tasks, ParseContext(str(tmp_path)), low_priority=True)]
            assert len(set(_children()) - before) == used
        finally:
            await parser_pool.close()
        assert sum(map(len, said)) == len(tasks)


async def test_modules_in_the_current_folder_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of content may hold files of Python with the names of modules."""
    write(tmp_path, "a.md")
    for name in ("json", "orjson", "yaml", "gateway"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w'); raise SystemExit")
    monkeypatch.chdir(tmp_path)
    said = await parse(tmp_path, ParserPool(1))
    assert isinstance(said["a.md"], Loaded)
    assert not (tmp_path / "run").exists()


async def test_a_crash_costs_the_file_that_caused_it(tmp_path: Path) -> None:
    """A parser that dies is a problem of the file that it was at; every other file loads."""
    write(tmp_path, "a.md", "crash.md", "z.md")
    said = await parse(tmp_path, ParserPool(1, command=(sys.executable, "-c", KILLER)))
    crashed = said.pop("crash.md")
    assert isinstance(crashed, Quarantined)
    assert crashed.problems[0].code == "PARSER_CRASHED"
    assert all(isinstance(change, Loaded) for change in said.values())
    assert sorted(said) == ["a.md", "z.md"]


async def test_a_parser_that_hangs_is_ended(tmp_path: Path) -> None:
    """A file that takes longer than is allowed is a problem; its process is ended and the rest goes on."""
    write(tmp_path, "a.md", "hang.md", "z.md")
    said = await parse(tmp_path, ParserPool(1, command=(sys.executable, "-c", KILLER), seconds=3))
    hung = said.pop("hang.md")
    assert isinstance(hung, Quarantined)
    assert hung.problems[0].code == "PARSER_TIMED_OUT"
    assert all(isinstance(change, Loaded) for change in said.values())


async def test_who_died_idle_is_not_missed(tmp_path: Path) -> None:
    """A process that was ended while it had nothing to do costs no file: another one is started."""
    write(tmp_path, "a.md", "b.md")
    before, parser_pool = set(_children()), ParserPool(1)
    await parser_pool.warm(ParseContext(str(tmp_path)))
    [warm] = set(_children()) - before
    os.kill(warm, signal.SIGKILL)
    await asyncio.sleep(0.5)
    said = await parse(tmp_path, parser_pool)
    assert all(isinstance(change, Loaded) for change in said.values())
    assert sorted(said) == ["a.md", "b.md"]


async def test_where_none_can_be_started_it_is_said(tmp_path: Path) -> None:
    """The run fails with an error of ours, and neither a process nor a task is left. To warm one is no need."""
    write(tmp_path, *(f"{number}.md" for number in range(150)))
    before, parser_pool = set(_children()), ParserPool(3, command=(str(tmp_path / "none"),))
    await parser_pool.warm(ParseContext(str(tmp_path)))
    with pytest.raises(ParserError, match="The parser process cannot be started: No such file or directory"):
        await parse(tmp_path, parser_pool)
    assert set(_children()) == before
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_file_that_vanished_is_a_deletion(tmp_path: Path) -> None:
    """Between the walk and the reading a file may go."""
    write(tmp_path, "a.md")
    parser_pool = ParserPool(1)
    file = Walk(tmp_path).run().files["a.md"]
    (tmp_path / "a.md").unlink()
    try:
        said = [batch async for batch in parser_pool.parse([Task(file)], ParseContext(str(tmp_path)))]
    finally:
        await parser_pool.close()
    assert said == [[Deleted("a.md")]]


async def test_closing_ends_the_processes(tmp_path: Path) -> None:
    """After `close` no process is left, and closing again does nothing."""
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


def test_a_worker_gives_way() -> None:
    """It stands behind the process that answers where both want a processor."""
    done = subprocess.run([sys.executable, "-c", IDLER], stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert int(done.stderr) > 0
