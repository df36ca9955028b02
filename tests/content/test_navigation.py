"""What a file says about its place in the tree of the site."""

from __future__ import annotations

import pytest

from gateway.content import frontmatter, site_config
from gateway.content.decoder import decode
from gateway.model.documents import NavigationEntry


def entry(fields: str, path: str = "a.md", rules: str = "") -> NavigationEntry:
    front_matter = frontmatter.read(path, f"---\ntitle: A\n{fields}\n---\n".encode())
    assert front_matter
    decoded = decode(path, front_matter, site_config.parse(rules.encode()).site)
    assert decoded.document
    assert decoded.problems == ()
    return decoded.document.navigation


@pytest.mark.parametrize(
    ("fields", "weight"),
    [
        ("weight: 3", 3),
        ("weight: -1.5", -1.5),
        ("sidebar_position: 2", 2),
        ("order: 2\nnav_order: 1", 2),
        ("weight: \nnav_order: 1", 1),
        ("weight: heavy\nnav_order: 1", 1),
        ("sidebar: {order: 4}", 4),
        ("navigation: {order: 5}", 5),
        ("order: [1, 2]", None),
        ("", None),
    ],
)
def test_weight(fields: str, weight: float | None) -> None:
    """The first key with a number counts. Other values are not problems, because the keys have other uses too."""
    assert entry(fields).weight == weight


@pytest.mark.parametrize(
    ("fields", "is_hidden"),
    [
        ("nav_exclude: true", True),
        ("nav_exclude: false", False),
        ("navigation: false", True),
        ("navigation: true", False),
        ("navigation: {title: T}", False),
        ("sidebar: {hidden: true}", True),
        ("sidebar_class_name: big hidden", True),
        ("sidebar_class_name: hidden-not", False),
    ],
)
def test_hidden(fields: str, is_hidden: bool) -> None:
    assert entry(fields).is_hidden == is_hidden


def test_titles() -> None:
    """The first key with a text counts."""
    assert entry("linkTitle: L\nsidebar_label: S").title == "L"
    assert entry("linkTitle: ''\nsidebar: {label: S}").title == "S"
    assert entry("").title is None


def test_numbers() -> None:
    """That of the name where names are numbered. An index has that of its folder."""
    numbered = "numbered: docs"
    assert entry("", "docs/02-a.md", numbered) == NavigationEntry(number=2)
    assert entry("", "docs/10.b/index.md", numbered) == NavigationEntry(number=10, is_index=True)
    assert entry("", "docs/2024-01-02-a.md", numbered).number is None
    assert entry("", "blog/02-a.md", numbered).number is None


def test_rules() -> None:
    """Keys of the site replace the usual ones."""
    rules = "navigation: {weight: [menu_order, menu.main.weight], title: menu_title}"
    assert entry("menu_order: 1\nmenu_title: M\nlinkTitle: L", rules=rules) == NavigationEntry(1, title="M")
    assert entry("menu: {main: {weight: 2}}\nweight: 1", rules=rules).weight == 2
