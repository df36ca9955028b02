"""Measures a server while it loads a large folder: latency, duration and memory.

python -m benchmarks.loading [--files 5000] [--related 179] [--idle 30]
"""

from __future__ import annotations

import argparse
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

from benchmarks.corpus import Generator
from tests.commands import Running, running

REPORT = re.compile(r"(\d+) files? found, (\d+) read, (\d+) parsed in ([0-9.]+) s")
QUERY = """
{ articles(first: 20) { totalCount nodes {
  title excerpt publishedDateTime provider { name } topics { name } related(first: 3) { title provider { name } }
} } }
"""


class Question(NamedTuple):
    """A request that is sent repeatedly, and the bytes that each successful answer contains."""

    name: str
    path: str
    body: bytes | None
    expected: bytes
    rate: float
    """Requests per second."""


HEALTH = Question("/healthz", "/healthz", None, b'"ok"', 20)
ARTICLES = Question("query", "/graphql", orjson.dumps({"query": QUERY}), b'{"data":', 5)
PAUSE = 0.01


class Asker(threading.Thread):
    """Sends one request at a constant rate on its own connection, regardless of the latency of the answers."""

    def __init__(self, url: str, question: Question) -> None:
        super().__init__(daemon=True)
        self.question = question
        self.seconds: list[float] = []
        self.failures: list[str] = []
        self._address = urlsplit(url).netloc
        self._period = 1 / question.rate
        self._ended = threading.Event()

    def run(self) -> None:
        """The latency of a delayed request counts from the time when it was due, to avoid coordinated omission."""
        connection = HTTPConnection(self._address, timeout=60)
        due = time.perf_counter()
        while not self.seconds or not self._ended.is_set():
            late = time.perf_counter() > due
            self._ended.wait(max(0, due - time.perf_counter()))
            begun = due if late else time.perf_counter()
            self._ask(connection)
            self.seconds.append(time.perf_counter() - begun)
            due += self._period
        connection.close()

    def end(self) -> None:
        self._ended.set()
        self.join()

    def _ask(self, connection: HTTPConnection) -> None:
        try:
            method = "POST" if self.question.body else "GET"
            connection.request(method, self.question.path, self.question.body, {"Content-Type": "application/json"})
            answer = connection.getresponse().read()
        except (OSError, HTTPException) as error:
            self.failures.append(repr(error))
            connection.close()
        else:
            if self.question.expected not in answer:
                self.failures.append(answer.decode())


@contextmanager
def asking(url: str, questions: Sequence[Question]) -> Iterator[Sequence[Asker]]:
    """Send requests during the block. Afterwards the askers contain the results."""
    askers = [Asker(url, question) for question in questions]
    for asker in askers:
        asker.start()
    try:
        yield askers
    finally:
        for asker in askers:
            asker.end()


class Run(NamedTuple):
    """The report of a run, as printed by the server."""

    files: int
    read: int
    parsed: int
    seconds: float


def finished(server: Running) -> Run:
    """Wait for the next run that the server reports."""
    [(files, read, parsed, seconds)] = REPORT.findall(server.said(f"({REPORT.pattern})"))
    return Run(int(files), int(read), int(parsed), float(seconds))


def answered(server: Running, path: str) -> None:
    """Wait until the path returns 200."""
    while server.get(path).status_code != 200:
        time.sleep(PAUSE)


def peaks(process: int) -> list[float]:
    """The peak memory in MB of a process, followed by each of its children. Linux only."""
    below = Path(f"/proc/{process}/task/{process}/children")
    children = below.read_text().split() if below.exists() else []
    return [_peak(str(each)) for each in (process, *children)]


def _peak(process: str) -> float:
    status = Path(f"/proc/{process}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else 0.0


class Site(NamedTuple):
    """A content folder and its database, in one folder."""

    folder: Path

    @property
    def content(self) -> Path:
        return self.folder / "content"

    @contextmanager
    def server(self) -> Iterator[Running]:
        options = ("--database", self.folder / "gateway.db", "--log-level", "warning")
        with running("serve", self.content, *options, cache=self.folder) as server:
            yield server

    def change_all(self) -> None:
        for file in self.content.rglob("*.md"):
            with file.open("a") as stream:
                stream.write("A line more.\n")


class Part(NamedTuple):
    """The measurements of one start of a server."""

    name: str
    ready: float
    """Seconds until the first answer of the server."""
    run: Run
    """The first run."""
    memory: Sequence[float]
    askers: Sequence[Asker]


def measure(site: Site, name: str, questions: Sequence[Question], idle: float = 0) -> Part:
    """Send requests from when the server can answer the last question until the load ends, plus `idle` seconds."""
    begun = time.perf_counter()
    with site.server() as server:
        answered(server, "/readyz" if questions[-1] == ARTICLES else "/healthz")
        ready = time.perf_counter() - begun
        with asking(server.url, questions) as askers:
            run = finished(server)
            time.sleep(idle)
        return Part(name, ready, run, peaks(server.process.pid), askers)


def measure_all(site: Site, idle: float) -> Iterator[Part]:
    """Measure a first load, a start without changes followed by idle time, and a start with every file changed."""
    yield measure(site, "first load", [HEALTH])
    yield measure(site, "nothing changed, idle", [HEALTH, ARTICLES], idle)
    site.change_all()
    yield measure(site, "all changed", [HEALTH, ARTICLES])


def told(part: Part) -> str:
    """One line for the part, and one for each question."""
    run, (server, *parsers) = part.run, part.memory
    return (
        f"{part.name}: {run.read} of {run.files} files read, {run.parsed} parsed in {run.seconds:.1f} s"
        f" ({run.parsed / max(run.seconds, 0.1):.0f} a second); answered after {part.ready:.1f} s;"
        f" at most {server:.0f} MB, parsers {', '.join(f'{peak:.0f}' for peak in parsers) or 0} MB\n"
    ) + "".join(_row(part.name, asker) for asker in part.askers)


def _row(name: str, asker: Asker) -> str:
    """The median, the 99th percentile and the maximum, in milliseconds."""
    ordered = sorted(asker.seconds)
    cells = [ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], ordered[-1]]
    numbers = "".join(f"{1000 * cell:9.1f}" for cell in cells)
    failed = "".join(f"    {failure}\n" for failure in asker.failures[:3])
    return f"{name:24}{asker.question.name:10}{len(ordered):7}{len(asker.failures):8}{numbers}\n{failed}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--related", type=int, default=179)
    parser.add_argument("--idle", type=float, default=30, help="seconds")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        written = Generator(arguments.files, arguments.related).write(site.content)
        print(f"{arguments.files} files, {written / 1e6:.1f} MB")
        print(f"{'':34}{'asked':>7}{'failed':>8}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
        for part in measure_all(site, arguments.idle):
            print(told(part), end="", flush=True)


if __name__ == "__main__":
    main()
