"""A loader and two gateways on one PostgreSQL database, as compose.yaml and docs/operating.md start them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.commands import COMMAND, Running, environment, installed, running
from tests.conftest import NO_TLS, need
from tests.postgres import PostgresServer, binaries, free_port, running_server
from tests.store.test_loader import DOCUMENT, Loader, following
from tests.test_server_processes import connected, revision

ROOT = Path(__file__).parents[2]
SERVICES: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
OPERATING = ROOT / "docs/operating.md"
CHANGES = "query ($since: String) { changes(since: $since) { token } corpus { articleCount } }"
EDITS = 12


@contextmanager
def gateway_on(url: str, cache: Path, *options: object) -> Iterator[Running]:
    program = ("env", f"GATEWAY_DATABASE={url}", *COMMAND)
    [command] = SERVICES["gateway"]["command"]
    with running(command, None, *options, cache=cache, program=program) as server:
        yield server


@contextmanager
def loader_on(content: Path, url: str, cache: Path, *options: str) -> Iterator[Loader]:
    assert SERVICES["loader"]["command"] == ["load", "/content", "--watch"]
    with following(content, url, cache, *options) as loader:
        yield loader


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "first.md").write_text(DOCUMENT.format("First"))
    return folder


def test_two_gateways(tmp_path: Path, content: Path, postgres_url: str) -> None:
    """A client that alternates between gateways never sees an older state. A killed process loses nothing."""
    with ExitStack() as stack:
        loader = stack.enter_context(loader_on(content, postgres_url, tmp_path / "one"))
        loader.until(r"Generation 1 is in")
        gateways = [stack.enter_context(gateway_on(postgres_url, tmp_path)) for _ in range(2)]
        client = Client()
        for number in range(EDITS):
            (content / f"{number}.md").write_text(DOCUMENT.format(number))
            for each in gateways:
                client.ask(each)
            loader.until(r"Generation \d+ is in")
            client.ask(gateways[number % 2])
        gateways[0].process.kill()
        loader.process.kill()
        (content / "last.md").write_text(DOCUMENT.format("Last"))
        client.ask(gateways[1])
        again = stack.enter_context(loader_on(content, postgres_url, tmp_path / "two"))
        again.until(r"Generation \d+ is in")
        gateways[1].until("{ corpus { articleCount } }", {"corpus": {"articleCount": EDITS + 2}})
        client.ask(gateways[1])
        assert client.seen == EDITS + 2


def test_processes_of_a_gateway(tmp_path: Path, content: Path, postgres_url: str) -> None:
    """A client without a token that alternates between the processes of one gateway never sees an older state."""
    with (
        loader_on(content, postgres_url, tmp_path),
        gateway_on(postgres_url, tmp_path, "--processes", 2) as gateway,
        connected(gateway) as clients,
    ):
        before = (0, 0)
        for number in range(EDITS):
            (content / f"{number}.md").write_text(DOCUMENT.format(number))
            while before[1] < number + 2:
                for client in clients.values():
                    found = revision(client)
                    assert found >= before
                    before = found
        gateway.process.send_signal(signal.SIGHUP)
        gateway.said("This gateway has no content folder")
        assert gateway.stop() == 0


def test_commands_of_the_docs(tmp_path: Path, content: Path) -> None:
    """From one process on SQLite to two gateways, as one script. Only the installation is left out."""
    need("curl", shutil.which("curl"))
    [(installation, commands)] = re.findall(r"^```sh\n(pip .*\n)((?:.*\n)*?)```$", OPERATING.read_text(), re.MULTILINE)
    assert installation == "pip install 'content-gateway[postgres]'\n"
    ports = {each: str(free_port()) for each in ("8001", "8002")}
    names = {"db.example": "127.0.0.1", "CONTENT": str(content), **ports}
    for name, value in names.items():
        assert name in commands
        commands = commands.replace(name, value)
    with running_server() as server, script(f"{commands}echo ready\nread end\n", server, tmp_path) as process:
        assert process.stdout
        while "ready\n" not in process.stdout.readline():
            assert process.poll() is None
        shown = [titles(f"http://localhost:{port}") for port in ports.values()]
        assert shown == [{"articles": {"nodes": [{"title": "First"}]}}] * 2


def titles(at: str) -> Any:
    asked = {"query": "{ articles { nodes { title } } }"}
    return httpx.post(f"{at}/graphql", json=asked, timeout=30, trust_env=False, verify=NO_TLS).json()["data"]


@contextmanager
def script(text: str, server: PostgresServer, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A shell that runs commands with the programs of PostgreSQL, and ends with its background processes."""
    own = environment(folder / "cache")
    path = ":".join(map(str, (installed(folder), binaries(), own["PATH"])))
    with subprocess.Popen(
        ["sh", "-eu", "-c", text],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**own, "PATH": path, "PGPORT": str(server.port), "NO_PROXY": "*"},
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


class Client:
    """A client that has the token of the newest answer that it saw."""

    def __init__(self) -> None:
        self.seen = 0
        self._token: str | None = None

    def ask(self, gateway: Running) -> None:
        data = gateway.post(CHANGES, since=self._token)["data"]
        assert data["corpus"]["articleCount"] >= self.seen
        self.seen, self._token = data["corpus"]["articleCount"], data["changes"]["token"]
