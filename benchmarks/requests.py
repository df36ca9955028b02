"""Measures the processor time of a server per request, next to fixed bytes of Starlette.

python -m benchmarks.requests [--against CHECKOUT] [--seconds 3] [--rounds 5] [--log-level warning]

`--against` serves also by the gateway of another checkout, in the same run and with the same packages.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import orjson

from benchmarks import shapes
from benchmarks.loading import finished
from benchmarks.overload import processor_seconds
from tests.commands import running

CONNECTIONS = 8
"""They send at the same time, so that the server handles some requests in each iteration of its loop."""
FILES = 20
FIXED = "fixed bytes"
CHECKOUT = Path(__file__).parent.parent
GATEWAY = "import sys; sys.path.insert(0, sys.argv.pop(1)); from gateway.cli import main; main()"
STARLETTE = """
import socket, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

async def answer(request):
    return Response(b'{"data":{"__typename":"Query"}}', media_type="application/json")

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
app = Starlette(routes=[Route("/graphql", answer, methods=["POST"])])
config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", server_header=False)
uvicorn.Server(config).run([listener])
"""
TYPENAME = "{ __typename }"
SMALL = "{ articles(first: 5) { nodes { title path topics { name } } } }"


class Server(NamedTuple):
    """A server: its port and its process."""

    port: int
    process: int


class Client:
    """Keep-alive connections, which send one request on each and then read all responses."""

    def __init__(self, port: int, connections: int = CONNECTIONS) -> None:
        self._connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def first(self, sent: bytes) -> bytes:
        """The first response to a request."""
        connection = self._connections[0]
        connection.sendall(sent)
        received = b""
        while (size := _size_of(received)) is None or len(received) < size:
            if not (data := connection.recv(65_536)):
                raise RuntimeError(f"The server closed the connection after {received!r}.")
            received += data
        return received

    def run(self, sent: bytes, seconds: float) -> int:
        """Send the request for some seconds. Returns the number of responses, which have one size."""
        size, count, end = len(self.first(sent)), 0, time.monotonic() + seconds
        while time.monotonic() < end:
            for connection in self._connections:
                connection.sendall(sent)
            for connection in self._connections:
                left = size
                while left:
                    left -= len(connection.recv(left)) or sys.exit("The server closed a connection.")
            count += len(self._connections)
        return count


def _size_of(received: bytes) -> int | None:
    """The bytes of a response. None while its head is incomplete."""
    head, end, _ = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(head) + 4 + (int(lengths[0].partition(b":")[2]) if lengths else 0) if end else None


def request(method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    sized = {"Content-Type": "application/json", "Content-Length": str(len(body))} if body else {}
    named = {"Host": "localhost", "Accept": "*/*", "User-Agent": "benchmark", **sized, **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body


def cases(server: Server) -> Mapping[str, bytes]:
    """The requests to a gateway. Registers a persisted document."""
    with closing(Client(server.port, 1)) as client:
        return _cases(client)


def _cases(client: Client) -> Mapping[str, bytes]:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(TYPENAME.encode()).hexdigest()}}
    client.first(request("POST", "/graphql", orjson.dumps({"query": TYPENAME, "extensions": extensions})))
    persisted = f"/graphql?extensions={quote(orjson.dumps(extensions))}"
    head = client.first(request("GET", persisted)).partition(b"\r\n\r\n")[0]
    lines = (line.partition(b": ") for line in head.split(b"\r\n"))
    tag = next(value.decode() for name, _, value in lines if name.lower() == b"etag")
    return {
        "POST { __typename }": request("POST", "/graphql", orjson.dumps({"query": TYPENAME})),
        "GET { __typename }": request(
            "GET", f"/graphql?query={quote(TYPENAME)}", headers={"GraphQL-Require-Preflight": "1"}
        ),
        "GET by digest": request("GET", persisted),
        "304": request("GET", persisted, headers={"If-None-Match": tag}),
        "POST a small query": request("POST", "/graphql", orjson.dumps({"query": SMALL})),
    }


@contextmanager
def starlette() -> Iterator[Server]:
    with subprocess.Popen([sys.executable, "-c", STARLETTE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Server(int(process.stdout.readline()), process.pid)
        finally:
            process.kill()


@contextmanager
def gateway(checkout: Path, content: Path, cache: Path, log_level: str) -> Iterator[Server]:
    options = ("--database", cache / "gateway.db", "--log-level", log_level, "--watch", "off")
    program = (sys.executable, "-c", GATEWAY, str(checkout))
    with running("serve", content, *options, cache=cache, program=program) as server:
        finished(server)
        port = urlsplit(server.url).port
        assert port
        yield Server(port, server.process.pid)


def microseconds(server: Server, sent: bytes, seconds: float) -> float:
    """Processor time of the server per request."""
    with closing(Client(server.port)) as client:
        client.run(sent, seconds / 4)
        before = processor_seconds(server.process)
        count = client.run(sent, seconds)
        return 1e6 * (processor_seconds(server.process) - before) / count


def measure(
    checkouts: Sequence[Path], folder: Path, seconds: float, rounds: int, log_level: str = "warning"
) -> Mapping[str, Sequence[float]]:
    """The microseconds per request of each case, for each checkout, and of the fixed bytes.

    Each round measures all cases of all servers, so that other work of the machine affects them alike. The least of the
    rounds counts, because other work only adds to the processor time.
    """
    shapes.write(folder / "content", shapes.article, FILES)
    with ExitStack() as stack:
        fixed = stack.enter_context(starlette())
        sent = {FIXED: [(fixed, request("POST", "/graphql", orjson.dumps({"query": TYPENAME})))]}
        for number, checkout in enumerate(checkouts):
            cache = folder / str(number)
            cache.mkdir()
            server = stack.enter_context(gateway(checkout, folder / "content", cache, log_level))
            for name, text in cases(server).items():
                sent.setdefault(name, []).append((server, text))
        found = [
            {name: [microseconds(*each, seconds / rounds) for each in asked] for name, asked in sent.items()}
            for _ in range(rounds)
        ]
    return {name: [min(column) for column in zip(*(each[name] for each in found), strict=True)] for name in sent}


def told(name: str, found: Sequence[float], fixed: float) -> str:
    """A row: microseconds and their ratio to the fixed bytes for each checkout, and the first's ratio to the second."""
    numbers = "".join(f"{each:10.0f}{each / fixed:9.1f}" for each in found)
    return f"{name:22}{numbers}" + "".join(f"{found[0] / other:16.2f}" for other in found[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout, which is measured too")
    parser.add_argument("--seconds", type=float, default=3, help="of each case")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--log-level", default="warning", help="of the gateway; info logs each request")
    arguments = parser.parse_args()
    checkouts = [CHECKOUT, *([arguments.against.absolute()] if arguments.against else [])]
    with tempfile.TemporaryDirectory() as folder:
        found = measure(checkouts, Path(folder), arguments.seconds, arguments.rounds, arguments.log_level)
    print(
        f"{'':22}{'this µs':>10}{'/ fixed':>9}"
        + (f"{'other µs':>10}{'/ fixed':>9}{'this / other':>16}" if arguments.against else "")
    )
    for name, numbers in found.items():
        print(told(name, numbers, found[FIXED][0]))


if __name__ == "__main__":
    main()
