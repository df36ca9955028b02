"""What a site says of all its files: which keys give a field, and which values are added or pinned where.

It holds fields as written, and decodes none but what hides a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from typing import NamedTuple

from gateway.content import values, visibility_flags
from gateway.content.globs import Glob
from gateway.content.inheritance import InheritedRules
from gateway.content.nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode

VISIBILITY_FIELDS = frozenset({"published", "draft", "unlisted", "publishedDateTime", "publishDate", "expiryDate"})
"""The fields that govern visibility."""
NATIVE_KEYS = frozenset(
    {"title", "excerpt", "category", "type", "locale", "quality", "heat", "published", "publishedDateTime"}
    | {"updatedDateTime", "originalUrl", "webUrl", "ampWebUrl", "cdnAmpWebUrl", "provider", "topics", "images"}
    | {"related", "secured", "draft"}
)


class FieldSource(NamedTuple):
    """Where a field comes from: of these keys the first that is present and not empty."""

    keys: tuple[str, ...]
    split: str = ""
    """What parts the entries of a list that is written as one text; "" where the usual rule holds."""
    words: frozenset[str] = frozenset()
    """The texts that make a flag true, casefolded."""
    worded: frozenset[str] = frozenset()
    """The keys of a flag that hold such a text; the others hold true or false."""

    def parted(self, field: MappingEntry) -> MappingEntry:
        """The field, its text taken apart where the site says so."""
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
    "excerpt": FieldSource(("excerpt", "description", "summary")),
    "publishedDateTime": FieldSource((*_DATE, *_PUBLISH_DATE)),
    "publishDate": FieldSource(_PUBLISH_DATE),
    "unlisted": FieldSource(("unlisted",)),
    "expiryDate": FieldSource(_EXPIRY_DATE),
    "updatedDateTime": FieldSource(("updatedDateTime", "updated", "lastmod", "modified", "updatedDate")),
    "topics": FieldSource(("topics", "tags", "categories", "keywords", "topic", "tag", "keyword")),
    "locale": FieldSource(("locale", "lang")),
    "provider": FieldSource(("provider", "author", "authors", "source")),
    "images": FieldSource(
        (
            *("images", "image", "image_url", "cover", "thumbnail", "featuredImage", "hero"),
            *("heroImage", "coverImage", "featured_image", "ogImage"),
        )
    ),
    "slug": FieldSource(("slug", "permalink", "url")),
}
"""The keys of each field where the site names no others. Those of `slug` may hold an address as well."""
KNOWN_KEYS = NATIVE_KEYS.union(visibility_flags.KEYS, *(source.keys for source in DEFAULT_MAPPING.values()))
REPLACED = ("excerpt", "locale", "provider", "images", "updatedDateTime")
"""The fields that no inherited key gives where the file gives them under any key. Of the others each key counts by
itself: two that govern visibility may both hide, and topics are of several kinds."""


def visibility_keys(sources: Mapping[str, FieldSource], claimed: frozenset[str] = frozenset()) -> frozenset[str]:
    """The keys that govern visibility, under all their names. `claimed` keys do so only if a source has them."""
    return (frozenset(visibility_flags.KEYS) - claimed).union(*(sources[name].keys for name in VISIBILITY_FIELDS))


class PathRule(NamedTuple):
    """Fields that are set for the files that one of the patterns names."""

    globs: tuple[Glob, ...]
    fields: Mapping[str, MappingEntry]

    def names(self, path: str) -> bool:
        return any(glob.matches(path) for glob in self.globs)

    @property
    def hides(self) -> bool:
        field = self.fields.get("published")
        return field is not None and values.boolean(field.value) is False


class Site(NamedTuple):
    """The rules of one site, as its `gateway.yaml` gives them; without one, the usual ones."""

    sources: Mapping[str, FieldSource] = DEFAULT_MAPPING
    defaults: tuple[PathRule, ...] = ()
    """Set where the file says nothing; of several the last."""
    pins: tuple[PathRule, ...] = ()
    """Set whatever the file says; of several the last, but one that hides the file before all others."""
    expose: frozenset[str] = frozenset()
    """The keys that the public may read through `frontMatter`."""
    include: tuple[Glob, ...] = ()
    """YAML files that are documents."""
    timezone: tzinfo = UTC
    """Of days, and of times without an offset."""
    locales: tuple[str, ...] = ()
    """The languages that a file's name may end in, as in `name.fr.md`; () where siblings show it."""
    known: frozenset[str] = KNOWN_KEYS
    """The keys that are no slip of another one."""
    governing: frozenset[str] = visibility_keys(DEFAULT_MAPPING)
    """The keys of which a slip sets a file aside."""
    claimed: frozenset[str] = frozenset()
    """The keys that `gateway.yaml` names for fields. They hide only by what that field says."""
    digest: str = ""
    """Tells two sites apart; "" is that of the usual rules."""
    inherited: InheritedRules = InheritedRules()
    """What files of other generators say of the documents beside and below them."""

    def defaults_for(self, path: str) -> dict[str, MappingEntry]:
        return _overlaid(preset for preset in self.defaults if preset.names(path))

    def pins_for(self, path: str) -> dict[str, MappingEntry]:
        pins = [preset for preset in self.pins if preset.names(path)]
        hiding = next((preset.fields["published"] for preset in pins if preset.hides), None)
        return _overlaid(pins) | ({"published": hiding} if hiding else {})

    def hides(self, path: str) -> bool:
        """Whether the file is a draft, whatever it says."""
        return any(preset.hides and preset.names(path) for preset in self.pins) or self.closed(path) is not None

    def closed(self, path: str) -> str | None:
        """The name or the rule of another generator that makes a draft of the file whatever it says, unless it is
        pinned."""
        closed = self.inherited.closed(path)
        return None if closed and "published" in self.pins_for(path) else closed

    def is_unknown(self, path: str) -> bool:
        """Whether it is not known if the file is hidden, since a rule for it cannot be read."""
        return self.inherited.is_unknown(path) and "published" not in self.pins_for(path)

    def conceals(self, path: str) -> bool:
        """Whether the file is a draft where it cannot be read."""
        return self.hides(path) or (self.inherited.conceals(path) and "published" not in self.pins_for(path))

    def with_inherited(self, path: str, own: MappingNode) -> MappingNode:
        """A file's front matter with what it inherits under keys that it lacks."""
        inherited = self.inherited.fields(path)
        if not inherited:
            return own
        given = {key for name in REPLACED if self._is_given(name, own) for key in self.sources[name].keys}
        added = {key: field for key, field in inherited.items() if key not in own.entries and key not in given}
        return MappingNode({**own.entries, **added}, own.position)

    def _is_given(self, name: str, own: MappingNode) -> bool:
        fields = filter(None, map(own.entries.get, self.sources[name].keys))
        return any(not values.is_null(field.value) for field in fields)


DEFAULT_SITE = Site()


def _overlaid(presets: Iterable[PathRule]) -> dict[str, MappingEntry]:
    fields: dict[str, MappingEntry] = {}
    for preset in presets:
        fields |= preset.fields
    return fields
