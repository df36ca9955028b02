"""Packages from npm: installed as the lock file names them, and run as their users run them."""

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
        """What each flow of a script told, by its name. The script stands beside this file."""
        told: Mapping[str, Any] = json.loads(_run(FOLDER, "node", f"{name}.mjs", server, *arguments))
        return told

    def tool(self, project: Path, name: str, *arguments: str) -> None:
        """Run a package's command in a project, where it must find nothing wrong."""
        _run(project, self.folder / ".bin" / name, *arguments)

    def project(self, name: str, parent: Path) -> Path:
        """A copy of a project that stands beside this file, with the schema and the packages in it."""
        project = parent / name
        shutil.copytree(FOLDER / name, project)
        shutil.copy(SCHEMA, project)
        (project / "node_modules").symlink_to(self.folder)
        return project


def install(folder: Path = FOLDER) -> Packages:
    """The packages of a folder, which stay where they are until its lock file changes; one process installs them."""
    lock, packages = folder / "package-lock.json", folder / "node_modules"
    installed = packages / ".installed.json"
    with lock.open() as held:
        flock(held, LOCK_EX)
        if not installed.exists() or installed.read_bytes() != lock.read_bytes():
            _run(folder, "npm", "ci", "--no-audit", "--no-fund", "--prefer-offline", timeout=900)
            shutil.copyfile(lock, installed)
    return Packages(packages)


def node() -> str | None:
    """Where Node is, if it is new enough and npm is there too."""
    found = shutil.which("node")
    if not found or not shutil.which("npm"):
        return None
    version = _run(FOLDER, found, "--version").removeprefix("v")
    return found if int(version.partition(".")[0]) >= OLDEST else None


def _run(folder: Path, *command: str | Path, timeout: int = 100) -> str:
    """What a command says that does well."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
