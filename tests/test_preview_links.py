"""Preview links: redirects, cookies and rights."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import orjson
import pytest
import pytest_asyncio
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.access.clients import Client
from gateway.access.preview_tokens import PreviewTokens
from gateway.access.tokens import Viewer
from gateway.commands.group import main
from gateway.errors import Unauthenticated
from gateway.execution.executor import Executor, OperationRequest
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.limits import Limits
from gateway.model.records import Visibility
from gateway.settings import Mode
from gateway.web.preview_links import COOKIE, is_path, link
from tests.commands import invoke, running
from tests.conftest import NO_TLS
from tests.schema import SCHEMA
from tests.service import post, service, serving

pytestmark = pytest.mark.usefixtures("each_database_in_full")

SECRET = "0123456789abcdef" * 2
GOOD = PreviewTokens(SECRET).issue(int(time.time()) + 86_400)
ENDED = PreviewTokens(SECRET).issue(int(time.time()) - 1)
FORGED = PreviewTokens(SECRET[::-1]).issue(int(time.time()) + 86_400)
TITLES = "{ articles { nodes { title } } }"
DRAFTS = {"X-Include-Drafts": "true"}


def cookie(token: str) -> Mapping[str, str]:
    return {"Cookie": f"other=1; {COOKIE}={token}"}


def count(answer: Mapping[str, object]) -> object:
    """The number of articles in a response, or its error code."""
    data: object = answer.get("data")
    if isinstance(data, dict):
        return len(data["articles"]["nodes"])
    errors = answer["errors"]
    assert isinstance(errors, list | tuple)
    return errors[0]["extensions"]["code"]


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(tmp_path, preview_secret=SECRET, preview_explorer=True) as client:
        yield client


# The link.


async def test_link_sets_a_cookie_and_redirects(client: httpx.AsyncClient) -> None:
    """Scripts cannot read the cookie, other sites do not send it, and it expires with the link."""
    response = await client.get(link("http://localhost/2024/a%20draft?x=1#part", GOOD))
    assert (response.status_code, response.headers["location"]) == (303, "/2024/a%20draft?x=1#part")
    name, *attributes = response.headers["set-cookie"].split("; ")
    assert name == f"{COOKIE}={GOOD}"
    assert {each.partition("=")[0].lower() for each in attributes} == {"expires", "httponly", "path", "samesite"}
    assert "SameSite=lax" in attributes
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("proto", ["https", "https, http"])
async def test_cookie_is_secure_over_https(client: httpx.AsyncClient, proto: str) -> None:
    """Also if a proxy reports https."""
    proxied = await client.get(link("http://localhost/", GOOD), headers={"X-Forwarded-Proto": proto})
    direct = await client.get(link("https://localhost/", GOOD))
    assert all("; Secure" in response.headers["set-cookie"] for response in (proxied, direct))


@pytest.mark.parametrize("token", [ENDED, FORGED, "", "x"])
async def test_invalid_link(client: httpx.AsyncClient, token: str) -> None:
    """An expired or forged link sets no cookie and does not redirect."""
    response = await client.get(link("http://localhost/page", token))
    assert (response.status_code, count(response.json())) == (401, "UNAUTHENTICATED")
    assert {"set-cookie", "location"}.isdisjoint(response.headers)


ELSEWHERE = (
    *("//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/", "https:/evil.example"),
    *("javascript:alert(1)", "evil.example", "", " /", "/\t/evil.example", "/\n/evil.example", "/\r\nSet-Cookie: a=b"),
    *("\t//evil.example", "/a\\..\\..", "/\x00", "/\x7f", "?x", "#x"),
)


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_link_to_another_host_is_refused(client: httpx.AsyncClient, target: str) -> None:
    """Targets that a browser could read as another host or header are refused."""
    response = await client.get("/-/preview", params={"token": GOOD, "to": target})
    assert (response.status_code, count(response.json())) == (400, "BAD_REQUEST")
    assert {"set-cookie", "location"}.isdisjoint(response.headers)


def as_browsers_read(target: str) -> str:
    """The URL Standard's changes to a text before the host is parsed."""
    return re.sub("[\t\n\r]", "", target.strip("".join(map(chr, range(0x21))))).replace("\\", "/")


@given(st.text() | st.text("/\\.:@%?#\t\n ae").map(lambda text: "/" + text))
@example("/a//b")
def test_accepted_path_stays_on_its_host(target: str) -> None:
    """In any reading an accepted path leads to the requested host."""
    if is_path(target):
        assert urlsplit(urljoin("http://own.example/-/preview", as_browsers_read(target))).netloc == "own.example"


@pytest.mark.parametrize("page", ["", "own.example", "/page", "ftp://own.example/", "http://", "http://a@b.example/"])
def test_link_has_an_absolute_redirect(page: str) -> None:
    """The redirect is the full address on this server's host."""
    with pytest.raises(ValueError, match="not an http or https URL"):
        link(page, GOOD)


async def test_no_links_without_a_secret(tmp_path: Path) -> None:
    """The path and the explorer are 404, and tokens of links are refused."""
    async with serving(tmp_path, preview_explorer=True) as client:
        for path in ("/-/preview?token=x", "/", "/graphiql"):
            assert (await client.get(path, headers=cookie(GOOD))).status_code == 404
        assert count(await post(client, TITLES, {**DRAFTS, "Authorization": f"Bearer {GOOD}"})) == "UNAUTHENTICATED"
        assert count(await post(client, TITLES, {**DRAFTS, **cookie(GOOD)})) == "UNAUTHENTICATED"


