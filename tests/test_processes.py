"""Several processes on one database: one writes, the others serve its commits."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.commands import Running, gateway, invoke, running
from tests.conftest import NO_TLS

TITLES = "{ articles(orderBy: {field: TITLE}) { nodes { title } } }"
ROBOT = ("--tokens", "robot:reload")


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    write(folder, "One")
    return folder


def write(folder: Path, title: str) -> None:
    (folder / f"{title.lower()}.md").write_text(f"---\ntitle: {title}\n---\n")


def titled(*titles: str) -> object:
    return {"articles": {"nodes": [{"title": title} for title in titles]}}


@pytest.fixture
def writer(tmp_path: Path, content: Path) -> Iterator[Running]:
    with running("serve", content, cache=tmp_path) as server:
        server.said("1 article")
        yield server


@pytest.fixture
def reader(tmp_path: Path, content: Path, writer: Running) -> Iterator[Running]:
    """A second server of the same folder."""
    with running("serve", content, *ROBOT, cache=tmp_path) as server:
        assert server.said(r"The database is written by process (\d+) on ") == str(writer.process.pid)
        yield server


def test_two_servers_serve_one_folder(content: Path, writer: Running, reader: Running) -> None:
    """Both serve a commit of the writer. If the writer is killed, the other follows the folder."""
    reader.until(TITLES, titled("One"))
    write(content, "Two")
    for server in (writer, reader):
        server.until(TITLES, titled("One", "Two"))
    writer.process.kill()
    reader.said("This process writes the database from now on.")
    write(content, "Three")
    reader.until(TITLES, titled("One", "Three", "Two"))
    assert reader.stop() == 0


def test_standby_can_stop(content: Path, writer: Running, reader: Running) -> None:
    """The writer continues."""
    reader.process.send_signal(signal.SIGHUP)
    assert reader.stop() == 0
    write(content, "Two")
    writer.until(TITLES, titled("One", "Two"))
    assert writer.stop() == 0


def test_standby_ends_if_the_database_is_deleted(tmp_path: Path, reader: Running) -> None:
    """It logs the reason and does not serve stale content."""
    reader.until(TITLES, titled("One"))
    for file in tmp_path.rglob("*.db"):
        file.unlink()
    assert reader.said(r"was deleted or moved while it was in use\. Restart the gateway\.")
    assert reader.process.wait(60) == 3


def test_standby_refuses_to_reload(reader: Running) -> None:
    """The response names the writer, only for authorised clients."""
    url, robot = f"{reader.url}/-/reload", {"Authorization": "Bearer robot"}
    refused = httpx.post(url, headers=robot, trust_env=False, verify=NO_TLS)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (503, "NOT_WRITING")
    assert httpx.post(url, trust_env=False, verify=NO_TLS).status_code == 401


def test_two_servers_start_at_once(tmp_path: Path, content: Path) -> None:
    """On a folder that was never loaded, one of them loads it."""
    with running("serve", content, cache=tmp_path) as one, running("serve", content, cache=tmp_path) as other:
        for server in (one, other):
            server.until(TITLES, titled("One"))


def test_load_beside_a_server_is_refused(tmp_path: Path, content: Path, writer: Running) -> None:
    """`load` names the holder of the database and the alternative. It works when the server has ended."""
    done = gateway("load", content, cache=tmp_path)
    assert done.returncode == 3
    assert re.fullmatch(
        rf"gateway: The database \S+\.db is written by process {writer.process.pid} on \S+, which follows the content\."
        r" Reload that process \(SIGHUP, or POST /-/reload\), or stop it\.\n",
        done.stderr,
    )
    assert writer.stop() == 0
    assert invoke("load", content, cache=tmp_path).returncode == 0


@pytest.mark.usefixtures("writer")
def test_check_and_query_need_no_lock(tmp_path: Path, content: Path) -> None:
    """They work beside a server."""
    assert invoke("check", content, cache=tmp_path).returncode == 0
    assert json.loads(invoke("query", content, TITLES, cache=tmp_path).stdout) == {"data": titled("One")}
