"""Puts GraphiQL's files in place, from the packages that the lock file pins. No server runs it: the build of the wheel
does, and `make explorer`.

It needs the standard library and npm alone.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.errors import PackagesError
from gateway.explorer.assets import ASSETS, FOLDER, are_in

SOURCE = Path(__file__).parent
MANIFEST = (".npmrc", "package.json", "package-lock.json")
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")


def bring(folder: Path) -> None:
    """Fill a folder with every file, each held to its digest. What else was there goes.

    Raises PackagesError where npm is missing or fails, or a file is not what it must be; then all stays as it was.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise PackagesError("GraphiQL comes from npm, and npm is missing here.")
    with TemporaryDirectory() as aside:
        contents = _contents(_installed(npm, Path(aside)))
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _installed(npm: str, folder: Path) -> Path:
    for name in MANIFEST:
        shutil.copy(SOURCE / name, folder)
    done = subprocess.run((npm, *INSTALL), cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - both are ours
    if done.returncode:
        raise PackagesError(f"GraphiQL's packages cannot be installed.\n{done.stderr.strip()}")
    return folder / "node_modules"


def _contents(packages: Path) -> dict[str, bytes]:
    contents = {asset: (packages / asset.package / asset.path).read_bytes() for asset in ASSETS}
    for asset, content in contents.items():
        if not asset.is_whole(content):
            raise PackagesError(f"{asset.path} of {asset.package} {asset.version} is not the file that it was.")
    return {asset.name: content for asset, content in contents.items()}


def main() -> None:
    """Put the files where the page looks for them, unless they are there."""
    if not are_in(FOLDER):
        try:
            bring(FOLDER)
        except PackagesError as error:
            sys.exit(error.message)


if __name__ == "__main__":
    main()
