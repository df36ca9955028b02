"""`gateway serve --processes`: several processes serve one address, and one supervises them."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.commands.supervisor import LONGEST_DELAY, delay_of
from tests.commands import Running, gateway, pause, running
from tests.conftest import NO_TLS
from tests.test_processes import TITLES, titled, write

REVISION = "{ corpus { revision } articles { totalCount } }"
ROBOT = {"Authorization": "Bearer robot"}
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
CHANGES = 50


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    write(folder, "One")
    return folder


@contextmanager
def serving(content: Path, *options: object) -> Iterator[Running]:
    with running(
        "serve", content, "--processes", 2, "--tokens", "robot:reload", *options, cache=content.parent
    ) as server:
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def server(content: Path) -> Iterator[Running]:
    """A server of two processes that are both ready."""
    with serving(content) as server:
        server.said("1 article")
        with connected(server):
            pass
        yield server


def children(pid: int) -> set[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {*map(int, found.split())}


def process_of(client: httpx.Client, server: Running) -> int | None:
    """The server process that has accepted the connection of a client, which has answered a request."""
    transport: Any = client._transport
    [connection] = transport._pool.connections
    port = connection._connection._network_stream.get_extra_info("client_addr")[1]
    inode = next(
        fields[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if (fields := line.split())[2].endswith(f":{port:04X}")
    )
    for process in children(server.process.pid):
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            with suppress(FileNotFoundError):
                if os.readlink(descriptor) == f"socket:[{inode}]":  # noqa: PTH115 - it is not a path
                    return process
    return None


@contextmanager
def connected(server: Running) -> Iterator[dict[int, httpx.Client]]:
    """A client with a connection to each of the two processes, which are all ready."""
    found: dict[int, httpx.Client] = {}
    deadline = time.monotonic() + 60
    with ExitStack() as opened:
        while len(found) < 2:
            assert time.monotonic() < deadline
            client = opened.enter_context(httpx.Client(base_url=server.url, trust_env=False, verify=NO_TLS, timeout=30))
            if client.get("/readyz").is_success and (process := process_of(client, server)):
                found.setdefault(process, client)
            pause(server.process)
        yield found


def get(client: httpx.Client, query: str, **headers: str) -> httpx.Response:
    return client.get("/graphql", params={"query": query}, headers={**PREFLIGHT, **headers})


def revision(client: httpx.Client) -> tuple[int, int]:
    """The counter of the content and the number of articles. The ETag is of the same revision."""
    data = get(client, REVISION).raise_for_status().json()["data"]
    counter = re.search(r"(\d+)$", data["corpus"]["revision"])
    assert counter
    return int(counter[1]), data["articles"]["totalCount"]


def test_revision_never_goes_back(content: Path, server: Running) -> None:
    """For a client that alternates between the processes while the content changes."""
    ended = threading.Event()
    with connected(server) as clients:
        changing = threading.Thread(target=change, args=(content, server, ended))
        changing.start()
        before, requests = (0, 0), 0
        while not ended.is_set():
            for client in clients.values():
                found = revision(client)
                assert found >= before
                before, requests = found, requests + 1
        changing.join()
        assert [count for _, count in map(revision, clients.values())] == [CHANGES + 1] * 2
        assert requests > CHANGES


def change(content: Path, server: Running, ended: threading.Event) -> None:
    """Add files, and wait until each is loaded."""
    try:
        for number in range(CHANGES):
            write(content, f"New {number}")
            assert reload(server).is_success
    finally:
        ended.set()


def reload(server: Running) -> httpx.Response:
    url = f"{server.url}/-/reload?wait=true"
    return httpx.post(url, headers=ROBOT, trust_env=False, verify=NO_TLS, timeout=30)


def test_client_waits_for_the_first_load_only_once(content: Path) -> None:
    """Processes accept connections when they are ready, so none answers that it is not after another one was."""
    for number in range(200):
        write(content, f"Article {number}")
    with serving(content) as server:
        deadline = time.monotonic() + 60
        while not server.get("/readyz").is_success:
            assert time.monotonic() < deadline
            pause(server.process)
        assert {server.get("/readyz").status_code for _ in range(100)} == {200}


def test_other_process_knows_the_entity_tag(content: Path, server: Running) -> None:
    """An answer of one process is not modified for the other one, until the content changes for both."""
    with connected(server) as clients:
        one, other = clients.values()
        tag = {"If-None-Match": get(one, TITLES).headers["ETag"]}
        assert get(other, TITLES, **tag).status_code == 304
        write(content, "Two")
        assert reload(server).is_success
        for client in (other, one):
            assert get(client, TITLES, **tag).json() == {"data": titled("One", "Two")}


def test_every_process_reloads(content: Path) -> None:
    """The one that writes does it for the other, which answers with its report. So does a signal."""
    with serving(content, "--watch", "off") as server, connected(server) as clients:
        for number, client in enumerate(clients.values()):
            write(content, f"New {number}")
            assert client.post("/-/reload?wait=true", headers=ROBOT).json()["added"] == 1
            (content / f"new {number}.md").unlink()
            assert client.post("/-/reload", headers=ROBOT).status_code == 202
            until(client, titled("One"))
        write(content, "Two")
        server.process.send_signal(signal.SIGHUP)
        for client in clients.values():
            until(client, titled("One", "Two"))


def test_failed_reload_has_its_problems_in_every_process(content: Path) -> None:
    """A strict run that another process makes names them too."""
    with serving(content, "--strict", "--watch", "off") as server, connected(server) as clients:
        (content / "broken.md").write_text("---\ntitle: [\n---\n")
        for client in clients.values():
            [error] = client.post("/-/reload?wait=true", headers=ROBOT).json()["errors"]
            assert [problem["path"] for problem in error["extensions"]["problems"]] == ["broken.md"]


def test_another_server_writes(content: Path, tmp_path: Path) -> None:
    """All processes serve its commits, and refuse to reload."""
    with running("serve", content, cache=tmp_path) as other:
        other.said("1 article")
        with serving(content) as server, connected(server) as clients:
            write(content, "Two")
            for client in clients.values():
                until(client, titled("One", "Two"))
                refused = client.post("/-/reload", headers=ROBOT)
                assert refused.json()["errors"][0]["extensions"]["code"] == "NOT_WRITING"
        assert other.stop() == 0


@pytest.mark.parametrize("is_writer", [False, True])
def test_killed_process_starts_again(content: Path, is_writer: bool) -> None:
    """The other one continues to answer, and follows the content if the killed one did."""
    with serving(content) as server:
        writer = int(server.said(r"Server process \d \((\d+)\) writes the database"))
        with connected(server) as clients:
            [follower] = clients.keys() - {writer}
            killed, left = (writer, follower) if is_writer else (follower, writer)
            os.kill(killed, signal.SIGKILL)
            write(content, "Two")
            until(clients[left], titled("One", "Two"))
            ended = server.said(r"Server process \d \((\d+)\) was ended by SIGKILL\. It starts again in 1 s\.")
            assert ended == str(killed)
        with connected(server) as clients:
            [new] = clients.keys() - {left}
            write(content, "Three")
            until(clients[new], titled("One", "Three", "Two"))


def until(client: httpx.Client, data: object) -> None:
    """Poll until the response is this one. Each request has to succeed."""
    deadline = time.monotonic() + 60
    while (found := get(client, TITLES).raise_for_status().json()) != {"data": data}:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_requests_in_progress_end(server: Running) -> None:
    """SIGTERM ends all processes: a stream is completed, and the exit code is 0."""
    processes = children(server.process.pid)
    with connected(server) as clients, ExitStack() as opened:
        assert processes == clients.keys()
        streams = [opened.enter_context(subscription(client)).iter_lines() for client in clients.values()]
        for stream in streams:
            next(stream)
        assert server.stop() == 0
        for stream in streams:
            assert not any("error" in line for line in stream)
    assert not any(map(is_running, processes))


def subscription(client: httpx.Client) -> AbstractContextManager[httpx.Response]:
    query = {"query": "subscription { corpusChanged { revision } }"}
    return client.stream("POST", "/graphql", json=query, headers={"Accept": "text/event-stream"})


def test_no_process_outlives_the_supervisor(server: Running) -> None:
    """If it is killed, the others end, and so do their parsers. The port is free again."""
    processes = children(server.process.pid)
    processes |= {parser for process in processes for parser in children(process)}
    port = httpx.URL(server.url).port
    server.process.kill()
    deadline = time.monotonic() + 60
    while any(is_running(process) for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))


def is_running(process: int) -> bool:
    """A zombie is not: nobody may wait for it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_address_is_announced_once(server: Running) -> None:
    """When the first process listens."""
    assert server.stop() == 0
    assert server.process.stdout
    assert sum("Listening on" in line for line in (*server.printed, *server.process.stdout)) == 1


