"""The servers that the request benchmark compares: how each is installed and started. It measures nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.contenders import install_own_node, install_python, installed
from tests.commands import Running, environment

UNWATCHED = ("--watch", "off", "--sweep-seconds", 86_400)
"""Options of the gateway. A rescan would count as a cost of the requests beside it."""


class Site(NamedTuple):
    """A folder with the content in all forms that servers need."""

    folder: Path

    @property
    def content(self) -> Path:
        """The content folder."""
        return self.folder / "content"

    @property
    def database(self) -> Path:
        """The relational database."""
        return self.folder / "articles.db"

    @property
    def answers(self) -> Path:
        """A folder with an answer to each query, in a file of its name."""
        return self.folder / "answers"


class Server(NamedTuple):
    """A program that prints `Listening on URL`, and then answers requests."""

    name: str
    command: Callable[[Path, Site], Sequence[object]]
    """Makes the command of its installation and the site."""
    preparation: Callable[[Path, Site], Sequence[object]] = lambda *_: ()
    """Makes a command that runs to its end first."""
    peer: str = ""
    """Its folder in `peers/`."""
    install: Callable[[Path], None] = lambda _: None
    needs: str = sys.executable
    """The executable that must be present on the machine."""
    path: str = "/graphql"
    """The path of requests. `{query}` is the name of the query."""
    uncompiled: bool = False
    """Whether it is a gateway without its compiler."""

    @property
    def fixed(self) -> bool:
        """Whether each query has one answer, regardless of its variables."""
        return "{query}" in self.path

    @contextmanager
    def running(self, cache: Path, site: Site, state: Path) -> Iterator[Running]:
        """Install and run it. `state` is an empty folder of its own for its database and its log."""
        home = installed(self.peer, self.install, cache)
        own = environment(state)
        with (state / "log").open("w") as log:
            if preparation := self.preparation(home, site):
                subprocess.run([*map(str, preparation)], check=True, stdout=log, stderr=log, env=own)
            command = [*map(str, self.command(home, site))]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=own)
        with process:
            try:
                yield Running(process)
            finally:
                process.kill()


def gateway(checkout: Path | None = None, *, compiles: bool = True) -> Server:
    """The gateway of another checkout, which has a virtual environment, or of this one."""
    executable = checkout / ".venv/bin/gateway" if checkout else Path(sys.executable).with_name("gateway")
    command = (executable,) if compiles else (sys.executable, "-m", "benchmarks.uncompiled")
    name = f"gateway of {checkout}" if checkout else "gateway" if compiles else "gateway without its compiler"
    return Server(
        name,
        lambda _, site: (*command, "serve", site.content, "--port", 0, *UNWATCHED),
        preparation=lambda _, site: (*command, "load", site.content),  # faster than a load during service
        uncompiled=not compiles,
    )


def _node(name: str, program: str) -> Server:
    return Server(
        name,
        lambda home, site: (home / "node_modules/node/bin/node", home / program, site.database),
        peer="node",
        install=install_own_node,
        needs="npm",
    )


PEERS: Mapping[str, Server] = {
    "mercurius": _node("Mercurius with JIT, better-sqlite3", "mercurius.mjs"),
    "yoga": _node("GraphQL Yoga with JIT, DataLoader, better-sqlite3", "yoga.mjs"),
    "strawberry": Server(
        "Strawberry, dataloaders, aiosqlite",
        lambda home, site: (home / "venv/bin/python", home / "server.py", site.database),
        peer="strawberry",
        install=install_python,
    ),
    "starlette": Server(
        "fixed bytes from Starlette",
        lambda home, site: (home / "venv/bin/python", home / "server.py", site.answers),
        peer="starlette",
        install=install_python,
        path="/{query}",
    ),
}
