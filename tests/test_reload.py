"""The hook that has the folder read again, and SIGHUP: on the real command, with a watch that is off."""

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


def test_a_reload_is_reported(server: Running, content: Path) -> None:
    """With `wait` the answer comes when the folder is read, and says what was found."""
    (content / "two.md").write_text(ONE.replace("One", "Two"))
    (content / "broken.md").write_text("---\ntitle: [\n---\n")
    response = reload(server, "?wait=true", Authorization="Bearer robot")
    report = response.json()
    assert response.status_code == 200
    assert (report["changed"], report["added"], report["parsed"]) == (True, 1, 2)
    assert [(problem["path"], problem["code"]) for problem in report["problems"]] == [("broken.md", "SYNTAX")]
    assert sorted(titles(server)) == ["One", "Two"]


def test_a_reload_need_not_be_waited_for(server: Running, content: Path) -> None:
    """Without `wait` it is accepted at once, and done."""
    (content / "two.md").write_text(ONE.replace("One", "Two"))
    body = b'{"ref": "refs/heads/main"}'
    response = reload(server, body=body, X_Hub_Signature_256=signature(SECRET, body))
    assert (response.status_code, response.json()) == (202, {"status": "accepted"})
    server.said("2 articles")
    assert sorted(titles(server)) == ["One", "Two"]


def test_hangup_reloads(server: Running, content: Path) -> None:
    """As with other servers, and any number of times."""
    for number in range(2, 4):
        (content / f"{number}.md").write_text(ONE)
        server.process.send_signal(signal.SIGHUP)
        server.said(f"{number} articles")
    assert server.stop() == 0


def test_emptying_takes_effect_when_accepted(server: Running, content: Path) -> None:
    """An empty folder loses nothing, and says so, until somebody says that it is meant."""
    (content / "one.md").unlink()
    report = reload(server, "?wait=true", Authorization="Bearer robot").json()
    assert [problem["code"] for problem in report["problems"]] == ["FOLDER_EMPTIED"]
    assert titles(server) == ["One"]
    report = reload(server, "?wait=true&accept-empty=true", Authorization="Bearer robot").json()
    assert report["removed"] == 1
    assert titles(server) == []


def test_who_may_not_is_refused(server: Running) -> None:
    """Without a credential or with a wrong one 401, without the scope 403, by another method 405."""
    assert (reload(server).status_code, code(reload(server))) == (401, "UNAUTHENTICATED")
    assert reload(server, Authorization="").status_code == 401
    assert reload(server, Authorization="Bearer unknown").status_code == 401
    assert (reload(server, X_Hub_Signature_256="sha256=0").status_code) == 401
    assert (reload(server, body=b"x", X_Hub_Signature_256=signature(SECRET, b"y")).status_code) == 401
    assert code(reload(server, Authorization="Bearer editor")) == "FORBIDDEN"
    assert code(reload(server, "?wait=perhaps", Authorization="Bearer robot")) == "BAD_REQUEST"
    assert code(reload(server, body=b"x" * 300_000, Authorization="Bearer robot")) == "PAYLOAD_TOO_LARGE"
    assert server.get("/-/reload").status_code == 405


def test_a_reload_that_fails_says_why(tmp_path: Path, content: Path) -> None:
    """A strict server applies nothing where a file has an error, and its answer names it."""
    with running("serve", content, *OPTIONS, "--strict", cache=tmp_path) as server:
        server.said("1 article")
        (content / "broken.md").write_text("---\ntitle: [\n---\n")
        response = reload(server, "?wait=true", Authorization="Bearer robot")
        [error] = response.json()["errors"]
        assert (response.status_code, error["extensions"]["code"]) == (500, "RELOAD_FAILED")
        assert [problem["path"] for problem in error["extensions"]["problems"]] == ["broken.md"]
        assert titles(server) == ["One"]


def test_without_a_secret_no_signature_counts(tmp_path: Path, content: Path) -> None:
    """Not even one made with an empty secret."""
    with running("serve", content, "--watch", "off", cache=tmp_path) as server:
        server.said("1 article")
        assert reload(server, X_Hub_Signature_256=signature("", b"")).status_code == 401
