"""The command lines of the docs are valid: those that end are run, others are parsed with their settings."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner

from gateway.commands.group import main
from gateway.settings import Mode
from gateway.settings_sources import read

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "Dockerfile", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = {"CONTENT", "content", "seeds", "/srv/content", "/content"}
"""The names by which the docs call a content folder."""
TRUSTED = "persisted-documents.json"
SETTINGS_FILE = 'preview_secret = "0123456789abcdef0123456789abcdef"\n'
VARIABLES = re.compile(r"^(GATEWAY_\w+)=(.*)$", re.DOTALL)


class Line(NamedTuple):
    page: str
    environment: Mapping[str, str]
    command: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {self.command} {' '.join(self.arguments)}"[:60]


def lines(page: Path) -> Iterator[Line]:
    """Each line of a console block that starts with `$`, and each of a shell block, if it runs `gateway`.

    Variables that a block exports are in its environment.
    """
    blocks = re.findall(r"^ *```(console|sh)\n(.*?)^ *```", page.read_text(), re.DOTALL | re.MULTILINE)
    for kind, text in blocks:
        joined = text.replace("\\\n", " ")
        exported = dict(re.findall(r"^export (GATEWAY_\w+)=(.*)$", joined, re.MULTILINE))
        pattern = r"^ *\$ (.*)$" if kind == "console" else r"^(gateway .*)$"
        for written in re.findall(pattern, joined, re.MULTILINE):
            words = shlex.split(re.split(r" [>|&]", written)[0], comments=True)
            environment = exported | {found[1]: found[2] for word in words if (found := VARIABLES.match(word))}
            words = [word for word in words if not VARIABLES.match(word)]
            if words and Path(words[0]).name == "gateway":
                yield Line(page.name, environment, words[1], tuple(words[2:]))


LINES = [line for page in PAGES for line in lines(page)]
RUNNING = [line for line in LINES if line.command in {"dev", "serve"} or "--watch" in line.arguments]
ENDING = [line for line in LINES if line not in RUNNING]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The current folder of a line, with the files that the docs name."""
    shutil.copytree(ROOT / "seeds", tmp_path / "content")
    (tmp_path / TRUSTED).write_text("{}")
    (tmp_path / "gateway.toml").write_text(SETTINGS_FILE)
    with chdir(tmp_path):
        yield tmp_path


def arguments(line: Line, folder: Path) -> list[str]:
    return [str(folder / "content") if word in FOLDERS else word for word in line.arguments]


@pytest.mark.parametrize("line", ENDING, ids=str)
def test_commands_run(line: Line, folder: Path) -> None:
    """Each command ends with exit code 0 over the seeds, and prints something."""
    environment = {"XDG_CACHE_HOME": str(folder), **line.environment}
    done = CliRunner().invoke(main, [line.command, *arguments(line, folder)], env=environment)
    assert (done.exit_code, bool(done.output)) == (0, True), done.output


@pytest.mark.parametrize("line", RUNNING, ids=str)
def test_servers_would_start(line: Line, folder: Path) -> None:
    """The options of what runs until a signal exist, and their values and variables are valid settings."""
    group = click.Context(main)
    command = main.get_command(group, line.command)
    assert command
    flags = command.make_context(line.command, arguments(line, folder), parent=group).params
    content = flags.pop("content")
    assert content == (None if FOLDERS.isdisjoint(line.arguments) else folder / "content")
    settings = read(Mode.DEV if line.command == Mode.DEV else Mode.SERVE, content, flags, line.environment)
    assert all(getattr(settings, name.removeprefix("GATEWAY_").lower()) for name in line.environment)


def test_every_command_is_shown() -> None:
    """The docs show each command at least once, and README.md lists those of everyday use."""
    assert {line.command for line in LINES} == set(main.list_commands(click.Context(main)))
    assert len({line.command for line in LINES if line.page == "README.md"}) > 5
