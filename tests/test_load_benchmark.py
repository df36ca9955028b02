"""The load benchmark in small: it measures whole process trees, and only loads that are complete."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from statistics import mean

import pytest

from benchmarks import limits, rescan, shapes
from benchmarks.contenders import GATEWAYS, OTHERS, Contender
from benchmarks.load import PAGE, WARM_UP, Comparison, Cost, chart, compare, load, measured, write_section
from gateway.content import decoder, frontmatter
from tests.commands import invoke

FILES = 5
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"
CHILD = "import time; large = bytes(range(250)) * 1_000_000\nwhile time.process_time() < 0.5: pass"


def test_a_process_tree_is_measured() -> None:
    """CPU time and memory of a process below the command count too."""
    status, cost = measured([sys.executable, "-c", PARENT, CHILD], subprocess.DEVNULL)
    assert status == 0
    assert cost.cpu >= 0.5
    assert cost.peak >= 250_000_000 / 1024**2


def test_a_load_is_compared(tmp_path: Path) -> None:
    """Each contender has a cost of its own."""
    other = OTHERS["hugo"]._replace(command=lambda *_: ("true",), loaded=lambda *_: next(files))
    files = iter((WARM_UP, FILES))
    comparison = compare((GATEWAYS[1], other), shapes.article, FILES, 1, tmp_path)
    assert list(comparison.costs) == [GATEWAYS[1], other]
    assert all(number > 0 for number in comparison.costs[GATEWAYS[1]])
    assert comparison.size == sum(len(shapes.article(number).encode()) for number in range(FILES))


@pytest.mark.parametrize("code", ["print(4, 'articles')", "print(5, 'articles'); exit(1)"])
def test_an_incomplete_load_is_an_error(tmp_path: Path, code: str) -> None:
    """A contender that fails, or that misses a file, has no cost."""
    contender = OTHERS["gray-matter"]._replace(command=lambda *_: (sys.executable, "-c", code))
    with pytest.raises(SystemExit, match=r"of 5 files"):
        load(contender, tmp_path, tmp_path, FILES)


@pytest.mark.parametrize("shape", [shapes.article, shapes.body, limits.text])
def test_the_files_have_no_problems(tmp_path: Path, shape: shapes.Shape) -> None:
    """Their links lead to files of the corpus, also in its second folder."""
    shapes.write(tmp_path, shape, shapes.FOLDER_FILES + FILES)
    assert invoke("check", tmp_path).stdout == f"{shapes.FOLDER_FILES + FILES} documents; 0 problems\n"


@pytest.mark.parametrize(("name", "least", "most"), [("articles", 6_400, 7_000), ("bodies", 5_300, 6_300)])
def test_the_files_have_their_size(name: str, least: int, most: int) -> None:
    """With front matter. A number always gives the same text, without a problem."""
    texts = [shapes.SHAPES[name](number) for number in range(200)]
    assert least < mean(len(text.encode()) for text in texts) < most
    assert texts == [shapes.SHAPES[name](number) for number in range(200)]
    for text in texts[:FILES]:
        front_matter = frontmatter.read("a.md", text.encode())
        assert front_matter
        assert decoder.decode("a.md", front_matter).problems == ()


def test_the_table_has_ratios_to_the_first() -> None:
    """Before the values. The chart has milliseconds per file."""
    first, second = (Contender(name, lambda *_: (), lambda *_: 0) for name in ("one", "two"))
    comparison = Comparison(100, 2_000_000, {first: Cost(1, 2, 30), second: Cost(4, 2, 60)})
    *_, one, two = comparison.table().splitlines()
    assert one == "| one | 1.00 | 1.00 | 1.00 | 2.00 | 10.00 | 30 |"
    assert two == "| two | 0.25 | 1.00 | 4.00 | 2.00 | 40.00 | 60 |"
    drawn = chart([comparison])
    assert "100 files" in drawn
    assert re.findall(r"<title>(.*?)</title></circle>", drawn) == [
        "two: 40.00 CPU ms per file",
        "one: 10.00 CPU ms per file",
    ]


@pytest.mark.parametrize("section", ["articles", "bodies", "unchanged"])
def test_a_section_of_the_page_is_written(tmp_path: Path, section: str) -> None:
    """Again and again, and the rest of the page stays."""
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text())
    write_section(page, section, "first\n")
    once = page.read_text()
    before, after = once.split("first\n")
    assert PAGE.read_text().startswith(before.rstrip())
    assert PAGE.read_text().endswith(after)
    write_section(page, section, "second\n")
    assert page.read_text() == once.replace("first\n", "second\n")


def test_an_unchanged_folder_is_not_read(tmp_path: Path) -> None:
    """The second load after the files were written reads none."""
    content, database = tmp_path / "content", tmp_path / "gateway.db"
    shapes.write(content, shapes.article, FILES)
    for _ in range(2):
        assert invoke("load", content, "--database", database).returncode == 0
    found = asyncio.run(rescan.measure(content, database, 1))
    assert (found.files, found.read) == (FILES, 0)
    assert found.told().startswith("5 unchanged files, 0 read.")
