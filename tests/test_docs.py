"""The docs are complete: what the code says, they explain."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.content import documents, frontmatter, nodes, source
from tests import broken

ROOT = Path(__file__).parent.parent
CODE = re.compile(r'^([A-Z][A-Z_]+) = "\1"$', re.MULTILINE)


def test_every_problem_has_its_line() -> None:
    """Each code that a problem can bear stands in docs/problems.md, and no other does."""
    codes = {code for file in (ROOT / "gateway").rglob("*.py") for code in CODE.findall(file.read_text())}
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/problems.md").read_text(), re.MULTILINE))
    assert codes == explained
    assert {case.code for case in broken.ALL.values()} <= codes


def test_every_key_is_told() -> None:
    """Each key that front matter is read by stands in docs/content.md."""
    text = (ROOT / "docs/content.md").read_text()
    assert [key for key in sorted(documents.KNOWN) if key not in text] == []
    assert all(ending in text for ending in source.EXTENSIONS)


def test_the_example_is_a_good_document() -> None:
    """What docs/content.md shows loads without a problem."""
    example = re.search(r"```yaml\n(---\n.*?---\n)```", (ROOT / "docs/content.md").read_text(), re.DOTALL)
    assert example
    front_matter = frontmatter.read("example.md", example[1].encode())
    assert front_matter
    decoded = documents.decode("example.md", front_matter)
    assert decoded.problems == ()
    assert decoded.document
    assert decoded.document.provider
    assert decoded.document.provider.domain == "gazette.example"


def test_links_lead_somewhere() -> None:
    """Each relative link in the docs names a file that is there."""
    for file in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", file.read_text()):
            assert (file.parent / target).exists(), f"{file.name}: {target}"


def test_the_depth_is_told() -> None:
    """The numbers in the docs are those of the code."""
    assert f"more than {nodes.MOST_LEVELS} levels deep" in (ROOT / "docs/problems.md").read_text()
    assert source.DEFAULT_MAX_BYTES == 4 * 1024 * 1024
