"""The docs are complete: what the code says, they explain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql.execution.values import get_variable_values

from gateway.access.tokens import Scope
from gateway.content import decoder, frontmatter, html_nesting, markup, nodes, prose, site, site_config, source
from gateway.errors import GatewayError, RequestError
from gateway.execution.document_cache import DocumentCache
from gateway.limits import Limits
from gateway.settings import LIMITS, OPTIONS, Mode
from gateway.settings_sources import read
from tests import broken
from tests.schema import SCHEMA

ROOT = Path(__file__).parent.parent
SETTINGS = [option for option in OPTIONS if option not in LIMITS]
"""Those that docs/settings.md tells; docs/limits.md tells the others."""
CODE = re.compile(r'^([A-Z][A-Z_]+) = "\1"$', re.MULTILINE)


def test_every_problem_has_its_line() -> None:
    """Each code that a problem can bear stands in docs/problems.md, and no other does."""
    codes = {code for file in (ROOT / "gateway").rglob("*.py") for code in CODE.findall(file.read_text())}
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/problems.md").read_text(), re.MULTILINE))
    assert codes == explained
    assert {case.code for case in broken.ALL.values()} <= codes


def kinds(error: type[GatewayError]) -> list[type[GatewayError]]:
    return [error, *(below for child in error.__subclasses__() for below in kinds(child))]


def test_every_error_has_its_line() -> None:
    """Each code that a client may see stands in docs/errors.md with its status, and no other does."""
    text = (ROOT / "docs/errors.md").read_text()
    told = set(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \| .+ \|$", text, re.MULTILINE))
    raised = {(error.code, str(error.status.value)) for error in kinds(RequestError) if issubclass(error, RequestError)}
    assert told == raised


def test_every_exit_code_has_its_line() -> None:
    """Each exit code that an error stands for is told, and 0 for none."""
    told = set(re.findall(r"^\| (\d) \| .+ \|$", (ROOT / "docs/errors.md").read_text(), re.MULTILINE))
    codes = {error.exit_code for error in kinds(GatewayError) if error.__module__.startswith("gateway")}
    assert {str(code) for code in codes} <= told == set("0123")


def test_every_setting_has_its_line() -> None:
    """Each option stands in docs/settings.md with its help, and with the default of the table."""
    text = (ROOT / "docs/settings.md").read_text()
    for option in SETTINGS:
        found = re.findall(rf"^\| `{option.name}` \| (.+) \| (.+) \|$", text, re.MULTILINE)
        assert len(found) == 1, option.name
        default, told = found[0]
        assert told.startswith(option.help), option.name
        assert ("A secret" in told) is option.secret, option.name
        if option.default not in {None, ()}:
            assert f"`{shown(option.default)}`" in default, option.name
        differs = f"with `dev` `{shown(option.dev_default)}`" in default
        assert differs is (option.dev_default != option.default), option.name


def shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_no_other_setting_is_told() -> None:
    """The table of docs/settings.md holds the options and the scopes that there are, and no more."""
    told = re.findall(r"^\| `([a-z_:]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted([*(option.name for option in SETTINGS), *Scope])


def test_the_settings_file_of_the_docs_is_good(tmp_path: Path) -> None:
    """The example in docs/settings.md can be read."""
    example = re.search(r"```toml\n(.*?)```", (ROOT / "docs/settings.md").read_text(), re.DOTALL)
    assert example
    file = tmp_path / "gateway.toml"
    file.write_text(example[1])
    found = read(Mode.SERVE, tmp_path, {"config": file}, {})
    assert (found.port, found.allowed_hosts, len(found.tokens)) == (8080, ("news.example",), 1)


def test_every_key_is_told() -> None:
    """Each key that front matter is read by stands in docs/content.md."""
    text = (ROOT / "docs/content.md").read_text()
    assert [key for key in sorted(site.KNOWN_KEYS) if key not in text] == []
    assert all(ending in text for ending in source.EXTENSIONS)


def test_the_example_is_a_good_document() -> None:
    """What docs/content.md shows loads without a problem."""
    example = re.search(r"```yaml\n(---\n.*?---\n)```", (ROOT / "docs/content.md").read_text(), re.DOTALL)
    assert example
    front_matter = frontmatter.read("example.md", example[1].encode())
    assert front_matter
    decoded = decoder.decode("example.md", front_matter)
    assert decoded.problems == ()
    assert decoded.document
    assert decoded.document.provider
    assert decoded.document.provider.domain == "gazette.example"


def test_the_rules_of_the_docs_are_good() -> None:
    """The gateway.yaml that docs/content.md shows can be read, and uses all there is; every key has its paragraph."""
    text = (ROOT / "docs/content.md").read_text()
    example = re.search(r"```yaml\n# gateway.yaml\n(.*?)```", text, re.DOTALL)
    assert example
    found = site_config.parse(example[1].encode())
    assert found.problems == ()
    assert all((found.site.defaults, found.site.pins, found.site.expose, found.site.include))
    assert found.site.sources["topics"] == site.FieldSource(("topics", "keywords"), ",")
    assert {f"- **`{section}`**" for section in site_config.SECTIONS} <= set(
        re.findall(r"^- \*\*`\w+`\*\*", text, re.MULTILINE)
    )


SITES = [
    (file.name, example)
    for file in sorted((ROOT / "docs").glob("*.md"))
    for example in re.findall(r"```yaml\n(# gateway.yaml\n.*?)```", file.read_text(), re.DOTALL)
]


@pytest.mark.parametrize(("file", "example"), SITES, ids=lambda value: value[:20])
def test_every_site_file_is_valid(file: str, example: str) -> None:
    """Each gateway.yaml in the docs is read without a problem."""
    assert site_config.parse(example.encode()).problems == (), file


@pytest.mark.parametrize(
    "file", [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md"))], ids=lambda file: file.name
)
def test_links_resolve(file: Path) -> None:
    """The file of each relative link exists, and contains the heading that the link names."""
    links = re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)", outside_code(file.read_text()))
    targets = [((file.parent / path) if path else file, anchor) for path, anchor in links]
    assert [str(target) for target, _ in targets if not target.exists()] == []
    assert [(target.name, anchor) for target, anchor in targets if anchor and anchor not in anchors(target)] == []


def outside_code(text: str) -> str:
    return re.sub(r"^( *)```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(file: Path) -> set[str]:
    """The anchors of a page's headings, by the rule of GitHub."""
    headings = re.findall(r"^#+ (.+)$", outside_code(file.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_index_lists_every_page() -> None:
    """docs/README.md links to each page of the docs."""
    linked = re.findall(r"\]\((\w[\w-]*\.md)\)", (ROOT / "docs/README.md").read_text())
    assert sorted(linked) == sorted({file.name for file in (ROOT / "docs").glob("*.md")} - {"README.md"})


def test_the_depth_is_told() -> None:
    """The numbers in the docs are those of the code."""
    assert f"more than {nodes.MOST_LEVELS} levels deep" in (ROOT / "docs/problems.md").read_text()
    assert source.DEFAULT_MAX_BYTES == 4 * 1024 * 1024


def test_the_limits_of_bodies_are_told() -> None:
    """docs/bodies.md names each tag that is kept, and each limit with its number."""
    text = (ROOT / "docs/bodies.md").read_text()
    kept, _, rest = text.partition("These tags are kept:")[2].partition("Other tags are removed")
    gone, _, rest = rest.partition("Scripts, event handlers")
    assert re.findall(r"`([a-z0-9]+)`", kept) == sorted(html_nesting.ATTRIBUTES)
    assert re.findall(r"`([a-z0-9]+)`", gone) == sorted(html_nesting.UNSEEN)
    limits = [markup.MOST_CHARACTERS, markup.MOST_STEPS, markup.MOST_LEVELS, markup.MOST_TOKENS, markup.MOST_OUTPUT]
    assert re.findall(r"^\| (\d+) \|", rest, re.MULTILINE) == [str(limit) for limit in limits]
    assert f"to a depth of {html_nesting.MOST_OPEN}, and" in text
    assert f"such as `b` and `a`, to {html_nesting.MOST_OPEN_INLINE}" in text
    assert f"{prose.WORDS_A_MINUTE} words or {prose.CHARACTERS_A_MINUTE} such letters a minute" in text
    assert f"longer than {prose.LONGEST_WORD} characters" in text


GRAPH = SCHEMA._schema
OPERATIONS = [
    (file.name, document)
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for document in re.findall(r"```graphql\n(.*?)```", file.read_text(), re.DOTALL)
]


@pytest.mark.parametrize(("file", "document"), OPERATIONS, ids=lambda value: value[:20])
def test_every_operation_of_the_docs_is_a_good_one(file: str, document: str) -> None:
    """It fits the schema and costs at most a quarter of what is allowed, with the defaults of its variables."""
    found = DocumentCache(GRAPH, Limits(), introspection=True).get(document)
    definitions = found.operation(None).variable_definitions or ()
    variables = get_variable_values(GRAPH, definitions, {"query": "x", "path": "x", "id": "x"})
    assert not isinstance(variables, list), (file, variables)
    assert found.query_cost.cost(None, variables.coerced) <= Limits().cost / 4


def test_the_docs_show_operations() -> None:
    """The readme too."""
    assert {"README.md", "api.md", "search.md"} <= {file for file, _ in OPERATIONS}
