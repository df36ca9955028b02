"""The shell blocks of README.md and docs/quickstart.md, run in order in one shell."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.commands import Running, environment, installed, running
from tests.conftest import need

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "docs/quickstart.md"]
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:\n```(json|text)\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
SERVER = "gateway dev content\n"
ADDRESS = "http://127.0.0.1:8000"


class Shell:
    """Runs blocks in a folder, and `gateway dev` in the background, on a free port."""

    def __init__(self, folder: Path, background: ExitStack) -> None:
        self._folder = folder
        self._background = background
        self._server: Running | None = None
        own = environment(folder / "cache")
        self._environment = {**own, "PATH": f"{installed(folder)}:{own['PATH']}", "NO_PROXY": "*"}

    def run(self, block: str) -> str:
        """The output of a block."""
        if block == SERVER:
            server = running("dev", self._folder / "content", cache=self._folder / "cache")
            self._server = self._background.enter_context(server)
            self._server.said(r"\d problem")
            return ""
        done = subprocess.run(
            ["sh", "-eu", "-c", self.addressed(block)],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    def addressed(self, text: str) -> str:
        return text.replace(ADDRESS, self._server.url) if self._server else text


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with ExitStack() as background:
        yield Shell(tmp_path, background)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_print_the_shown_output(page: Path, shell: Shell) -> None:
    """Each block succeeds, and prints the text or JSON that follows it."""
    need("curl", shutil.which("curl"))
    blocks = BLOCK.findall(page.read_text())
    assert SERVER in [block for block, *_ in blocks]
    for block, kind, shown in blocks:
        printed = shell.run(block)
        if kind == "json":
            assert json.loads(printed) == json.loads(shown), block
        elif kind == "text":
            assert printed == shown, block


def test_fetch_example_of_the_readme(shell: Shell) -> None:
    """It prints the article of the folder above it."""
    node = need("node", shutil.which("node"))
    text = PAGES[0].read_text()
    for block, *_ in BLOCK.findall(text)[:2]:
        shell.run(block)
    [program] = re.findall(r"```js\n(.*?)```", text, re.DOTALL)
    command = [node, "--input-type=module", "--eval", shell.addressed(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[ { slug: 'hello', title: 'Hello' } ]\n"
