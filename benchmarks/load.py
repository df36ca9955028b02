"""Compares the gateway with other programs that load a folder of files: CPU, elapsed time and memory.

python -m benchmarks.load [--shape articles|bodies] [--sizes 1000 10000] [--peers hugo] [--unchanged] [--write-docs]
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import platformdirs

from benchmarks import charts, shapes
from benchmarks.contenders import GATEWAYS, OTHERS, Contender

PAGE = Path(__file__).parent.parent / "docs/performance.md"
SIZES: Mapping[str, Sequence[int]] = {"articles": (1_000, 10_000, 100_000), "bodies": (2_000,)}
RENDERING = ("hugo",)
"""The peers that do something with bodies."""
UNCHANGED = "unchanged"
WARM_UP = 10
"""The number of files of a first run that is not measured. It compiles modules, and fills caches."""
VERSIONS = {"Node": ("node", "--version"), "Hugo": ("hugo", "version")}
"""The commands that print the versions of programs which are not installed by the benchmark."""
HEADER = (
    "| {title} | gateway's CPU / its CPU | gateway's wall / its wall | CPU s | wall s | CPU ms per file | peak MB |\n"
    "|---|--:|--:|--:|--:|--:|--:|\n"
)


class Cost(NamedTuple):
    """The cost of one run: of a process and of all processes below it."""

    cpu: float
    """User and system seconds."""
    wall: float
    """Seconds."""
    peak: float
    """The memory in MB of the largest process. Also at least that of this one, as the system counts from the fork."""


class Comparison(NamedTuple):
    """The median costs over one folder, the gateway's first."""

    files: int
    size: int
    """Bytes."""
    costs: Mapping[Contender, Cost]

    def table(self) -> str:
        """A Markdown table. Ratios are those of the first row to each row, so less than 1 is good for the gateway."""
        first = next(iter(self.costs.values()))
        rows = (
            f"| {contender.name} | {first.cpu / cost.cpu:.2f} | {first.wall / cost.wall:.2f} | {cost.cpu:.2f}"
            f" | {cost.wall:.2f} | {1000 * cost.cpu / self.files:.2f} | {cost.peak:.0f} |\n"
            for contender, cost in self.costs.items()
        )
        return HEADER.format(title=self._title) + "".join(rows)

    @property
    def _title(self) -> str:
        return f"{self.files:,} files, {self.size / 1e6:.1f} MB"


def compare(contenders: Sequence[Contender], shape: shapes.Shape, files: int, rounds: int, cache: Path) -> Comparison:
    """The contenders take turns, so that other work on the machine affects them alike."""
    costs: Mapping[Contender, list[Cost]] = {contender: [] for contender in contenders}
    with _generated(shape, WARM_UP) as (content, _):
        for contender in contenders:
            load(contender, cache / contender.peer, content, WARM_UP)
    with _generated(shape, files) as (content, size):
        for _ in range(rounds):
            for contender in contenders:
                costs[contender].append(load(contender, cache / contender.peer, content, files))
    medians = {contender: Cost(*map(median, zip(*some, strict=True))) for contender, some in costs.items()}
    return Comparison(files, size, medians)


@contextmanager
def _generated(shape: shapes.Shape, files: int) -> Iterator[tuple[Path, int]]:
    """A folder of files, and their bytes."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder), shapes.write(Path(folder), shape, files)


def load(contender: Contender, home: Path, content: Path, files: int) -> Cost:
    """Run a contender over a folder, into an empty one. Exits if it did not load all files."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as printed:
        output = Path(folder)
        status, cost = measured([*map(str, contender.command(home, content, output))], printed.fileno())
        printed.seek(0)
        text = printed.read()
        loaded = contender.loaded(output, text)
        if status or loaded != files:
            sys.exit(f"{contender.name} loaded {loaded} of {files} files:\n{text}")
        return cost


