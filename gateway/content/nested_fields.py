"""Decodes the nested fields of a document: provider, topics, images and related entries.

Entries are decoded separately, so that an unreadable entry does not affect the others. Each is returned with the keys
that the schema does not model.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import tzinfo
from functools import lru_cache, partial
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar

from gateway.content import dates, values
from gateway.content.entry_layouts import Decode, EntryLayouts, Make
from gateway.content.identity import provider_key, topic_key, url_host, url_identity
from gateway.content.nodes import MappingEntry, MappingNode, Node, Position, ScalarNode, SequenceNode
from gateway.content.plain_yaml import ItemNode
from gateway.content.problem_collector import (
    BAD_VALUE,
    RELATED_LEFT_OUT,
    RELATED_WITHOUT_TITLE,
    TOPICS_AS_TEXT,
    ProblemCollector,
)
from gateway.content.site import FieldSource
from gateway.content.text_memo import TextMemo
from gateway.content.values import shown
from gateway.model.documents import Image, ProviderName, RelatedEntry, TopicName
from gateway.model.fields import DEFAULT_TYPE

LINKS = ("webUrl", "ampWebUrl", "cdnAmpWebUrl")
_ENTRY_VALUES: Mapping[str, Decode] = {
    "title": values.phrase,
    "excerpt": values.phrase,
    "type": values.text,
    "quality": values.integer,
    **dict.fromkeys(LINKS, values.text),
}
"""The decoders of an entry's single values, except its date."""
_PROVIDER_VALUES: Mapping[str, Decode] = {"name": values.text, "domain": values.text}
_IMAGE_VALUES: Mapping[str, Decode] = {
    "url": values.text,
    "width": values.integer,
    "height": values.integer,
    "title": values.phrase,
    "isCached": values.boolean,
}
IMAGE_ADDRESSES = ("url", "src", "path", "image")
IMAGE_KEYS = frozenset({*_IMAGE_VALUES, "alt", *IMAGE_ADDRESSES})
PROVIDER_KEYS = frozenset({*_PROVIDER_VALUES, "url", "images"})
RELATED_KEYS = frozenset({*_ENTRY_VALUES, "publishedDateTime", "provider", "images"})
TOPIC_NAMES = ("name", "title", "label")
SPACED = frozenset({"tags", "categories", "keywords"})
"""The keys of topics whose text is often separated by white space."""

_ADDRESS = attrgetter("url")

T = TypeVar("T")
Rest = object
"""The unmodelled keys of a nested field, as JSON, or None."""

MOST_KEPT = 8 * 1024 * 1024
"""The total length of the texts whose related entries are kept, in characters. Those of images take an eighth of it."""


def entries(field: MappingEntry | None) -> tuple[Node, ...]:
    """The non-empty entries of a list. A single value is a list of one entry."""
    if field is None:
        return ()
    nodes = field.value.nodes if isinstance(field.value, SequenceNode) else (field.value,)
    return tuple([node for node in nodes if not values.is_null(node)])


def topics(
    collector: ProblemCollector, fields: Iterable[MappingEntry], source: FieldSource
) -> tuple[tuple[TopicName, ...], dict[str, Rest]]:
    """The topics of all fields in order, each key once in its first spelling, and the rest of each field."""
    found: dict[str, TopicName] = {}
    rests: dict[str, Rest] = {}
    for field in fields:
        names, rest = decode_each(
            source.parted(field) if source.split else _parted(collector, field), _topic(collector)
        )
        for name in names:
            found.setdefault(topic_key(name), TopicName(topic_key(name), name))
        if rest:
            rests[field.key.text] = rest
    return tuple(found.values()), rests


def images(collector: ProblemCollector, field: MappingEntry | None) -> tuple[tuple[Image, ...], Rest]:
    return decode_each(field, _kept_images().decoding(partial(_image, collector)))


def position_of(field: MappingEntry, url: str) -> Position:
    """The position of the address of an image in a field that contains it."""
    return next((text.position for text in _texts(field.value) if text.text.strip() == url), field.value.position)


def _texts(node: Node) -> Iterator[ScalarNode]:
    """All texts in a value."""
    if isinstance(node, ScalarNode):
        yield node
        return
    parts = [entry.value for entry in node.entries.values()] if isinstance(node, MappingNode) else node.nodes
    for part in parts:
        yield from _texts(part)