# Rights.


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (cookie(GOOD), 2),
        ({**cookie(GOOD), "X-Include-Drafts": "false"}, 2),
        ({**cookie(GOOD), **DRAFTS}, 3),
        (cookie(ENDED), 2),
        ({**cookie(ENDED), **DRAFTS}, "UNAUTHENTICATED"),
        ({**cookie(FORGED), **DRAFTS}, "UNAUTHENTICATED"),
        ({**cookie("editor"), **DRAFTS}, "UNAUTHENTICATED"),
        ({**cookie(GOOD), **DRAFTS, "Authorization": "Bearer reader"}, "FORBIDDEN"),
        ({"Authorization": f"Bearer {GOOD}"}, 2),
        ({"Authorization": f"Bearer {GOOD}", **DRAFTS}, 3),
        ({"Authorization": f"Bearer {ENDED}"}, "UNAUTHENTICATED"),
        ({"Authorization": f"Bearer {FORGED}", **DRAFTS}, "UNAUTHENTICATED"),
    ],
)
async def test_preview_token_shows_drafts_on_request(
    client: httpx.AsyncClient, headers: Mapping[str, str], expected: object
) -> None:
    """In the cookie together with the header, or as a bearer token."""
    response = await client.post("/graphql", json={"query": TITLES}, headers=headers)
    assert count(response.json()) == expected
    if expected == 3:
        assert response.headers["cache-control"] == "private, no-store"


async def test_preview_token_gives_no_other_right(client: httpx.AsyncClient) -> None:
    """`secured` stays hidden."""
    query = '{ article(path: "two.md") { secured } }'
    for headers in ({"Authorization": f"Bearer {GOOD}", **DRAFTS}, {**cookie(GOOD), **DRAFTS}):
        assert (await post(client, query, headers))["data"]["article"] == {"secured": None}


async def test_preview_token_expires_during_use(tmp_path: Path) -> None:
    """An operation and a subscription that began with it get the error."""
    async with service(tmp_path) as found:
        queries = PersistedDocuments()
        executor = Executor(SCHEMA, found.store, Limits(), queries, introspection=False, clock=lambda: 1001.0)
        previewing = Client(Viewer(Visibility.PREVIEW, frozenset({"preview"}), expires=1001))
        query, subscription = OperationRequest(TITLES), "subscription { corpusChanged { revision } }"
        with pytest.raises(Unauthenticated):
            await executor.answer(query, previewing)
        events = executor.subscribe(await executor.prepare(OperationRequest(subscription), previewing))
        asked, number = asyncio.ensure_future(anext(events)), 0
        while not asked.done():  # earlier changes give no event
            await found.change({"new.md": f"---\ntitle: New {number}\n---\n"})
            number += 1
        assert count(orjson.loads(asked.result().body)) == "UNAUTHENTICATED"
        assert await anext(events, None) is None


# The explorer.


async def test_explorer_for_previews(client: httpx.AsyncClient) -> None:
    """Without a cookie the page is 404, with an expired one there is a message, and with a valid one the page."""
    for path in ("/", "/graphiql", "/graphiql/page.js", "/graphiql/page.css"):
        assert (await client.get(path)).status_code == 404
        assert (await client.get(path, headers=cookie(ENDED))).status_code == 401
        assert (await client.get(path, headers=cookie(GOOD))).status_code in {200, 307, 503}


# The command.


def test_command_prints_a_working_link(tmp_path: Path) -> None:
    """The server does not log the link, its token or secured values."""
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "draft.md").write_text("---\ntitle: Draft\ndraft: true\nsecured: b3BhcXVl\n---\n")
    (tmp_path / "gateway.toml").write_text(f'preview_secret = "{SECRET}"\nlog_level = "debug"\n')
    config = ("--config", tmp_path / "gateway.toml")
    with running("serve", tmp_path / "content", *config, cache=tmp_path) as server:
        server.said("^1 article")
        done = invoke("preview-link", f"{server.url}/page", "--expires", "2h", *config)
        assert (done.returncode, done.stderr) == (0, "")
        url = done.stdout.strip()
        [token] = parse_qs(urlsplit(url).query)["token"]
        with httpx.Client(trust_env=False, verify=NO_TLS) as browser:
            assert browser.get(url).headers["location"] == "/page"
            assert browser.get(f"{url}x&token=x").status_code == 401
            answer = browser.post(f"{server.url}/graphql", json={"query": TITLES}, headers=DRAFTS).json()
        assert count(answer) == 1
        assert server.stop() == 0
        assert server.process.stdout
        output = server.process.stdout.read()
        assert "/-/preview" in output
        assert token not in output
        assert "token=" not in output
        assert "b3BhcXVl" not in output


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--preview-secret", SECRET, "--expires", "7y"),
        ("--preview-secret", "short"),
        ("--preview-secret", SECRET, "nowhere"),
    ],
)
def test_preview_link_usage_errors(arguments: tuple[str, ...]) -> None:
    """Messages contain no secret."""
    done = CliRunner().invoke(
        main, ["preview-link", *arguments], env={"GATEWAY_PREVIEW_SECRET": "", "GATEWAY_CONFIG": ""}
    )
    assert (done.exit_code, done.stdout) == (2, "")
    assert SECRET not in done.stderr
    assert "short'" not in done.stderr


def test_default_address_of_a_link() -> None:
    """It is the address of the settings."""
    given = ["--preview-secret", SECRET, "--host", "::1", "--port", "81"]
    done = CliRunner().invoke(main, ["preview-link", *given])
    assert done.stdout.startswith("http://[::1]:81/-/preview?token=")
    assert done.stdout.endswith("&to=%2F\n")


async def test_dev_needs_no_preview_token(tmp_path: Path) -> None:
    """Everyone previews, with any cookie."""
    async with serving(tmp_path, Mode.DEV, preview_secret=SECRET) as client:
        assert count(await post(client, TITLES, {**DRAFTS, **cookie(ENDED)})) == 3
