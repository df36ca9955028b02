"""The wheel: it includes GraphiQL if npm was available at the build, and otherwise the build logs a message."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Browser

from gateway.explorer.assets import ASSETS
from tests.clients import npm
from tests.commands import running
from tests.conftest import need
from tests.explorer.conftest import ROOT, SEEDS
from tests.explorer.graphiql import opened

pytestmark = pytest.mark.timeout(1000)

PREFIX = "gateway/explorer/assets/"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The files of a clean clone that a wheel is built from."""
    folder = tmp_path / "source"
    skipped = shutil.ignore_patterns("assets", "node_modules", "__pycache__")
    shutil.copytree(ROOT / "gateway", folder / "gateway", ignore=skipped)
    shutil.copytree(ROOT / "docs", folder / "docs")
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, folder)
    return folder


def build(source: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GATEWAY_REQUIRE_EXPLORER": "", **variables}
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel")
    return subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, check=False, timeout=900
    )


def contents(source: Path) -> dict[str, bytes]:
    [wheel] = (source / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def test_wheel_includes_graphiql(browser: Browser, source: Path, tmp_path: Path) -> None:
    """A wheel built with npm works without Node and without a network."""
    need("node", npm.node())
    built = build(source, GATEWAY_REQUIRE_EXPLORER="1")
    assert built.returncode == 0, built.stderr
    files = contents(source)
    assert all(asset.is_whole(files[PREFIX + asset.name]) for asset in ASSETS)
    assert not [name for name in files if "package" in Path(name).name]
    assert not (source / PREFIX).exists()

    program = installed(source, tmp_path / "environment")
    isolated = ("env", f"PATH={program.parent}")
    with running("dev", SEEDS, cache=tmp_path, wrapper=isolated, program=(str(program),)) as server:
        server.said(r"^\d+ articles")
        graphiql = await opened(browser, f"{server.url}/graphiql")
        assert (await graphiql.run())["data"]["articles"]["totalCount"] == 8
        graphiql.assert_well()
        assert "<title>Content" in server.get("/docs/content.md").text


def installed(source: Path, environment: Path) -> Path:
    """The command of an environment with the wheel, and with the packages of the tests."""
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", environment), check=True, timeout=100)
    python = environment / "bin" / "python"
    [wheel] = (source / "dist").glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", "--quiet", wheel)
    subprocess.run(pip, check=True, timeout=100)
    [packages] = environment.glob("lib/*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin" / "gateway"


def test_wheel_without_npm(source: Path) -> None:
    """It lacks only GraphiQL, and the build logs that."""
    built = build(source, PATH="")
    assert built.returncode == 0, built.stderr
    assert "npm is missing here. The wheel is built without GraphiQL." in built.stderr + built.stdout
    files = contents(source)
    assert "gateway/explorer/page.js" in files
    assert not [name for name in files if name.startswith(PREFIX)]
    documentation = {name.removeprefix("gateway/explorer/docs/") for name in files if "/docs/" in name}
    assert documentation == {str(file.relative_to(ROOT / "docs")) for file in (ROOT / "docs").rglob("*.*")}


def test_required_graphiql_without_npm(source: Path) -> None:
    """The build fails."""
    built = build(source, PATH="", GATEWAY_REQUIRE_EXPLORER="1")
    assert built.returncode != 0
    assert "npm is missing" in built.stderr
    assert not list(source.glob("dist/*.whl"))
