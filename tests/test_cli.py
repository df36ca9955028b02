"""The commands, run as users run them. `check` has its own tests."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway import __version__
from gateway.commands.group import main
from gateway.settings import OPTIONS
from gateway.web.address import url_of
from tests import broken
from tests.commands import COMMAND, environment, gateway, imported, invoke, running
from tests.service import serving

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
SEED = SEEDS / "000_a1e971cc52df9b4c.txt"
SEEDS_LOADED = "8 articles (5 published, 3 drafts), 9 providers, 6 topics; 0 problems"
COUNTS = "{ corpus { articleCount } }"


# Servers.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_server_starts_answers_and_stops(tmp_path: Path, number: int) -> None:
    """It prints its address and what it loaded, answers over a socket, and exits with 0 on a signal."""
    with running("serve", SEEDS, cache=tmp_path) as server:
        server.said(re.escape(SEEDS_LOADED))
        assert server.post(COUNTS) == {"data": {"corpus": {"articleCount": 5}}}
        assert (server.get("/healthz").json(), server.get("/readyz").json()) == ({"status": "ok"}, {"status": "ready"})
        assert server.stop(number) == 0
    assert not list(tmp_path.rglob("*-wal"))


def test_singular_for_one_document(tmp_path: Path) -> None:
    """The summary line of a load, which a server also prints at its start."""
    (tmp_path / "content").mkdir()
    shutil.copy(SEED, tmp_path / "content")
    done = invoke("load", tmp_path / "content", cache=tmp_path)
    assert done.stdout.splitlines()[0] == "1 article (0 published, 1 draft), 5 providers, 2 topics; 0 problems"


def test_dev_serves_drafts_and_pages(tmp_path: Path) -> None:
    """Drafts, the start page, the schema and GraphiQL are served, only on a loopback host."""
    with running("dev", SEEDS, cache=tmp_path) as server:
        server.said("8 articles")
        assert server.post(COUNTS) == {"data": {"corpus": {"articleCount": 8}}}
        page = server.get("/graphiql")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "A draft that only a preview shows" in server.get("/").text
        for path in ("/graphiql/page.js", "/graphiql/page.css"):
            assert path.removeprefix("/") in page.text
            assert server.get(path).status_code == 200
        assert server.get("/schema.graphql").text == (ROOT / "schema.graphql").read_text()
        assert (
            server.post(COUNTS, {"Host": "gazette.example"})["errors"][0]["extensions"]["code"] == "MISDIRECTED_REQUEST"
        )


async def test_serve_hides_pages_and_schema(tmp_path: Path) -> None:
    """They are served if the settings enable them."""
    async with serving(tmp_path / "closed") as client:
        statuses = [(await client.get(path)).status_code for path in ("/", "/graphiql", "/schema.graphql", "/nope")]
        assert statuses == [404] * 4
    async with serving(tmp_path / "open", introspection=True, explorer=True) as client:
        assert (await client.get("/schema.graphql")).status_code == 200
        # 503 if GraphiQL is not installed.
        assert (await client.get("/graphiql")).status_code in {200, 503}


def test_second_start_serves_at_once(tmp_path: Path) -> None:
    """The earlier content is served with the same revision. Nothing is parsed."""
    revisions = []
    for parsed in (8, 0):
        with running("serve", SEEDS, cache=tmp_path) as server:
            server.said(rf"^8 files found, [08] read, {parsed} parsed in [0-9.]+ s$")
            server.said(re.escape(SEEDS_LOADED))
            revisions.append(server.post("{ corpus { revision } }")["data"]["corpus"]["revision"])
            assert server.stop() == 0
    assert revisions[0] == revisions[1]


def test_server_follows_its_folder(tmp_path: Path) -> None:
    """A saved file is served and logged in a line. Its problems are logged first, and nothing is repeated."""
    content = tmp_path / "content"
    shutil.copytree(SEEDS, content)
    (content / "odd.md").write_bytes(broken.titled("quality: high"))
    with running("serve", content, cache=tmp_path) as server:
        server.said("^9 articles .* 1 problem")
        (content / "new.md").write_bytes(broken.titled("category: new"))
        assert server.said("problem").startswith("10 articles ")
        assert server.post('{ article(path: "new.md") { category } }')["data"] == {"article": {"category": "new"}}
        (content / "new.md").write_bytes(broken.titled("published: maybe"))
        server.said("^new.md:3:12: error BAD_VISIBILITY: .* It is still served as published")
        server.said(r"^10 articles .* 2 problems \(1 error, 1 warning\)$")
        assert server.post('{ article(path: "new.md") { category } }')["data"] == {"article": {"category": "new"}}
        assert server.stop() == 0


def test_dev_lists_private_keys(tmp_path: Path) -> None:
    """It lists them at its start, also if nothing is parsed, and new ones after a change. `serve` lists none."""
    content = tmp_path / "content"
    content.mkdir()
    (content / "a.md").write_bytes(broken.titled("layout: post"))
    (content / "b.md").write_bytes(broken.titled("layout: page\nweight: 1"))
    listed = "^Under `gateway serve` only previews show these keys of frontMatter: (.*?)[.] "
    with running("serve", content, cache=tmp_path) as server:
        assert server.said("^2 articles|^Under").startswith("2 articles")
        (content / "a.md").write_bytes(broken.titled("layout: post\nweight: 1"))
        assert server.said("files? found|^Under").endswith(" s")
        assert server.said("^2 articles|^Under").startswith("2 articles")
    with running("dev", content, cache=tmp_path) as server:
        assert server.said(listed) == "layout (2 files), weight (2)"
        (content / "a.md").write_bytes(broken.titled("layout: post\nicon: star\nweight: 1"))
        assert server.said(listed) == "icon (1 file)"
        (content / "gateway.yaml").write_text("expose: [layout, weight, icon]\n")
        server.said("^2 articles")
        (content / "gateway.yaml").write_text("expose: [layout, icon]\n")
        assert server.said(listed) == "weight (2 files)"


def test_taken_port(tmp_path: Path) -> None:
    """One line, and exit code 3."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = gateway("serve", SEEDS, "--port", taken.getsockname()[1], cache=tmp_path)
    assert done.returncode == 3
    assert re.fullmatch(
        r"gateway: Port \d+ of '127.0.0.1' cannot be listened on: Address already in use.\n", done.stderr
    )


