"""npm packages, installed by the lock file and run like their users run them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
SCHEMA = FOLDER.parent.parent / "schema.graphql"
OLDEST = 20
"""The first version of Node that all packages run on."""


class Packages(NamedTuple):
    folder: Path

    def script(self, name: str, server: str, *arguments: str | Path) -> Mapping[str, Any]:
        """The results of a script's flows by name. The script is in this folder."""
        results: Mapping[str, Any] = json.loads(_run(FOLDER, "node", f"{name}.mjs", server, *arguments))
        return results

    def tool(self, project: Path, name: str, *arguments: str) -> None:
        """Run a package's command in a project. It must find no error."""
        _run(project, self.folder / ".bin" / name, *arguments)

    def project(self, name: str, parent: Path) -> Path:
        """A copy of a project in this folder, with the schema and the packages."""
        project = parent / name
        shutil.copytree(FOLDER / name, project)
        shutil.copy(SCHEMA, project)
        (project / "node_modules").symlink_to(self.folder)
        return project


def install(folder: Path = FOLDER) -> Packages:
    """The packages of a folder. They stay until the lock file changes, and one process installs them."""
    lock, packages = folder / "package-lock.json", folder / "node_modules"
    installed = packages / ".installed.json"
    with lock.open() as held:
        flock(held, LOCK_EX)
        if not installed.exists() or installed.read_bytes() != lock.read_bytes():
            _run(folder, "npm", "ci", "--no-audit", "--no-fund", "--prefer-offline", timeout=900)
            shutil.copyfile(lock, installed)
    return Packages(packages)


def node() -> str | None:
    """The path of Node, if it is new enough and npm is available."""
    found = shutil.which("node")
    if not found or not shutil.which("npm"):
        return None
    version = _run(FOLDER, found, "--version").removeprefix("v")
    return found if int(version.partition(".")[0]) >= OLDEST else None


def _run(folder: Path, *command: str | Path, timeout: int = 100) -> str:
    """The output of a command that succeeds."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
