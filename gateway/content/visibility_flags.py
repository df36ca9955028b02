"""Decodes the visibility keys of particular generators.

The native keys `published`, `draft`, `publishedDateTime`, `publishDate`, `expiryDate` and `unlisted` are in the site's
table of fields, and `gateway.yaml` can give them other keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
    **dict.fromkeys(("draft", "hidden", "pending", "private", "skip", "unpublished", "wip"), _DRAFT),
    **dict.fromkeys(("future", "scheduled", "trash", "internal", "members", "paid"), _DRAFT),
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


def _written(node: Node) -> Iterator[str]:
    """The casefolded texts of a value, at any depth of lists and mappings."""
    if isinstance(node, ScalarNode):
        yield node.text.strip().casefold()
    elif isinstance(node, SequenceNode):
        for each in node.nodes:
            yield from _written(each)
    else:
        for entry in node.entries.values():
            for each in (entry.value, *entry.repeated):
                yield from _written(each)


def _word(node: Node) -> VisibilityEffects:
    return NOTHING.union(*(_WORDS.get(word, NOTHING) for word in _written(node)))


def _if_off(node: Node) -> VisibilityEffects:
    return _DRAFT if "false" in _written(node) else NOTHING


def _build(node: Node) -> VisibilityEffects:
    """Hugo's build options. `render: link` and `list: local` restrict the page, so they hide it."""
    if isinstance(node, SequenceNode):
        return NOTHING.union(*map(_build, node.nodes))
    if isinstance(node, ScalarNode):
        return _DRAFT if node.text.strip().casefold() in {"never", "false"} else NOTHING
    draft = _DRAFT if _is_off(node, "render") else NOTHING
    return draft | (_UNLISTED if _is_off(node, "list") else NOTHING)


def _is_off(options: MappingNode, name: str) -> bool:
    """Whether an option, its name in any case, turns a page off. A repeated option does so with any of its values."""
    found = [entry for key, entry in options.entries.items() if key.casefold() == name]
    words = {word or "always" for entry in found for node in (entry.value, *entry.repeated) for word in _written(node)}
    if unknown := words - _ALWAYS - _NEVER:
        raise Unreadable(f"{shown(min(unknown))} is not a value of `{name}`.", "Write always or never.")
    return bool(words & _NEVER)


FLAGS: Mapping[str, Callable[[Node], VisibilityEffects]] = {
    **dict.fromkeys(("isDraft", "is_draft", "private", "hidden", "headless"), _if_true(_DRAFT)),
    **dict.fromkeys(("publish", "isPublished", "is_published"), _if_false(_DRAFT)),
    "eleventyExcludeFromCollections": _excluded,
}
"""Keys that govern visibility only."""
WORDS: Mapping[str, Callable[[Node], VisibilityEffects]] = {
    **dict.fromkeys(("status", "visibility"), _word),
    **dict.fromkeys(("build", "_build"), _build),
    **dict.fromkeys(("permalink", "render"), _if_off),
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
