"""Decodes authors: the names in a document, and the entries of the files that such names can be keys of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from gateway.content import values
from gateway.content.identity import author_key
from gateway.content.nested_fields import Rest, decode_each, first_text, images, unused_keys, with_rest
from gateway.content.nodes import MappingEntry, MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.problem_collector import AUTHORS_AS_TEXT, BAD_VALUE, ProblemCollector
from gateway.content.values import shown
from gateway.model.documents import AuthorName

KEY = "key"
"""The key of an author's mapping that names an entry of the site's files."""
NAMES = ("name", "display_name")
URLS = ("url", "link", "website", "homepage")
IMAGES = ("images", "image", "image_url", "imageUrl", "avatar", "picture", "photo")
AUTHOR_KEYS = frozenset({KEY, *NAMES, *URLS, *IMAGES})

KnownAuthors = Mapping[str, AuthorName]
"""The authors in files of the site, by the author keys of their keys and of their names."""


def authors(
    collector: ProblemCollector, field: MappingEntry | None, known: KnownAuthors
) -> tuple[tuple[AuthorName, ...], Rest]:
    """The authors in order, each key once, and the rest. An unknown key is a name."""
    if field and isinstance(field.value, ScalarNode):
        field = field._replace(value=_parted(collector, field.key.text, field.value, known))
    named, rest = decode_each(field, partial(_author, collector, known))
    distinct: dict[str, AuthorName] = {}
    for author in named:
        distinct.setdefault(author.key, author)
    return tuple(distinct.values()), rest


def entry(collector: ProblemCollector, key: str, node: Node, names: Sequence[str] = NAMES) -> AuthorName:
    """An entry of a file of authors: a mapping, or a text, which is the name. Without a name, the key is the name.

    `names` are the keys of the mapping that give the name.
    """
    if isinstance(node, MappingNode):
        author, _ = _described(collector, node, key, names, {})
    else:
        author = AuthorName("", collector.item(values.text, node, key) or key)
    return (author or AuthorName("", key))._replace(key=author_key(key))


def split_names(text: str) -> list[str]:
    """The names in a text: those before and after `and`.

    Commas separate names only in an enumeration, `A, B and C`: a comma after `and` belongs to a name, as in
    `Desk, North and Desk, South`. A comma or `&` without `and` belongs to a name too, as in `Ink & Paper`.
    """
    parts = " ".join(text.split()).replace(", and ", " and ").split(" and ")
    if len(parts) == 2 and "," not in parts[1]:
        parts = [*parts[0].split(","), parts[1]]
    return [part.strip() for part in parts if part.strip()]


def _parted(collector: ProblemCollector, key: str, node: ScalarNode, known: KnownAuthors) -> Node:
    """Split a text at its names, unless it is a key or a name in the site's files."""
    text = node.text.strip()
    if author_key(text) in known:
        return node
    names = split_names(text)
    if len(names) > 1:
        message = f"`{key}` is a text. It is read as {len(names)} authors."
        collector.inform(AUTHORS_AS_TEXT, message, node.position, "Write a list.")
        return SequenceNode([node._replace(text=name) for name in names], node.position)
    if "," in text or "&" in text:
        message = f"`{key}` is a text. It is read as one author, {shown(text)}."
        collector.inform(AUTHORS_AS_TEXT, message, node.position, "Write a list if it names more than one.")
    return node


def _author(collector: ProblemCollector, known: KnownAuthors, node: Node) -> tuple[AuthorName | None, Rest]:
    if not isinstance(node, MappingNode):
        text = collector.item(values.text, node, "authors")
        return (_named(text, known) if text else None), None
    collector.check_keys(node, AUTHOR_KEYS)
    author, rest = _described(collector, node, collector.value(values.text, node.entries.get(KEY)), NAMES, known)
    if author is None:
        collector.warn(BAD_VALUE, "An author without `name` is left out.", node.position, "Give it a `name`.")
    return author, rest


def _described(
    collector: ProblemCollector, node: MappingNode, key: str | None, names: Sequence[str], known: KnownAuthors
) -> tuple[AuthorName | None, Rest]:
    """The author that a mapping describes, or None without key and name, and the other keys of the mapping."""
    named_by, name = first_text(collector, node, names)
    linked_by, url = first_text(collector, node, URLS)
    pictured_by = next((each for each in IMAGES if each in node.entries), "")
    pictures, left = images(collector, node.entries.get(pictured_by))
    rest = with_rest(unused_keys(node, {KEY, named_by, linked_by, pictured_by}), **{pictured_by: left})
    found = key or name
    if not found:
        return None, rest
    author = _named(found, known)
    return AuthorName(author.key, name or author.name, url or author.url, pictures or author.images), rest


def _named(text: str, known: KnownAuthors) -> AuthorName:
    key = author_key(text)
    return known.get(key) or AuthorName(key, text)