@pytest.mark.parametrize("command", ["dev", "serve", "load", "check", "query"])
def test_missing_folder_is_a_usage_error(tmp_path: Path, command: str) -> None:
    """One line with the folder, exit code 2, and no files remain."""
    cache = tmp_path / "cache"
    done = invoke(command, tmp_path / "nowhere", *(["{ __typename }"] if command == "query" else []), cache=cache)
    assert done.returncode == 2
    assert (
        done.stderr == f"gateway: The content folder {tmp_path}/nowhere cannot be opened: No such file or directory.\n"
    )
    assert not cache.exists()


def test_each_wrong_setting_is_reported(tmp_path: Path) -> None:
    """A line for each, and exit code 2."""
    done = invoke("serve", SEEDS, "--port", "x", "--readers", "0", cache=tmp_path)
    assert (done.returncode, [line.partition(":")[2] for line in done.stderr.splitlines()]) == (
        2,
        [" --port: 'x' is not a whole number from 0 to 65535.", " --readers: '0' is not a whole number of at least 1."],
    )


def test_unusable_database(tmp_path: Path) -> None:
    """One line with a hint, and exit code 3."""
    (tmp_path / "other.db").write_bytes(b"x" * 4096)
    done = gateway("serve", SEEDS, "--port", 0, "--database", tmp_path / "other.db", cache=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith(f"gateway: The database {tmp_path}/other.db ")


def test_address_is_printed_last(tmp_path: Path) -> None:
    """A setting that proves wrong after the port is bound and the database is open prevents the line."""
    missing = tmp_path / "missing.json"
    done = gateway("serve", SEEDS, "--port", 0, "--trusted-documents", missing, cache=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "missing.json" in done.stderr


def test_address_of_all_interfaces(tmp_path: Path) -> None:
    """Browsers do not open 0.0.0.0."""
    with running("serve", SEEDS, "--host", "0.0.0.0", cache=tmp_path) as server:  # noqa: S104
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.url)
        assert server.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("192.0.2.1", "http://192.0.2.1:80"),
        ("news.example", "http://news.example:80"),
    ],
)
def test_printed_addresses(host: str, url: str) -> None:
    """All interfaces are printed as loopback, and IPv6 addresses are in brackets."""
    assert url_of(host, 80) == url


# Help and usage errors.


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_imports_little(name: str) -> None:
    """Help does not import libraries that only a running command needs."""
    heavy = {"httpx", "jwt", "watchfiles", "yaml", "asyncio", "graphql", "strawberry", "starlette", "uvicorn"}
    assert imported("from gateway.cli import main; main()", name, "--help") & {*heavy, "aiosqlite", "sqlite3"} == set()


def test_help_lists_the_commands() -> None:
    """The overview has every command."""
    done = invoke("--help")
    assert [*re.findall(r"^  ([a-z-]+)  ", done.stdout.partition("Commands:")[2], re.MULTILINE)] == sorted(
        main.commands
    )
    assert "Example: gateway dev content" in done.stdout


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_shows_an_example(name: str) -> None:
    """The example is of the command. Positional arguments come first."""
    text = invoke(name, "--help").stdout
    assert re.search(rf"\nExample:\n  gateway {name}\b", text)
    if name not in {"init", "schema", "preview-link"}:
        assert re.match(rf"Usage: gateway {name} (CONTENT|\[CONTENT\])", text)
        assert text.index("The content folder.") < text.index("--config")