def measured(command: Sequence[str], output: int) -> tuple[int, Cost]:
    """Run a command to its end. Returns its exit code, and the cost of its whole process tree.

    Processes count when their parent has waited for them. Python keeps compiled modules, as it does by default.
    """
    unset = ("GATEWAY_", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(unset)}
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=output, stderr=output, env=environment) as process:
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, Cost(usage.ru_utime + usage.ru_stime, seconds, usage.ru_maxrss / 1024)


def unchanged(shape: shapes.Shape, files: int, rounds: int) -> str:
    """Loads of an unchanged folder, in a process of its own so that this one stays small."""
    with _generated(shape, files) as (content, _), tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "gateway.db")
        # The second load reads the files that were written just before the first.
        for _ in range(2):
            subprocess.run(
                [*map(str, (Path(sys.executable).with_name("gateway"), "load", content, "--database", database))],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        command = [sys.executable, "-m", "benchmarks.rescan", *map(str, (content, database, rounds))]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def machine(rounds: int) -> str:
    """The versions that were measured, in one line."""
    versions = (f"{name} {_version(*command)}" for name, command in VERSIONS.items() if shutil.which(command[0]))
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} CPUs, {', '.join((python, *versions))}; rounds: {rounds}.\n"


def _version(*command: str) -> str:
    found = re.search(r"\d+\.\d+\.\d+", subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found[0] if found else "unknown"


def write_section(page: Path, section: str, text: str) -> None:
    """Replace the text between the two comments with the name of the section."""
    before, rest = page.read_text().split(f"<!-- {section} -->\n")
    _, after = rest.split(f"<!-- /{section} -->\n")
    page.write_text(f"{before}<!-- {section} -->\n\n{text}\n<!-- /{section} -->\n{after}")


def _present(peers: Sequence[str]) -> Iterator[Contender]:
    for contender in map(OTHERS.__getitem__, peers):
        if shutil.which(contender.needs):
            yield contender
        else:
            print(f"{contender.name} is left out: {contender.needs} is missing.", file=sys.stderr)


def comparisons(arguments: argparse.Namespace, shape: shapes.Shape, sizes: Sequence[int]) -> Iterator[Comparison]:
    """The comparison over each number of files, one by one."""
    peers = arguments.peers if arguments.peers is not None else RENDERING if arguments.shape == "bodies" else OTHERS
    contenders = (*GATEWAYS, *_present([*peers]))
    for contender in contenders:
        contender.installed(arguments.cache)
    for files in sizes:
        yield compare(contenders, shape, files, arguments.rounds, arguments.cache)


def chart(compared: Sequence[Comparison]) -> str:
    """The CPU time per file of each contender for each number of files."""
    groups = {
        f"{each.files:,} files": {its.name: 1000 * cost.cpu / each.files for its, cost in each.costs.items()}
        for each in compared
    }
    return charts.dots("CPU ms per file", groups)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=shapes.SHAPES, default="articles")
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of files")
    parser.add_argument("--peers", choices=OTHERS, nargs="*")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--unchanged", action="store_true", help="measure loads without changes")
    parser.add_argument("--cache", type=Path, default=platformdirs.user_cache_path("gateway-benchmarks"))
    parser.add_argument("--write-docs", action="store_true", help=f"write the results to docs/{PAGE.name}")
    arguments = parser.parse_args()
    shape, sizes = shapes.SHAPES[arguments.shape], arguments.sizes or SIZES[arguments.shape]
    compared = list[Comparison]()
    parts = [machine(arguments.rounds)]
    print(parts[0])
    if arguments.unchanged:
        parts.append(unchanged(shape, max(sizes), arguments.rounds))
        print(parts[1])
    else:
        for comparison in comparisons(arguments, shape, sizes):
            print(comparison.table(), flush=True)
            compared.append(comparison)
        parts += [comparison.table() for comparison in compared]
    if arguments.write_docs:
        shown = (
            [charts.write(arguments.shape, "CPU time per file of each program", chart(compared))] if compared else []
        )
        write_section(PAGE, UNCHANGED if arguments.unchanged else arguments.shape, "\n".join(shown + parts))


if __name__ == "__main__":
    main()
