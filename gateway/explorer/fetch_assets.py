"""Installs GraphiQL's files from the packages in the lock file. The build of the wheel and `make explorer` run it.

It needs only the standard library and npm.
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
    """Fill a folder with all files, after verifying their digests. Other files in the folder are deleted.

    Raises PackagesError if npm is missing or fails, or if a digest differs. The folder is then unchanged.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise PackagesError("GraphiQL comes from npm, and npm is missing here.")
    with TemporaryDirectory() as temporary:
        contents = _contents(_installed(npm, Path(temporary)))
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _installed(npm: str, folder: Path) -> Path:
    for name in MANIFEST:
        shutil.copy(SOURCE / name, folder)
    done = subprocess.run((npm, *INSTALL), cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - the arguments are constant
    if done.returncode:
        raise PackagesError(f"GraphiQL's packages cannot be installed.\n{done.stderr.strip()}")
    return folder / "node_modules"


def _contents(packages: Path) -> dict[str, bytes]:
    contents = {asset: (packages / asset.package / asset.path).read_bytes() for asset in ASSETS}
    for asset, content in contents.items():
        if not asset.is_whole(content):
            raise PackagesError(f"{asset.path} of {asset.package} {asset.version} does not match its digest.")
    return {asset.name: content for asset, content in contents.items()}


def main() -> None:
    """Install the files, unless they are present."""
    if not are_in(FOLDER):
        try:
            bring(FOLDER)
        except PackagesError as error:
            sys.exit(error.message)


if __name__ == "__main__":
    main()
