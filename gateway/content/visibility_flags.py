"""What front matter says about who may see a document, in the words of the known generators.

The native keys `published`, `draft`, `publishedDateTime`, `publishDate`, `expiryDate` and `unlisted` are fields of the
site's table, and `gateway.yaml` can give them other keys. The keys here are those that hide in one generator only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from gateway.content import values
from gateway.content.nodes import MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.values import Unreadable, shown


class VisibilityEffect(Enum):
    """What a value does to its document."""

    DRAFT = "draft"
    """Only previews see it."""
    UNLISTED = "unlisted"
    """It is found by id, slug, path or URL, and is in no list."""


VisibilityEffects = frozenset[VisibilityEffect]
NOTHING, _DRAFT, _UNLISTED = (
    VisibilityEffects(),
    VisibilityEffects({VisibilityEffect.DRAFT}),
    VisibilityEffects({VisibilityEffect.UNLISTED}),
)

_WORDS = {
    **dict.fromkeys(("draft", "hidden", "pending", "private", "skip", "unpublished"), _DRAFT),
    "unlisted": _UNLISTED,
}
"""Values of `status` and `visibility` that hide; any other one says nothing about it."""
_ALWAYS, _NEVER = frozenset({"always", "true"}), frozenset({"never", "false", "link", "local"})


def flag(node: Node) -> bool:
    """A flag that governs visibility. Raises Unreadable, also where it is empty."""
    value = values.boolean(node)
    if value is None:
        raise Unreadable("It is empty.", "Write true or false, or delete the key.")
    return value


def _if_true(effects: VisibilityEffects) -> Callable[[Node], VisibilityEffects]:
    return lambda node: effects if flag(node) else NOTHING


def _if_false(effects: VisibilityEffects) -> Callable[[Node], VisibilityEffects]:
    return lambda node: NOTHING if flag(node) else effects


def _excluded(node: Node) -> VisibilityEffects:
    """Eleventy also takes a list of the collections that lack the page; such a page counts as hidden."""
    if isinstance(node, SequenceNode):
        return _DRAFT if node.nodes else NOTHING
    return _DRAFT if flag(node) else NOTHING


def _word(node: Node) -> VisibilityEffects:
    written = node.text.strip().casefold() if isinstance(node, ScalarNode) else ""
    return _WORDS.get(written, NOTHING)


def _permalink(node: Node) -> VisibilityEffects:
    return _DRAFT if isinstance(node, ScalarNode) and node.text.strip().casefold() == "false" else NOTHING


def _build(node: Node) -> VisibilityEffects:
    """Hugo's build options. `render: link` and `list: local` show less than all of it, and so they hide."""
    if not isinstance(node, MappingNode):
        return NOTHING
    draft = _DRAFT if _is_off(node, "render") else NOTHING
    return draft | (_UNLISTED if _is_off(node, "list") else NOTHING)


def _is_off(options: MappingNode, name: str) -> bool:
    field = options.entries.get(name)
    written = (values.text(field.value) if field else None) or "always"
    if written.casefold() not in _ALWAYS | _NEVER:
        raise Unreadable(f"{shown(written)} is not a value of `{name}`.", "Write always or never.")
    return written.casefold() in _NEVER


FLAGS: Mapping[str, Callable[[Node], VisibilityEffects]] = {
    **dict.fromkeys(("isDraft", "is_draft", "private", "hidden", "headless"), _if_true(_DRAFT)),
    **dict.fromkeys(("publish", "isPublished", "is_published"), _if_false(_DRAFT)),
    "eleventyExcludeFromCollections": _excluded,
}
"""Keys that do nothing but govern visibility."""
WORDS: Mapping[str, Callable[[Node], VisibilityEffects]] = {
    **dict.fromkeys(("status", "visibility"), _word),
    **dict.fromkeys(("build", "_build"), _build),
    "permalink": _permalink,
}
"""Keys that hide by some of their values. They stay in `frontMatter`."""
KEYS: Mapping[str, Callable[[Node], VisibilityEffects]] = {**FLAGS, **WORDS}


def may_hide(key: str, node: Node) -> bool:
    """Whether a value hides under this key, or cannot be read there. For native keys always."""
    if key not in KEYS:
        return True
    try:
        return bool(KEYS[key](node))
    except Unreadable:
        return key in WORDS
