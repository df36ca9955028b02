"""The rules of a site for all its files: which keys give a field, and which defaults and pins apply to which paths.

Fields are stored as written. Only the fields that hide a file are decoded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import NamedTuple

from gateway.content import dotted_names, values, visibility_flags
from gateway.content.date_patterns import DatePattern, DateText
from gateway.content.globs import Glob
from gateway.content.inheritance import InheritedRule, InheritedRules
from gateway.content.media_types import ASSETS
from gateway.content.nodes import MappingEntry, MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.translations import TranslationRules
from gateway.content.url_templates import UrlRule
from gateway.model.collections import NO_COLLECTIONS, Collection, Collections
from gateway.model.documents import BodyRules
from gateway.model.fields import FIELDS

VISIBILITY_FIELDS = frozenset({"published", "draft", "unlisted", "publishedDateTime", "publishDate", "expiryDate"})
"""The fields that govern visibility."""
NATIVE_KEYS = frozenset(field.key for field in FIELDS) | {
    *("published", "draft", "provider", "topics", "authors", "images", "related", "secured")
}


class FieldSource(NamedTuple):
    """The keys that give a field. The first key that is present and not empty is used."""

    keys: tuple[str, ...]
    split: str = ""
    """The separator of a list that is written as one text, or "" for the default rule."""
    words: frozenset[str] = frozenset()
    """The values that make a flag true, casefolded."""
    worded: frozenset[str] = frozenset()
    """The keys of a flag with such values. The other keys have true or false."""
    joined: bool = False
    """Whether the values of all keys are one list."""
    path: DatePattern | None = None
    """The place of the date in the path."""

    def parted(self, field: MappingEntry) -> MappingEntry:
        """The field, with its text split at the site's separator."""
        text = field.value
        if not self.split or not isinstance(text, ScalarNode):
            return field
        parts = filter(None, map(str.strip, text.text.split(self.split)))
        return field._replace(
            value=SequenceNode(tuple(ScalarNode(part, False, text.position) for part in parts), text.position)
        )


_PUBLISH_DATE = ("publishDate", "publishdate", "publish_date", "publishAt", "publish_at")
_DATE = (
    "publishedDateTime",
    "date",
    "pubDate",
    "pubdate",
    "pubDatetime",
    "publishedAt",
    "published_at",
    "publishedDate",
    "published_date",
    "datePublished",
)
_EXPIRY_DATE = (
    *("expiryDate", "expirydate", "expiry_date", "expires", "expiresAt", "expires_at", "expiry", "expirationDate"),
    *("unpublishDate", "unpublishdate", "unpublish_date", "unpublishAt", "unpublish_at"),
)

DEFAULT_MAPPING: Mapping[str, FieldSource] = {name: FieldSource((name,)) for name in sorted(NATIVE_KEYS)} | {
    **{field.key: FieldSource(field.all_keys) for field in FIELDS},
    "publishedDateTime": FieldSource((*_DATE, *_PUBLISH_DATE)),
    "publishDate": FieldSource(_PUBLISH_DATE),
    "unlisted": FieldSource(("unlisted",)),
    "expiryDate": FieldSource(_EXPIRY_DATE),
    "topics": FieldSource(("topics", "tags", "categories", "keywords", "topic", "tag", "keyword")),
    "provider": FieldSource(("provider", "source")),
    "authors": FieldSource(("authors", "author")),
    "images": FieldSource(
        (
            *("images", "image", "image_url", "cover", "thumbnail", "featuredImage", "hero"),
            *("heroImage", "coverImage", "featured_image", "ogImage"),
        )
    ),
    "slug": FieldSource(("slug", "permalink", "url")),
    "aliases": FieldSource(("aliases", "alias", "redirect_from", "redirectFrom", "redirects")),
}
"""The default keys of each field. The keys of `slug` may also have an address."""
ADDRESSES = frozenset(DEFAULT_MAPPING["slug"].keys)
KNOWN_KEYS = NATIVE_KEYS.union(
    visibility_flags.KEYS, TranslationRules().keys, *(source.keys for source in DEFAULT_MAPPING.values())
)
REPLACED = ("provider", "authors", "images", *(field.key for field in FIELDS if field.keys))
"""The fields whose inherited keys are ignored if the file sets the field under any key. Other fields inherit each key
separately: each visibility key may hide the document, and there is more than one kind of topics."""


def fields_by_key(sources: Mapping[str, FieldSource]) -> Mapping[str, tuple[str, ...]]:
    """The fields that each key may give."""
    found: dict[str, tuple[str, ...]] = {}
    for name, source in sources.items():
        for key in source.keys:
            found[key] = (*found.get(key, ()), name)
    return found


def visibility_keys(sources: Mapping[str, FieldSource], claimed: frozenset[str] = frozenset()) -> frozenset[str]:
    """All keys that govern visibility. A `claimed` key does so only if a source contains it."""
    return (frozenset(visibility_flags.KEYS) - claimed).union(*(sources[name].keys for name in VISIBILITY_FIELDS))