def test_help_groups_the_options() -> None:
    """Every option is in its section, with its type and default. `dev` has its own defaults."""
    text = invoke("serve", "--help").stdout
    titles = re.findall(r"^(\S.*):$", text, re.MULTILINE)
    assert titles[3:] == ["Server options", "Content options", "Access options", "Caching options", "Limits"]
    for option in OPTIONS:
        section = text.partition(f"\n{option.group}:\n")[2].partition("\n\n")[0]
        assert re.search(rf"^  {option.flag}(?: | /)", section, re.MULTILINE), option.flag
    shown = " ".join(text.split())
    assert "--port PORT The port to listen on. 0 selects a free port. [default: 8000]" in shown
    assert "--watch [auto|events|poll|off]" in shown
    assert "--explorer / --no-explorer Whether the start page and GraphiQL are served. [default: false]" in shown
    assert "GraphiQL are served. [default: true]" in " ".join(invoke("dev", "--help").stdout.split())


def test_misspelt_variable_gives_a_warning(tmp_path: Path) -> None:
    """A line on standard error has it and the right name. The command continues."""
    command = [*COMMAND, "check", str(SEEDS)]
    env = {**environment(tmp_path), "GATEWAY_PARSRES": "1", "GATEWAY_SERVICE_PORT": "80"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    [warning] = [line for line in done.stderr.splitlines() if "GATEWAY_" in line]
    assert warning == (
        "gateway: WARNING: GATEWAY_PARSRES is not an option and is ignored. Did you mean GATEWAY_PARSERS?"
    )


def test_renamed_option() -> None:
    """The error for an old flag has the new one."""
    done = CliRunner().invoke(main, ["serve", "content", "--limit-waiting", "1"])
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        2,
        "Error: --limit-waiting is called --limit-queue-size now.",
    )


def test_workers() -> None:
    """The error for the old flag has both options that it may mean."""
    done = CliRunner().invoke(main, ["serve", "content", "--workers", "2"])
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        2,
        "Error: --workers is called --parsers now. --processes is the number of processes that serve.",
    )


def test_dev_is_one_process() -> None:
    """It does not have the option."""
    done = CliRunner().invoke(main, ["dev", "content", "--processes", "2"])
    assert (done.exit_code, "No such option" in done.stderr) == (2, True)


OLD_PYTHON = "import sys; sys.version_info = (3, 9, 18, 'final', 0)"


def test_unsupported_python() -> None:
    """One line without a traceback."""
    program = f"{OLD_PYTHON}; from gateway.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "content-gateway needs Python 3.11 or later; this is 3.9.\n")