@pytest.mark.parametrize(
    ("text", "code", "said"), [("---\ntitle: [\n---\n", 1, "A strict run found errors"), (None, 3, "another program")]
)
def test_failed_start(content: Path, text: str | None, code: int, said: str) -> None:
    """Ends all processes with the exit code of the one that failed, as if there was one."""
    database = content.parent / "gateway.db"
    if text is None:
        database.write_bytes(other_database(content.parent / "other.db"))
    else:
        (content / "broken.md").write_text(text)
    options = ("--port", 0, "--processes", 2, "--strict", "--database", database)
    done = gateway("serve", content, *options, cache=content.parent)
    assert (done.returncode, said in done.stderr) == (code, True)


def other_database(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE other (column)")
    return path.read_bytes()


def test_delay() -> None:
    """Doubles with each failure, up to a maximum."""
    assert [delay_of(failures) for failures in (0, 1, 2, 3, 6, 100)] == [0, 1, 2, 4, LONGEST_DELAY, LONGEST_DELAY]


def test_processes_have_the_settings(content: Path) -> None:
    """Those of the command: here the limit of a page."""
    with serving(content, "--limit-page", 7) as server, connected(server) as clients:
        for client in clients.values():
            [error] = get(client, "{ articles(first: 8) { totalCount } }").json()["errors"]
            assert error["extensions"]["allowed"] == 7
