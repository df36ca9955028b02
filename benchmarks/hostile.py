"""Measures the response time of each hostile document and body of the tests.

python -m benchmarks.hostile [--articles 200] [--times 3]
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.hostile import BODIES, DOCUMENTS, cycle

COMMAND = (sys.executable, "-c", "from gateway.cli import main; main()")
JSON = {"Content-Type": "application/json"}


def asked(port: int, body: bytes, headers: Mapping[str, str]) -> tuple[float, int, int]:
    """The seconds until the answer is read, its status and its size in bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    started = time.perf_counter()
    with suppress(ConnectionError):  # the server may answer before the whole body is sent
        connection.request("POST", "/graphql", body, {**JSON, **headers})
    response = connection.getresponse()
    size = len(response.read())
    connection.close()
    return time.perf_counter() - started, response.status, size


def tell(port: int, name: str, body: bytes, headers: Mapping[str, str], times: int) -> None:
    found = [asked(port, body, headers) for _ in range(times)]
    first, slowest = found[0][0] * 1000, max(seconds for seconds, *_ in found) * 1000
    print(f"{name:34} {len(body):10} {found[0][1]:6} {found[0][2]:9} {first:9.1f} {slowest:9.1f}")


def measure(port: int, times: int) -> None:
    print(f"{'':34} {'sent':>10} {'status':>6} {'answer':>9} {'first':>9} {'slowest':>9} ms")
    for name, hostile in DOCUMENTS.items():
        tell(port, name, json.dumps({"query": hostile.query, "variables": hostile.variables}).encode(), {}, times)
    for name, body in BODIES.items():
        tell(port, name, body.content, body.headers, times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder, "content")
        content.mkdir()
        for name, text in cycle(arguments.articles).items():
            (content / name).write_text(text)
        command = [*COMMAND, "serve", str(content), "--port", "0", "--database", str(Path(folder, "gateway.db"))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            assert server.stdout
            try:
                port = int(server.stdout.readline().rpartition(":")[2])
                while "article" not in server.stdout.readline():
                    pass
                measure(port, arguments.times)
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
