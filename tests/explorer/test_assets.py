"""GraphiQL's files: equal versions in all places, checked by their digests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gateway.errors import PackagesError
from gateway.explorer import fetch_assets
from gateway.explorer.assets import ASSETS, FOLDER, Asset, are_in

SOURCE = Path(fetch_assets.__file__).parent


def test_manifest_has_the_same_versions() -> None:
    """The table, the manifest and the lock file have equal versions."""
    pinned = {asset.package: asset.version for asset in ASSETS}
    assert json.loads((SOURCE / "package.json").read_text())["dependencies"] == pinned
    locked = json.loads((SOURCE / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == pinned


def test_lock_file_names_no_registry() -> None:
    """npm uses the configured registry and checks the digests."""
    locked = json.loads((SOURCE / "package-lock.json").read_text())["packages"]
    assert not any("resolved" in package for package in locked.values())
    assert all("integrity" in package for name, package in locked.items() if name)


@pytest.mark.usefixtures("graphiql")
def test_files_match_their_digests() -> None:
    """There are no further files."""
    assert [asset for asset in ASSETS if not asset.is_whole((FOLDER / asset.name).read_bytes())] == []
    found = {file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*") if file.is_file()}
    assert found == {asset.name for asset in ASSETS}


@pytest.mark.usefixtures("graphiql")
@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_incomplete_folder(tmp_path: Path, asset: Asset) -> None:
    """A folder with a missing, changed or truncated file is not used."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "assets"))
    assert are_in(folder)
    (folder / asset.name).write_bytes((folder / asset.name).read_bytes()[:-1])
    assert not are_in(folder)
    (folder / asset.name).unlink()
    assert not are_in(folder)


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names npm, and no file is written."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PackagesError, match="npm is missing"):
        fetch_assets.bring(tmp_path / "assets")
    assert list(tmp_path.iterdir()) == []


NPM = """#!/bin/sh
{}
"""


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'npm error network' >&2; exit 1", "npm error network"),
        (
            f"mkdir -p {' '.join(f'node_modules/{Path(asset.package, asset.path).parent}' for asset in ASSETS)}\n"
            + "\n".join(f"echo other >node_modules/{asset.package}/{asset.path}" for asset in ASSETS),
            f"of {ASSETS[0].package} {ASSETS[0].version} does not match its digest",
        ),
    ],
    ids=["fails", "brings others"],
)
def test_npm_failure(script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the cause, and earlier files stay."""
    (tmp_path / "npm").write_text(NPM.format(script))
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    kept = tmp_path / "assets" / "kept"
    kept.parent.mkdir()
    kept.touch()
    with pytest.raises(PackagesError, match=message):
        fetch_assets.bring(kept.parent)
    assert kept.exists()
