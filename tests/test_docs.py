"""Completeness of the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql.execution.values import get_variable_values

from gateway.access.tokens import Scope
from gateway.content import (
    collection_rules,
    decoder,
    field_settings,
    frontmatter,
    html_nesting,
    markup,
    nodes,
    prose,
    site,
    site_config,
    source,
)
from gateway.errors import GatewayError, RequestError
from gateway.execution.document_cache import DocumentCache
from gateway.limits import Limits
from gateway.settings import LIMITS, OPTIONS, Mode
from gateway.settings_sources import read
from tests import broken
from tests.schema import SCHEMA

ROOT = Path(__file__).parent.parent
SETTINGS = [option for option in OPTIONS if option not in LIMITS]
"""The options of docs/settings.md. docs/limits.md has the others."""
CODE = re.compile(r'^([A-Z][A-Z_]+) = "\1"$', re.MULTILINE)


def test_problem_codes_are_documented() -> None:
    """docs/problems.md has exactly the codes of problems."""
    codes = {code for file in (ROOT / "gateway").rglob("*.py") for code in CODE.findall(file.read_text())}
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/problems.md").read_text(), re.MULTILINE))
    assert codes == explained
    assert {case.code for case in broken.ALL.values()} <= codes


def kinds(error: type[GatewayError]) -> list[type[GatewayError]]:
    return [error, *(below for child in error.__subclasses__() for below in kinds(child))]


def test_error_codes_are_documented() -> None:
    """docs/errors.md has exactly the codes of errors, with their status."""
    text = (ROOT / "docs/errors.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \| .+ \|$", text, re.MULTILINE))
    raised = {(error.code, str(error.status.value)) for error in kinds(RequestError) if issubclass(error, RequestError)}
    assert documented == raised


def test_exit_codes_are_documented() -> None:
    """The docs have each exit code of an error, and 0."""
    documented = set(re.findall(r"^\| (\d) \| .+ \|$", (ROOT / "docs/errors.md").read_text(), re.MULTILINE))
    codes = {error.exit_code for error in kinds(GatewayError) if error.__module__.startswith("gateway")}
    assert {str(code) for code in codes} <= documented == set("0123")


def test_settings_are_documented() -> None:
    """docs/settings.md has each option with its help and default."""
    text = (ROOT / "docs/settings.md").read_text()
    for option in SETTINGS:
        found = re.findall(rf"^\| `{option.name}` \| (.+) \| (.+) \|$", text, re.MULTILINE)
        assert len(found) == 1, option.name
        default, documented = found[0]
        assert documented.startswith(option.help), option.name
        assert ("A secret" in documented) is option.secret, option.name
        if option.default not in {None, ()}:
            assert f"`{shown(option.default)}`" in default, option.name
        differs = f"with `dev` `{shown(option.dev_default)}`" in default
        assert differs is (option.dev_default != option.default), option.name


def shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_settings_table_has_only_existing_options() -> None:
    """The table has only existing options and scopes."""
    documented = re.findall(r"^\| `([a-z_:]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    assert sorted(documented) == sorted([*(option.name for option in SETTINGS), *Scope])


def test_example_settings_file_is_valid(tmp_path: Path) -> None:
    """The example in docs/settings.md can be read."""
    example = re.search(r"```toml\n(.*?)```", (ROOT / "docs/settings.md").read_text(), re.DOTALL)
    assert example
    file = tmp_path / "gateway.toml"
    file.write_text(example[1])
    found = read(Mode.SERVE, tmp_path, {"config": file}, {})
    assert (found.port, found.allowed_hosts, len(found.tokens)) == (8080, ("news.example",), 1)


def test_front_matter_keys_are_documented() -> None:
    """docs/content.md has each key that front matter is read by."""
    text = (ROOT / "docs/content.md").read_text()
    assert [key for key in sorted(site.KNOWN_KEYS) if key not in text] == []
    assert all(ending in text for ending in source.EXTENSIONS)


def test_example_document_is_valid() -> None:
    """The example in docs/content.md has no problems."""
    example = re.search(r"```yaml\n(---\n.*?---\n)```", (ROOT / "docs/content.md").read_text(), re.DOTALL)
    assert example
    front_matter = frontmatter.read("example.md", example[1].encode())
    assert front_matter
    decoded = decoder.decode("example.md", front_matter)
    assert decoded.problems == ()
    assert decoded.document
    assert decoded.document.provider
    assert decoded.document.provider.domain == "gazette.example"


def test_example_rules_are_valid() -> None:
    """The gateway.yaml in docs/content.md is valid and uses every key. Each key has a paragraph."""
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


def test_declarations_of_collections_are_documented() -> None:
    """docs/collections.md has each type, each setting and each limit."""
    text = (ROOT / "docs/collections.md").read_text()
    settings = collection_rules.OF_COLLECTION | field_settings.OF_FIELD
    named = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert settings | field_settings.TYPES.keys() - {"Object"} <= named
    constants = vars(collection_rules) | vars(field_settings)
    limits = {f"{value:,}" for name, value in constants.items() if name.startswith(("MOST_", "LONGEST_"))}
    assert all(f" {limit} " in text for limit in limits)


SITES = [
    (file.name, example)
    for file in sorted((ROOT / "docs").glob("*.md"))
    for example in re.findall(r"```yaml\n(# gateway.yaml\n.*?)```", file.read_text(), re.DOTALL)
]


@pytest.mark.parametrize(("file", "example"), SITES, ids=lambda value: value[:20])
def test_each_gateway_yaml_in_the_docs_is_valid(file: str, example: str) -> None:
    """Each is read without a problem."""
    assert site_config.parse(example.encode()).problems == (), file


@pytest.mark.parametrize(
    "file", [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md"))], ids=lambda file: file.name
)
def test_links_resolve(file: Path) -> None:
    """The target file of each relative link exists and has the linked heading."""
    links = re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)", outside_code(file.read_text()))
    targets = [((file.parent / path) if path else file, anchor) for path, anchor in links]
    assert [str(target) for target, _ in targets if not target.exists()] == []
    assert [(target.name, anchor) for target, anchor in targets if anchor and anchor not in anchors(target)] == []


def outside_code(text: str) -> str:
    return re.sub(r"^( *)```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(file: Path) -> set[str]:
    """The anchors of a page's headings, by GitHub's rule."""
    headings = re.findall(r"^#+ (.+)$", outside_code(file.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_index_lists_every_page() -> None:
    """docs/README.md links to each page."""
    linked = re.findall(r"\]\((\w[\w-]*\.md)\)", (ROOT / "docs/README.md").read_text())
    assert sorted(linked) == sorted({file.name for file in (ROOT / "docs").glob("*.md")} - {"README.md"})


def test_depth_limits_are_documented() -> None:
    """The numbers in the docs equal those of the code."""
    assert f"more than {nodes.MOST_LEVELS} levels deep" in (ROOT / "docs/problems.md").read_text()
    assert source.DEFAULT_MAX_BYTES == 4 * 1024 * 1024


def test_body_limits_are_documented() -> None:
    """docs/bodies.md has each allowed tag, and each limit with its number."""
    text = (ROOT / "docs/bodies.md").read_text()
    kept, _, rest = text.partition("These tags are kept:")[2].partition("Other tags are removed")
    gone, _, rest = rest.partition("Scripts, event handlers")
    assert re.findall(r"`([a-z0-9]+)`", kept) == sorted(html_nesting.ATTRIBUTES)
    assert re.findall(r"`([a-z0-9]+)`", gone) == sorted(html_nesting.UNSEEN)
    limits = [markup.MOST_CHARACTERS, markup.MOST_CELLS, markup.MOST_STEPS, markup.MOST_OUTPUT]
    assert re.findall(r"^\| (\d+) \|", rest, re.MULTILINE) == [str(limit) for limit in limits]
    assert f"to a depth of {html_nesting.MOST_OPEN}, and" in text
    assert f"such as `b` and `a`, to {html_nesting.MOST_OPEN_INLINE}" in text
    assert f"{prose.WORDS_A_MINUTE} words or {prose.CHARACTERS_A_MINUTE} such letters a minute" in text
    assert f"longer than {prose.LONGEST_WORD} characters" in text


GRAPH = SCHEMA._schema
OPERATIONS = [
    (file.name, document)
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if file.name != "collections.md"  # for the schema of a site
    for document in re.findall(r"```graphql\n(.*?)```", file.read_text(), re.DOTALL)
]


@pytest.mark.parametrize(("file", "document"), OPERATIONS, ids=lambda value: value[:20])
def test_operations_in_the_docs_are_valid(file: str, document: str) -> None:
    """Each fits the schema and costs at most a quarter of the limit, with its default variables."""
    found = DocumentCache(GRAPH, Limits(), introspection=True).get(document)
    definitions = found.operation(None).variable_definitions or ()
    variables = get_variable_values(GRAPH, definitions, {"query": "x", "path": "x", "id": "x"})
    assert not isinstance(variables, list), (file, variables)
    assert found.query_cost.cost(None, variables.coerced) <= Limits().cost / 4


def test_docs_contain_operations() -> None:
    """The readme has operations too."""
    assert {"README.md", "api.md", "search.md"} <= {file for file, _ in OPERATIONS}