def provider(collector: ProblemCollector, field: MappingEntry | None) -> tuple[ProviderName | None, Rest, int]:
    """The first readable provider, the rest, and the number of other providers.

    The field may be a list. The others are not decoded.
    """
    nodes, is_list = entries(field), field is not None and isinstance(field.value, SequenceNode)
    rests: list[Rest] = []
    for at, node in enumerate(nodes):
        found, rest = _provider(collector, node)
        if found and is_list:
            left = [*_json(nodes[:at]), *([rest] if rest else []), *_json(nodes[at + 1 :])]
            return found, left or None, len(nodes) - 1
        if found:
            return found, rest, 0
        rests.append(rest)
    return None, (rests if is_list else rests[0]) if any(rests) else None, 0


def related(
    collector: ProblemCollector, field: MappingEntry | None, zone: tzinfo
) -> tuple[tuple[RelatedEntry, ...], Rest]:
    """The related entries in file order. An entry without title and URL is left out."""
    return decode_each(field, _kept_entries(zone).decoding(partial(_related_entry, collector, zone=zone)))


def kept_lists(zone: tzinfo) -> Mapping[str, Container[str]]:
    """The lists whose items need not be scanned if their texts are contained."""
    return {"related": _kept_entries(zone), "images": _kept_images()}


class _KeptItems(Container[str], Generic[T]):
    """The items of a list without problems that this process decoded, and those of the same layouts.

    Many files contain the same items, and all are written in a few layouts.
    """

    def __init__(self, layouts: EntryLayouts[T], most_characters: int) -> None:
        self._layouts = layouts
        self._memo = TextMemo[tuple[T | None, Rest]](most_characters)

    def __contains__(self, text: object) -> bool:
        return text in self._memo or (isinstance(text, str) and self._decodes(text))

    def decoding(self, decode: Callable[[Node], tuple[T | None, Rest]]) -> Callable[[Node], tuple[T | None, Rest]]:
        """The decoder `decode`, for the nodes that are not kept."""

        def decoded(node: Node) -> tuple[T | None, Rest]:
            if not isinstance(node, ItemNode):
                return decode(node)
            if (found := self._memo.get(node.text)) is None:
                found = decode(node)  # a problem raises PositionNeeded
                self._add(node, found)
            return found

        return decoded

    def _add(self, node: ItemNode, decoded: tuple[T | None, Rest]) -> None:
        self._memo.add(node.text, decoded)
        item, rest = decoded
        if item and not rest:
            self._layouts.learn(node.text, node)

    def _decodes(self, text: str) -> bool:
        item = self._layouts.decode(text)
        if item:
            self._memo.add(text, (item, None))
        return item is not None


@lru_cache(maxsize=1)
def _kept_entries(zone: tzinfo) -> _KeptItems[RelatedEntry]:  # times without an offset depend on the zone
    parts = {f"provider.{key}": decode for key, decode in _PROVIDER_VALUES.items()}
    parts |= {f"images.*.{key}": decode for key, decode in _IMAGE_VALUES.items()}
    return _KeptItems(EntryLayouts({**_entry_decoders(zone), **parts}, _entry_maker), MOST_KEPT)


