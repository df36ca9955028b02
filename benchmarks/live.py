"""Measures the time from a save until it is visible in an answer, and query latency during a push of many files.

python -m benchmarks.live [--files 10000] [--related 40] [--saves 100] [--pushed 800] [--of 5000]
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import multiprocessing
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.corpus import Generator

COMMAND = (sys.executable, "-c", "from gateway.cli import main; main()")
TITLE = "query ($path: String) { article(path: $path) { title } }"
ASKED = """
query ($path: String) {
  article(path: $path) { title topics { name } provider { name articles(first: 5) { nodes { title } } } }
}
"""
REVISION = "{ corpus { revision } }"
SPACED = 1.2
"""Seconds between two saves, so that each is loaded separately."""
POLLED = 0.002


class Server:
    """A running server, and one connection to it."""

    def __init__(self, port: int, content: Path) -> None:
        self.port = port
        self.content = content
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(self, query: str, **variables: str) -> dict[str, dict[str, str]]:
        body = json.dumps({"query": query, "variables": variables})
        self._connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        answer = json.loads(self._connection.getresponse().read())
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"]))
        data: dict[str, dict[str, str]] = answer["data"]
        return data

    def timed(self, path: str) -> float:
        begun = time.perf_counter()
        self.ask(ASKED, path=path)
        return time.perf_counter() - begun


@contextmanager
def serving(content: Path) -> Iterator[Server]:
    """A real server that has loaded a folder."""
    database = content.with_suffix(".db")
    command = [*COMMAND, "serve", str(content), "--port", "0", "--database", str(database), "--log-level", "warning"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            listening = re.search(r":(\d+)$", process.stdout.readline().strip())
            assert listening
            print(process.stdout.readline().strip())
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield Server(int(listening[1]), content)
        finally:
            process.terminate()


def published(content: Path) -> list[Path]:
    return [file for file in sorted(content.rglob("*.md")) if "\npublished: true\n" in file.read_text()]


def retitled(file: Path, title: str) -> str:
    return re.sub(r"^title: .*$", f"title: {title}", file.read_text(), count=1, flags=re.MULTILINE)


def save_to_visible(server: Server, file: Path, title: str) -> float:
    """Seconds from the start of the write until an answer contains the new title."""
    path = file.relative_to(server.content).as_posix()
    text = retitled(file, title)
    begun = time.perf_counter()
    file.write_text(text)
    while server.ask(TITLE, path=path)["article"]["title"] != title:
        time.sleep(POLLED)
    return time.perf_counter() - begun


def shown(label: str, seconds: Sequence[float]) -> None:
    """Print the median, the 99th percentile and the maximum, in milliseconds."""
    p50, p99, longest = (sorted(seconds)[math.ceil(len(seconds) * share) - 1] * 1000 for share in (0.5, 0.99, 1))
    print(f"{label:<28} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   max {longest:7.1f} ms   ({len(seconds)})")


def saves(content: Path, number: int) -> None:
    """Measure single saves of published articles."""
    files = random.Random(1).choices(published(content), k=number)
    mark = f"Saved {time.time():.0f}"
    with serving(content) as server:
        paths = [file.relative_to(content).as_posix() for file in files]
        shown("a query, idle", [server.timed(path) for path in paths * 3])
        times = []
        for at, file in enumerate(files):
            time.sleep(SPACED)
            times.append(save_to_visible(server, file, f"{mark} {at}"))
        shown("save to visible", times)


def push(content: Path, number: int) -> None:
    """Replace many files at once, as a checkout does, while a client sends queries."""
    files = random.Random(2).sample(sorted(content.rglob("*.md")), number)
    shown_ones = published(content)
    asked = [file.relative_to(content).as_posix() for file in shown_ones[:100]]
    mark = f"Pushed {time.time():.0f}"
    texts = {file: retitled(file, f"{mark} {at}") for at, file in enumerate(files)}
    last = next(file for file in reversed(files) if file in set(shown_ones))
    path, title = last.relative_to(content).as_posix(), re.search(r"^title: (.*)$", texts[last], re.MULTILINE)
    assert title
    with serving(content) as server:
        shown("a query, idle", [server.timed(path) for path in asked * 3])
        revisions, during = [str(server.ask(REVISION))], list[float]()
        begun = time.perf_counter()
        multiprocessing.Process(target=check_out, args=(texts,)).start()
        while server.ask(TITLE, path=path)["article"]["title"] != title[1]:
            during.append(server.timed(random.choice(asked)))
            revisions.append(str(server.ask(REVISION)))
        took = time.perf_counter() - begun
        revisions.append(str(server.ask(REVISION)))
        print(f"{number} files: {len(set(revisions)) - 1} public generations seen, all visible after {took:.2f} s")
        shown("a query, during it", during)


def check_out(texts: dict[Path, str]) -> None:
    """Runs in a separate process, as git does, so that it does not delay the measuring client."""
    for file, text in texts.items():
        file.unlink()
        file.write_text(text)


def folder(under: Path, files: int, related: int) -> Path:
    """A generated corpus, shared by all runs."""
    content = under / f"corpus-{files}-{related}"
    if not content.exists():
        Generator(files, related).write(content)
    return content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--related", type=int, default=40)
    parser.add_argument("--saves", type=int, default=100)
    parser.add_argument("--of", type=int, default=5_000)
    parser.add_argument("--pushed", type=int, default=800)
    parser.add_argument("--folder", type=Path, help="The folder for the corpora. The default is a temporary folder.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        under = arguments.folder or Path(temporary)
        saves(folder(under, arguments.files, arguments.related), arguments.saves)
        push(folder(under, arguments.of, arguments.related), arguments.pushed)


if __name__ == "__main__":
    main()