def with_prefixes(keys: frozenset[str]) -> frozenset[str]:
    """The keys, and the keys of the mappings that contain the nested ones."""
    return keys.union(*(dotted_names.prefixes(key) for key in keys if dotted_names.is_dotted(key)))


class PathRule(NamedTuple):
    """Fields that are set for the files that match one of the patterns."""

    globs: tuple[Glob, ...]
    fields: Mapping[str, MappingEntry]
    is_preset: bool = False

    def names(self, path: str) -> bool:
        return any(glob.matches(path) for glob in self.globs)

    @property
    def hides(self) -> bool:
        field = self.fields.get("published")
        return field is not None and values.boolean(field.value) is False


class AssetRules(NamedTuple):
    """How the addresses of files of the folder are made. They are settings, and not rules of `gateway.yaml`."""

    base: str | None = ASSETS
    """The address of the folder, or None if its files do not have addresses."""
    follow_links: bool = False

    @property
    def digest(self) -> str:
        """ "" for the default rules."""
        return "" if self.base == ASSETS else f"assets={self.base or ''}"


class Site(NamedTuple):
    """The rules of one site from its `gateway.yaml`, or the default rules."""

    sources: Mapping[str, FieldSource] = DEFAULT_MAPPING
    defaults: tuple[PathRule, ...] = ()
    """Set if the file does not set the field. The last matching rule is used."""
    pins: tuple[PathRule, ...] = ()
    """Override the file. The last matching rule is used, except that a rule that hides the file takes precedence."""
    expose: frozenset[str] = frozenset()
    """The keys that are public in `frontMatter`."""
    include: tuple[Glob, ...] = ()
    """Patterns of the YAML files that are documents."""
    folders: tuple[Glob, ...] = ()
    """Patterns of the files that may be documents. Without patterns, all may."""
    exclude: tuple[Glob, ...] = ()
    """Patterns of the files that are not documents."""
    numbered: tuple[Glob, ...] = ()
    """Patterns of the files whose names begin with a number that orders them."""
    path_slugs: tuple[Glob, ...] = ()
    """Patterns of the files whose slugs contain their folders."""
    urls: tuple[UrlRule, ...] = ()
    """The addresses of articles. The last matching rule is used."""
    base: str = ""
    """The path of the site on its host, which addresses begin with, as in `/blog`. Empty for the root."""
    bundles: bool = False
    """Whether documents beside the `index` of a folder are resources of its page."""
    preset: str = ""
    """The name of the preset that the rules are based on."""
    timezone: tzinfo = UTC
    """The time zone of dates, and of times without an offset."""
    locales: tuple[str, ...] = ()
    """The languages that a file's name may end in, as in `name.fr.md`, and that a folder may name."""
    translations: TranslationRules = TranslationRules()
    fields_of: Mapping[str, tuple[str, ...]] = fields_by_key(DEFAULT_MAPPING)
    """The fields that each key may give, by `sources`."""
    known: frozenset[str] = KNOWN_KEYS
    """The keys that are not reported as misspelled."""
    governing: frozenset[str] = visibility_keys(DEFAULT_MAPPING)
    """The keys whose misspelling quarantines a file."""
    claimed: frozenset[str] = frozenset()
    """The keys that `gateway.yaml` assigns to fields. They hide a file only by the value of that field."""
    nested: tuple[str, ...] = ()
    """The dotted names among the keys of the sources."""
    dates: Mapping[str, DateText] = {}
    """How to find the date in the text of a key."""
    embeds: tuple[str, ...] = ()
    """The hosts whose frames are shown in bodies."""
    collections: Collections = NO_COLLECTIONS
    digest: str = ""
    """The digest of the rules, "" for the default rules."""
    inherited: InheritedRules = InheritedRules()
    """The rules in files of other generators."""
    assets: AssetRules = AssetRules()

    def defaults_for(self, path: str) -> dict[str, MappingEntry]:
        if not self.defaults:
            return {}
        return _overlaid(rule for rule in self.defaults if rule.names(path))

    def pins_for(self, path: str) -> dict[str, MappingEntry]:
        if not self.pins:
            return {}
        pins = [rule for rule in self.pins if rule.names(path)]
        own = [rule for rule in pins if not rule.is_preset and "published" in rule.fields]
        hiding = next((rule.fields["published"] for rule in own or pins if rule.hides), None)
        return _overlaid(pins) | ({"published": hiding} if hiding else {})

    def pins_as_draft(self, path: str) -> bool:
        """Whether a pin makes the file a draft."""
        field = self.pins_for(path).get("published")
        return field is not None and values.boolean(field.value) is False

    def is_excluded(self, path: str) -> bool:
        """Whether the file is not a document, whatever it contains."""
        is_outside = bool(self.folders) and not any(glob.matches(path) for glob in self.folders)
        return is_outside or any(glob.matches(path) for glob in self.exclude)

    def is_numbered(self, path: str) -> bool:
        return any(glob.matches(path) for glob in self.numbered)

    def url_rule(self, path: str) -> UrlRule | None:
        return next((rule for rule in reversed(self.urls) if rule.glob.matches(path)), None)

    def based(self, address: str) -> str:
        """An address below the base, unless it has a host."""
        return self.base + address if address.startswith("/") else address

    def path_slug_rule(self, path: str) -> Glob | None:
        return next((glob for glob in self.path_slugs if glob.matches(path)), None)

    def folders_below(self, glob: Glob, path: str) -> list[str]:
        """The folders of a file below those that a pattern names, or below the site's folder if it names none."""
        depth = glob.depth or max((each.depth for each in self.folders if each.matches(path)), default=0)
        return path.split("/")[depth:-1]

    def collection_of(self, path: str) -> Collection | None:
        """The first collection that the file belongs to."""
        return next(self.collections_of(path), None)

    def collections_of(self, path: str) -> Iterator[Collection]:
        """The collections that match a file, in the order of their declaration."""
        for collection in self.collections:
            if any(glob.matches(path) for glob in _globs(collection.paths)):
                yield collection

    def closed(self, path: str) -> str | None:
        """The name or the generator's rule that makes the file a draft whatever its front matter.

        None if `published` is pinned.
        """
        closed = self.inherited.closed(path, self.locales)
        return None if closed and "published" in self.pins_for(path) else closed

    def limits(self, path: str) -> list[InheritedRule]:
        """The generators' rules that restrict the file whatever its front matter. None if `published` is pinned."""
        limits = self.inherited.limits(path)
        return [] if limits and "published" in self.pins_for(path) else limits

    def is_unknown(self, path: str) -> bool:
        """Whether a rule that may hide the file is unreadable."""
        return self.inherited.is_unknown(path) and "published" not in self.pins_for(path)

    def with_nested(self, fields: MappingNode) -> MappingNode:
        """A file's front matter, with the nested values that the site names."""
        if not self.nested:
            return fields
        found = {name: field for name in self.nested if (field := self._in(fields.entries, name))}
        return MappingNode({**fields.entries, **found}, fields.position)

    def _in(self, entries: Mapping[str, MappingEntry], name: str) -> MappingEntry | None:
        return dotted_names.find(entries, name, closed=name in self.governing)

    def beside_nested(self, fields: MappingNode) -> MappingNode:
        """The keys in which a nested name that hides may be misspelled, by their dotted names."""
        return dotted_names.siblings(fields, self._hiding)

    def dated(self, field: MappingEntry) -> MappingEntry:
        """The field, with its date only if the site has a rule for its text."""
        rule = self.dates.get(field.key.text)
        return rule.dated(field, is_address=field.key.text in ADDRESSES) if rule else field

    def is_used(self, key: str) -> bool:
        """Whether the site uses the value of a key, and not only values in its mapping."""
        return key in self.known and (key in self.fields_of or key in self.expose or key in visibility_flags.KEYS)

    def hiding_part(self, name: str, node: Node) -> MappingNode | None:
        """The values in the mapping of a key that govern visibility, or None."""
        entries = node.entries if isinstance(node, MappingNode) else {}
        found = {key: field for key, field in entries.items() if f"{name}.{key}" in self.governing}
        return MappingNode(found, node.position) if found else None

    def body_rules(self, path: str) -> BodyRules:
        return BodyRules(path[-4:].lower() == ".mdx", self.embeds, self.base)

    def with_inherited(self, path: str, own: MappingNode) -> MappingNode:
        """A file's front matter, with inherited fields for the keys that it does not have."""
        inherited = self.inherited.fields(path)
        if not inherited:
            return own
        fields = self.with_nested(own).entries
        given = {key for name in REPLACED if self._is_given(name, fields) for key in self.sources[name].keys}
        added = {key: field for key, field in inherited.items() if key not in own.entries and key not in given}
        added |= {
            name: field
            for name in self._hiding
            if name.partition(".")[0] in own.entries and name not in fields and (field := self._in(inherited, name))
        }
        return MappingNode({**own.entries, **added}, own.position)

    @property
    def _hiding(self) -> list[str]:
        """The dotted names that govern visibility. A file's own mapping does not replace inherited values for them."""
        return [name for name in self.nested if name in self.governing]

    def _is_given(self, name: str, fields: Mapping[str, MappingEntry]) -> bool:
        given = filter(None, map(fields.get, self.sources[name].keys))
        return any(not values.is_null(field.value) for field in given)


DEFAULT_SITE = Site()


@lru_cache
def _globs(patterns: tuple[str, ...]) -> tuple[Glob, ...]:
    """Raises BadGlob."""
    return tuple(map(Glob.of, patterns))


def _overlaid(rules: Iterable[PathRule]) -> dict[str, MappingEntry]:
    fields: dict[str, MappingEntry] = {}
    for rule in rules:
        fields |= rule.fields
    return fields
