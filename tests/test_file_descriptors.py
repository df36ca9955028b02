"""File descriptors: the limit, and a server without free ones."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.content import source
from gateway.content.source import ContentFile, ReadError, Stamp, Walk
from gateway.errors import GatewayError
from gateway.limits import Limits
from gateway.web.connection_timeouts import excess_of
from gateway.web.file_descriptors import fitting, own
from tests.commands import Running, running
from tests.test_ingest import opened

QUERY = "{ articles { totalCount } }"
FOUND = {"data": {"articles": {"totalCount": 1}}}
FEW = 128
MANY = 300
"""Connections, more than a server with FEW descriptors can accept."""


def limited(option: str, number: int) -> tuple[str, ...]:
    """The start of a command line with a limit of open files."""
    return ("sh", "-c", f'ulimit {option} {number} && exec "$@"', "sh")


@contextmanager
def crowd(server: Running) -> Iterator[None]:
    """Many connections, each with a sent request."""
    parts = urlsplit(server.url)
    with ExitStack() as stack:
        for _ in range(MANY):
            connection = stack.enter_context(socket.create_connection((parts.hostname, parts.port), 30))
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield


@contextmanager
def no_descriptors() -> Iterator[None]:
    """This process cannot open files."""
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "one.md").write_text("---\ntitle: One\n---\n")
    return folder


@contextmanager
def serving(content: Path, wrapper: tuple[str, ...] = ()) -> Iterator[Running]:
    options = ("--log-level", "warning", "--parsers", 1)
    with running("serve", content, *options, cache=content.parent, wrapper=wrapper) as server:
        server.until(QUERY, FOUND["data"])
        yield server


def output_since(server: Running) -> list[str]:
    """The output of a stopped server since the last read."""
    assert server.process.stdout
    assert server.stop() == 0
    return server.process.stdout.read().splitlines()


def test_soft_limit_is_raised(content: Path) -> None:
    """A server has as many descriptors as the hard limit allows."""
    with serving(content, limited("-S -n", FEW)) as server:
        soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard > FEW


def test_fewer_connections_than_the_limit(content: Path) -> None:
    """If the descriptors do not suffice, a server logs the numbers in a line and accepts fewer connections."""
    with serving(content, limited("-n", FEW)) as server:
        for _ in range(2):
            with crowd(server):
                pass
            assert server.post(QUERY) == FOUND
        lines = output_since(server)
    needed = 1000 + excess_of(1000) + own(4, 1)
    [line] = [line for line in (*server.printed, *lines) if "limit_connections" in line]
    assert f"limit_connections is 1000 and needs {needed} file descriptors" in line
    assert f"the process may open {FEW}" in line
    assert len(lines) < 10


def test_server_without_descriptors(content: Path) -> None:
    """It logs one line, and answers again when connections are closed."""
    with serving(content) as server:
        lowered = len(os.listdir(f"/proc/{server.process.pid}/fd")) + 5  # noqa: PTH208 - they are counted
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (lowered, lowered))
        with crowd(server):
            server.said("out of file descriptors")
        assert server.post(QUERY) == FOUND
        assert len(output_since(server)) < 10


@pytest.mark.parametrize("allowed", [None, 2_000, 1_000, 128, 70, 1])
def test_connections_fit_the_descriptors(allowed: int | None) -> None:
    """At least one connection is accepted, and at most the limit."""
    limits, kept = Limits(), own(4, 2)
    most = fitting(limits, kept, allowed).connections
    assert 1 <= most <= limits.connections
    if allowed is None or allowed >= limits.connections + excess_of(limits.connections) + kept:
        assert most == limits.connections
    elif most > 1:
        assert most + excess_of(most) + kept <= allowed < most + 1 + excess_of(most + 1) + kept


def test_walk_without_descriptors(content: Path) -> None:
    """A folder that cannot be opened is not empty, and a file that cannot be opened is not broken."""
    with no_descriptors():
        listing = Walk(content).run()
        with pytest.raises(ReadError) as refused:
            source.read(content, ContentFile("one.md", "one.md", Stamp(0, 0, 0, 0)))
    assert listing.hides("one.md")
    [problem] = listing.problems
    for each in (problem, refused.value.problem):
        assert "Too many open files" in each.message
        assert "open files" in (each.hint or "")


async def test_run_without_descriptors(tmp_path: Path) -> None:
    """It deletes and changes nothing. The next run finds the changes."""
    async with opened(tmp_path) as site:
        site.write_many()
        await site.run()
        before = await site.paths()
        site.delete("00.md")
        site.write("new.md")
        with no_descriptors(), suppress(GatewayError):
            await site.run()
        assert await site.paths() == before
        await site.run()
        assert set(await site.paths()) == {*before, "new.md"} - {"00.md"}
