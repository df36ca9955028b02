"""Runs the command `gateway`: to its end, in its own process or in this one, or as a server."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner

from gateway.commands.group import main
from tests.conftest import NO_TLS

COMMAND = (sys.executable, "-c", "from gateway.cli import main; main()")


def installed(folder: Path) -> Path:
    """A folder for PATH with the command, as an installation has."""
    commands = folder / "bin"
    commands.mkdir()
    (commands / "gateway").write_text(f"#!/bin/sh\nexec {COMMAND[0]} -c '{COMMAND[2]}' \"$@\"\n")
    (commands / "gateway").chmod(0o755)
    return commands


def environment(cache: Path | None) -> Mapping[str, str]:
    """The environment of this process without the gateway's settings, with a cache folder for one test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {**kept, "XDG_CACHE_HOME": str(cache)} if cache else kept


def gateway(
    *arguments: object, cache: Path | None = None, wrapper: tuple[str, ...] = (), stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    command = [*wrapper, *COMMAND, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=100, env=environment(cache), input=stdin
    )


def invoke(*arguments: object, cache: Path | None = None, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `gateway` in this process, which saves the start of Python. Its log goes to pytest."""
    environ = {name: None for name in os.environ if name.startswith("GATEWAY_")}
    cached = {"XDG_CACHE_HOME": str(cache)} if cache else {}
    args, level = [*map(str, arguments)], logging.getLogger("gateway").level
    try:
        done = CliRunner(env={**environ, **cached}).invoke(
            main, args, stdin, prog_name="gateway", catch_exceptions=False
        )
    finally:
        logging.getLogger("gateway").setLevel(level)
    return subprocess.CompletedProcess(args, done.exit_code, done.stdout, done.stderr)


def imported(code: str, *arguments: str) -> set[str]:
    """The modules that a process has imported at its end, after some code with these arguments."""
    program = f"import atexit, sys; atexit.register(lambda: print('\\n', *sys.modules)); {code}"
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return {*done.stdout.splitlines()[-1].split()}


def pause(process: subprocess.Popen[Any]) -> None:
    """Sleep briefly unless the server has ended, so that polling does not slow the server."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.05)


class Running:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.printed: list[str] = []
        """The lines read so far."""
        self.url = self.said(r"Listening on (http://\S+)")

    def said(self, pattern: str) -> str:
        """The next line of output that matches, or its group."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed.append(line)
            if found := re.search(pattern, line):
                return found[1] if found.groups() else line.rstrip("\n")
        raise AssertionError(f"The server ended without saying {pattern!r}.")

    def post(self, query: str, headers: Mapping[str, str] | None = None, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        return httpx.post(
            f"{self.url}/graphql", json=body, headers=headers, timeout=30, trust_env=False, verify=NO_TLS
        ).json()

    def until(self, query: str, data: object) -> None:
        """Poll until the response is this one."""
        deadline = time.monotonic() + 60
        while (found := self.post(query)) != {"data": data}:
            assert time.monotonic() < deadline, found
            pause(self.process)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30, trust_env=False, verify=NO_TLS)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the server. Returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def running(
    command: str,
    content: Path | None,
    *options: object,
    cache: Path,
    wrapper: tuple[str, ...] = (),
    program: tuple[str, ...] = COMMAND,
) -> Iterator[Running]:
    """A server of the command on its own port, with its output."""
    process = subprocess.Popen(
        [*wrapper, *program, command, *([str(content)] if content else []), "--port", "0", *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(cache),
    )
    with process:
        try:
            yield Running(process)
        finally:
            process.kill()
