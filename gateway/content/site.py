"""What a site says of all its files: which keys give a field, and which values are added or pinned where.

It holds fields as written, and decodes none but what hides a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from typing import NamedTuple

from gateway.content import values
from gateway.content.globs import Glob
from gateway.content.nodes import Field, Items, Scalar

GOVERNING = frozenset({"published", "draft", "publishedDateTime"})
NATIVE = frozenset(
    {"title", "excerpt", "category", "type", "locale", "quality", "heat", "published", "publishedDateTime"}
    | {"updatedDateTime", "originalUrl", "webUrl", "ampWebUrl", "cdnAmpWebUrl", "provider", "topics", "images"}
    | {"related", "secured", "draft"}
)


class Source(NamedTuple):
    """Where a field comes from: of these keys the first that is present and not empty."""

    keys: tuple[str, ...]
    split: str = ""
    """What parts the entries of a list that is written as one text; "" where the usual rule holds."""
    words: frozenset[str] = frozenset()
    """The texts that make a flag true, casefolded."""
    worded: frozenset[str] = frozenset()
    """The keys of a flag that hold such a text; the others hold true or false."""

    def parted(self, field: Field) -> Field:
        """The field, its text taken apart where the site says so."""
        text = field.value
        if not self.split or not isinstance(text, Scalar):
            return field
        parts = filter(None, map(str.strip, text.text.split(self.split)))
        return field._replace(value=Items(tuple(Scalar(part, False, text.mark) for part in parts), text.mark))


USUAL: Mapping[str, Source] = {name: Source((name,)) for name in sorted(NATIVE)} | {
    "excerpt": Source(("excerpt", "description", "summary")),
    "publishedDateTime": Source(("publishedDateTime", "date", "pubDate", "publishDate")),
    "updatedDateTime": Source(("updatedDateTime", "updated", "lastmod", "modified", "updatedDate")),
    "topics": Source(("topics", "tags", "categories", "keywords", "topic", "tag", "keyword")),
    "locale": Source(("locale", "lang")),
    "provider": Source(("provider", "author", "authors", "source")),
    "images": Source(
        (
            *("images", "image", "image_url", "cover", "thumbnail", "featuredImage", "hero"),
            *("heroImage", "coverImage", "featured_image", "ogImage"),
        )
    ),
    "slug": Source(("slug", "permalink", "url")),
}
"""The keys of each field where the site names no others. Those of `slug` may hold an address as well."""
KNOWN = NATIVE.union(*(source.keys for source in USUAL.values()))


class Preset(NamedTuple):
    """Fields that are set for the files that one of the patterns names."""

    globs: tuple[Glob, ...]
    fields: Mapping[str, Field]

    def names(self, path: str) -> bool:
        return any(glob.matches(path) for glob in self.globs)

    @property
    def hides(self) -> bool:
        field = self.fields.get("published")
        return field is not None and values.boolean(field.value) is False


class Site(NamedTuple):
    """The rules of one site, as its `gateway.yaml` gives them; without one, the usual ones."""

    sources: Mapping[str, Source] = USUAL
    defaults: tuple[Preset, ...] = ()
    """Set where the file says nothing; of several the last."""
    pins: tuple[Preset, ...] = ()
    """Set whatever the file says; of several the last, but one that hides the file before all others."""
    expose: frozenset[str] = frozenset()
    """The keys that the public may read through `frontMatter`."""
    include: tuple[Glob, ...] = ()
    """YAML files that are documents."""
    timezone: tzinfo = UTC
    """Of days, and of times without an offset."""
    locales: tuple[str, ...] = ()
    """The languages that a file's name may end in, as in `name.fr.md`; () where siblings show it."""
    known: frozenset[str] = KNOWN
    """The keys that are no slip of another one."""
    governing: frozenset[str] = GOVERNING
    """The keys of which a slip sets a file aside."""
    digest: str = ""
    """Tells two sites apart; "" is that of the usual rules."""

    def added(self, path: str) -> dict[str, Field]:
        return _overlaid(preset for preset in self.defaults if preset.names(path))

    def pinned(self, path: str) -> dict[str, Field]:
        pins = [preset for preset in self.pins if preset.names(path)]
        hiding = next((preset.fields["published"] for preset in pins if preset.hides), None)
        return _overlaid(pins) | ({"published": hiding} if hiding else {})

    def hides(self, path: str) -> bool:
        """Whether a pin makes a draft of the file, whatever it says."""
        return any(preset.hides and preset.names(path) for preset in self.pins)


USUAL_SITE = Site()


def _overlaid(presets: Iterable[Preset]) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for preset in presets:
        fields |= preset.fields
    return fields
