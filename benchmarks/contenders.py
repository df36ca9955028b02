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
        """A folder with its files and packages."""
        folder = cache / self.peer
        if self.peer:
            shutil.copytree(PEERS / self.peer, folder, dirs_exist_ok=True)
            self.install(folder)
        return folder


def _gateway(workers: int) -> Contender:
    executable = Path(sys.executable).with_name("gateway")
    return Contender(
        f"gateway, {workers} parser process{'es' if workers > 1 else ''}",
        lambda _, content, output: (
            *(executable, "load", content, "--database", output / "gateway.db"),
            *("--workers", workers, "--log-level", "warning"),
        ),
        lambda _, printed: _number(r"(\d+) parsed", printed),
    )


def _printed_count(_: Path, printed: str) -> int:
    return _number(r"(\d+) articles", printed)


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def _install_python(folder: Path) -> None:
    environment = folder / "venv"
    if not environment.exists():
        venv.create(environment, with_pip=True)
    _run(environment / "bin/python", "-m", "pip", "install", "--quiet", "--requirement", folder / "requirements.txt")


def _install_node(folder: Path) -> None:
    _run("npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")


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
            _install_python,
        ),
        Contender(
            "gray-matter, better-sqlite3, five columns",
            lambda home, content, output: ("node", home / "load.mjs", content, output / "articles.db"),
            _printed_count,
            "gray-matter",
            _install_node,
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