@lru_cache(maxsize=1)
def _kept_images() -> _KeptItems[Image]:
    return _KeptItems(EntryLayouts(_IMAGE_VALUES, _image_maker), MOST_KEPT // 8)


def decode_each(
    field: MappingEntry | None, decode: Callable[[Node], tuple[T | None, Rest]]
) -> tuple[tuple[T, ...], Rest]:
    """The readable entries, and the rest. The rest of a list is a list with one item for each entry."""
    if field is None:
        return (), None
    decoded = [decode(node) for node in entries(field)]
    rests = [rest for _, rest in decoded]
    left = (rests if isinstance(field.value, SequenceNode) else rests[0]) if any(rests) else None
    return tuple([value for value, _ in decoded if value]), left


def unused_keys(fields: MappingNode, used: AbstractSet[str]) -> dict[str, object]:
    """The keys of a mapping that are not used, as JSON."""
    if fields.entries.keys() <= used:
        return {}
    rest = {key: field for key, field in fields.entries.items() if key not in used}
    return values.json_object(MappingNode(rest, fields.position))


def with_rest(rest: Mapping[str, object], **nested: Rest) -> Rest:
    """The unmodelled keys of a mapping, including those of its nested parts."""
    return {**rest, **{key: value for key, value in nested.items() if value}} or None


def _json(nodes: Iterable[Node]) -> list[object]:
    return [values.json_value(node) for node in nodes]


def _parted(collector: ProblemCollector, field: MappingEntry) -> MappingEntry:
    """Split a text at its commas."""
    node, key = field.value, field.key.text
    if not isinstance(node, ScalarNode):
        return field
    if "," in node.text:
        field = FieldSource((), ",").parted(field)
        message = f"`{key}` is a text. It is split at its commas into {len(entries(field))}."
        collector.inform(TOPICS_AS_TEXT, message, node.position, "Write a list.")
    elif key in SPACED and len(node.text.split()) > 1:
        message = f"`{key}` is a text. It is read as one topic, {shown(node.text.strip())}."
        hint = 'Write a list. Or set `fields: {topics: {split: " "}}` in gateway.yaml to split at white space.'
        collector.inform(TOPICS_AS_TEXT, message, node.position, hint)
    return field


def _topic(collector: ProblemCollector) -> Callable[[Node], tuple[str | None, Rest]]:
    def decode(node: Node) -> tuple[str | None, Rest]:
        if not isinstance(node, MappingNode):
            return collector.item(values.text, node, "topics"), None
        key, name = first_text(collector, node, TOPIC_NAMES)
        if not name:
            collector.warn(BAD_VALUE, "A topic without `name` is left out.", node.position, "Give it a `name`.")
        return name, unused_keys(node, {key}) or None

    return decode


def first_text(collector: ProblemCollector, fields: MappingNode, keys: Iterable[str]) -> tuple[str, str | None]:
    """The first of the keys with a text, and the text."""
    for key in keys:
        if found := collector.value(values.text, fields.entries.get(key)):
            return key, found
    return "", None


def _image(collector: ProblemCollector, node: Node) -> tuple[Image | None, Rest]:
    if not isinstance(node, MappingNode):
        url = collector.item(values.text, node, "images")
        return (Image(url) if url else None), None
    collector.check_keys(node, IMAGE_KEYS)
    get = node.entries.get
    address, url = first_text(collector, node, IMAGE_ADDRESSES)
    title = collector.value(values.phrase, get("title"))
    used = (
        _IMAGE_VALUES.keys() if address == "url" and title else {address, *_IMAGE_VALUES, "title" if title else "alt"}
    )
    rest = unused_keys(node, used) or None
    if not url:
        collector.warn(BAD_VALUE, "An image without `url` is left out.", node.position, "Give it a `url`.")
        return None, rest
    image = _picture(
        url,
        collector.value(values.integer, get("width")),
        collector.value(values.integer, get("height")),
        title or collector.value(values.phrase, get("alt")),
        collector.value(values.boolean, get("isCached")),
    )
    return image, rest


def _picture(url: str, width: int | None, height: int | None, title: str | None, is_cached: bool | None) -> Image:
    """The parameters are in the order of `_IMAGE_VALUES`."""
    return Image(url, width, height, title, is_cached or False)


def _provider(collector: ProblemCollector, node: Node) -> tuple[ProviderName | None, Rest]:
    if not isinstance(node, MappingNode):
        name = collector.item(values.text, node, "provider")
        return (ProviderName(provider_key(name, None), name, None) if name else None), None
    collector.check_keys(node, PROVIDER_KEYS)
    get = node.entries.get
    name = collector.value(values.text, get("name"))
    url = collector.value(values.text, get("url"))
    domain = collector.value(values.text, get("domain")) or _domain(url)
    if not name and not domain:
        collector.warn(
            BAD_VALUE, "A provider without `name` and `domain` is left out.", node.position, "Give it a `name`."
        )
        return None, unused_keys(node, PROVIDER_KEYS) or None
    found, left = images(collector, get("images"))
    return _named(name, domain, found), with_rest(unused_keys(node, PROVIDER_KEYS), images=left)


def _named(name: str | None, domain: str | None, pictures: tuple[Image, ...] = ()) -> ProviderName:
    domain = domain and domain.lower()
    name = name or domain or ""
    return ProviderName(provider_key(name, domain), name, domain, pictures)


def _domain(url: str | None) -> str | None:
    identity = url and url_identity(url)
    return url_host(identity) or None if identity else None


def _related_entry(collector: ProblemCollector, node: Node, zone: tzinfo) -> tuple[RelatedEntry | None, Rest]:
    fields = node if isinstance(node, MappingNode) else _link(collector, node)
    if fields is None:
        return None, None
    collector.check_keys(fields, RELATED_KEYS)
    get = fields.entries.get
    found: dict[str, Any] = {key: collector.value(decode, get(key)) for key, decode in _entry_decoders(zone).items()}
    title = found["title"] = found["title"] or _title(collector, fields, [*filter(None, map(found.get, LINKS))])
    source, source_left, _ = provider(collector, get("provider"))
    pictures, pictures_left = images(collector, get("images"))
    rest = with_rest(unused_keys(fields, RELATED_KEYS), provider=source_left, images=pictures_left)
    return (_entry([*found.values()], source, pictures) if title else None), rest


def _image_maker(paths: Sequence[str]) -> Make[Image]:
    """The same as `_entry_maker` for images."""
    depiction = _getter(paths, _IMAGE_VALUES)

    def make(found: Sequence[Any]) -> Image | None:
        picture = _picture(*depiction(found))
        return picture if picture.url else None

    return make


def _entry_maker(paths: Sequence[str]) -> Make[RelatedEntry]:
    """Makes entries from values at these paths, except if the full decoder reports a problem."""
    singles = _getter(paths, (*_ENTRY_VALUES, "publishedDateTime"))
    naming = _getter(paths, map("provider.{}".format, _PROVIDER_VALUES))
    has_provider = any(path.startswith("provider.") for path in paths)
    prefixes = [path.removesuffix("url") for path in paths if path.startswith("images.") and path.endswith(".url")]
    depictions = [_getter(paths, map(prefix.__add__, _IMAGE_VALUES)) for prefix in prefixes]

    def make(found: Sequence[Any]) -> RelatedEntry | None:
        single = singles(found)
        name, domain = naming(found)
        pictures = tuple([_picture(*depiction(found)) for depiction in depictions])
        if not single[0] or (has_provider and not (name or domain)) or not all(map(_ADDRESS, pictures)):
            return None
        return _entry(single, _named(name, domain) if has_provider else None, pictures)

    return make


def _getter(paths: Sequence[str], wanted: Iterable[str]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Gets some of the values at these paths. The last value stands for those that are not there."""
    return itemgetter(*(paths.index(path) if path in paths else -1 for path in wanted))


def _entry(found: Sequence[Any], source: ProviderName | None, pictures: tuple[Image, ...]) -> RelatedEntry:
    """An entry from its single values, in the order of `_entry_decoders`."""
    title, excerpt, kind, quality, web, amp, cdn, published = found
    url, kind = _url((web, amp, cdn)), kind or DEFAULT_TYPE
    identity = url or title.strip()
    return RelatedEntry(identity, url, title, excerpt, kind, quality, published, web, amp, cdn, source, pictures)


@lru_cache(maxsize=1)
def _entry_decoders(zone: tzinfo) -> Mapping[str, Decode]:
    """The decoder of each single value of an entry. Others are below `provider` and `images`."""
    return {**_ENTRY_VALUES, "publishedDateTime": partial(dates.instant, zone=zone)}


def _url(links: Iterable[str | None]) -> str | None:
    """The identity of the first link that has one."""
    for link in links:
        if link and (identity := url_identity(link)):
            return identity
    return None


def _link(collector: ProblemCollector, node: Node) -> MappingNode | None:
    """The mapping for an entry that is a single text, which is its URL or else its title."""
    written = collector.item(values.text, node, "related")
    if written is None:
        return None
    key = "webUrl" if url_identity(written) else "title"
    return MappingNode({key: MappingEntry(ScalarNode(key, True, node.position), node)}, node.position)


def _title(collector: ProblemCollector, fields: MappingNode, links: Sequence[str]) -> str | None:
    """A title from a URL's host and last segment."""
    url = _url(links) or next(iter(links), None)
    if url is None:
        message = "A related entry with neither title nor URL is left out."
        collector.warn(RELATED_LEFT_OUT, message, fields.position, "Give it a `title` and a `webUrl`.")
        return None
    segment = url.partition("?")[0].rpartition("/")[2]
    host = url_host(url) if url.startswith("https://") else ""
    title = f"{host}/{segment}".strip("/") if segment != host else host
    title = title or url
    message = f"A related entry does not have a title. It is shown as {shown(title)}."
    collector.warn(RELATED_WITHOUT_TITLE, message, fields.position, "Give it a `title`.")
    return title
