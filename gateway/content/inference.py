"""Proposes collections for a folder: one for each folder of documents, with the types of the keys of its files.

A proposal is text for `gateway.yaml` that people edit. Nothing is inferred while content is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway.content import dotted_names, frontmatter, source, visibility_flags
from gateway.content.nodes import MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.observations import LONGEST_TEXT, MOST_PLACES, SCALARS, Group, Observed, Place, Targets, flattened
from gateway.content.problem_collector import nearest
from gateway.content.site import NATIVE_KEYS, Site
from gateway.content.source import Walk
from gateway.content.text import fold
from gateway.errors import FrontMatterError
from gateway.model.collections import Collection, FieldType

SHARE = 0.95
"""The share of the values that must fit a type."""
FEWEST_FILES, LEAST_SHARE = 3, 0.02
"""Keys of fewer files, or of a smaller share of the files, are rare."""
FEW = 10
"""In a folder of fewer files no key is rare by the number of its files."""
FEWEST_TO_SPLIT = 5
"""The number of files that a folder needs to be a collection beside the folder that contains it."""
MOST_ENUM_VALUES, FILES_FOR_VALUE = 12, 5

ROOTS = ("src/content", "src/pages", "content", "source", "src", "pages")
"""The folders in which generators have their content, the longest first."""
CONTAINERS = frozenset({"params", "extra"})
"""The mappings in which generators keep the keys of a site."""
NOT_FIELDS = frozenset(
    {
        *("layout", "template", "weight", "order", "sidebar_position", "sidebar_label", "sidebar_class_name"),
        *("nav_order", "nav_title", "nav_exclude", "linkTitle", "navigation", "translationKey", "ref"),
        *("excerpt_separator", "cascade", "menu", "outputs", "eleventyNavigation", "eleventyComputed"),
        *("sort_by", "paginate_by", "page_template"),
    }
)
"""Keys for generators and themes. They stay in `frontMatter`."""
DRAFTS = "_drafts"


class Inferred(NamedTuple):
    """The type of a key."""

    type: FieldType
    is_list: bool = False
    group: str = ""
    """The group of the files that references name, or "" if they are of more than one."""
    values: tuple[str, ...] = ()
    """Of an enum."""
    fields: tuple[InferredKey, ...] = ()
    """Of an object."""
    odd: tuple[Place, ...] = ()
    """The first values that do not fit."""


class InferredKey(NamedTuple):
    key: str
    """With dots if it is in a container."""
    files: int
    type: Inferred
    is_rare: bool = False


class InferredGroup(NamedTuple):
    """A collection to propose."""

    folder: str
    """Its folder, or the name of the declared collection."""
    files: int
    keys: tuple[InferredKey, ...]
    """The most frequent first."""


def infer(root: Path, site: Site) -> tuple[InferredGroup, ...]:
    """The groups of the documents in a folder, with their keys. Files of declared collections are a group by its name.

    Documents outside of folders, and unreadable ones, are left out. Raises ContentFolderError.
    """
    files = {path: file for path, file in Walk(root, include=site.include).run().files.items() if _is_in(path, site)}
    places = {path: _place(path, site) for path in files}
    targets = Targets({path: folder for path, (folder, _) in places.items()})
    ignored, containers = _ignored(site), CONTAINERS - {key for each in site.collections for key in _keys_of(each)}
    groups: dict[str, dict[str, Group]] = {}
    for path in sorted(files):
        folder, below = places[path]
        fields = _front_matter(root, files[path])
        if fields is not None and folder:
            kept = (each for each in flattened(fields, containers) if not _is_ignored(each[0], ignored, site))
            groups.setdefault(folder, {}).setdefault(below, Group()).add(path, kept, targets)
    found = (part for folder, below in sorted(groups.items()) for part in _parts(folder, below))
    return tuple(
        InferredGroup(folder, group.files, tuple(_located(root, files, key) for key in _keys(group.keys, group.files)))
        for folder, group in found
    )


def _located(root: Path, files: Mapping[str, source.ContentFile], key: InferredKey) -> InferredKey:
    """A key with the lines of its odd values. The scanner of front matter does not have those of nested values."""
    odd = [place if place.line else _line(root, files[place.path], key.key, place) for place in key.type.odd]
    return key._replace(type=key.type._replace(odd=tuple(odd)))


def _line(root: Path, file: source.ContentFile, key: str, place: Place) -> Place:
    fields = _front_matter(root, file, is_located=True)
    entry = fields and dotted_names.find(fields.entries, key)
    if not entry:
        return place
    found = (node for node in _scalars(entry.value) if node.text.strip() == place.text)
    return place._replace(line=next(found, entry.value).position.line)


def _scalars(node: Node) -> Iterator[ScalarNode]:
    if isinstance(node, ScalarNode):
        yield node
        return
    for each in node.nodes if isinstance(node, SequenceNode) else (field.value for field in node.entries.values()):
        yield from _scalars(each)


def _keys_of(collection: Collection) -> Iterator[str]:
    return (key for field in collection.fields for key in field.keys)


def _is_in(path: str, site: Site) -> bool:
    return not site.is_excluded(path) and DRAFTS not in path.split("/")


def _front_matter(root: Path, file: source.ContentFile, *, is_located: bool = False) -> MappingNode | None:
    """The front matter of a file, or None if it is not a readable document. With `is_located` all nodes have their
    positions."""
    try:
        _, data = source.read(root, file)
        plain = None if is_located else frontmatter.read_plain(file.path, data, {})
        found = plain or frontmatter.read(file.path, data)
    except (OSError, source.ReadError, FrontMatterError):
        return None
    return found.fields if found else None


def _place(path: str, site: Site) -> tuple[str, str]:
    """The group of a file, or "", and the folder below it, or "". A declared collection is a group of its own."""
    if collection := site.collection_of(path):
        return collection.name, ""
    root = next((root for root in ROOTS if path.startswith(f"{root}/")), "")
    folders = path[len(root) + 1 if root else 0 :].split("/")[:-1]
    if not folders:
        return "", ""
    return f"{root}/{folders[0]}".lstrip("/"), folders[1] if len(folders) > 1 else ""


def _ignored(site: Site) -> frozenset[str]:
    """The keys that the schema has, also in mappings, that hide documents, or that are for generators."""
    mappings = {prefix for name in site.nested for prefix in dotted_names.prefixes(name)} - CONTAINERS
    return NOT_FIELDS.union(NATIVE_KEYS, site.fields_of, visibility_flags.KEYS, site.governing, mappings)


def _is_ignored(key: str, ignored: frozenset[str], site: Site) -> bool:
    meant = nearest(key, site.governing)
    hides = meant is not None and fold(meant) == fold(key)
    return hides or key in ignored or any(part.strip().casefold() == "secured" for part in key.split("."))


def _parts(folder: str, below: Mapping[str, Group]) -> Iterator[tuple[str, Group]]:
    """The groups of a folder: one, or those of its folders if they differ in most of their keys, and the rest."""
    large = {name: group for name, group in below.items() if name and group.files >= FEWEST_TO_SPLIT}
    keys = [set(group.keys) for group in large.values()]
    splits = len(large) > 1 and 2 * len(set.intersection(*keys)) < len(set.union(*keys))
    rest = Group()
    for name, group in sorted(below.items()):
        if splits and name in large:
            yield f"{folder}/{name}", group
        else:
            rest.merge(group)
    if rest.files:
        yield folder, rest


def _keys(observed: Mapping[str, Observed], files: int) -> Iterator[InferredKey]:
    """The keys of a group or of an object, the most frequent first. `files` is the number of its files or values."""
    for key, found in sorted(observed.items(), key=lambda each: (-each[1].number, each[0])):
        is_rare = found.number < LEAST_SHARE * files or (found.number < FEWEST_FILES and files >= FEW)
        yield InferredKey(key, found.number, type_of(found), is_rare)


def type_of(observed: Observed) -> Inferred:
    """The narrowest type that most of the values fit."""
    number, fits = observed.number, observed.fits
    if fits[FieldType.IMAGE] >= SHARE * number:
        return Inferred(FieldType.IMAGE, odd=_odd(observed, FieldType.IMAGE))
    if observed.mappings >= SHARE * number:
        keys = tuple(_keys(observed.fields, observed.mappings))
        return Inferred(FieldType.OBJECT, fields=keys) if keys else Inferred(FieldType.JSON)
    if 2 * observed.lists >= number and observed.lists + observed.scalars >= SHARE * number:
        members = observed.as_list()
        member = type_of(members) if members.number else Inferred(FieldType.JSON)
        return Inferred(FieldType.JSON) if member.is_list else member._replace(is_list=bool(members.number))
    if observed.scalars >= SHARE * number:
        return _scalar(observed)
    return Inferred(FieldType.JSON, odd=_odd(observed, None))


def _scalar(observed: Observed) -> Inferred:
    for type_ in SCALARS:
        if type_ is FieldType.MARKDOWN and (enum := _enum(observed)):
            return enum
        if observed.fits[type_] >= SHARE * observed.number:
            group = _group(observed) if type_ is FieldType.REFERENCE else ""
            return Inferred(type_, group=group, odd=_odd(observed, type_))
    return Inferred(FieldType.STRING, odd=_odd(observed, None))


def _group(observed: Observed) -> str:
    """The group that most references lead to, or ""."""
    ((group, number),) = observed.groups.most_common(1)
    return group if number >= SHARE * observed.groups.total() else ""


def _enum(observed: Observed) -> Inferred | None:
    """An enum of the texts that occur more than once, or None."""
    common = [text for text, number in observed.texts.items() if number > 1]
    covered = sum(observed.texts[text] for text in common)
    least = max(SHARE * observed.number, FILES_FOR_VALUE * len(common))
    if not 2 <= len(common) <= MOST_ENUM_VALUES or covered < least:
        return None
    if any(len(text) > LONGEST_TEXT or not text.isprintable() for text in common):
        return None
    odd = (observed.first[text] for text in sorted(observed.texts.keys() - set(common)))
    return Inferred(FieldType.ENUM, values=tuple(sorted(common)), odd=tuple(odd)[:MOST_PLACES])


def _odd(observed: Observed, type_: FieldType | None) -> tuple[Place, ...]:
    """The first values that do not fit a type."""
    others = () if type_ in {None, FieldType.IMAGE} else observed.odd.get(None, ())
    return tuple([*observed.odd.get(type_, ()), *others][:MOST_PLACES])