def test_make_refuses_an_unsupported_python(tmp_path: Path) -> None:
    """It does so before it creates an environment."""
    python = tmp_path / "python"
    python.write_text(f"""#!/bin/sh\nexec {sys.executable} -c "{OLD_PYTHON}; exec(sys.argv[2])" "$@"\n""")
    python.chmod(0o755)
    make = ["make", "-C", str(ROOT), f"VENV={tmp_path}/venv", f"PYTHON={python}", "dev"]
    done = subprocess.run(make, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "content-gateway needs Python 3.11 or later; this is 3.9.\n" in done.stderr
    assert not (tmp_path / "venv").exists()


# Broken content.


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with one of each broken file, and two valid ones."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name, case in broken.ALL.items():
        (folder / name).write_bytes(case.data)
    for name in ("good.md", "also-good.md"):
        (folder / name).write_bytes(broken.titled("category: good"))
    return folder


def test_valid_files_are_served_among_broken_ones(tmp_path: Path, mixed: Path) -> None:
    """A broken file affects only itself. Problems are printed at the start and returned by the API."""
    with running("dev", mixed, cache=tmp_path) as server:
        server.said("brackets.md:2:65: error TOO_DEEP")
        server.said(f"^{len(broken.VALUES) - 1 + 2} articles .* problems")
        query = "{ articles(first: 100) { nodes { path category } } corpus { issues(first: 500) { path code } } }"
        data = server.post(query)["data"]
        good = {node["path"] for node in data["articles"]["nodes"]}
        assert good == {"good.md", "also-good.md", *broken.VALUES} - {"plain.md"}
        told = {(issue["path"], issue["code"]) for issue in data["corpus"]["issues"]}
        assert told >= {(name, case.code) for name, case in broken.ALL.items()}
        assert server.stop() == 0


def test_strict_loads_nothing(tmp_path: Path, mixed: Path) -> None:
    """With an error `load` and `serve` exit with 1 if there is no earlier generation."""
    done = invoke("load", mixed, "--strict", cache=tmp_path)
    assert done.returncode == 1
    assert "brackets.md:2:65: error TOO_DEEP" in done.stderr
    with running("serve", mixed, "--strict", cache=tmp_path) as server:
        assert server.process.wait(60) == 1


def test_strict_serves_the_last_generation(tmp_path: Path) -> None:
    """An earlier generation is served, and the problem is printed."""
    content = tmp_path / "content"
    content.mkdir()
    (content / "one.md").write_bytes(broken.titled("category: a"))
    assert invoke("load", content, cache=tmp_path).returncode == 0
    (content / "one.md").write_bytes(broken.titled("published: maybe"))
    with running("serve", content, "--strict", cache=tmp_path) as server:
        server.said("one.md:3:12: error BAD_VISIBILITY")
        server.said("What was loaded before is still served")
        assert server.post('{ article(path: "one.md") { category } }')["data"] == {"article": {"category": "a"}}


def test_strict_serves_nothing_that_other_rules_made(tmp_path: Path) -> None:
    """Where the rules have changed since, what is stored is no earlier generation."""
    content = tmp_path / "content"
    content.mkdir()
    (content / "one.md").write_bytes(broken.titled("category: a"))
    assert invoke("load", content, cache=tmp_path).returncode == 0
    (content / "gateway.yaml").write_text("pin: [{path: one.md, published: false}]")
    (content / "two.md").write_bytes(broken.titled("published: maybe"))
    with running("serve", content, "--strict", cache=tmp_path) as server:
        assert server.process.wait(60) == 1


# Commands that end.


def test_check_and_load_import_no_server() -> None:
    """Editors run `check` at each save."""
    told = "import sys; from gateway.commands import check, load; print({'graphql', 'starlette'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_load(tmp_path: Path) -> None:
    """The given database is then used by `query` and `serve`."""
    database = tmp_path / "content.db"
    done = invoke("load", SEEDS, "--database", database, cache=tmp_path)
    corpus, run = done.stdout.splitlines()
    assert (done.returncode, corpus) == (0, SEEDS_LOADED)
    assert re.fullmatch(r"8 files found, 8 read, 8 parsed in [0-9.]+ s, [0-9.]+ s of CPU time", run)
    assert database.exists()


def test_query(tmp_path: Path) -> None:
    """Its response is JSON on standard output. Drafts need an option. No files remain."""
    done = invoke("query", SEEDS, COUNTS, cache=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"data": {"corpus": {"articleCount": 5}}})
    done = invoke("query", SEEDS, "-", "--drafts", cache=tmp_path, stdin=COUNTS)
    assert json.loads(done.stdout)["data"] == {"corpus": {"articleCount": 8}}
    query = "query A($path: String) { article(path: $path) { title } } query B { __typename }"
    done = invoke(
        *("query", SEEDS, query, "--operation-name", "A", "--variables", '{"path": "2024/release-notes.md"}'),
        cache=tmp_path,
    )
    assert json.loads(done.stdout) == {"data": {"article": {"title": "Release notes of 2024"}}}
    assert list(tmp_path.rglob("*")) == []


def test_query_uses_the_database(tmp_path: Path) -> None:
    """Only changed files are read, and the database is unchanged."""
    content = tmp_path / "content"
    shutil.copytree(SEEDS, content)
    assert invoke("load", content, cache=tmp_path).returncode == 0
    [database] = tmp_path.rglob("*.db")
    before = database.read_bytes()
    (content / "new.md").write_bytes(broken.titled("category: new"))
    query = "{ corpus { articleCount revision } }"
    one, other = (json.loads(invoke("query", content, query, cache=tmp_path).stdout)["data"]["corpus"] for _ in "12")
    assert (one["articleCount"], one) == (6, other)
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ article { id } }", "BAD_USER_INPUT"),
    ],
)
def test_query_with_errors(tmp_path: Path, query: str, code: str) -> None:
    """The errors are part of the response, and the exit code is 1."""
    done = invoke("query", SEEDS, query, cache=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["errors"][0]["extensions"]["code"] == code


@pytest.mark.parametrize("variables", ["x", "[]"])
def test_variables_are_a_json_object(tmp_path: Path, variables: str) -> None:
    """Anything else is a usage error."""
    assert invoke("query", SEEDS, COUNTS, "--variables", variables, cache=tmp_path).returncode == 2


def test_schema() -> None:
    """It equals the committed file."""
    assert invoke("schema").stdout == (ROOT / "schema.graphql").read_text()


def test_version() -> None:
    """It equals the package's version."""
    assert invoke("--version").stdout.strip().endswith(__version__)
