"""The configurations of docs/caching.md, run by nginx and checked by Caddy.

They are changed only in what a test lacks: a certificate, fixed ports and system folders.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.commands import running
from tests.conftest import need

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/caching.md").read_text()
QUERY = "/graphql?query=%7Barticles%7BtotalCount%7D%7D"
PREFLIGHT = {"GraphQL-Require-Preflight": "1", "Host": "news.example"}


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def configuration(folder: Path, port: int, gateway: str) -> str:
    """The block in the frame of nginx's own file, which writes to the folder only."""
    server = re.sub(r"^ *ssl_certificate.*\n", "", block("nginx"), flags=re.MULTILINE)
    server = server.replace("listen 443 ssl", f"listen 127.0.0.1:{port}").replace("/var/cache/nginx", str(folder))
    server = server.replace("127.0.0.1:8000", gateway)
    server = server.replace("    location / {", "    add_header X-Cache $upstream_cache_status;\n    location / {")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    return (
        f"{user}daemon off; pid {folder}/nginx.pid; error_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}\n{server}\n}}\n"
    )


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of nginx in front of a gateway over the seeds."""
    nginx = need("nginx", shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"))
    options = ("--allowed-hosts", "news.example", "--shared-cache-seconds", "60", "--tokens", "editor:preview")
    with running("serve", ROOT / "seeds", *options, "--log-level", "warning", cache=tmp_path) as server:
        server.said(r"\d problem")
        port = free_port()
        file = tmp_path / "nginx.conf"
        file.write_text(configuration(tmp_path, port, server.url.removeprefix("http://")))
        subprocess.run([nginx, "-t", "-e", "stderr", "-c", file], check=True, timeout=60)
        with subprocess.Popen([nginx, "-e", "stderr", "-c", file]) as process:
            try:
                _until_listening(port)
                with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=PREFLIGHT, trust_env=False) as client:
                    yield client
            finally:
                process.terminate()


def _until_listening(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline


def test_nginx_caches_what_everyone_may_see(proxied: httpx.Client) -> None:
    """The second of two equal GETs comes from the cache, and one with a token or by POST does not."""
    first, second = proxied.get(QUERY), proxied.get(QUERY)
    assert [first.headers["x-cache"], second.headers["x-cache"]] == ["MISS", "HIT"]
    assert first.json() == second.json() == {"data": {"articles": {"totalCount": 5}}}
    preview = {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}
    for _ in range(2):
        drafts = proxied.get(QUERY, headers=preview)
        assert (drafts.headers["x-cache"], drafts.json()["data"]["articles"]["totalCount"]) == ("MISS", 8)
    posted = proxied.post("/graphql", json={"query": "{ articles { totalCount } }"})
    assert posted.json() == first.json()
    assert "x-cache" not in posted.headers


def test_nginx_passes_events_on(proxied: httpx.Client) -> None:
    """The first bytes of a stream arrive while it is open."""
    subscription = {"query": "subscription { corpusChanged { added } }"}
    with proxied.stream("POST", "/graphql", json=subscription, headers={"Accept": "text/event-stream"}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert next(stream.iter_bytes()).startswith(b":")


def test_caddy_accepts_its_file(tmp_path: Path) -> None:
    """Caddy reads the block without an error. It is not run, because it would request a certificate."""
    caddy = need("caddy", shutil.which("caddy"))
    file = tmp_path / "Caddyfile"
    file.write_text(block("caddyfile"))
    subprocess.run(
        [caddy, "adapt", "--config", file, "--adapter", "caddyfile", "--validate"],
        env={**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        check=True,
        timeout=60,
    )
