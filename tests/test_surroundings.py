"""The environment of a command: early signals, blocked output, and a missing home folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import pytest

from tests.commands import COMMAND, environment, gateway, pause
from tests.conftest import NO_TLS, need

SECRET = "x" * 40


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "one.md").write_text("---\ntitle: One\n---\n")
    return folder


# Signals.


@pytest.fixture
def as_first() -> tuple[str, ...]:
    """The start of a command line that runs as process 1, for which the kernel ignores signals without a handler."""
    wrapper = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")
    done = shutil.which("unshare") and subprocess.run([*wrapper, "true"], capture_output=True, check=False)
    return need("unshare", wrapper if done and done.returncode == 0 else None)


def child_of(process: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (found := children.read_text().split()):
        assert process.poll() is None
    return int(found[0])


def wait_for_handlers(process: int) -> None:
    """Wait until a process handles SIGTERM, and so all signals. Python handles SIGINT from its start."""
    deadline = time.monotonic() + 60
    while not int(status(process)["SigCgt"], 16) & 1 << (signal.SIGTERM - 1):
        assert time.monotonic() < deadline


def status(process: int) -> dict[str, str]:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("command", "codes"), [("serve", (0, 0)), ("dev", (0, 0)), ("load", (143, 130))])
def test_early_signal_ends_process_1(
    tmp_path: Path, content: Path, as_first: tuple[str, ...], command: str, codes: tuple[int, int], number: int
) -> None:
    """Before any import, with the documented exit code and without output."""
    options = ("--port", "0") if command != "load" else ()
    with subprocess.Popen(
        [*as_first, *COMMAND, command, str(content), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    ) as process:
        first = child_of(process)
        wait_for_handlers(first)
        os.kill(first, number)
        assert process.communicate(timeout=60) == (b"", b"")
        assert process.returncode == codes[number == signal.SIGINT]


def test_signal_handlers_precede_imports() -> None:
    """Their module imports only fast modules."""
    code = "import sys; before = {*sys.modules}; import gateway.cli; print(*sorted({*sys.modules} - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in done.stdout.split()} <= sys.stdlib_module_names | {"gateway"}
    assert len(done.stdout.split()) < 20


# Signals itself when the command imports a module, and drops what the handler raises, as Python may during an import.
IMPORTING = """
import os, sys
from gateway.cli import main

class Finder:
    def find_spec(self, name, *_):
        if name == "click":
            try:
                os.kill(os.getpid(), int(sys.argv.pop()))
            except BaseException:
                pass

sys.meta_path.insert(0, Finder())
main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("command", "is_server"), [("serve", True), ("dev", True), ("load", False)])
def test_a_signal_during_imports_ends_the_process(content: Path, command: str, is_server: bool, number: int) -> None:
    """At once, without a traceback, and with the exit code of the command."""
    told = (sys.executable, "-c", IMPORTING, command, str(content), str(number))
    done = subprocess.run(told, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0 if is_server else 128 + number, b"", b"")


# Outputs.


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def served(
    content: Path, cache: Path, out: int | IO[bytes], error: int | IO[bytes], wrapper: tuple[str, ...] = ()
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server with the given outputs, and its address, which it may be unable to print."""
    port = free_port()
    command = [*wrapper, *COMMAND, "serve", str(content), "--port", str(port)]
    with subprocess.Popen(command, stdout=out, stderr=error, env=environment(cache)) as process:
        try:
            until_ready(process, f"http://127.0.0.1:{port}")
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    while process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", trust_env=False, verify=NO_TLS, timeout=30).status_code == 200:
                return
            pause(process)
        except httpx.TransportError:
            pause(process)
    raise AssertionError(f"The server ended with {process.returncode}.")


def titles(url: str) -> list[str]:
    body = {"query": "{ articles(orderBy: []) { nodes { title } } }"}
    answer = httpx.post(f"{url}/graphql", json=body, trust_env=False, verify=NO_TLS, timeout=30).json()
    return [article["title"] for article in answer["data"]["articles"]["nodes"]]


def check_service(process: subprocess.Popen[bytes], url: str, content: Path) -> None:
    """The server answers, prints changes, logs requests, and exits normally."""
    assert titles(url) == ["One"]
    (content / "two.md").write_text("---\ntitle: Two\nquality: high\n---\n")  # its problem is printed
    deadline = time.monotonic() + 60
    while titles(url) != ["One", "Two"]:
        assert time.monotonic() < deadline
        pause(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_output_on_a_full_disk(tmp_path: Path, content: Path) -> None:
    """Only lines are lost."""
    with Path("/dev/full").open("wb") as full, served(content, tmp_path, full, full) as (process, url):
        check_service(process, url, content)


def test_output_to_a_closed_pipe(tmp_path: Path, content: Path) -> None:
    """As after the end of the reading program."""
    with served(content, tmp_path, subprocess.PIPE, subprocess.PIPE) as (process, url):
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stderr.close()
        check_service(process, url, content)


def test_closed_output(tmp_path: Path, content: Path) -> None:
    """Some supervisors start servers like that."""
    closing = ("sh", "-c", 'exec "$@" >&- 2>&-', "sh")
    with served(content, tmp_path, subprocess.PIPE, subprocess.PIPE, closing) as (process, url):
        check_service(process, url, content)


def test_output_to_a_full_pipe(tmp_path: Path, content: Path) -> None:
    """Requests are answered, although their log lines do not fit."""
    with served(content, tmp_path, subprocess.PIPE, subprocess.PIPE) as (process, url):
        with httpx.Client(base_url=url, trust_env=False, verify=NO_TLS, timeout=30) as client:
            for _ in range(40):
                assert client.get("/" + "x" * 4000).status_code == 404
        check_service(process, url, content)


# Homes.


@pytest.fixture
def homeless() -> tuple[str, ...]:
    """The start of a command line for a user without an entry in /etc/passwd and without an environment."""
    wrapper = ("env", "-i", "PATH=/usr/bin:/bin", "unshare", "--user", "--map-user=54321")
    done = shutil.which("unshare") and subprocess.run([*wrapper, "true"], capture_output=True, check=False)
    return need("unshare", wrapper if done and done.returncode == 0 else None)


def test_commands_without_a_home_folder(tmp_path: Path, content: Path, homeless: tuple[str, ...]) -> None:
    """Commands without a database work, and others with the option that names it."""
    database = ("--database", tmp_path / "content.db")
    for command in (
        ("check", content),
        ("schema",),
        ("preview-link", "--preview-secret", SECRET),
        ("load", content, *database),
        ("query", content, "{ __typename }", *database),
    ):
        done = gateway(*command, wrapper=homeless)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", [("load",), ("query", "{ __typename }"), ("serve", "--port", 0)])
def test_database_option_is_needed_without_a_home_folder(
    content: Path, homeless: tuple[str, ...], command: tuple[object, ...]
) -> None:
    """One line names the option."""
    name, *rest = command
    done = gateway(name, content, *rest, wrapper=homeless)
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "gateway: There is no home folder for the default database. Set 'database' (--database, GATEWAY_DATABASE).\n",
    )
