"""The programs of docs/clients.md, run as written except for the address and the token."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import NamedTuple

import pytest
from graphql import is_abstract_type

from tests.clients.conftest import Served
from tests.clients.npm import FOLDER, Packages
from tests.schema import SCHEMA

pytestmark = pytest.mark.timeout(1000)  # may install the packages

TEXT = (FOLDER.parent.parent / "docs/clients.md").read_text()


class Program(NamedTuple):
    language: str
    text: str

    def __str__(self) -> str:
        """The heading above the program."""
        return TEXT.partition(self.text)[0].rpartition("\n## ")[2].partition("\n")[0]


PROGRAMS = [Program(*found) for found in re.findall(r"```(js|python)\n(.*?)```", TEXT, re.DOTALL)]
LISTENING = [program for program in PROGRAMS if "subscription" in program.text]
ENDING = [program for program in PROGRAMS if program not in LISTENING]


async def start(program: Program, live: Served, packages: Packages, folder: Path) -> Process:
    is_script = program.language == "js"
    file = folder / ("program.mjs" if is_script else "program.py")
    address = live.server.url.removeprefix("http://")
    file.write_text(program.text.replace("127.0.0.1:8000", address).replace("TOKEN", "editor"))
    (folder / "node_modules").symlink_to(packages.folder)
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    command = "node" if is_script else sys.executable
    return await asyncio.create_subprocess_exec(command, file, stdout=PIPE, env=environment)


@pytest.mark.parametrize("program", ENDING, ids=str)
async def test_programs_run(program: Program, live: Served, packages: Packages, tmp_path: Path) -> None:
    """Each program ends, and prints the articles that it requests."""
    process = await start(program, live, packages, tmp_path)
    printed, _ = await process.communicate()
    assert process.returncode == 0
    title = "Draft" if "DRAFT" in program.text else "Entry 24"
    assert (title in printed.decode()) is ("console.log(" in program.text or "print(" in program.text)


async def printed(process: Process, text: str) -> bool:
    """Whether a program prints a line with this text."""
    assert process.stdout
    async for line in process.stdout:
        if text in line.decode():
            return True
    return False


@pytest.mark.parametrize("program", LISTENING, ids=str)
async def test_programs_receive_changes(program: Program, live: Served, packages: Packages, tmp_path: Path) -> None:
    """Each program prints a file that is written while it runs."""
    process = await start(program, live, packages, tmp_path)
    results = asyncio.ensure_future(printed(process, "Change"))
    await live.change("page.md", results)
    (live.content / "page.md").unlink()
    assert results.result()
    process.kill()
    await process.communicate()


def test_possible_types() -> None:
    """The page's possible types for Apollo's cache equal the schema's."""
    graph = SCHEMA._schema
    abstract = [found for found in graph.type_map.values() if is_abstract_type(found)]
    types = {each.name: sorted(found.name for found in graph.get_possible_types(each)) for each in abstract}
    shown = re.search(r"possibleTypes: (\{.*?\}),", TEXT)
    assert shown
    assert json.loads(re.sub(r"(\w+):", r'"\1":', shown[1])) == types


def test_codegen_settings() -> None:
    """The page's settings equal those of the tested application."""
    shown = re.search(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert shown
    assert shown[1] == (FOLDER / "codegen/codegen.json").read_text()
