"""The programs of docs/frameworks.md.

Node runs the module and the server files of SvelteKit, and parses the other scripts. JSX, markup, Swift and Kotlin are
not checked, because the test machine does not have their compilers. The queries of all programs are executed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Running, running
from tests.conftest import need

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/frameworks.md").read_text()
MODULE = re.findall(r"```js\n(.*?)```", TEXT, re.DOTALL)[0]
OPERATIONS = re.findall(r"""(?:`|\"{3})\s*(query \w+\(.*?)(?:`|\"{3})""", TEXT.replace("${'$'}", "$"), re.DOTALL)
VARIABLES: Mapping[str, Any] = {"first": 3, "slug": "release-notes-2025", "after": None}


def _parts() -> Iterator[tuple[str, str]]:
    """The JavaScript of each framework's file by file name, without markup and JSX."""
    for name, language, text in re.findall(
        r"^`(\S+)`[^\n]*:\n\n```(js|vue|astro|svelte)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE
    ):
        match language:
            case "vue" | "svelte":
                yield name, re.findall(r"<script.*?>\n(.*?)</script>", text, re.DOTALL)[0]
            case "astro":
                yield name, text.split("---\n")[1]
            case _:
                yield name, text


PARTS = list(_parts())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running("serve", ROOT / "seeds", "--log-level", "warning", cache=tmp_path_factory.mktemp("cache")) as found:
        found.said(r"\d problem")
        yield found


@pytest.fixture(scope="module")
def node() -> str:
    return need("node", shutil.which("node"))


def run(node: str, folder: Path, server: Running, program: str) -> Any:
    """The value of `result` at the end of a program, which may use the module and SvelteKit's names."""
    (folder / "gateway.mjs").write_text(MODULE.replace("http://127.0.0.1:8000", server.url))
    program = program.replace("$lib/gateway.js", "./gateway.mjs").replace('from "@sveltejs/kit"', 'from "./kit.mjs"')
    (folder / "kit.mjs").write_text("export const error = (status) => { throw new Error(status); };\n")
    (folder / "program.mjs").write_text(f"{program}\nprocess.stdout.write(JSON.stringify(result));\n")
    done = subprocess.run([node, folder / "program.mjs"], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_module_reads_lists_articles_and_slugs(node: str, server: Running, tmp_path: Path) -> None:
    """Its three functions return what the frameworks' files use, and null for a missing article."""
    program = """
    import { article, list, slugs } from "./gateway.mjs";
    const result = [await list(1), await article("release-notes-2024"), await article("a-draft"), await slugs()];
    """
    newest, found, missing, slugs = run(node, tmp_path, server, program)
    assert [article["slug"] for article in newest] == ["release-notes-2025"]
    assert (found["title"], found["body"]["html"][:3], missing) == ("Release notes of 2024", "<p>", None)
    assert sorted(slugs) == [
        "headings-and-tables",
        "plain-jekyll-post",
        "related-by-address",
        "release-notes-2024",
        "release-notes-2025",
    ]


def test_sveltekit_files_run(node: str, server: Running, tmp_path: Path) -> None:
    """The list, the entries of the static paths and one page are loaded."""
    home, page = [text for name, text in PARTS if name.endswith("+page.server.js")]
    shown = run(node, tmp_path, server, f"{home}\nconst result = await load();")
    assert len(shown["articles"]) == 5
    calls = 'const result = [await entries(), await load({ params: { slug: "related-by-address" } })];'
    entries, loaded = run(node, tmp_path, server, f"{page}\n{calls}")
    assert {"slug": "related-by-address"} in entries
    assert loaded["found"]["title"] == "How related entries find their article"


@pytest.mark.parametrize(("name", "text"), PARTS, ids=[name for name, _ in PARTS])
def test_other_files_are_valid_javascript(node: str, name: str, text: str, tmp_path: Path) -> None:
    """Node parses the script of each file."""
    file = tmp_path / "part.mjs"
    file.write_text(text.replace("let { data } = $props();", "let { data } = {};"))
    subprocess.run([node, "--check", file], check=True, timeout=60)
    assert name


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_query_runs(server: Running, operation: str) -> None:
    """Each query of the page is answered without an error, also those of Swift and Kotlin."""
    declared = {name: value for name, value in VARIABLES.items() if f"${name}:" in operation}
    assert "errors" not in server.post(operation, None, **declared)


def test_every_language_has_queries() -> None:
    """Three queries are of the module, two of Swift, and two of Kotlin."""
    assert len(OPERATIONS) == 7
