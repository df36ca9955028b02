"""GraphiQL's files: pinned alike in all places, and none taken that is another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gateway.errors import PackagesError
from gateway.explorer import fetch_assets
from gateway.explorer.assets import ASSETS, FOLDER, Asset, are_in

SOURCE = Path(fetch_assets.__file__).parent


def test_the_manifest_pins_the_same() -> None:
    """The versions of the table are those of the manifest and of its lock file."""
    pinned = {asset.package: asset.version for asset in ASSETS}
    assert json.loads((SOURCE / "package.json").read_text())["dependencies"] == pinned
    locked = json.loads((SOURCE / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == pinned


def test_the_lock_file_names_no_registry() -> None:
    """Whoever builds takes the packages from a registry of their own choice; they are held to their digests."""
    locked = json.loads((SOURCE / "package-lock.json").read_text())["packages"]
    assert not any("resolved" in package for package in locked.values())
    assert all("integrity" in package for name, package in locked.items() if name)


@pytest.mark.usefixtures("graphiql")
def test_the_files_are_those_that_were_pinned() -> None:
    """To the byte, and there is none besides."""
    assert [asset for asset in ASSETS if not asset.is_whole((FOLDER / asset.name).read_bytes())] == []
    found = {file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*") if file.is_file()}
    assert found == {asset.name for asset in ASSETS}


@pytest.mark.usefixtures("graphiql")
@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_a_folder_that_lacks_a_file(tmp_path: Path, asset: Asset) -> None:
    """It is not taken for whole, nor is one with a file that was changed or cut short."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "assets"))
    assert are_in(folder)
    (folder / asset.name).write_bytes((folder / asset.name).read_bytes()[:-1])
    assert not are_in(folder)
    (folder / asset.name).unlink()
    assert not are_in(folder)


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, and nothing is written."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PackagesError, match="npm is missing"):
        fetch_assets.bring(tmp_path / "assets")
    assert list(tmp_path.iterdir()) == []


NPM = """#!/bin/sh
{}
"""


@pytest.mark.parametrize(
    ("script", "told"),
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
def test_an_npm_that(script: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went wrong is told, and what was there before stays."""
    (tmp_path / "npm").write_text(NPM.format(script))
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    kept = tmp_path / "assets" / "kept"
    kept.parent.mkdir()
    kept.touch()
    with pytest.raises(PackagesError, match=told):
        fetch_assets.bring(kept.parent)
    assert kept.exists()
