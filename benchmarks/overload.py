"""Measures the goodput of a server under overload: successful answers per second with up to 1,000 connections.

python -m benchmarks.overload [--connections 32 64 288 600 1000] [--seconds 4] [--rounds 3]
"""

from __future__ import annotations

import argparse
import errno
import heapq
import os
import resource
import select
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.corpus import Generator
from benchmarks.loading import ARTICLES, finished
from tests.commands import running

CONNECTIONS = (32, 64, 288, 600, 1000)
WARM_UP = 2.0
"""Seconds before the measurement starts."""
PROBE_PERIOD = 0.2
PROBE_TIMEOUT = 10.0
AIM = 0.7


def request(body: bytes) -> bytes:
    head = f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


class Answer(NamedTuple):
    """A response: its status, the seconds of Retry-After, and whether the connection ends with it."""

    status: int
    retry_after: float
    closes: bool


def answer_in(received: bytes) -> Answer | None:
    """The response in the bytes received; None while it is incomplete."""
    head, separator, body = received.partition(b"\r\n\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))}
    if not separator or len(body) < int(fields.get(b"content-length", b"0")):
        return None
    closes = fields.get(b"connection", b"").lower() == b"close"
    return Answer(int(head[9:12]), float(fields.get(b"retry-after", b"0")), closes)


class Client:
    """A connection that repeats its request after each answer, and reconnects when it is closed."""

    def __init__(self, address: tuple[str, int], sent: bytes) -> None:
        self._address = address
        self._sent = sent
        self._received = b""
        self.begun = 0.0
        self.socket = self._connected()

    def send(self) -> None:
        """The request fits in the buffer of the socket."""
        self.begun = self.begun or time.perf_counter()
        self._received = b""
        self.socket.send(self._sent)

    def receive(self) -> Answer | None:
        """The answer once it is complete. Raises ConnectionError when the server closed instead."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionResetError
        self._received += data
        return answer_in(self._received)

    def reconnect(self) -> None:
        self.socket.close()
        self.socket = self._connected()

    def _connected(self) -> socket.socket:
        found = socket.socket()
        found.setblocking(False)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if found.connect_ex(self._address) not in {0, errno.EINPROGRESS}:
            raise OSError(f"The connection to {self._address} failed.")
        return found


class Counts:
    """The answers to a load during the measurement."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        """The latency of each success, from the first attempt to send its request."""
        self.statuses = Counter[int]()
        self.closed = 0
        """Connections that the server closed without an answer."""

    def with_others(self, others: Counts) -> Counts:
        found = Counts()
        found.seconds = self.seconds + others.seconds
        found.statuses = self.statuses + others.statuses
        found.closed = self.closed + others.closed
        return found


class Plan(NamedTuple):
    """A number of connections, and whether their clients obey Retry-After."""

    connections: int
    patient: bool


class Load:
    """Clients in a closed loop, driven by epoll in one thread to save processor time."""

    def __init__(self, url: str, plan: Plan) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 0)
        self._patient = plan.patient
        self._epoll = select.epoll()
        self._clients: dict[int, Client] = {}
        self._waiting: list[tuple[float, int]] = []
        for _ in range(plan.connections):
            self._register(Client(self._address, request(ARTICLES.body or b"")))

    def run(self, seconds: float) -> Counts:
        counts, end = Counts(), time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            while self._waiting and self._waiting[0][0] <= now:
                self._clients[heapq.heappop(self._waiting)[1]].send()
            for number, events in self._epoll.poll(0.02):
                self._step(number, events, counts)
        return counts

    def close(self) -> None:
        for client in self._clients.values():
            client.socket.close()
        self._epoll.close()

    def _step(self, number: int, events: int, counts: Counts) -> None:
        client = self._clients[number]
        try:
            if events & select.EPOLLOUT:
                self._epoll.modify(number, select.EPOLLIN)
                client.send()
            elif answer := client.receive():
                self._answered(client, answer, counts)
        except ConnectionError:
            counts.closed += 1
            client.begun = 0.0
            self._reconnect(client)

    def _answered(self, client: Client, answer: Answer, counts: Counts) -> None:
        counts.statuses[answer.status] += 1
        if answer.status == 200:
            counts.seconds.append(time.perf_counter() - client.begun)
        client.begun = 0.0
        if answer.closes:
            self._reconnect(client)
        elif self._patient and answer.retry_after:
            heapq.heappush(self._waiting, (time.perf_counter() + answer.retry_after, client.socket.fileno()))
        else:
            client.send()

    def _register(self, client: Client) -> None:
        self._clients[client.socket.fileno()] = client
        self._epoll.register(client.socket, select.EPOLLOUT)

    def _reconnect(self, client: Client) -> None:
        del self._clients[client.socket.fileno()]
        client.reconnect()
        self._register(client)


class Prober(threading.Thread):
    """Requests /healthz again and again, each time on a new connection, as an orchestrator does."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._ended = threading.Event()
        self._seconds: list[float] = []

    def run(self) -> None:
        while not self._ended.wait(PROBE_PERIOD):
            begun = time.perf_counter()
            self._seconds.append(time.perf_counter() - begun if self._is_alive() else float("inf"))

    def end(self) -> Sequence[float]:
        """The sorted seconds of the probes. A failed probe counts as infinity."""
        self._ended.set()
        self.join()
        return sorted(self._seconds)

    def _is_alive(self) -> bool:
        connection = HTTPConnection(urlsplit(self._url).netloc, timeout=PROBE_TIMEOUT)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        return False


class Row(NamedTuple):
    """The result of a load."""

    seconds: float
    processor: float
    """Seconds of processor time that the server took."""
    counts: Counts
    probes: Sequence[float]
    """The sorted seconds of the probes."""

    @property
    def goodput(self) -> float:
        return len(self.counts.seconds) / self.seconds

    @property
    def efficiency(self) -> float:
        """Successes per second of processor time of the server, which depends less on other load of the machine."""
        return len(self.counts.seconds) / max(self.processor, 0.01)

    def with_another(self, row: Row) -> Row:
        counts = self.counts.with_others(row.counts)
        probes = sorted([*self.probes, *row.probes])
        return Row(self.seconds + row.seconds, self.processor + row.processor, counts, probes)


class Best(NamedTuple):
    """The maximum over all loads."""

    goodput: float
    efficiency: float


def told(plan: Plan, row: Row, best: Best) -> str:
    statuses, ordered = row.counts.statuses, sorted(row.counts.seconds) or [float("inf")]
    refused = statuses[503] / row.seconds
    failed = row.counts.closed + sum(count for status, count in statuses.items() if status not in {200, 503})
    goodput, efficiency = row.goodput / best.goodput, row.efficiency / best.efficiency
    numbers = f"{row.goodput:9.1f}{goodput:7.2f}{row.efficiency:9.1f}{efficiency:7.2f}{refused:10.0f}{failed:8}"
    p50, p99 = (1000 * ordered[len(ordered) * part // 100] for part in (50, 99))
    probe = 1000 * row.probes[-1] if row.probes else 0.0
    name = f"{plan.connections}{', patient' if plan.patient else ''}"
    return f"{name:15}{numbers}{p50:9.0f}{p99:9.0f}{probe:10.0f}{'' if goodput >= AIM else '  missed'}"


HEADER = (
    f"{'connections':15}{'good /s':>9}{'ratio':>7}{'/cpu s':>9}{'ratio':>7}{'503 /s':>10}{'failed':>8}"
    f"{'p50 ms':>9}{'p99 ms':>9}{'probe ms':>10}"
)


def processor_seconds(process: int) -> float:
    """User and system time of a process in seconds, from /proc."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(url: str, process: int, load: Load, seconds: float) -> Row:
    load.run(min(WARM_UP, seconds))
    prober, before = Prober(url), processor_seconds(process)
    prober.start()
    counts = load.run(seconds)
    processor = processor_seconds(process) - before
    return Row(seconds, processor, counts, prober.end())


def measure_all(folder: Path, files: int, plans: Sequence[Plan], seconds: float, rounds: int) -> Mapping[Plan, Row]:
    """Run all plans in each round, so that other load of the machine affects them equally."""
    Generator(files, 20, published=1.0).write(folder / "content")
    options = ("--database", folder / "gateway.db", "--log-level", "error")
    found: dict[Plan, Row] = {}
    with running("serve", folder / "content", *options, cache=folder) as server:
        finished(server)
        for plan in [*plans] * rounds:
            with closing(Load(server.url, plan)) as load:
                row = measure(server.url, server.process.pid, load, seconds)
            found[plan] = found[plan].with_another(row) if plan in found else row
        server.stop()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--seconds", type=float, default=4, help="of each load in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=500)
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    plans = [Plan(each, patient) for patient in (False, True) for each in arguments.connections]
    with tempfile.TemporaryDirectory() as folder:
        rows = measure_all(Path(folder), arguments.files, plans, arguments.seconds, arguments.rounds)
    best = Best(
        *(max(column) for column in zip(*((row.goodput, row.efficiency) for row in rows.values()), strict=True))
    )
    print(HEADER)
    for plan, row in rows.items():
        print(told(plan, row, best))


if __name__ == "__main__":
    main()
