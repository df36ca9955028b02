"""The programs that the load benchmark compares: how each is installed and started, and what it made.

It measures nothing. Programs other than the gateway are in `peers/`, each as its documentation suggests.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PEERS = Path(__file__).parent / "peers"


class Contender(NamedTuple):
    """A program that loads a folder into an empty output folder."""

    name: str
    command: Callable[[Path, Path, Path], Sequence[object]]
    """Makes the command of its installation, the content and the output folder."""
    loaded: Callable[[Path, str], int]
    """The number of loaded files, from the output folder or from the printed text."""
    peer: str = ""
    """Its folder in `peers/`."""
    install: Callable[[Path], None] = lambda _: None
    """Installs its packages into the folder. Fast if they are there."""
    needs: str = sys.executable
    """The executable that must be present on the machine."""

    def installed(self, cache: Path) -> Path:
        return installed(self.peer, self.install, cache)


def installed(peer: str, install: Callable[[Path], None], cache: Path) -> Path:
    """A folder with the files and packages of a peer. The cache itself without one."""
    folder = cache / peer
    if peer:
        shutil.copytree(PEERS / peer, folder, dirs_exist_ok=True)
        install(folder)
    return folder


def _gateway(parsers: int) -> Contender:
    executable = Path(sys.executable).with_name("gateway")
    return Contender(
        f"gateway, {parsers} parser process{'es' if parsers > 1 else ''}",
        lambda _, content, output: (
            *(executable, "load", content, "--database", output / "gateway.db"),
            *("--parsers", parsers, "--log-level", "warning"),
        ),
        lambda _, printed: _number(r"(\d+) parsed", printed),
    )


def _printed_count(_: Path, printed: str) -> int:
    return _number(r"(\d+) articles", printed)


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def install_python(folder: Path) -> None:
    environment = folder / "venv"
    if not environment.exists():
        venv.create(environment, with_pip=True)
    _run(environment / "bin/python", "-m", "pip", "install", "--quiet", "--requirement", folder / "requirements.txt")


def install_node(folder: Path, *options: str) -> None:
    fixed = ("--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
    _run("npm", "install", "--prefix", folder, *fixed, *options)


def install_own_node(folder: Path) -> None:
    """Also installs Node from the package `node`, and builds better-sqlite3 for it. The build takes minutes."""
    install_node(folder, "--ignore-scripts")
    packages = folder / "node_modules"
    if not (packages / "better-sqlite3/build/Release/better_sqlite3.node").exists():
        _run("npm", "rebuild", "--prefix", folder, "node")
        [headers] = (packages / "node/node_modules").glob("node-*-*")
        _run("npm", "rebuild", "--prefix", folder, "better-sqlite3", "--nodedir", headers)


def _run(*command: object) -> None:
    """Raises CalledProcessError, with the output on standard error."""
    subprocess.run([*map(str, command)], check=True, stdout=sys.stderr)


GATEWAYS = (_gateway(2), _gateway(1))
OTHERS: Mapping[str, Contender] = {
    peer.peer: peer
    for peer in (
        Contender(
            "python-frontmatter, sqlite-utils, FTS5",
            lambda home, content, output: (home / "venv/bin/python", home / "load.py", content, output / "articles.db"),
            _printed_count,
            "frontmatter",
            install_python,
        ),
        Contender(
            "gray-matter, better-sqlite3, five columns",
            lambda home, content, output: ("node", home / "load.mjs", content, output / "articles.db"),
            _printed_count,
            "gray-matter",
            install_node,
            needs="npm",
        ),
        Contender(
            "Hugo, list and pages",
            lambda home, content, output: (
                *("hugo", "--source", home, "--contentDir", content, "--destination", output, "--noBuildLock"),
            ),
            lambda output, _: sum(1 for _ in output.glob("*/*/index.html")),
            "hugo",
            needs="hugo",
        ),
    )
}
