"""The reload endpoint and SIGHUP, on a running server without a watch."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.access.tokens import signature
from tests.commands import Running, running
from tests.conftest import NO_TLS

SECRET = "between us"  # noqa: S105 - a test's own
OPTIONS = ("--watch", "off", "--tokens", "robot:reload editor:preview", "--reload-secret", SECRET)
ONE = "---\ntitle: One\n---\n"
TITLES = "{ articles { nodes { title } } }"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "one.md").write_text(ONE)
    return folder


@pytest.fixture
def server(tmp_path: Path, content: Path) -> Iterator[Running]:
    with running("serve", content, *OPTIONS, cache=tmp_path) as server:
        server.said("1 article")
        yield server


def reload(server: Running, query: str = "", body: bytes = b"", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(
        f"{server.url}/-/reload{query}", content=body, headers=named, timeout=30, trust_env=False, verify=NO_TLS
    )


def titles(server: Running) -> list[str]:
    return [node["title"] for node in server.post(TITLES)["data"]["articles"]["nodes"]]


def code(response: httpx.Response) -> Any:
    return response.json()["errors"][0]["extensions"]["code"]


def test_reload_with_wait(server: Running, content: Path) -> None:
    """The response is sent after the run and has its report."""
    (content / "two.md").write_text(ONE.replace("One", "Two"))
    (content / "broken.md").write_text("---\ntitle: [\n---\n")
    response = reload(server, "?wait=true", Authorization="Bearer robot")
    report = response.json()
    assert response.status_code == 200
    assert (report["changed"], report["added"], report["parsed"]) == (True, 1, 2)
    assert [(problem["path"], problem["code"]) for problem in report["problems"]] == [("broken.md", "SYNTAX")]
    assert sorted(titles(server)) == ["One", "Two"]


def test_reload_without_wait(server: Running, content: Path) -> None:
    """It is accepted at once, and the run follows."""
    (content / "two.md").write_text(ONE.replace("One", "Two"))
    body = b'{"ref": "refs/heads/main"}'
    response = reload(server, body=body, X_Hub_Signature_256=signature(SECRET, body))
    assert (response.status_code, response.json()) == (202, {"status": "accepted"})
    server.said("2 articles")
    assert sorted(titles(server)) == ["One", "Two"]


def test_sighup_reloads(server: Running, content: Path) -> None:
    """Any number of times."""
    for number in range(2, 4):
        (content / f"{number}.md").write_text(ONE)
        server.process.send_signal(signal.SIGHUP)
        server.said(f"{number} articles")
    assert server.stop() == 0


def test_deletion_of_everything_needs_acceptance(server: Running, content: Path) -> None:
    """An emptied folder keeps its articles, with a message, until a client accepts the deletion."""
    (content / "one.md").unlink()
    report = reload(server, "?wait=true", Authorization="Bearer robot").json()
    assert [problem["code"] for problem in report["problems"]] == ["FOLDER_EMPTIED"]
    assert titles(server) == ["One"]
    report = reload(server, "?wait=true&accept-empty=true", Authorization="Bearer robot").json()
    assert report["removed"] == 1
    assert titles(server) == []


def test_unauthorised_reload(server: Running) -> None:
    """No or a wrong credential is 401, a missing scope 403, another method 405."""
    assert (reload(server).status_code, code(reload(server))) == (401, "UNAUTHENTICATED")
    assert reload(server, Authorization="").status_code == 401
    assert reload(server, Authorization="Bearer unknown").status_code == 401
    assert (reload(server, X_Hub_Signature_256="sha256=0").status_code) == 401
    assert (reload(server, body=b"x", X_Hub_Signature_256=signature(SECRET, b"y")).status_code) == 401
    assert code(reload(server, Authorization="Bearer editor")) == "FORBIDDEN"
    assert code(reload(server, "?wait=perhaps", Authorization="Bearer robot")) == "BAD_REQUEST"
    assert code(reload(server, body=b"x" * 300_000, Authorization="Bearer robot")) == "PAYLOAD_TOO_LARGE"
    assert server.get("/-/reload").status_code == 405


def test_failed_reload(tmp_path: Path, content: Path) -> None:
    """A strict server loads nothing if a file has an error. The response names the file."""
    with running("serve", content, *OPTIONS, "--strict", cache=tmp_path) as server:
        server.said("1 article")
        (content / "broken.md").write_text("---\ntitle: [\n---\n")
        response = reload(server, "?wait=true", Authorization="Bearer robot")
        [error] = response.json()["errors"]
        assert (response.status_code, error["extensions"]["code"]) == (500, "RELOAD_FAILED")
        assert [problem["path"] for problem in error["extensions"]["problems"]] == ["broken.md"]
        assert titles(server) == ["One"]


def test_signature_without_a_secret_is_refused(tmp_path: Path, content: Path) -> None:
    """Also one made with an empty secret."""
    with running("serve", content, "--watch", "off", cache=tmp_path) as server:
        server.said("1 article")
        assert reload(server, X_Hub_Signature_256=signature("", b"")).status_code == 401
