"""Decodes the visibility keys of particular generators.

The native keys `published`, `draft`, `publishedDateTime`, `publishDate`, `expiryDate` and `unlisted` are in the site's
table of fields, and `gateway.yaml` can give them other keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from gateway.content import values
from gateway.content.nodes import MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.values import Unreadable, shown


class VisibilityEffect(Enum):
    """The effect of a value on its document."""

    DRAFT = "draft"
    """Only previews show it."""
    UNLISTED = "unlisted"
    """It is available by id, slug, path or URL, and lists omit it."""


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
"""The values of `status` and `visibility` that hide. Other values have no effect."""
_ALWAYS, _NEVER = frozenset({"always", "true"}), frozenset({"never", "false", "link", "local"})


def flag(node: Node) -> bool:
    """Decode a visibility flag. Raises Unreadable, also if it is empty."""
    value = values.boolean(node)
    if value is None:
        raise Unreadable("It is empty.", "Write true or false, or delete the key.")
    return value


def _if_true(effects: VisibilityEffects) -> Callable[[Node], VisibilityEffects]:
    return lambda node: effects if flag(node) else NOTHING


def _if_false(effects: VisibilityEffects) -> Callable[[Node], VisibilityEffects]:
    return lambda node: NOTHING if flag(node) else effects


def _excluded(node: Node) -> VisibilityEffects:
    """Eleventy also accepts a list of collections that exclude the page. Such a page is hidden."""
    if isinstance(node, SequenceNode):
        return _DRAFT if node.nodes else NOTHING
    return _DRAFT if flag(node) else NOTHING


def _word(node: Node) -> VisibilityEffects:
    written = node.text.strip().casefold() if isinstance(node, ScalarNode) else ""
    return _WORDS.get(written, NOTHING)


def _permalink(node: Node) -> VisibilityEffects:
    return _DRAFT if isinstance(node, ScalarNode) and node.text.strip().casefold() == "false" else NOTHING


def _build(node: Node) -> VisibilityEffects:
    """Hugo's build options. `render: link` and `list: local` restrict the page, so they hide it."""
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
"""Keys that govern visibility only."""
WORDS: Mapping[str, Callable[[Node], VisibilityEffects]] = {
    **dict.fromkeys(("status", "visibility"), _word),
    **dict.fromkeys(("build", "_build"), _build),
    "permalink": _permalink,
}
"""Keys that hide by some of their values. They remain in `frontMatter`."""
KEYS: Mapping[str, Callable[[Node], VisibilityEffects]] = {**FLAGS, **WORDS}


def may_hide(key: str, node: Node) -> bool:
    """Whether a value under this key hides, or is unreadable. Always true for native keys."""
    if key not in KEYS:
        return True
    try:
        return bool(KEYS[key](node))
    except Unreadable:
        return key in WORDS
